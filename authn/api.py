"""The client API /c/v1/: JSON in, JSON out, every call after the claim signed by the claiming client."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from authn import client_orders, configuration
from authn.certificate import MalformedCertificate, read_certificate
from authn.client_orders import SignedCall
from authn.errors import (
    AlreadyClaimed,
    CheckFailed,
    ClientTooOld,
    InvalidParameters,
    OrderMoved,
    OrderNotFound,
    TooManyRequests,
    Unauthorized,
)
from authn.evidence import (
    MAX_CERTIFICATE_OCTETS,
    MAX_SIGNATURE_OCTETS,
    SIGNATURE_HEADER,
    USER_CHALLENGE_LENGTH,
    Answer,
    ClientKeyInvalid,
    MalformedText,
    parse_client_key,
    unb64,
    unb64url,
    verification_code,
)
from authn.hints import AbortReason
from authn.models import AuthnOrder
from authn.platforms import parse_version, platforms
from authn.selectors import question_of
from journal.errors import DomainError
from journal.stops import JournalNotWritable

MAX_BODY_OCTETS = 64 * 1024
_MAX_TEXT = 100
_STATUSES: dict[type[DomainError], HTTPStatus] = {
    InvalidParameters: HTTPStatus.BAD_REQUEST,
    CheckFailed: HTTPStatus.BAD_REQUEST,
    ClientTooOld: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    OrderNotFound: HTTPStatus.NOT_FOUND,
    AlreadyClaimed: HTTPStatus.CONFLICT,
    OrderMoved: HTTPStatus.NOT_FOUND,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    JournalNotWritable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""HTTP words for authn's facts; they stand here because the client's protocol fixes them (section 6)."""

Body = Mapping[str, object]
Call = Callable[[HttpRequest, Body], JsonResponse]


@never_cache
def hello(request: HttpRequest) -> JsonResponse:
    """GET: which clients are accepted, which TLS keys to expect, and what time it is here."""
    if request.method != "GET":
        return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "methodNotAllowed")
    rules = configuration.client_rules()
    return JsonResponse(
        {
            "minVersion": rules.least_version,
            "latest": rules.latest_version,
            "systems": {name: _dotted(one.least) for name, one in platforms().items()},
            "spkiPins": list(rules.server_spki_pins),
            "serverTime": int(_now().timestamp()),
        }
    )


def _json_call(call: Call) -> Callable[[HttpRequest], JsonResponse]:
    """Wrap a call: POST, JSON object, bounded; every domain error becomes its code and status."""

    @csrf_exempt  # no cookie is read here: the client proves itself by its key
    @never_cache
    def view(request: HttpRequest) -> JsonResponse:
        if request.method != "POST":
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "methodNotAllowed")
        if request.content_type != "application/json":
            return _problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupportedMediaType")
        try:
            return call(request, _body(request))
        except DomainError as error:
            code = error.hint.value if isinstance(error, CheckFailed) else error.code
            code = OrderNotFound.code if isinstance(error, OrderMoved) else code
            response = _problem(_STATUSES[type(error)], code)
            if "retry_after" in error.facts:
                response["Retry-After"] = error.facts["retry_after"]
            return response

    return view


@_json_call
def claim(request: HttpRequest, body: Body) -> JsonResponse:
    """POST {token or qr, clientKey, app, version, system}: take the order; answer with what to show and sign.

    `system` is optional: {name, version} of what the client runs on.
    """
    try:
        client_key = parse_client_key(body.get("clientKey"))
        app = _app(body)
    except (ClientKeyInvalid, ValueError) as error:
        raise InvalidParameters("clientKey or a version is not well formed") from error
    is_scanned = "qr" in body
    claimed = client_orders.claim_by_qr if is_scanned else client_orders.claim
    order = claimed(
        _text(body, "qr" if is_scanned else "token"),
        client_key,
        app=app,
        address=_address(request),
        at=_now(),
    )
    return JsonResponse(_claimed(order))


