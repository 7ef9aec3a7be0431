"""The activation channel /c/v1/activation/: JSON, every call after the claim signed by the client's key."""

from collections.abc import Mapping
from typing import Final

from django.http import HttpRequest
from django.urls import path

from authn.evidence import b64
from cards.activation import ACTIVATIONS, abort_activation, answer_for_activation, claim_activation
from cards.card_keys import (
    PROFILES,
    IssuedKey,
    KeyName,
    collect_certificates,
    confirm_written,
    register_keys,
    usable_keys,
)
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
    rows,
    signed_answer,
    signed_row,
    state_of,
    text,
)
from cards.models import Activation
from cards.receipts import question_of, sign_receipt
from cards.states import ActivationState
from cards.terms import current_terms

_LABELS: Final[Mapping[KeyName, str]] = {
    KeyName.HSA_AUTHENTICATION: "SITHS HSA-id legitimering",
    KeyName.ID_AUTHENTICATION: "SITHS Person-ID legitimering",
}


@json_call
def claim(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {token, clientKey, app, version}: take the activation; learn card, keys, PIN rules and terms."""
    client_key = claiming_key(body)
    activation = claim_activation(
        token=text(body, "token"),
        client_key=client_key,
        client_name=text(body, "app"),
        client_version=text(body, "version"),
        actor=client_of(request),
        at=now(),
    )
    return {
        **state_of(ACTIVATIONS, activation),
        **_card(activation),
        "pinRules": pin_rules_of(activation.card),
        "terms": {
            "version": current_terms().version,
            "text": current_terms().text(str(body.get("lang", "sv"))),
        },
    }


@json_call
def answer(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, challenge}: the answer that the card takes once, and that renews its key."""
    activation = signed_row(ACTIVATIONS, request, body)
    answered = answer_for_activation(
        activation_id=str(activation.pk),
        challenge=text(body, "challenge"),
        actor=client_of(request),
        at=now(),
    )
    return {**state_of(ACTIVATIONS, activation), "answer": answered}


@json_call
def keys(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, keys: [{name, csr}]}: certificate requests for the keys that were made."""
    activation = signed_row(ACTIVATIONS, request, body)
    requests = {text(row, "name"): csr(row) for row in rows(body, "keys", most=len(KeyName))}
    activation = register_keys(
        activation_id=str(activation.pk),
        requests=requests,
        actor=client_of(request),
        at=now(),
    )
    return state_of(ACTIVATIONS, activation)


@json_call
def certificates(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId}, repeated: "issuing" until every certificate is published, then all of them."""
    activation = signed_row(ACTIVATIONS, request, body)
    issued = collect_certificates(activation_id=str(activation.pk), actor=client_of(request), at=now())
    if not issued:
        return {"activationId": str(activation.pk), "state": "issuing"}
    return {
        "activationId": str(activation.pk),
        "state": "issued",
        "certificates": [_certificate(item) for item in issued],
    }


@json_call
def written(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, certificates: [{name, sha256}]}: what was read back; get the receipt to sign."""
    activation = signed_row(ACTIVATIONS, request, body)
    activation = confirm_written(
        activation_id=str(activation.pk),
        digests={
            text(row, "name"): text(row, "sha256") for row in rows(body, "certificates", most=len(KeyName))
        },
        actor=client_of(request),
        at=now(),
    )
    return {**state_of(ACTIVATIONS, activation), "receipt": question_of(activation.receipt).as_json()}


@json_call
def receipt(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, certificate, alg, signature, userChallenge, spki}: the receipt; card active."""
    activation = signed_row(ACTIVATIONS, request, body)
    activation = sign_receipt(
        activation_id=str(activation.pk), answer=signed_answer(body), actor=client_of(request), at=now()
    )
    return state_of(ACTIVATIONS, activation)


@json_call
def abort(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId, reason}: give up; what is on the card is kept for the next attempt."""
    activation = signed_row(ACTIVATIONS, request, body)
    activation = abort_activation(
        activation_id=str(activation.pk), reason=abort_reason(body), actor=client_of(request), at=now()
    )
    return state_of(ACTIVATIONS, activation)


@json_call
def status(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {activationId}: how far it has come, for a client that lost an answer."""
    activation = signed_row(ACTIVATIONS, request, body)
    told = {**state_of(ACTIVATIONS, activation), **_card(activation)}
    if activation.state == ActivationState.WRITTEN.value:
        told["receipt"] = question_of(activation.receipt).as_json()
    return told


urlpatterns = [
    path("claim", claim, name="activation-claim"),
    path("answer", answer, name="activation-answer"),
    path("keys", keys, name="activation-keys"),
    path("certificates", certificates, name="activation-certificates"),
    path("written", written, name="activation-written"),
    path("receipt", receipt, name="activation-sign-receipt"),
    path("abort", abort, name="activation-abort"),
    path("status", status, name="activation-client-status"),
]


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
                "algorithm": key_algorithm(PROFILES[name], card),
                "done": name in done,
            }
            for name in KeyName
        ],
    }


def _certificate(item: IssuedKey) -> dict[str, object]:
    return {
        "name": item.name.value,
        "certificate": b64(bytes(item.certificate.certificate_der)),
        "chain": chain(item.certificate),
    }
