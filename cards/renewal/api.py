"""The renewal channel /c/v1/renewal/: JSON, every call after the claim signed by the client's key."""

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
    rows,
    signed_answer,
    signed_row,
    state_of,
    text,
)
from cards.refill_policies import proving_certificates
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
    return {**state_of(RENEWALS, renewal), **_card(renewal)}


@json_call
def keys(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId, keys: [{name, csr}], certificate, alg, signature, userChallenge, spki}.

    Certificate requests for the keys that were made, and the card's signature with a certificate it has.
    """
    renewal = signed_row(RENEWALS, request, body)
    return state_of(
        RENEWALS,
        register_renewal_keys(
            renewal_id=str(renewal.pk),
            requests={text(row, "name"): csr(row) for row in rows(body, "keys", most=len(CertificateName))},
            proof=signed_answer(body),
            actor=client_of(request),
            at=now(),
        ),
    )


@json_call
def certificates(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId}, repeated: "issuing" until every certificate is published, then all of them."""
    renewal = signed_row(RENEWALS, request, body)
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
    renewal = signed_row(RENEWALS, request, body)
    renewal = confirm_renewed_written(
        renewal_id=str(renewal.pk),
        digests={
            text(row, "name"): text(row, "sha256")
            for row in rows(body, "certificates", most=len(CertificateName))
        },
        actor=client_of(request),
        at=now(),
    )
    return {**state_of(RENEWALS, renewal), "receipt": question_of_renewal(renewal).as_json()}


@json_call
def receipt(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId, certificate, alg, signature, userChallenge, spki}: done; learn what is left over."""
    renewal = signed_row(RENEWALS, request, body)
    renewal = sign_renewal(
        renewal_id=str(renewal.pk), answer=signed_answer(body), actor=client_of(request), at=now()
    )
    return {**state_of(RENEWALS, renewal), "leftOver": list(left_over(renewal.card))}


@json_call
def abort(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId, reason}: give up; what was on the card before goes on."""
    renewal = signed_row(RENEWALS, request, body)
    ended = abort_renewal(
        renewal_id=str(renewal.pk), reason=abort_reason(body), actor=client_of(request), at=now()
    )
    return state_of(RENEWALS, ended)


@json_call
def status(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {renewalId}: how far it has come, for a client that lost an answer."""
    renewal = signed_row(RENEWALS, request, body)
    told = {**state_of(RENEWALS, renewal), **_card(renewal)}
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


def _card(renewal: Renewal) -> dict[str, object]:
    card = renewal.card
    proves = {"provesBy": [one.sha256 for one in proving_certificates(card)]} if renewal.refill_id else {}
    return {
        **proves,
        "cardNumber": card.card_number,
        "holderName": card.holder_name,
        "organization": card.organization.name,
        "purpose": renewal.purpose,
        "keys": [
            {"name": key.name.value, "label": key.label, "algorithm": key_algorithm(PROFILES[key.name], card)}
            for key in keys_to_make(renewal)
        ],
        "leftOver": list(left_over(card)),
        "question": question_of_renewal(renewal).as_json(),
    }


def _certificate(one: NewCertificate) -> dict[str, object]:
    return {
        "name": one.key.name,
        "certificate": b64(bytes(one.certificate.certificate_der)),
        "chain": chain(one.certificate),
    }
