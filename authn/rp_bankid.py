"""A façade over the relying-party API in the shape of BankID version 6, for services that speak that.

The challenge is made here, not by the caller, so a caller cannot verify the evidence against a value of its
own: whoever can should use /rp/v1/.
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from django.http import JsonResponse

from authn import orders
from authn.encoding import MalformedText
from authn.errors import InvalidParameters
from authn.evidence import RP_CHALLENGE_OCTETS, Flow, Purpose, b64, unb64
from authn.hints import FailureHint, PendingHint
from authn.models import RelyingParty
from authn.rp_api import Body, actor_of, address, now, order_ref, rp_call, text

PENDING: Final[Mapping[PendingHint, str]] = {
    PendingHint.OUTSTANDING: "outstandingTransaction",
    PendingHint.STARTED: "started",
    PendingHint.USER_ACTION: "userSign",
    PendingHint.PROCESSING: "userSign",
}
FAILED: Final[Mapping[FailureHint, str]] = {
    FailureHint.EXPIRED: "expiredTransaction",
    FailureHint.START_FAILED: "startFailed",
    FailureHint.USER_CANCEL: "userCancel",
    FailureHint.RP_CANCEL: "cancelled",
    FailureHint.NOT_ME: "userDeclinedCall",
    FailureHint.CERTIFICATE_EXPIRED: "certificateErr",
    FailureHint.CERTIFICATE_REVOKED: "certificateErr",
    FailureHint.CERTIFICATE_UNTRUSTED: "certificateErr",
    FailureHint.CERTIFICATE_USAGE: "certificateErr",
    FailureHint.CARD_NOT_ACTIVE: "certificateErr",
    FailureHint.PIN_BLOCKED: "certificateErr",
    FailureHint.PIN_FAILED: "certificateErr",
    FailureHint.RISK_BLOCKED: "transactionRiskBlocked",
}
"""What BankID has no name for is `startFailed`: nothing was signed, and one may try again."""
_DEFAULT: Final = {"sv": "Logga in i {name}", "en": "Log in to {name}"}


@rp_call
def auth(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /rp/v6.0/auth."""
    return _started(caller, body, purpose=Purpose.AUTH)


@rp_call
def sign(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /rp/v6.0/sign: by the signature key where the caller may ask for it, else by the login key."""
    may_sign = Purpose.SIGN.value in caller.purposes
    return _started(caller, body, purpose=Purpose.SIGN if may_sign else Purpose.AUTH_FOR_SIGN)


@rp_call
def collect(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /rp/v6.0/collect."""
    reference = order_ref(body)
    seen = orders.collect(caller.rp_id, reference, actor=actor_of(caller), at=now())
    match seen:
        case orders.Pending(hint=hint):
            return JsonResponse({"orderRef": reference, "status": "pending", "hintCode": PENDING[hint]})
        case orders.Failed(hint=failure):
            code = FAILED.get(failure, "startFailed")
            return JsonResponse({"orderRef": reference, "status": "failed", "hintCode": code})
        case orders.Complete():
            return JsonResponse(
                {"orderRef": reference, "status": "complete", "completionData": _completion(seen)}
            )


@rp_call
def cancel(caller: RelyingParty, body: Body) -> JsonResponse:
    """POST /rp/v6.0/cancel."""
    orders.cancel(caller.rp_id, order_ref(body), actor=actor_of(caller), at=now())
    return JsonResponse({})


def _started(caller: RelyingParty, body: Body, *, purpose: Purpose) -> JsonResponse:
    if not caller.return_origins:
        raise InvalidParameters("no return origin is registered")
    is_same_device = "returnUrl" in body
    shown = _decoded(body, "userVisibleData") or _DEFAULT["sv"].format(name=caller.name_sv).encode()
    try:
        visible_text = shown.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidParameters("userVisibleData is not a text") from error
    order = orders.start(
        caller.rp_id,
        orders.StartRequest(
            rp_challenge=secrets.token_bytes(RP_CHALLENGE_OCTETS),
            return_url=text(body, "returnUrl", longest=500)
            if is_same_device
            else f"{caller.return_origins[0]}/",
            visible_text=visible_text,
            purpose=purpose,
            flow=Flow.SAME_DEVICE if is_same_device else Flow.OTHER_DEVICE,
            non_visible=_decoded(body, "userNonVisibleData"),
            end_user_address=address(body),
        ),
        actor=actor_of(caller),
        at=now(),
    )
    return JsonResponse(
        {
            "orderRef": order.order_ref,
            "autoStartToken": order.autostart_token,
            "qrStartToken": order.qr_start_token,
            "qrStartSecret": b64(order.qr_start_secret),
        },
        status=HTTPStatus.OK,
    )


def _decoded(body: Body, name: str) -> bytes:
    if name not in body:
        return b""
    try:
        return unb64(text(body, name, longest=64 * 1024))
    except MalformedText as error:
        raise InvalidParameters(f"{name} is not base64") from error


def _completion(answer: orders.Complete) -> dict[str, object]:
    return {
        "user": {
            "personalNumber": answer.personal_identity_number,
            "name": f"{answer.given_name} {answer.surname}",
            "givenName": answer.given_name,
            "surname": answer.surname,
        },
        "device": {"ipAddress": answer.client_address, "uhi": ""},
        "bankIdIssueDate": "",
        "stepUp": None,
        "signature": b64(answer.signature),
        "ocspResponse": b64(answer.ocsp_der),
        "risk": "low",
    }
