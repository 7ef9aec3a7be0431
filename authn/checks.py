"""The checks of authn.md section 7, each a function; `check_answer` runs those on the answer in their order.

1 (order, state, time, JWS) and 2 (sizes, strict DER) are made while the request is read, in `client_orders`;
14 (nonces) and 16 (evidence before complete) are one transaction in `lifecycle.complete`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from authn import configuration, selectors
from authn.certificate import HolderCertificate, is_issued_by
from authn.errors import CheckFailed
from authn.evidence import (
    AlgorithmRefused,
    Answer,
    EvidenceInvalid,
    Purpose,
    Question,
    SignatureInvalid,
    check_algorithm,
    hashed,
    to_be_signed,
    verify_signature,
)
from authn.hints import FailureHint
from authn.path import validate_path
from authn.status import StatusProof, check_status
from authn.trust import Carrier, PolicyMeaning, Trust

CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
_SIGNATURE_PURPOSES = frozenset({Purpose.SIGN, Purpose.RECEIPT})
_RISK_SPAN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What the relying party demands; empty means: whatever this service accepts."""

    loas: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    subject_hashes: tuple[str, ...] = ()
    """H() of each identifier that the one person wanted may have in a certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An answer that passed: what was signed, what the certificate means, and what proves its status."""

    tbs: bytes
    meaning: PolicyMeaning
    proof: StatusProof


def check_answer(
    answer: Answer,
    certificate: HolderCertificate,
    *,
    question: Question,
    requirement: Requirement,
    trust: Trust,
    at: datetime,
) -> Checked:
    """Run checks 3 to 13 and 15 in their order; raises CheckFailed with the hint of the first refusal."""
    check_server_key(answer)  # 3
    check_algorithm_fits(answer)  # 4
    check_usage(certificate, purpose=Purpose(question.purpose))  # 5
    check_issuer(certificate, requirement=requirement, trust=trust)  # 6
    path = check_path(certificate, requirement=requirement, trust=trust, at=at)  # 7
    proof = check_status(certificate, path=path, trust=trust, at=at)  # 8
    meaning = check_assurance(certificate, requirement=requirement, trust=trust)  # 9
    check_carrier(meaning, requirement=requirement)  # 10
    check_card(certificate, meaning, at=at)  # 11
    check_subject(certificate, requirement=requirement)  # 12
    tbs = check_signature(answer, question=question)  # 13
    check_risk(certificate, purpose=Purpose(question.purpose), at=at)  # 15
    return Checked(tbs=tbs, meaning=meaning, proof=proof)


def check_server_key(answer: Answer) -> None:
    """3: the client saw our TLS key and no other."""
    if answer.server_spki not in configuration.client_rules().server_spki_pins:
        raise CheckFailed(FailureHint.BINDING_MISMATCH, "the client saw another server key")


def check_algorithm_fits(answer: Answer) -> None:
    """4: one of the four algorithms, fitting the key in kind, size and curve."""
    try:
        check_algorithm(answer.algorithm, answer.certificate_der)
    except AlgorithmRefused as error:
        raise CheckFailed(FailureHint.SIGNATURE_INVALID, "the algorithm does not fit the key") from error


def check_usage(certificate: HolderCertificate, *, purpose: Purpose) -> None:
    """5: the key is for exactly this purpose: login keys do not sign documents, nor the reverse."""
    if certificate.is_ca:
        raise CheckFailed(FailureHint.CERTIFICATE_USAGE, "an issuer is no card holder")
    usages, extended = certificate.key_usages, certificate.extended_key_usages
    if purpose in _SIGNATURE_PURPOSES:
        fits = usages == {"content_commitment"} and CLIENT_AUTH not in extended
    else:
        fits = (
            "digital_signature" in usages and "content_commitment" not in usages and CLIENT_AUTH in extended
        )
    if not fits:
        raise CheckFailed(FailureHint.CERTIFICATE_USAGE, f"the key is not for {purpose}")


