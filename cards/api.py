"""The activation channel /c/v1/activation/: JSON, every call after the claim signed by the client's key."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from authn.evidence import (
    MAX_CERTIFICATE_OCTETS,
    MAX_SIGNATURE_OCTETS,
    SIGNATURE_HEADER,
    Answer,
    ClientKeyInvalid,
    MalformedText,
    RequestSignatureInvalid,
    b64,
    parse_client_key,
    unb64,
    verify_request,
)
from ca.environments import Environment
from ca.selectors import chain_pem, kind_of_key_to_make
from cards import errors, pin_rules
from cards.activation import (
    CLIENT_ABORT_REASONS,
    abort_activation,
    activation_of_client,
    claim_activation,
    client_key_of_activation,
)
from cards.admin_key import disclose_admin_keys
from cards.card_keys import (
    PROFILES,
    IssuedKey,
    KeyName,
    collect_certificates,
    confirm_written,
    register_keys,
    usable_keys,
)
from cards.models import Activation, Card
from cards.receipts import question_of, sign_receipt
from cards.states import ActivationState
from cards.terms import current_terms
from journal.actor import Actor, ActorKind
from journal.errors import DomainError
from journal.stops import JournalNotWritable, JournalStopped

MAX_BODY_OCTETS: Final = 64 * 1024
_LONGEST_TEXT: Final = 200
_STATUSES: Final[Mapping[type[DomainError], HTTPStatus]] = {
    errors.TokenInvalid: HTTPStatus.NOT_FOUND,
    errors.ActivationNotFound: HTTPStatus.NOT_FOUND,
    errors.ActivationExpired: HTTPStatus.GONE,
    errors.ActivationAborted: HTTPStatus.GONE,
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

_LABELS: Final[Mapping[KeyName, str]] = {
    KeyName.HSA_AUTHENTICATION: "SITHS HSA-id legitimering",
    KeyName.ID_AUTHENTICATION: "SITHS Person-ID legitimering",
}

Body = Mapping[str, object]
Call = Callable[[HttpRequest, Body], dict[str, object]]


def _json_call(call: Call) -> Callable[[HttpRequest], JsonResponse]:
    """Wrap a call: POST, a bounded JSON object; every domain error becomes its code and status."""

    @csrf_exempt  # no cookie is read here: the client proves itself by its key
    @never_cache
    def view(request: HttpRequest) -> JsonResponse:
        if request.method != "POST":
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", {})
        try:
            return JsonResponse(call(request, _body(request)))
        except DomainError as error:
            status = _STATUSES.get(type(error), HTTPStatus.CONFLICT)
            code = error.refusal.code if isinstance(error, errors.Refused) else error.code
            return _problem(status, code, error.facts)

    return view


@_json_call
def claim(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {token, clientKey, app, version}: take the activation; learn card, keys, PIN rules and terms.

    The only answer with administration keys: the card's new one, and those that it may have now.
    """
    try:
        client_key = parse_client_key(body.get("clientKey"))
    except ClientKeyInvalid as error:
        raise errors.CallInvalid("clientKey is not a public P-256 JWK") from error
    activation = claim_activation(
        token=_text(body, "token"),
        client_key=client_key,
        client_name=_text(body, "app"),
        client_version=_text(body, "version"),
        actor=_client(request),
        at=_now(),
    )
    admin_keys = disclose_admin_keys(activation_id=str(activation.pk), actor=_client(request), at=_now())
    return {
        **_state(activation),
        **_card(activation),
        "adminKeys": list(admin_keys.current),
        "newAdminKey": admin_keys.replacement,
        "pinRules": {
            "min": pin_rules.SHORTEST,
            "max": pin_rules.LONGEST,
            "forbidden": list(pin_rules.forbidden_pins(activation.card.person.birth_date)),
        },
        "terms": {
            "version": current_terms().version,
            "text": current_terms().text(str(body.get("lang", "sv"))),
        },
    }


@_json_call
def keys(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, keys: [{name, csr}]}: certificate requests for the keys that were made."""
    activation = _signed(request, body)
    requests = {
        _text(row, "name"): _octets_or_pem(row, "csr", limit=MAX_CERTIFICATE_OCTETS)
        for row in _rows(body, "keys")
    }
    activation = register_keys(
        activation_id=str(activation.pk),
        requests=requests,
        actor=_client(request),
        at=_now(),
    )
    return _state(activation)


@_json_call
def certificates(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId}, repeated: "issuing" until every certificate is published, then all of them."""
    activation = _signed(request, body)
    issued = collect_certificates(activation_id=str(activation.pk), actor=_client(request), at=_now())
    if not issued:
        return {"activationId": str(activation.pk), "state": "issuing"}
    return {
        "activationId": str(activation.pk),
        "state": "issued",
        "certificates": [_certificate(item) for item in issued],
    }


@_json_call
def written(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, certificates: [{name, sha256}]}: what was read back; get the receipt to sign."""
    activation = _signed(request, body)
    activation = confirm_written(
        activation_id=str(activation.pk),
        digests={_text(row, "name"): _text(row, "sha256") for row in _rows(body, "certificates")},
        actor=_client(request),
        at=_now(),
    )
    return {**_state(activation), "receipt": question_of(activation.receipt).as_json()}


@_json_call
def receipt(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, certificate, alg, signature, userChallenge, spki}: the receipt; card active."""
    activation = _signed(request, body)
    answer = Answer(
        certificate_der=_octets(body, "certificate", limit=MAX_CERTIFICATE_OCTETS),
        algorithm=_text(body, "alg"),
        signature=_octets(body, "signature", limit=MAX_SIGNATURE_OCTETS),
        user_challenge=_text(body, "userChallenge"),
        server_spki=_text(body, "spki"),
    )
    return _state(
        sign_receipt(activation_id=str(activation.pk), answer=answer, actor=_client(request), at=_now()),
    )


