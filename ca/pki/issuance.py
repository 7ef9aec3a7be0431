"""Prepare, lint, sign: what was linted is what is signed, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from cryptography import x509

from ca.pki import dates, der, weak_keys
from ca.pki.certificate_lints import lint_certificate
from ca.pki.errors import AlreadyRedeemed, SignatureInvalid
from ca.pki.lints import Finding, stop_on_errors
from ca.pki.policies import POLICIES
from ca.pki.signer import SignatureAlgorithm, Signer, check_signer, sign_all, sign_and_verify
from ca.pki.subject import SubjectFacts, check_subject, encode_subject, violation
from ca.pki.template import chosen_policy, compile_template
from ca.pki.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ca.pki.issuer import IssuerFacts
    from ca.pki.profile import Profile

_LINTED = object()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Bytes that were linted and may be signed once, by the issuer they name; made by `prepared` only."""

    tbs_der: bytes
    findings: tuple[Finding, ...]
    """Warnings and notices; errors raise LintFailed instead."""
    public_key: bytes = field(repr=False)
    """The issuer's, which the signature must verify with."""
    algorithm: SignatureAlgorithm
    linted: object = field(repr=False)
    ticket: Lock = field(default_factory=Lock, repr=False)
    """Taken by the first redemption and never given back."""

    def __post_init__(self) -> None:
        if self.linted is not _LINTED:
            raise TypeError("bytes are prepared by linting them, see ca.pki.issuance.prepared")

    def redeem(self) -> None:
        """Use up the right to sign; raises AlreadyRedeemed for everyone but the first."""
        if not self.ticket.acquire(blocking=False):
            raise AlreadyRedeemed("these bytes have been sent to a signer before")


def prepared(tbs_der: bytes, *, findings: tuple[Finding, ...], issuer: IssuerFacts) -> Prepared:
    """Return `tbs_der` ready to be signed; raises LintFailed when a finding is an error."""
    return Prepared(
        tbs_der=tbs_der,
        findings=stop_on_errors(findings),
        public_key=issuer.public_key,
        algorithm=issuer.signature_algorithm,
        linted=_LINTED,
    )


def prepare(
    *,
    profile: Profile,
    subject: SubjectFacts,
    public_key: bytes,
    issuer: IssuerFacts,
    serial_number: int,
    not_before: datetime,
    not_after: datetime,
    at: datetime,
    blocklist: weak_keys.Blocklist = weak_keys.NOTHING_BLOCKED,
) -> Prepared:
    """Return the linted TBSCertificate of one certificate.

    `at` is the moment of issuing: not_before lies at or up to an hour before it (`dates.validity`
    makes a fitting pair). Raises ProfileViolation, WeakKey or LintFailed; nothing has been signed then.
    """
    _check_issuer(profile, subject, public_key, issuer)
    _check_validity(profile, subject, issuer, not_before=not_before, not_after=not_after, at=at)
    check_subject(profile, subject)
    weak_keys.check(public_key, blocklist=blocklist)
    if not issuer.hierarchy.key_class(profile.key_class).takes(public_key):
        raise violation("key", f"{profile.name} does not take this kind of key in {issuer.hierarchy.name}")
    tbs_der = compile_template(profile, issuer).tbs_certificate(
        subject=subject,
        public_key=public_key,
        serial_number=serial_number,
        not_before=not_before,
        not_after=not_after,
    )
    findings = lint_certificate(tbs_der, profile=profile, issuer=issuer, at=at)
    return prepared(tbs_der, findings=findings, issuer=issuer)


def _check_issuer(profile: Profile, subject: SubjectFacts, public_key: bytes, issuer: IssuerFacts) -> None:
    if profile.kind is Kind.ROOT:
        if issuer.certificate_der is not None or public_key != issuer.public_key:
            raise violation("issuer", "a root signs its own first certificate and no other root")
        if encode_subject(profile, subject) != issuer.name_der:
            raise violation("issuer", "a root's issuer and subject are one name")
    elif profile.name not in issuer.plan.issues:
        raise violation("issuer", f"{issuer.key} does not issue {profile.name}")
    elif public_key == issuer.public_key:
        raise violation("issuer", "the issuer's own key in another certificate")


