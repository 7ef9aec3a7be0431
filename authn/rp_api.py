"""The relying-party API /rp/v1/: auth, sign, collect, cancel for services that show a function certificate.

nginx ends the TLS and sets two headers; this API is served on a socket of its own that nothing else reaches
(`portal/rp_wsgi.py`, `deploy/nginx/rp.conf`). No logic lives here: `authn.orders` decides.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from authn import orders
from authn.certificate import MalformedCertificate, read_certificate
from authn.checks import Requirement
from authn.errors import (
    AlreadyInProgress,
    InvalidParameters,
    MtlsNotOffered,
    OrderNotFound,
    ReturnUrlNotRegistered,
    TooManyRequests,
    Unauthorized,
)
from authn.evidence import Flow, MalformedText, Purpose, b64, unb64
from authn.models import RelyingParty
from authn.mtls import attempts
from authn.rp_callers import caller_of
from journal.actor import Actor, ActorKind
from journal.errors import DomainError
from journal.stops import JournalNotWritable, JournalStopped

MAX_BODY_OCTETS = 64 * 1024
_MAX_NAMES = 20
_DEMANDS = frozenset({"loa", "carriers", "issuers", "subject", "pin"})
"""Of a requirement (section 2); `pin` is always asked for, whatever it says."""
_SUBJECT_DEMANDS = frozenset({"personalIdHash"})
_STATUSES: dict[type[DomainError], HTTPStatus] = {
    InvalidParameters: HTTPStatus.BAD_REQUEST,
    AlreadyInProgress: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    MtlsNotOffered: HTTPStatus.FORBIDDEN,
    OrderNotFound: HTTPStatus.NOT_FOUND,
    ReturnUrlNotRegistered: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    JournalNotWritable: HTTPStatus.SERVICE_UNAVAILABLE,
    JournalStopped: HTTPStatus.SERVICE_UNAVAILABLE,
}
_MINUTE = 60

Body = Mapping[str, object]
Choice = TypeVar("Choice", Purpose, Flow)
Call = Callable[[RelyingParty, Body], JsonResponse]


def rp_call(call: Call) -> Callable[[HttpRequest], HttpResponse]:
    """Wrap a call: POST, JSON object, known caller; every domain error becomes its code of section 6."""

    @csrf_exempt  # no cookie is read here: the caller proves itself by its certificate
    @never_cache
    def view(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, "methodNotAllowed")
        if request.content_type != "application/json":
            return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupportedMediaType")
        caller: RelyingParty | None = None
        try:
            caller = _caller(request)
            response = call(caller, _body(request))
        except DomainError as error:
            code = "maintenance" if isinstance(error, (JournalNotWritable, JournalStopped)) else error.code
            response = problem(_STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR), code)
            if "retry_after" in error.facts:
                response["Retry-After"] = error.facts["retry_after"]
                response["RateLimit"] = f'"orders";r=0;t={error.facts["retry_after"]}'
        if caller is not None:
            response["RateLimit-Policy"] = f'"orders";q={caller.orders_per_minute};w={_MINUTE}'
        return response

    return view


def started(caller: RelyingParty, body: Body, *, purposes: frozenset[Purpose]) -> orders.Started:
    """Start the order that a body asks for; raises what `orders.start` raises, and InvalidParameters."""
    purpose = _choice(Purpose, body.get("purpose", min(purposes)))
    if purpose not in purposes:
        raise InvalidParameters("this purpose is asked for elsewhere")
    visible = _object(body.get("visible"))
    requirement = _requirement(body)
    return orders.start(
        caller.rp_id,
        orders.StartRequest(
            rp_challenge=_octets(body, "rpChallenge"),
            return_url=text(body, "returnUrl", longest=500),
            visible_text=text(visible, "text", longest=1500),
            purpose=purpose,
            flow=_choice(Flow, body.get("flow", Flow.SAME_DEVICE.value)),
            language=text(visible, "lang") if "lang" in visible else "sv",
            non_visible=_octets(body, "nonVisible") if "nonVisible" in body else b"",
            requirement=requirement,
            end_user_address=address(body),
            is_alone=bool(requirement.subject_hashes),
        ),
        actor=actor_of(caller),
        at=now(),
    )


@rp_call
def auth(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /auth: ask somebody to prove who they are."""
    allowed = frozenset({Purpose.AUTH, Purpose.AUTH_FOR_SIGN, Purpose.ENROL})
    return _started(started(caller, body, purposes=allowed))


