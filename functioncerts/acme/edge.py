"""Between HTTP and ACME: who signed a request, and how answers and problems look."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import wraps
from typing import Final
from uuid import UUID

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from directory.row_ids import NO_ROW, row_id
from functioncerts.acme.accounts import demand_valid
from functioncerts.acme.acting import actor_of_account, stranger
from functioncerts.acme.documents import url_of, url_of_path
from functioncerts.acme.encoded import json_object
from functioncerts.acme.envelope import Envelope, read_envelope
from functioncerts.acme.errors import AcmeProblem, ProblemType, malformed
from functioncerts.acme.jose import AccountKey, demand_algorithm, read_key, verify
from functioncerts.acme.models import Account
from functioncerts.acme.nonces import fresh_nonce, spend
from journal.actor import Actor
from journal.errors import DomainError
from journal.stops import JournalNotWritable, JournalStopped

logger = logging.getLogger(__name__)

TYPE: Final = "application/jose+json"
PROBLEM_TYPE: Final = "application/problem+json"
_ACCOUNT_PLACE: Final = "account/"
_TOLD: Final = frozenset(
    {
        ProblemType.BAD_CSR, ProblemType.BAD_PUBLIC_KEY, ProblemType.REJECTED_IDENTIFIER,
        ProblemType.ALREADY_REVOKED, ProblemType.BAD_REVOCATION_REASON, ProblemType.ALREADY_REPLACED,
        ProblemType.INVALID_PROFILE, ProblemType.ACCOUNT_DOES_NOT_EXIST, ProblemType.COMPOUND,
        ProblemType.BAD_NONCE,
    }
)  # fmt: skip
"""Problems that the journal is told of though HTTP calls them a bad request: a rule stood in the way."""


class By(Enum):
    """By which key a request is signed (RFC 8555 section 6.2)."""

    ACCOUNT = "the account's, named by kid"
    NEW_KEY = "one that stands in the request (jwk)"
    EITHER = "an account's or a certificate's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that was signed by whom it says, and was not seen before."""

    payload: bytes
    url: str
    key: AccountKey
    signer: Account | None
    actor: Actor
    client_address: str
    at: datetime

    @property
    def account(self) -> Account:
        """Return the account that signed."""
        if self.signer is None:
            raise malformed("sign with an account: kid")
        return self.signer

    @property
    def is_read(self) -> bool:
        """Tell whether it is a POST-as-GET (RFC 8555 section 6.3)."""
        return self.payload == b""

    def fields(self) -> dict[str, object]:
        """Return the payload's members; raises AcmeProblem (malformed)."""
        return json_object(self.payload, "the payload")

    def demand_read(self) -> None:
        """Raise AcmeProblem (malformed) unless it is a POST-as-GET."""
        if not self.is_read:
            raise malformed("this resource is read by POST with an empty payload")


_View = Callable[..., HttpResponse]


def signed(by: By = By.ACCOUNT) -> Callable[[_View], Callable[..., HttpResponse]]:
    """Return a decorator for a resource that is asked by a signed POST; every answer has a fresh nonce."""

    def decorate(view: _View) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def answered(request: HttpRequest, **ids: UUID) -> HttpResponse:
            return _answer(request, lambda: view(_call(request, by), **ids), methods=("POST",))

        return answered

    return decorate


