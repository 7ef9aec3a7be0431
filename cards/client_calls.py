"""How the card client's calls are read and answered: bounded JSON, each call signed, errors as codes."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, TypeVar

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from authn.evidence import (
    MAX_CERTIFICATE_OCTETS,
    MAX_SIGNATURE_OCTETS,
    SIGNATURE_HEADER,
    Answer,
    ClientKey,
    ClientKeyInvalid,
    MalformedText,
    RequestSignatureInvalid,
    parse_client_key,
    unb64,
    verify_request,
)
from ca.environments import Environment
from ca.models import Certificate
from ca.selectors import chain_pem, kind_of_key_to_make
from cards import errors, pin_rules
from cards.conversation import CLIENT_ABORT_REASONS, Kind, client_key_of, conversation_of_client
from cards.conversation_models import CardConversation
from cards.models import Card
from journal.actor import Actor, ActorKind
from journal.errors import DomainError
from journal.stops import JournalNotWritable, JournalStopped

MAX_BODY_OCTETS: Final = 64 * 1024
_LONGEST_TEXT: Final = 200
STATUSES: Final[Mapping[type[DomainError], HTTPStatus]] = {
    errors.TokenInvalid: HTTPStatus.NOT_FOUND,
    errors.ActivationNotFound: HTTPStatus.NOT_FOUND,
    errors.ActivationExpired: HTTPStatus.GONE,
    errors.ActivationAborted: HTTPStatus.GONE,
    errors.UnlockNotFound: HTTPStatus.NOT_FOUND,
    errors.UnlockExpired: HTTPStatus.GONE,
    errors.UnlockAborted: HTTPStatus.GONE,
    errors.RenewalNotFound: HTTPStatus.NOT_FOUND,
    errors.RenewalExpired: HTTPStatus.GONE,
    errors.RenewalAborted: HTTPStatus.GONE,
    errors.MobileNotFound: HTTPStatus.NOT_FOUND,
    errors.MobileExpired: HTTPStatus.GONE,
    errors.MobileEnded: HTTPStatus.GONE,
    errors.MobileNotApproved: HTTPStatus.CONFLICT,
    errors.ConfirmationInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Refused: HTTPStatus.CONFLICT,
    errors.IllegalTransition: HTTPStatus.CONFLICT,
    errors.KeysInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WrittenMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ReceiptInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CallInvalid: HTTPStatus.BAD_REQUEST,
    errors.CallUnsigned: HTTPStatus.UNAUTHORIZED,
    JournalNotWritable: HTTPStatus.SERVICE_UNAVAILABLE,
    JournalStopped: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""HTTP words for the facts; they stand here because the client's protocol fixes them (authn.md section 6)."""

Row = TypeVar("Row", bound=CardConversation)
Body = Mapping[str, object]
Call = Callable[[HttpRequest, Body], dict[str, object]]


def json_call(call: Call) -> Callable[[HttpRequest], JsonResponse]:
    """Wrap a call: POST, a bounded JSON object; every domain error becomes its code and status."""

    @csrf_exempt  # no cookie is read here: the client proves itself by its key
    @never_cache
    def view(request: HttpRequest) -> JsonResponse:
        if request.method != "POST":
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", {})
        try:
            return JsonResponse(call(request, _body(request)))
        except DomainError as error:
            status = STATUSES.get(type(error), HTTPStatus.CONFLICT)
            code = error.refusal.code if isinstance(error, errors.Refused) else error.code
            return _problem(status, code, error.facts)

    return view


def claiming_key(body: Body) -> ClientKey:
    """Return the public half of the key that the conversation will be signed by; raises CallInvalid."""
    try:
        return parse_client_key(body.get("clientKey"))
    except ClientKeyInvalid as error:
        raise errors.CallInvalid("clientKey is not a public P-256 JWK") from error


def demand_signed(request: HttpRequest, client_key: ClientKey) -> None:
    """Raise CallUnsigned unless the claiming client's key signed this very request."""
    try:
        verify_request(
            client_key,
            request.headers.get(SIGNATURE_HEADER, ""),
            method=request.method or "",
            path=request.path,
            body=request.body,
        )
    except RequestSignatureInvalid as error:
        raise errors.CallUnsigned("not signed by the claiming client") from error


def signed_row(kind: Kind[Row], request: HttpRequest, body: Body) -> Row:
    """Return the conversation that a call is about if the claiming client's key signed this very request."""
    row = conversation_of_client(kind, text(body, f"{kind.thing}Id"))
    demand_signed(request, client_key_of(kind, row))
    return row


