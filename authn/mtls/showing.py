"""A browser shows a certificate: what nginx says of it, and our own checks of what nginx does not look at.

nginx proves that the browser holds the key and that a chain leads to our root. Policy, usage, assurance,
revocation and the register of cards are checks 4 to 12 of authn.md section 7, here.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authn import checks
from authn.certificate import HolderCertificate, MalformedCertificate, read_certificate
from authn.checks import Requirement
from authn.encoding import b64, b64url
from authn.errors import AttemptMoved, CheckFailed, OrderNotFound
from authn.evidence import Purpose
from authn.hints import FailureHint
from authn.mtls import lifecycle
from authn.mtls.attempts import digest_of
from authn.mtls.models import MtlsAttempt, MtlsEvidence
from authn.mtls.states import AttemptState, is_gone, is_late
from authn.signatures import AlgorithmRefused, check_key
from authn.states import IllegalTransition
from authn.status import StatusProof, check_status
from authn.trust import PolicyMeaning, load_trust
from journal.actor import Actor, ActorKind

_CODE_OCTETS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What nginx says of a request: its verdict on the chain, the certificate, which name, and from where.

    ``verdict`` is `$ssl_client_verify` (NONE, SUCCESS, FAILED:reason), ``escaped_pem`` is
    `$ssl_client_escaped_cert`; nginx sets both on every request and takes them from nobody.
    """

    verdict: str
    escaped_pem: str
    slot: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The certificate opens the door: the browser goes back with this code, good once and for a minute."""

    return_url: str
    code: str


def open_attempt(tx: str, *, at: datetime) -> MtlsAttempt:
    """Return the attempt that a browser may still try at; raises OrderNotFound for every other."""
    attempt = known_attempt(tx, at=at)
    if attempt.state != AttemptState.OPEN.value or is_late(
        AttemptState.OPEN, since=attempt.state_since, at=at
    ):
        raise OrderNotFound("no such attempt")
    return attempt


def known_attempt(tx: str, *, at: datetime) -> MtlsAttempt:
    """Return the attempt behind a `tx` while somebody may be told of it; raises OrderNotFound."""
    attempt = MtlsAttempt.objects.select_related("relying_party").filter(tx_sha256=digest_of(tx)).first()
    if attempt is None or is_gone(AttemptState(attempt.state), since=attempt.state_since, at=at):
        raise OrderNotFound("no such attempt")
    return attempt


def show(tx: str, shown: Shown, *, at: datetime) -> Proved:
    """Check what the browser showed, and answer with a code for the relying party.

    Raises CheckFailed when it opens nothing, after the refusal was counted; OrderNotFound when the attempt is
    unknown, late, or was answered meanwhile.
    """
    attempt = open_attempt(tx, at=at)
    actor = Actor(kind=ActorKind.SERVICE, identifier="authn-mtls", client_address=shown.address)
    certificate: HolderCertificate | None = None
    try:
        try:
            certificate = _certificate(shown)
            meaning, proof = _checked(certificate, attempt, at=at)
        except CheckFailed as failure:
            refusal = lifecycle.Refusal(
                hint=failure.hint,
                slot=shown.slot,
                certificate_sha256=certificate.sha256_hex if certificate else "",
            )
            lifecycle.refuse(attempt, refusal, actor=actor, at=at)
            raise
        evidence = _evidence(attempt, certificate, meaning, proof, slot=shown.slot, at=at)
        code = b64url(secrets.token_bytes(_CODE_OCTETS))
        lifecycle.prove(
            attempt, evidence, code_sha256=digest_of(code), address=shown.address, actor=actor, at=at
        )
    except (AttemptMoved, IllegalTransition) as error:
        raise OrderNotFound("no such attempt") from error
    return Proved(return_url=attempt.return_url, code=code)


def _certificate(shown: Shown) -> HolderCertificate:
    """Return the certificate whose key nginx has seen at work; raises CheckFailed."""
    if shown.verdict == "NONE":
        raise CheckFailed(FailureHint.NO_CERTIFICATE, "no certificate came")
    if shown.verdict != "SUCCESS":
        raise CheckFailed(_hint_of(shown.verdict), "nginx refuses the certificate")
    try:
        pem = unquote(shown.escaped_pem, errors="strict").encode("ascii")
        return read_certificate(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
    except (ValueError, MalformedCertificate) as error:
        raise CheckFailed(FailureHint.CERTIFICATE_UNTRUSTED, "not one well-formed certificate") from error


def _hint_of(verdict: str) -> FailureHint:
    """Return what OpenSSL's words (X509_verify_cert_error_string(3)) mean to the person at the browser."""
    if "expired" in verdict or "not yet valid" in verdict:
        return FailureHint.CERTIFICATE_EXPIRED
    if "purpose" in verdict:  # as with the card's other certificate, that for signatures
        return FailureHint.CERTIFICATE_USAGE
    return FailureHint.CERTIFICATE_UNTRUSTED


def _checked(
    certificate: HolderCertificate, attempt: MtlsAttempt, *, at: datetime
) -> tuple[PolicyMeaning, StatusProof]:
    """Run checks 4 to 12 and 15 in their order; raises CheckFailed with the hint of the first refusal."""
    requirement = Requirement(
        loas=tuple(attempt.wanted_loa),
        carriers=tuple(attempt.wanted_carriers),
        issuers=tuple(attempt.wanted_issuers),
        subject_hashes=tuple(attempt.wanted_subject_hashes),
    )
    trust = load_trust()
    try:
        check_key(certificate.der)  # 4
    except AlgorithmRefused as error:
        raise CheckFailed(FailureHint.SIGNATURE_INVALID, "the key is of no kind that logs in") from error
    checks.check_usage(certificate, purpose=Purpose.AUTH)  # 5
    checks.check_issuer(certificate, requirement=requirement, trust=trust)  # 6
    path = checks.check_path(certificate, requirement=requirement, trust=trust, at=at)  # 7
    proof = check_status(certificate, path=path, trust=trust, at=at)  # 8
    meaning = checks.check_assurance(certificate, requirement=requirement, trust=trust)  # 9
    checks.check_carrier(meaning, requirement=requirement)  # 10
    checks.check_card(certificate, meaning, at=at)  # 11
    checks.check_subject(certificate, requirement=requirement)  # 12
    checks.check_risk(certificate, purpose=Purpose.AUTH, at=at)  # 15
    return meaning, proof


def _evidence(
    attempt: MtlsAttempt,
    certificate: HolderCertificate,
    meaning: PolicyMeaning,
    proof: StatusProof,
    *,
    slot: int,
    at: datetime,
) -> MtlsEvidence:
    return MtlsEvidence(
        attempt=attempt,
        slot=slot,
        certificate_der=certificate.der,
        certificate_sha256=certificate.sha256_hex,
        chain_der=[b64(der) for der in proof.path],
        ocsp_der=proof.ocsp_der,
        crls_der=[b64(der) for der in proof.crls_der],
        policy_oids=list(certificate.policy_oids),
        loa=meaning.loa,
        carrier=meaning.carrier.value,
        card_number=certificate.card_number,
        checked_at=at,
    )