def unsigned(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a resource that anybody asks by GET or HEAD."""

    @csrf_exempt
    @wraps(view)
    def answered(request: HttpRequest, **ids: str) -> HttpResponse:
        return _answer(request, lambda: view(at=_now(), **ids), methods=("GET", "HEAD"))

    return answered


def told(
    document: Mapping[str, object], *, status: int = 200, location: str = "", retry_after: int = 0,
    links: Sequence[tuple[str, str]] = (),
) -> HttpResponse:  # fmt: skip
    """Return an object as JSON; ``links`` are (address, relation)."""
    response = JsonResponse(dict(document), status=status)
    if location:
        response["Location"] = location
    if retry_after:
        response["Retry-After"] = str(retry_after)
    for address, relation in links:
        add_link(response, address, relation)
    return response


def add_link(response: HttpResponse, address: str, relation: str) -> None:
    """Add to the Link header (RFC 8288)."""
    before = [response["Link"]] if "Link" in response else []
    response["Link"] = ", ".join([*before, f'<{address}>;rel="{relation}"'])


def _answer(
    request: HttpRequest, work: Callable[[], HttpResponse], *, methods: Sequence[str]
) -> HttpResponse:
    try:
        if request.method not in methods:
            raise malformed(f"this resource is asked by {' or '.join(methods)}", status=405)
        response = work()
        if request.method == "HEAD":
            response.status_code = 200  # also where GET says that there is no content (RFC 8555 7.2)
    except AcmeProblem as problem:
        response = _problem(problem)
    except (JournalNotWritable, JournalStopped, DatabaseError) as error:
        logger.warning("an ACME request was put off: %s", error)
        response = _problem(
            AcmeProblem(ProblemType.SERVER_INTERNAL, "not now: try again", status=503, retry_after=10)
        )
    except DomainError as error:
        response = _problem(AcmeProblem(ProblemType.UNAUTHORIZED, f"refused: {error.code}"))
    if response.status_code == 405:  # noqa: PLR2004 - RFC 9110 15.5.6
        response["Allow"] = ", ".join(methods)
    response.setdefault("Replay-Nonce", fresh_nonce(at=_now()))
    response.setdefault("Cache-Control", "no-store")
    if request.path != "/acme/directory":
        add_link(response, url_of("directory"), "index")
    return response


def _problem(problem: AcmeProblem) -> HttpResponse:
    response = JsonResponse(problem.document(), status=problem.status, content_type=PROBLEM_TYPE)
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    if problem.location:
        response["Location"] = url_of(_ACCOUNT_PLACE + problem.location)
    if problem.kind in _TOLD or problem.status == 403:  # noqa: PLR2004 - RFC 9110 15.5.4
        response.problem_code = f"acme_{problem.kind.value}"  # type: ignore[attr-defined] # read by the journal's edge
    return response


def _call(request: HttpRequest, by: By) -> Call:
    """Return what a request asks for, once it is known who signed it; raises AcmeProblem.

    Signature before nonce: a stranger's request costs no row.
    """
    at = _now()
    if request.content_type != TYPE:
        raise malformed(f"the Content-Type is {TYPE}", status=415)
    envelope = read_envelope(request.body)
    demand_algorithm(envelope.protected.get("alg"))
    nonce = envelope.protected.get("nonce")
    if not isinstance(nonce, str):
        raise AcmeProblem(ProblemType.BAD_NONCE, "the protected header lacks a nonce")
    url = url_of_path(request.path)
    if envelope.text("url") != url:
        raise AcmeProblem(ProblemType.UNAUTHORIZED, f"the request was signed for another url than {url}")
    address = str(request.META.get("REMOTE_ADDR", ""))[:45]
    account, key = _signer(envelope, by)
    algorithm = envelope.protected.get("alg")
    if not verify(key, algorithm=algorithm, signed=envelope.signed, signature=envelope.signature):
        raise malformed("the signature is not made by the key that the request names")
    actor = (
        stranger(client_address=address)
        if account is None
        else actor_of_account(account, client_address=address)
    )
    request.user = _Caller(actor)  # type: ignore[assignment] # read by portal.refusals
    spend(nonce, at=at)
    if account is not None:
        demand_valid(account)
    return Call(
        payload=envelope.payload,
        url=url,
        key=key,
        signer=account,
        actor=actor,
        client_address=address,
        at=at,
    )


def _signer(envelope: Envelope, by: By) -> tuple[Account | None, AccountKey]:
    has_key, has_kid = "jwk" in envelope.protected, "kid" in envelope.protected
    if has_key is has_kid:
        raise malformed("a request names its key by jwk or by kid, not both")
    if has_key and by is By.ACCOUNT:
        raise malformed("this request is signed by an account, named by kid")
    if has_kid and by is By.NEW_KEY:
        raise malformed("this request is signed by the key that it holds: jwk")
    if has_key:
        return None, read_key(envelope.protected["jwk"])
    kid = envelope.text("kid")
    place = url_of(_ACCOUNT_PLACE)
    found = Account.objects.select_related("function_object").filter(pk=_uuid(kid.removeprefix(place)))
    account = found.first() if kid.startswith(place) else None
    if account is None:
        raise AcmeProblem(ProblemType.ACCOUNT_DOES_NOT_EXIST, "kid names no account of this server")
    return account, read_key(account.jwk)


def _uuid(text: str) -> UUID:
    """Return the id, which stands in an address in one way only."""
    found = row_id(text)
    return found if str(found) == text else NO_ROW


class _Caller:
    """Who asked, where the edge of the portal looks for it."""

    is_authenticated = True

    def __init__(self, actor: Actor) -> None:
        self.actor = actor


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 - the edge: the moment of the request