def state_of(kind: Kind[Row], row: Row) -> dict[str, object]:
    """Return which conversation it is, how far it has come, and until when it may go on."""
    return {
        f"{kind.thing}Id": str(row.pk),
        "state": row.state.lower(),
        "expiresAt": int(row.expires_at.timestamp()),
    }


def abort_reason(body: Body) -> str:
    """Return why a client gives up; raises CallInvalid."""
    reason = text(body, "reason")
    if reason not in CLIENT_ABORT_REASONS:
        raise errors.CallInvalid("unknown reason")
    return reason


def pin_rules_of(card: Card) -> dict[str, object]:
    """Return what PIN the holder of a card may choose."""
    return {
        "min": pin_rules.SHORTEST,
        "max": pin_rules.LONGEST,
        "forbidden": list(pin_rules.forbidden_pins(card.person.birth_date)),
    }


def key_algorithm(profile: str, card: Card) -> str:
    """Return which key the hierarchy takes on this card, in the protocol's words: P-256, RSA-3072."""
    kind = kind_of_key_to_make(profile, Environment(card.environment))
    return kind.replace("ec-p", "P-").replace("rsa-", "RSA-")


def text(body: Body, name: str) -> str:
    """Return a short printable text; raises CallInvalid."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or not value.isprintable():
        raise errors.CallInvalid(f"{name} is missing or not a short text")
    return value


def octets(body: Body, name: str, *, limit: int) -> bytes:
    """Return what stands there in base64, at most `limit` octets; raises CallInvalid."""
    value = body.get(name)
    if not isinstance(value, str) or len(value) > 2 * limit:
        raise errors.CallInvalid(f"{name} is missing or too large")
    try:
        found = unb64(value)
    except MalformedText as error:
        raise errors.CallInvalid(f"{name} is not base64") from error
    if not 0 < len(found) <= limit:
        raise errors.CallInvalid(f"{name} is empty or too large")
    return found


def csr(body: Body) -> bytes:
    """Return a certificate request, PEM or DER in base64; raises CallInvalid."""
    value = body.get("csr")
    is_pem = isinstance(value, str) and value.lstrip().startswith("-----BEGIN")
    if isinstance(value, str) and is_pem and len(value) <= 2 * MAX_CERTIFICATE_OCTETS:
        return value.encode("utf-8", "replace")
    return octets(body, "csr", limit=MAX_CERTIFICATE_OCTETS)


def rows(body: Body, name: str, *, most: int) -> list[Body]:
    """Return a list of objects, at most so many; raises CallInvalid."""
    found = body.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise errors.CallInvalid(f"{name} is not a list of at most {most}")
    if not all(isinstance(row, dict) for row in found):
        raise errors.CallInvalid(f"{name} is not a list of objects")
    return found


def chain(certificate: Certificate) -> list[str]:
    """Return the issuers above a certificate, nearest first, each as base64 of its DER."""
    blocks = chain_pem(certificate.issuer).split("-----BEGIN CERTIFICATE-----")[1:]
    return ["".join(block.split("-----END CERTIFICATE-----")[0].split()) for block in blocks]


def signed_answer(body: Body) -> Answer:
    """Return the card's signature over a question; raises CallInvalid."""
    return Answer(
        certificate_der=octets(body, "certificate", limit=MAX_CERTIFICATE_OCTETS),
        algorithm=text(body, "alg"),
        signature=octets(body, "signature", limit=MAX_SIGNATURE_OCTETS),
        user_challenge=text(body, "userChallenge"),
        server_spki=text(body, "spki"),
    )


def client_of(request: HttpRequest) -> Actor:
    """Return the card client as the one who acts."""
    return Actor(
        kind=ActorKind.SERVICE,
        identifier="card-client",
        client_address=str(request.META.get("REMOTE_ADDR", ""))[:45],
    )


def now() -> datetime:
    """Return the moment of the request, read once per call."""
    return timezone.now()  # noqa: TID251 - the edge


def _body(request: HttpRequest) -> Body:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY_OCTETS:
        raise errors.CallInvalid("the body is too large")
    try:
        body = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise errors.CallInvalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise errors.CallInvalid("the body is not an object")
    return body


def _problem(status: HTTPStatus, code: str, facts: Mapping[str, str]) -> JsonResponse:
    return JsonResponse({"errorCode": code, "details": dict(facts)}, status=status)