@_json_call
def abort(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, reason}: give up; what is on the card is kept for the next attempt."""
    activation = _signed(request, body)
    reason = _text(body, "reason")
    if reason not in CLIENT_ABORT_REASONS:
        raise errors.CallInvalid("unknown reason")
    return _state(
        abort_activation(activation_id=str(activation.pk), reason=reason, actor=_client(request), at=_now()),
    )


@_json_call
def status(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId}: how far it has come, for a client that lost an answer."""
    activation = _signed(request, body)
    answer = {**_state(activation), **_card(activation)}
    if activation.state == ActivationState.WRITTEN.value:
        answer["receipt"] = question_of(activation.receipt).as_json()
    return answer


urlpatterns = [
    path("claim", claim, name="activation-claim"),
    path("keys", keys, name="activation-keys"),
    path("certificates", certificates, name="activation-certificates"),
    path("written", written, name="activation-written"),
    path("receipt", receipt, name="activation-sign-receipt"),
    path("abort", abort, name="activation-abort"),
    path("status", status, name="activation-client-status"),
]


def _state(activation: Activation) -> dict[str, object]:
    return {
        "activationId": str(activation.pk),
        "state": activation.state.lower(),
        "expiresAt": int(activation.expires_at.timestamp()),
    }


def _card(activation: Activation) -> dict[str, object]:
    """Return what the client must know of the card; the PIN is chosen while none of its keys is done."""
    card, done = activation.card, usable_keys(activation.card)
    return {
        "cardNumber": card.card_number,
        "holderName": card.holder_name,
        "organization": card.organization.name,
        "keys": [
            {
                "name": name.value,
                "label": _LABELS[name],
                "algorithm": _algorithm(name, card),
                "done": name in done,
            }
            for name in KeyName
        ],
    }


def _algorithm(name: KeyName, card: Card) -> str:
    """Return which key the hierarchy takes on this card, in the protocol's words: P-256, RSA-3072."""
    kind = kind_of_key_to_make(PROFILES[name], Environment(card.environment))
    return kind.replace("ec-p", "P-").replace("rsa-", "RSA-")


def _certificate(item: IssuedKey) -> dict[str, object]:
    return {
        "name": item.name.value,
        "certificate": b64(bytes(item.certificate.certificate_der)),
        "chain": _chain(item),
    }


def _chain(item: IssuedKey) -> list[str]:
    """Return the issuers above, nearest first, each as base64 of its DER."""
    pem = chain_pem(item.certificate.issuer)
    blocks = pem.split("-----BEGIN CERTIFICATE-----")[1:]
    return ["".join(block.split("-----END CERTIFICATE-----")[0].split()) for block in blocks]


def _signed(request: HttpRequest, body: Body) -> Activation:
    """Return the activation if the claiming client's key signed this very request."""
    activation = activation_of_client(_text(body, "activationId"))
    try:
        verify_request(
            client_key_of_activation(activation),
            request.headers.get(SIGNATURE_HEADER, ""),
            method=request.method or "",
            path=request.path,
            body=request.body,
        )
    except RequestSignatureInvalid as error:
        raise errors.CallUnsigned("not signed by the claiming client") from error
    return activation


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


def _rows(body: Body, name: str) -> list[Body]:
    rows = body.get(name)
    if not isinstance(rows, list) or len(rows) > len(KeyName):
        raise errors.CallInvalid(f"{name} is not a list of at most {len(KeyName)}")
    if not all(isinstance(row, dict) for row in rows):
        raise errors.CallInvalid(f"{name} is not a list of objects")
    return rows


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or not value.isprintable():
        raise errors.CallInvalid(f"{name} is missing or not a short text")
    return value


def _octets(body: Body, name: str, *, limit: int) -> bytes:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > 2 * limit:
        raise errors.CallInvalid(f"{name} is missing or too large")
    try:
        octets = unb64(value)
    except MalformedText as error:
        raise errors.CallInvalid(f"{name} is not base64") from error
    if not 0 < len(octets) <= limit:
        raise errors.CallInvalid(f"{name} is empty or too large")
    return octets


def _octets_or_pem(body: Body, name: str, *, limit: int) -> bytes:
    value = body.get(name)
    if isinstance(value, str) and value.lstrip().startswith("-----BEGIN") and len(value) <= 2 * limit:
        return value.encode("utf-8", "replace")
    return _octets(body, name, limit=limit)


def _client(request: HttpRequest) -> Actor:
    return Actor(
        kind=ActorKind.SERVICE,
        identifier="card-client",
        client_address=str(request.META.get("REMOTE_ADDR", ""))[:45],
    )


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 - the edge: the moment of the request, read once per call


def _problem(status: HTTPStatus, code: str, facts: Mapping[str, str]) -> JsonResponse:
    return JsonResponse({"errorCode": code, "details": dict(facts)}, status=status)
