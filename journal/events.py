"""The base of all events: typed, frozen, versioned, with identifiers as text; what is personal is marked."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, ClassVar, Final, get_type_hints

FieldValue = str | int | bool | tuple[str, ...]

_PERSONAL: Final = "personal"
Personal = Annotated[str, _PERSONAL]
"""The type of an event's field that says something of a person: free text, an HSA-id, an address.

Such a field stands outside the leaf, encrypted under the key of the event's ``person_id``.
"""

REFERENCE_KINDS: dict[str, str] = {
    "person_id": "person",
    "card_id": "card",
    "card_order_id": "card_order",
    "activation_id": "activation",
    "renewal_id": "renewal",
    "mobile_id": "mobile",
    "replaced_card_id": "card",
    "new_card_id": "card",
    "certificate_id": "certificate",
    "certificate_request_id": "certificate_request",
    "issuer_id": "issuer",
    "organization_id": "organization",
    "function_object_id": "function_object",
    "function_order_id": "function_order",
    "authn_order_id": "authn_order",
    "evidence_id": "evidence",
}
"""Fields of these names are indexed, so that an object's own history can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One kind of thing that happened. A subclass names its ``TYPE`` and ``VERSION``, both for ever."""

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    IS_PRIVILEGED: ClassVar[bool] = False
    """Whether people may do this only while the journal is at work: orders, grants, issue, reports."""

    def payload(self) -> dict[str, FieldValue]:
        """Return the fields that the leaf holds."""
        outside = personal_fields(type(self))  # type: ignore[arg-type] # a class is hashable
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in outside}

    def personal_payload(self) -> dict[str, str]:
        """Return the fields that stand outside the leaf, leaving out empty ones."""
        outside = personal_fields(type(self))  # type: ignore[arg-type] # a class is hashable
        values = {name: str(getattr(self, name)) for name in sorted(outside)}
        return {name: value for name, value in values.items() if value}

    def data_subject(self) -> str:
        """Return the id of the person whom the event is about, empty when it names none."""
        return str(getattr(self, "person_id", ""))

    def references(self) -> list[tuple[str, str]]:
        """Return (kind, id) of each object the event is about, leaving out empty ids."""
        payload = self.payload()
        return [(kind, str(payload[name])) for name, kind in REFERENCE_KINDS.items() if payload.get(name)]


@cache
def personal_fields(kind: type[Event]) -> frozenset[str]:
    """Return the names of the fields that are marked ``Personal``."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if _PERSONAL in getattr(hint, "__metadata__", ()))


def known_events() -> dict[tuple[str, int], type[Event]]:
    """Return every event class that is loaded, by (type, version).

    Raises ``ValueError`` when two classes claim the same name and version.
    """
    found: dict[tuple[str, int], type[Event]] = {}
    pending = list(Event.__subclasses__())
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if not kind.TYPE:
            continue
        key = (kind.TYPE, kind.VERSION)
        # A slotted dataclass is made twice; the first, unslotted class lingers until collected.
        other = found.get(key)
        if other is not None and other.__qualname__ != kind.__qualname__:
            msg = f"{other.__qualname__} and {kind.__qualname__} are both {kind.TYPE} version {kind.VERSION}"
            raise ValueError(msg)
        found[key] = kind
    return found