@_json_call
def respond(request: HttpRequest, body: Body) -> JsonResponse:
    """POST {orderId, certificate, alg, signature, userChallenge, spki}: the signature, to be checked."""
    try:
        user_challenge = _text(body, "userChallenge")
        answer = Answer(
            certificate_der=_octets(body, "certificate", limit=MAX_CERTIFICATE_OCTETS),
            algorithm=_text(body, "alg"),
            signature=_octets(body, "signature", limit=MAX_SIGNATURE_OCTETS),
            user_challenge=user_challenge,
            server_spki=_text(body, "spki"),
        )
        if len(user_challenge) != USER_CHALLENGE_LENGTH:
            raise InvalidParameters("userChallenge has 43 characters")
        unb64url(user_challenge)
        certificate = read_certificate(answer.certificate_der)
    except (MalformedCertificate, MalformedText) as error:
        raise InvalidParameters("certificate, signature or userChallenge is not well formed") from error
    accepted = client_orders.respond(
        _order_id(body), answer, certificate, call=_signed_call(request), at=_now()
    )
    return JsonResponse({"ok": True, "d": accepted.d, "returnUrl": accepted.return_url})


@_json_call
def abort(request: HttpRequest, body: Body) -> JsonResponse:
    """POST {orderId, reason}: give up."""
    try:
        reason = AbortReason(_text(body, "reason"))
    except ValueError as error:
        raise InvalidParameters("unknown reason") from error
    client_orders.abort(_order_id(body), reason, call=_signed_call(request), at=_now())
    return JsonResponse({"ok": True})


urlpatterns = [
    path("hello", hello, name="authn-hello"),
    path("claim", claim, name="authn-claim"),
    path("respond", respond, name="authn-respond"),
    path("abort", abort, name="authn-abort"),
]


def _claimed(order: AuthnOrder) -> dict[str, object]:
    question = question_of(order)
    return {
        **question.as_json(),
        "visible": {"text": order.visible_text, "lang": order.visible_language},
        "requirement": {
            "loa": order.wanted_loa,
            "carriers": order.wanted_carriers,
            "issuers": order.wanted_issuers,
        },
        "verificationCode": verification_code(question.rp_challenge),
        "sameIp": order.client_address == order.end_user_address,
    }


def _body(request: HttpRequest) -> Body:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY_OCTETS:
        raise InvalidParameters("the body is too large")
    try:
        body = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidParameters("the body is not JSON") from error
    if not isinstance(body, dict):
        raise InvalidParameters("the body is not an object")
    return body


def _app(body: Body) -> client_orders.ClientApp:
    """Return what the client says of itself; raises ValueError for a version that is none."""
    name, version = _text(body, "app"), parse_version(_text(body, "version"))
    if "system" not in body:
        return client_orders.ClientApp(name=name, version=version)
    system = body["system"]
    if not isinstance(system, dict):
        raise InvalidParameters("system is not an object")
    return client_orders.ClientApp(
        name=name,
        version=version,
        system=_text(system, "name"),
        system_version=parse_version(_text(system, "version")),
    )


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or not value.isprintable():
        raise InvalidParameters(f"{name} is missing or not a short text")
    return value


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _octets(body: Body, name: str, *, limit: int) -> bytes:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > 2 * limit:
        raise InvalidParameters(f"{name} is missing or too large")
    octets = unb64(value)
    if not 0 < len(octets) <= limit:
        raise InvalidParameters(f"{name} is empty or too large")
    return octets


def _order_id(body: Body) -> str:
    text = _text(body, "orderId")
    try:
        order_id = str(uuid.UUID(text))
    except ValueError as error:
        raise InvalidParameters("orderId is not a UUID") from error
    if order_id != text:
        raise InvalidParameters("orderId is not spelled canonically")
    return order_id


def _signed_call(request: HttpRequest) -> SignedCall:
    return SignedCall(
        method=request.method or "",
        path=request.path,
        body=request.body,
        signature=request.headers.get(SIGNATURE_HEADER, ""),
        address=_address(request),
    )


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 - the edge: the moment of the request, read once per call


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def _problem(status: HTTPStatus, code: str) -> JsonResponse:
    return JsonResponse({"errorCode": code, "details": status.phrase}, status=status)