def _check_validity(
    profile: Profile,
    subject: SubjectFacts,
    issuer: IssuerFacts,
    *,
    not_before: datetime,
    not_after: datetime,
    at: datetime,
) -> None:
    if not_before > at or not_before < at - dates.BACKDATING - dates.SECOND:
        raise violation("not_before", "not_before lies ahead of the moment of issuing, or too far behind it")
    longest = profile.max_validity
    policy = POLICIES.get(chosen_policy(profile, issuer, subject.policy))
    if policy and policy.longest:
        longest = min(longest, policy.longest)
    if not dates.SECOND < dates.duration(not_before, not_after) <= longest:
        raise violation("validity", f"{profile.name} is valid for at most {longest.days} days")
    if issuer.not_after is not None and not_after > issuer.not_after:
        raise violation("validity", f"{profile.name} would outlive its issuer {issuer.key}")


def issue(prepared_bytes: Prepared, signer: Signer) -> bytes:
    """Sign once and return the certificate in DER.

    The own signature is verified and the result read back and compared with what was linted. Raises
    AlreadyRedeemed, SignerMismatch (both before signing) or SignatureInvalid (the result is thrown away);
    in all cases these bytes are used up, and their serial number with them.
    """
    certificate_der = sign_prepared(prepared_bytes, signer)
    _compare(certificate_der, prepared_bytes)
    return certificate_der


def issue_many(batch: Sequence[Prepared], signer: Signer) -> list[bytes | SignatureInvalid]:
    """Sign each once, in one exchange, and return the certificates in order.

    All are prepared for the one issuer whose key it is. Each own signature is verified and each result read
    back and compared; what does not hold is in the place of its certificate, and no other is touched by it.
    Raises AlreadyRedeemed and SignerMismatch before anything is signed; all are used up then.
    """
    for one in batch:
        one.redeem()
    for one in batch:
        check_signer(signer, public_key=one.public_key, algorithm=one.algorithm)
    signatures = sign_all([one.tbs_der for one in batch], signer)
    return [_certificate(one, signature) for one, signature in zip(batch, signatures, strict=True)]


def _certificate(prepared_bytes: Prepared, signature: bytes) -> bytes | SignatureInvalid:
    try:
        prepared_bytes.algorithm.verify(
            public_key=prepared_bytes.public_key, signature=signature, signed=prepared_bytes.tbs_der
        )
        certificate_der = _signed(prepared_bytes, signature)
        _compare(certificate_der, prepared_bytes)
    except SignatureInvalid as error:
        return error
    return certificate_der


def _compare(certificate_der: bytes, prepared_bytes: Prepared) -> None:
    certificate = x509.load_der_x509_certificate(certificate_der)
    if certificate.tbs_certificate_bytes != prepared_bytes.tbs_der:
        raise SignatureInvalid("the certificate does not hold the bytes that were linted")


def sign_prepared(prepared_bytes: Prepared, signer: Signer) -> bytes:
    """Redeem, sign, verify; return SEQUENCE {tbs, signatureAlgorithm, signature} (RFC 5280 §4.1, §5.1)."""
    prepared_bytes.redeem()
    signature = sign_and_verify(
        prepared_bytes.tbs_der,
        signer=signer,
        public_key=prepared_bytes.public_key,
        algorithm=prepared_bytes.algorithm,
    )
    return _signed(prepared_bytes, signature)


def _signed(prepared_bytes: Prepared, signature: bytes) -> bytes:
    return der.sequence(
        prepared_bytes.tbs_der, prepared_bytes.algorithm.identifier_der, der.bit_string(signature)
    )