@rp_call
def sign(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /sign: ask somebody to sign a text."""
    return _started(started(caller, body, purposes=frozenset({Purpose.SIGN, Purpose.RECEIPT})))


@rp_call
def collect(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /collect: how it goes; the whole answer once."""
    seen = orders.collect(caller.rp_id, order_ref(body), actor=actor_of(caller), at=now())
    match seen:
        case orders.Pending(hint=hint):
            return JsonResponse({"status": "pending", "hint": hint.value})
        case orders.Failed(hint=failure):
            return JsonResponse({"status": "failed", "hint": failure.value})
        case orders.Complete():
            return JsonResponse(_complete(seen))


@rp_call
def cancel(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /cancel: end the order; once more changes nothing."""
    orders.cancel(caller.rp_id, order_ref(body), actor=actor_of(caller), at=now())
    return JsonResponse({})


@rp_call
def mtls_start(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /mtls/start: where to send a browser that is to show a card's certificate."""
    attempt = attempts.start(
        caller.rp_id,
        attempts.MtlsRequest(
            return_url=text(body, "returnUrl", longest=500),
            language=text(body, "lang") if "lang" in body else "sv",
            requirement=_requirement(body),
            end_user_address=address(body),
        ),
        actor=actor_of(caller),
        at=now(),
    )
    return JsonResponse(
        {
            "attemptRef": attempt.attempt_ref,
            "tx": attempt.tx,
            "startUrl": attempt.start_url,
            "useBefore": int(attempt.use_before.timestamp()),
        },
        status=HTTPStatus.CREATED,
    )


@rp_call
def mtls_redeem(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /mtls/redeem: the whole answer once, for a session's `tx` and the code its browser brought."""
    seen = attempts.redeem(
        caller.rp_id, text(body, "tx"), text(body, "code"), actor=actor_of(caller), at=now()
    )
    return JsonResponse(
        {
            "status": "complete",
            **_who(seen),
            "evidence": {
                "ocsp": [b64(seen.ocsp_der)] if seen.ocsp_der else [],
                "crls": [b64(der) for der in seen.crls_der],
                "checkedAt": seen.checked_at.isoformat(),
                "evidenceId": seen.evidence_id,
            },
        }
    )


@rp_call
def mtls_cancel(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /mtls/cancel: end the attempt; once more changes nothing."""
    attempts.cancel(caller.rp_id, text(body, "tx"), actor=actor_of(caller), at=now())
    return JsonResponse({})


def order_ref(body: Body) -> str:
    """Return the order that a body names; raises OrderNotFound for what cannot be one."""
    try:
        return str(uuid.UUID(text(body, "orderRef")))
    except ValueError as error:
        raise OrderNotFound("no such order") from error


def actor_of(caller: RelyingParty) -> Actor:
    """Return the service as the one who acts."""
    return Actor(kind=ActorKind.SERVICE, identifier=caller.rp_id)


def now() -> datetime:
    """Return the moment of the call."""
    return timezone.now()  # noqa: TID251 - the edge: the moment of the request


def problem(status: HTTPStatus, code: str) -> JsonResponse:
    """Return an error in the shape of section 6."""
    return JsonResponse({"errorCode": code, "details": status.phrase}, status=status)


def text(body: Body, name: str, *, longest: int = 100) -> str:
    """Return a text of a body; raises InvalidParameters."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not _can_be_kept(value):
        raise InvalidParameters(f"{name} is missing or not a text")
    return value


def address(body: Body) -> str:
    """Return the address of the end user in one spelling; raises InvalidParameters."""
    try:
        return str(ip_address(text(body, "endUserIp", longest=45)))
    except ValueError as error:
        raise InvalidParameters("endUserIp is no address") from error


def _can_be_kept(value: str) -> bool:
    """Tell whether a database takes it: JSON can spell half a character and NUL."""
    return "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)


def _caller(request: HttpRequest) -> RelyingParty:
    """Return who calls, by the two headers that nginx sets on every request and takes from nobody."""
    if request.headers.get("X-Client-Verify") != "SUCCESS":
        raise Unauthorized("no certificate")
    try:
        pem = unquote(request.headers.get("X-Client-Cert", ""), errors="strict").encode("ascii")
        der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        return caller_of(read_certificate(der), at=now())
    except (ValueError, MalformedCertificate) as error:
        raise Unauthorized("no certificate that can be read") from error


def _started(order: orders.Started) -> JsonResponse:
    return JsonResponse(
        {
            "orderRef": order.order_ref,
            "autoStartToken": order.autostart_token,
            "qrStartToken": order.qr_start_token,
            "qrStartSecret": b64(order.qr_start_secret),
            "sessionSecret": b64(order.session_secret),
            "verificationCode": order.verification_code,
            "claimBefore": int(order.claim_before.timestamp()),
            "pollInterval": order.poll_interval,
        },
        status=HTTPStatus.CREATED,
    )


def _complete(answer: orders.Complete) -> dict[str, object]:
    return {
        "status": "complete",
        **_who(answer),
        "evidence": {
            "version": "1",
            "tbs": b64(answer.tbs),
            "alg": answer.algorithm,
            "signature": b64(answer.signature),
            "serverRandom": b64(answer.server_random),
            "userChallenge": answer.user_challenge,
            "spki": answer.server_spki,
            "expiresAt": answer.expires_at,
            "ocsp": [b64(answer.ocsp_der)] if answer.ocsp_der else [],
            "crls": [b64(der) for der in answer.crls_der],
            "checkedAt": answer.checked_at.isoformat(),
            "evidenceId": answer.evidence_id,
        },
        "client": {"ip": answer.client_address, "app": answer.client_app, "sameIp": answer.same_address},
    }


def _who(answer: orders.Complete | attempts.Redeemed) -> dict[str, object]:
    return {
        "user": {
            "givenName": answer.given_name,
            "surname": answer.surname,
            "personalIdentityNumber": answer.personal_identity_number or None,
            "hsaId": answer.hsa_id or None,
        },
        "credential": {
            "certificate": b64(answer.certificate_der),
            "chain": [b64(der) for der in answer.chain_der],
            "loa": answer.loa,
            "policyOids": list(answer.policy_oids),
            "carrier": answer.carrier.value,
            "cardNumber": answer.card_number or None,
        },
    }


def _requirement(body: Body) -> Requirement:
    wanted = _object(body.get("requirement", {}))
    subject = _object(wanted.get("subject", {}))
    # A demand that is misspelled must not become none at all.
    if not set(wanted) <= _DEMANDS or not set(subject) <= _SUBJECT_DEMANDS:
        raise InvalidParameters("requirement demands something unknown")
    return Requirement(
        loas=_names(wanted, "loa"),
        carriers=_names(wanted, "carriers"),
        issuers=_names(wanted, "issuers"),
        subject_hashes=(text(subject, "personalIdHash"),) if "personalIdHash" in subject else (),
    )


def _body(request: HttpRequest) -> Body:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY_OCTETS:
        raise InvalidParameters("the body is too large")
    try:
        return _object(json.loads(request.body.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise InvalidParameters("the body is not JSON") from error


def _object(value: object) -> Body:
    if not isinstance(value, dict):
        raise InvalidParameters("an object is missing")
    return value


def _octets(body: Body, name: str) -> bytes:
    try:
        return unb64(text(body, name, longest=MAX_BODY_OCTETS))
    except MalformedText as error:
        raise InvalidParameters(f"{name} is not base64") from error


def _names(body: Body, name: str) -> tuple[str, ...]:
    values = body.get(name, [])
    if not isinstance(values, list) or len(values) > _MAX_NAMES:
        raise InvalidParameters(f"{name} is not a short list")
    if not all(isinstance(one, str) and _can_be_kept(one) for one in values):
        raise InvalidParameters(f"{name} holds something else than texts")
    return tuple(str(one) for one in values)


def _choice(kind: type[Choice], value: object) -> Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        raise InvalidParameters("unknown purpose or flow") from error