def check_issuer(certificate: HolderCertificate, *, requirement: Requirement, trust: Trust) -> None:
    """6: made by one of our issuers of persons, and by one the relying party accepts."""
    allowed = trust.issuers_named(requirement.issuers)
    if not any(is_issued_by(certificate.der, issuer) for issuer in allowed):
        raise CheckFailed(FailureHint.CERTIFICATE_UNTRUSTED, "not one of the accepted issuers")


def check_path(
    certificate: HolderCertificate, *, requirement: Requirement, trust: Trust, at: datetime
) -> tuple[bytes, ...]:
    """7: a path to our own anchors, in time, with a wanted policy all the way; return what is above."""
    return validate_path(
        certificate.der,
        anchors=trust.anchors,
        issuers=trust.issuers,
        policy_oids=trust.policy_oids_of(requirement.loas),
        at=at,
    )


def check_assurance(
    certificate: HolderCertificate, *, requirement: Requirement, trust: Trust
) -> PolicyMeaning:
    """9: the level of assurance by policy OID; an unknown or ambiguous policy is no level at all."""
    meaning = trust.meaning_of(certificate.policy_oids)
    if meaning is None or (requirement.loas and meaning.loa not in requirement.loas):
        raise CheckFailed(FailureHint.LOA_TOO_LOW, "no wanted level of assurance")
    return meaning


def check_carrier(meaning: PolicyMeaning, *, requirement: Requirement) -> None:
    """10: card or mobile, by policy OID."""
    if requirement.carriers and meaning.carrier not in requirement.carriers:
        raise CheckFailed(FailureHint.WRONG_CARRIER, "the key lies in another kind of carrier")


def check_card(certificate: HolderCertificate, meaning: PolicyMeaning, *, at: datetime) -> None:
    """11: the register of what carries the key says that it is in use: of cards, or of mobile eIDs."""
    match meaning.carrier:
        case Carrier.CARD:
            number = certificate.card_number
            is_active = bool(number) and configuration.card_state()(number, at)
        case Carrier.MOBILE:
            is_active = configuration.mobile_state()(certificate.sha256_hex, at)
    if not is_active:
        raise CheckFailed(FailureHint.CARD_NOT_ACTIVE, "the register does not say active")


def check_subject(certificate: HolderCertificate, *, requirement: Requirement) -> None:
    """12: the person the order was meant for, where it was meant for one."""
    wanted = requirement.subject_hashes
    identifier = certificate.personal_identity_number or certificate.hsa_id
    if wanted and (not identifier or hashed(identifier.encode()) not in wanted):
        raise CheckFailed(FailureHint.WRONG_SUBJECT, "another person than the one asked for")


def check_signature(answer: Answer, *, question: Question) -> bytes:
    """13: the signature over the sixteen lines as we know them; return those octets."""
    try:
        tbs = to_be_signed(
            question,
            user_challenge=answer.user_challenge,
            server_spki=answer.server_spki,
            certificate_der=answer.certificate_der,
        )
        verify_signature(answer.algorithm, answer.certificate_der, tbs, answer.signature)
    except (EvidenceInvalid, AlgorithmRefused, SignatureInvalid) as error:
        raise CheckFailed(FailureHint.SIGNATURE_INVALID, "the signature is not over our lines") from error
    return tbs


def check_risk(certificate: HolderCertificate, *, purpose: Purpose, at: datetime) -> None:
    """15: no certificate logs in, or signs acts, at a rate no person reaches; only valid signatures count.

    A desk where card after card is handed out signs more often than anybody logs in.
    """
    is_login = purpose is Purpose.AUTH
    most = configuration.logins_per_certificate() if is_login else configuration.acts_per_certificate()
    done = selectors.completed_since(certificate.sha256_hex, are_logins=is_login, since=at - _RISK_SPAN)
    if done >= most:
        raise CheckFailed(FailureHint.RISK_BLOCKED, "too many answers with this certificate")
