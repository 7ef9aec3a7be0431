"""Verifies a login again, as a relying party must: our own values, our own anchors (authn.md section 2).

A fault or break-in in authn alone then logs nobody in without a fresh signature over our own challenge.
"""

from datetime import datetime, timedelta

from authn import configuration
from authn.certificate import read_certificate
from authn.errors import CheckFailed
from authn.evidence import (
    AlgorithmRefused,
    Answer,
    BindingMismatch,
    EvidenceInvalid,
    Question,
    SignatureInvalid,
    verify,
)
from authn.hints import FailureHint
from authn.mtls.attempts import Redeemed
from authn.orders import Complete
from authn.path import validate_status
from authn.trust import LOA3, Carrier, Trust, load_trust
from portal.accounts.errors import LoginFailed
from portal.accounts.result import AuthnResult

_OLDEST = timedelta(minutes=5)


def verified_result(
    question: Question,
    collected: Complete,
    *,
    amr: tuple[str, ...],
    loas: tuple[str, ...] = (LOA3,),
    carriers: tuple[str, ...] = (Carrier.CARD.value,),
    at: datetime,
) -> AuthnResult:
    """Return who signed `question`, which must hold the portal's own values; raises LoginFailed.

    ``loas`` are the levels that are enough, ``carriers`` what the key may lie in.
    """
    answer = Answer(
        certificate_der=collected.certificate_der,
        algorithm=collected.algorithm,
        signature=collected.signature,
        user_challenge=collected.user_challenge,
        server_spki=collected.server_spki,
    )
    trust = load_trust()
    if at.timestamp() > collected.expires_at + _OLDEST.total_seconds():
        raise LoginFailed(FailureHint.EXPIRED.value)
    try:
        verify(question, answer, server_spki_pins=configuration.client_rules().server_spki_pins)
    except BindingMismatch as error:
        raise LoginFailed(FailureHint.BINDING_MISMATCH.value) from error
    except (EvidenceInvalid, AlgorithmRefused, SignatureInvalid) as error:
        raise LoginFailed(FailureHint.SIGNATURE_INVALID.value) from error
    return _standing(collected, trust=trust, amr=amr, loas=loas, carriers=carriers, at=at)


def shown_result(
    redeemed: Redeemed, *, amr: tuple[str, ...], loas: tuple[str, ...] = (LOA3,), at: datetime
) -> AuthnResult:
    """Return whose certificate a browser showed by two-way TLS; raises LoginFailed.

    That the browser held the key is nginx's word. Path, policy, revocation and carrier are looked at again.
    """
    if at - redeemed.checked_at > _OLDEST:
        raise LoginFailed(FailureHint.EXPIRED.value)
    return _standing(redeemed, trust=load_trust(), amr=amr, loas=loas, carriers=(Carrier.CARD.value,), at=at)


def _standing(
    proved: Complete | Redeemed,
    *,
    trust: Trust,
    amr: tuple[str, ...],
    loas: tuple[str, ...],
    carriers: tuple[str, ...],
    at: datetime,
) -> AuthnResult:
    """Return whose certificate it is, once path, policy and status stand by the answers that came with it."""
    try:
        validate_status(
            proved.certificate_der,
            anchors=trust.anchors,
            issuers=trust.issuers,
            policy_oids=trust.policy_oids_of(loas),
            ocsp_der=proved.ocsp_der,
            crls_der=proved.crls_der,
            at=proved.checked_at,
        )
    except CheckFailed as failure:
        raise LoginFailed(failure.hint.value) from failure
    certificate = read_certificate(proved.certificate_der)
    meaning = trust.meaning_of(certificate.policy_oids)
    if meaning is None or meaning.loa not in loas:
        raise LoginFailed(FailureHint.LOA_TOO_LOW.value)
    if meaning.carrier.value not in carriers:
        raise LoginFailed(FailureHint.WRONG_CARRIER.value)
    return AuthnResult(
        personal_identity_number=certificate.personal_identity_number,
        given_name=certificate.given_name,
        surname=certificate.surname,
        hsa_id=certificate.hsa_id or None,
        certificate_der=certificate.der,
        certificate_sha256=certificate.sha256_hex,
        serial_number=certificate.serial_number,
        issuer_dn=certificate.issuer_name,
        policy_oids=certificate.policy_oids,
        loa=meaning.loa,
        amr=amr,
        auth_time=at,
        carrier=meaning.carrier.value,
        card_number=certificate.card_number or None,
        evidence_id=proved.evidence_id,
    )
