"""Function objects in HSA: the servers, clients and mailboxes that function certificates are ordered for.

Inera publishes no service contract for them; this is a look-up of our own over REST (README.md).
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlencode

from directory.bounded_http import Caller, Endpoint
from directory.errors import InvalidIdentifier, RegisterUnavailable
from directory.identifiers import HsaId

KINDS = frozenset({"server", "client", "email"})
_KEYS = frozenset({"hsaId", "name", "kind", "organization", "unit", "names", "mail", "feigned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HsaFunction:
    """A function object; ``organization`` and ``unit`` (or none) are HSA-ids, ``mail`` is its mailbox."""

    hsa_id: str
    name: str
    kind: str
    organization: str
    names: tuple[str, ...]
    mail: str
    unit: str = ""


class HsaFunctionClient:
    """Asks for function objects. Raises ``RegisterUnavailable`` when there is no good answer."""

    def __init__(self, endpoint: Endpoint, *, include_feigned: bool) -> None:
        self._endpoint = endpoint
        self._include_feigned = include_feigned
        self._caller = Caller(endpoint)

    def function(self, hsa_id: str) -> HsaFunction | None:
        """Return the function object with this HSA-id, or None when HSA has none."""
        found = self._ask({"hsaId": hsa_id})
        if any(one.hsa_id.upper() != hsa_id.upper() for one in found) or len(found) > 1:
            self._fail("mismatched")
        return found[0] if found else None

    def functions_of(self, organization: str) -> tuple[HsaFunction, ...]:
        """Return every function object that an organization owns, by the organization's HSA-id."""
        found = self._ask({"organization": organization})
        if any(one.organization.upper() != organization.upper() for one in found):
            self._fail("mismatched")
        return found

    def _ask(self, question: dict[str, str]) -> tuple[HsaFunction, ...]:
        address = f"{self._endpoint.url}/functions?{urlencode(question)}"
        _, content = self._caller.call("GET", address, media_type="application/json")
        try:
            answer = json.loads(content)
            told, count = answer["functions"], answer["count"]
            found = [(_function(one), one["feigned"]) for one in told]
        except (ValueError, KeyError, TypeError, InvalidIdentifier):
            # ``from None``: the error may quote the answer.
            self._fail("malformed")
        if count != len(found):
            self._fail("incomplete")
        return tuple(one for one, is_feigned in found if self._include_feigned or not is_feigned)

    def _fail(self, reason: str) -> NoReturn:
        raise RegisterUnavailable(register=self._endpoint.register, reason=reason) from None


def _function(one: dict[str, Any]) -> HsaFunction:
    """Return a function object. Raises ``ValueError``, ``KeyError`` or ``InvalidIdentifier``."""
    texts = ("hsaId", "name", "kind", "organization", "unit", "mail")
    if set(one) != _KEYS or one["kind"] not in KINDS or not isinstance(one["feigned"], bool):
        raise ValueError
    if not all(isinstance(one[key], str) for key in texts) or not all(
        isinstance(name, str) for name in one["names"]
    ):
        raise ValueError
    HsaId.parse(one["hsaId"])
    HsaId.parse(one["organization"])
    if one["unit"]:
        HsaId.parse(one["unit"])
    return HsaFunction(
        hsa_id=one["hsaId"],
        name=one["name"],
        kind=one["kind"],
        organization=one["organization"],
        names=tuple(one["names"]),
        mail=one["mail"],
        unit=one["unit"],
    )
