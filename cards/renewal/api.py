"""The renewal channel /c/v1/renewal/: JSON, every call after the claim signed by the client's key."""

from django.http import HttpRequest
from django.urls import path

from authn.evidence import b64
from ca.environments import Environment
from ca.selectors import kind_of_key_to_make
from cards import errors
from cards.client_calls import (
    Body,
    chain,
    claiming_key,
    client_of,
    csr,
    demand_signed,
    json_call,
    now,
    rows,
    signed_answer,
    text,
)
from cards.conversation import CLIENT_ABORT_REASONS, client_key_of, conversation_of_client
from cards.models import Card
from cards.renewal.keys import (
    NewCertificate,
    collect_renewed,
    confirm_renewed_written,
    left_over,
    question_of_renewal,
    register_renewal_keys,
    sign_renewal,
)
from cards.renewal.models import Renewal
from cards.renewal.names import PROFILES, CertificateName, keys_to_make
from cards.renewal.renewing import RENEWALS, abort_renewal, claim_renewal
from cards.renewal.states import RenewalState


@json_call
def claim(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {token, clientKey, app, version}: take the renewal; learn card, keys, what is left over."""
    renewal = claim_renewal(
        token=text(body, "token"),
        client_key=claiming_key(body),
        client_name=text(body, "app"),
        client_version=text(body, "version"),
        actor=client_of(request),
        at=now(),
    )
    return {**_state(renewal), **_card(renewal)}


@json_call
def keys(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId, keys: [{name, csr}], certificate, alg, signature, userChallenge, spki}.

    Certificate requests for the keys that were made, and the card's signature with a certificate it has.
    """
    renewal = _signed(request, body)
    return _state(
        register_renewal_keys(
            renewal_id=str(renewal.pk),
            requests={text(row, "name"): csr(row) for row in rows(body, "keys", most=len(CertificateName))},
            proof=signed_answer(body),
            actor=client_of(request),
            at=now(),
        )
    )


@json_call
def certificates(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId}, repeated: "issuing" until every certificate is published, then all of them."""
    renewal = _signed(request, body)
    issued = collect_renewed(renewal_id=str(renewal.pk), actor=client_of(request), at=now())
    if not issued:
        return {"renewalId": str(renewal.pk), "state": "issuing"}
    return {
        "renewalId": str(renewal.pk),
        "state": "issued",
        "certificates": [_certificate(one) for one in issued],
    }


@json_call
def written(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId, certificates: [{name, sha256}]}: what was read back; get what is to be signed."""
    renewal = _signed(request, body)
    renewal = confirm_renewed_written(
        renewal_id=str(renewal.pk),
        digests={
            text(row, "name"): text(row, "sha256")
            for row in rows(body, "certificates", most=len(CertificateName))
        },
        actor=client_of(request),
        at=now(),
    )
    return {**_state(renewal), "receipt": question_of_renewal(renewal).as_json()}


@json_call
def receipt(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId, certificate, alg, signature, userChallenge, spki}: done; learn what is left over."""
    renewal = _signed(request, body)
    renewal = sign_renewal(
        renewal_id=str(renewal.pk), answer=signed_answer(body), actor=client_of(request), at=now()
    )
    return {**_state(renewal), "leftOver": list(left_over(renewal.card))}


@json_call
def abort(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId, reason}: give up; what was on the card before goes on."""
    renewal = _signed(request, body)
    reason = text(body, "reason")
    if reason not in CLIENT_ABORT_REASONS:
        raise errors.CallInvalid("unknown reason")
    return _state(
        abort_renewal(renewal_id=str(renewal.pk), reason=reason, actor=client_of(request), at=now())
    )


@json_call
def status(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId}: how far it has come, for a client that lost an answer."""
    renewal = _signed(request, body)
    told = {**_state(renewal), **_card(renewal)}
    if renewal.state == RenewalState.WRITTEN.value:
        told["receipt"] = question_of_renewal(renewal).as_json()
    return told


urlpatterns = [
    path("claim", claim, name="renewal-claim"),
    path("keys", keys, name="renewal-keys"),
    path("certificates", certificates, name="renewal-certificates"),
    path("written", written, name="renewal-written"),
    path("receipt", receipt, name="renewal-sign-receipt"),
    path("abort", abort, name="renewal-abort"),
    path("status", status, name="renewal-client-status"),
]


def _state(renewal: Renewal) -> dict[str, object]:
    return {
        "renewalId": str(renewal.pk),
        "state": renewal.state.lower(),
        "expiresAt": int(renewal.expires_at.timestamp()),
    }


def _card(renewal: Renewal) -> dict[str, object]:
    card = renewal.card
    return {
        "cardNumber": card.card_number,
        "holderName": card.holder_name,
        "organization": card.organization.name,
        "purpose": renewal.purpose,
        "keys": [
            {"name": key.name.value, "label": key.label, "algorithm": _algorithm(key.name, card)}
            for key in keys_to_make(renewal)
        ],
        "leftOver": list(left_over(card)),
        "question": question_of_renewal(renewal).as_json(),
    }


def _algorithm(name: CertificateName, card: Card) -> str:
    """Return which key the hierarchy takes on this card, in the protocol's words: P-256, RSA-3072."""
    kind = kind_of_key_to_make(PROFILES[name], Environment(card.environment))
    return kind.replace("ec-p", "P-").replace("rsa-", "RSA-")


def _certificate(one: NewCertificate) -> dict[str, object]:
    return {
        "name": one.key.name,
        "certificate": b64(bytes(one.certificate.certificate_der)),
        "chain": chain(one.certificate),
    }


def _signed(request: HttpRequest, body: Body) -> Renewal:
    """Return the renewal if the claiming client's key signed this very request."""
    renewal = conversation_of_client(RENEWALS, text(body, "renewalId"))
    demand_signed(request, client_key_of(RENEWALS, renewal))
    return renewal
