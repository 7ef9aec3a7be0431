"""The mobile channel /c/v1/mobile/ (AUT-9): from the phone to the issuing and back, JSON.

Every call after the claim is signed by the phone's ephemeral key, as on the other channels.
"""

from django.http import HttpRequest
from django.urls import path

from authn.evidence import b64
from cards.client_calls import (
    Body,
    abort_reason,
    chain,
    claiming_key,
    client_of,
    csr,
    json_call,
    key_algorithm,
    now,
    pin_rules_of,
    signed_answer,
    signed_row,
    state_of,
    text,
)
from cards.mobile.keys import PROFILE, collect_mobile, confirm_mobile, question_of_mobile, register_mobile_key
from cards.mobile.making import MOBILES, abort_mobile, claim_mobile


@json_call
def claim(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {token, mark, clientKey, app, version}: take it; learn whose it is, which key, what to sign."""
    mobile = claim_mobile(
        token=text(body, "token"),
        mark=text(body, "mark"),
        client_key=claiming_key(body),
        client_name=text(body, "app"),
        client_version=text(body, "version"),
        actor=client_of(request),
        at=now(),
    )
    return {
        **state_of(MOBILES, mobile),
        "markSalt": mobile.mark_salt,
        "holderName": mobile.card.person.full_name,
        "algorithm": key_algorithm(PROFILE, mobile.card),
        "pinRules": pin_rules_of(mobile.card),
        "question": question_of_mobile(mobile).as_json(),
    }


@json_call
def key(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {mobileId, csr}: the certificate request for the key that the phone has made."""
    mobile = signed_row(MOBILES, request, body)
    mobile = register_mobile_key(mobile_id=str(mobile.pk), csr=csr(body), actor=client_of(request), at=now())
    return state_of(MOBILES, mobile)


@json_call
def certificate(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {mobileId}, repeated: "issuing" until the certificate is published, then it with its chain."""
    mobile = signed_row(MOBILES, request, body)
    issued = collect_mobile(mobile_id=str(mobile.pk), actor=client_of(request), at=now())
    if issued is None:
        return {"mobileId": str(mobile.pk), "state": "issuing"}
    return {
        "mobileId": str(mobile.pk),
        "state": "issued",
        "certificate": b64(bytes(issued.certificate_der)),
        "chain": chain(issued),
    }


@json_call
def confirm(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {mobileId, certificate, alg, signature, userChallenge, spki}: the phone keeps it: in use."""
    mobile = signed_row(MOBILES, request, body)
    mobile = confirm_mobile(
        mobile_id=str(mobile.pk), answer=signed_answer(body), actor=client_of(request), at=now()
    )
    return state_of(MOBILES, mobile)


@json_call
def abort(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {mobileId, reason}: give up; what was issued is revoked."""
    mobile = signed_row(MOBILES, request, body)
    ended = abort_mobile(
        mobile_id=str(mobile.pk), reason=abort_reason(body), actor=client_of(request), at=now()
    )
    return state_of(MOBILES, ended)


@json_call
def status(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {mobileId}: how far it has come, and whether the holder has said that it is their phone."""
    mobile = signed_row(MOBILES, request, body)
    return {**state_of(MOBILES, mobile), "approved": mobile.approved_at is not None}


urlpatterns = [
    path("claim", claim, name="mobile-claim"),
    path("key", key, name="mobile-key"),
    path("certificate", certificate, name="mobile-certificate"),
    path("confirm", confirm, name="mobile-confirm"),
    path("abort", abort, name="mobile-abort"),
    path("status", status, name="mobile-client-status"),
]
