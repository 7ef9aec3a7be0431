"""Lints on to-be-signed OCSP responses: the ResponseData of RFC 6960 §4.2.1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512
from cryptography.x509 import OCSPNonce, ReasonFlags
from cryptography.x509.ocsp import OCSPCertStatus, load_der_ocsp_response

from ca.pki import der
from ca.pki.lints import Finding, Registry, Severity, differences
from ca.pki.signer import SignatureAlgorithm
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cryptography.x509.ocsp import OCSPResponse, OCSPSingleResponse

LONGEST_INTERVAL = timedelta(days=10)
SHORTEST_INTERVAL = timedelta(hours=8)
LONGEST_NONCE = 128

_BASIC = der.object_identifier("1.3.6.1.5.5.7.48.1.1")
_SUCCESSFUL = der.enumerated(0)
_UNSIGNED = SignatureAlgorithm.ECDSA_SHA256.identifier_der + der.bit_string(b"\x00")


@dataclass(slots=True, kw_only=True)
class ResponseReading:
    """What response lints look at: the bytes, and what is known of the signer."""

    response_data_der: bytes
    responder_key_hash: bytes | None
    signer_not_after: datetime | None
    _response: OCSPResponse | None = None
    _answers: tuple[OCSPSingleResponse, ...] | None = None

    @property
    def response(self) -> OCSPResponse:
        """Read with cryptography, as a successful response behind a signature of one octet."""
        if self._response is None:
            basic = der.octet_string(der.sequence(self.response_data_der, _UNSIGNED))
            self._response = load_der_ocsp_response(
                der.sequence(_SUCCESSFUL, der.explicit(0, der.sequence(_BASIC, basic)))
            )
        return self._response

    @property
    def answers(self) -> tuple[OCSPSingleResponse, ...]:
        """Each certificate's answer."""
        if self._answers is None:
            self._answers = tuple(self.response.responses)
        return self._answers


RESPONSE_LINTS: Registry[ResponseReading] = Registry()


def lint_response(
    response_data_der: bytes,
    *,
    responder_key_hash: bytes | None = None,
    signer_not_after: datetime | None = None,
) -> tuple[Finding, ...]:
    """Return what the lints find in a ResponseData; `stop_on_errors` turns errors into LintFailed.

    `responder_key_hash` is the SHA-1 of the signer's key bits, `signer_not_after` the end of its certificate;
    None leaves out the comparison.
    """
    return RESPONSE_LINTS.run(
        ResponseReading(
            response_data_der=response_data_der,
            responder_key_hash=responder_key_hash,
            signer_not_after=signer_not_after,
        )
    )


@RESPONSE_LINTS.rule("RFC 6960 §4.2.1; X.690 §10, §11")
def bytes_are_der_response_data(reading: ResponseReading) -> Iterator[str]:
    """All of the bytes are read, and there is an answer in them."""
    yield from differences(reading.response_data_der, reading.response.tbs_response_bytes)
    if not reading.answers:
        yield "no answer"


@RESPONSE_LINTS.rule("RFC 6960 §4.2.1, §4.2.2.3: ResponderID")
def responder_is_the_signer(reading: ResponseReading) -> Iterator[str]:
    """ResponderID is the hash of the signer's key."""
    found = reading.response.responder_key_hash
    if reading.responder_key_hash is not None and found != reading.responder_key_hash:
        yield "the responder named is not the signer"


@RESPONSE_LINTS.rule("RFC 6960 §4.1.1; RFC 5019 §2.1.1")
def certificates_are_named_by_known_hashes(reading: ResponseReading) -> Iterator[str]:
    """CertID with SHA-1 or one of the SHA-2 family, as the question names it."""
    for answer in reading.answers:
        if not isinstance(answer.hash_algorithm, SHA1 | SHA256 | SHA384 | SHA512):
            yield f"CertID with {answer.hash_algorithm.name}"


@RESPONSE_LINTS.rule("RFC 6960 §4.2.2.1, §2.4")
def answers_are_not_from_the_future(reading: ResponseReading) -> Iterator[str]:
    """ThisUpdate is at or before producedAt."""
    produced_at = reading.response.produced_at_utc
    for answer in reading.answers:
        if answer.this_update_utc > produced_at:
            yield "thisUpdate lies after producedAt"


@RESPONSE_LINTS.rule("RFC 5019 §2.2.4; BR 4.9.9: at most 10 days")
def answers_end(reading: ResponseReading) -> Iterator[str]:
    """NextUpdate is there, after producedAt, and within ten days of thisUpdate."""
    for answer in reading.answers:
        next_update = answer.next_update_utc
        if next_update is None:
            yield "nextUpdate is missing"
        elif next_update <= reading.response.produced_at_utc:
            yield "nextUpdate does not lie after producedAt"
        elif next_update - answer.this_update_utc > LONGEST_INTERVAL:
            yield f"an interval longer than {LONGEST_INTERVAL.days} days"


@RESPONSE_LINTS.rule("BR 4.9.9: at least 8 hours", severity=Severity.WARNING)
def answers_last_for_eight_hours(reading: ResponseReading) -> Iterator[str]:
    """Shorter ones are right for a moment only, e.g. for a serial number that is not known yet."""
    for answer in reading.answers:
        next_update = answer.next_update_utc
        if next_update is not None and next_update - answer.this_update_utc < SHORTEST_INTERVAL:
            yield f"an interval of {next_update - answer.this_update_utc}"


@RESPONSE_LINTS.rule("RFC 6960 §3.2 (4), §4.2.2.2")
def answers_end_with_the_signers_certificate(reading: ResponseReading) -> Iterator[str]:
    """No answer outlives the certificate it is verified with."""
    ends = reading.signer_not_after
    for answer in reading.answers:
        next_update = answer.next_update_utc
        if ends is not None and next_update is not None and next_update > ends:
            yield "nextUpdate lies after the signer's notAfter"


@RESPONSE_LINTS.rule("RFC 6960 §4.2.1, §4.2.2: RevokedInfo")
def revocations_lie_before_the_answer(reading: ResponseReading) -> Iterator[str]:
    """RevocationTime is not after thisUpdate."""
    for answer in reading.answers:
        if answer.certificate_status is OCSPCertStatus.REVOKED:
            revoked_at = answer.revocation_time_utc
            if revoked_at is None or revoked_at > answer.this_update_utc:
                yield "revoked after thisUpdate"


@RESPONSE_LINTS.rule("RFC 5280 §5.3.1: CRLReason")
def revocation_reasons_are_said_rightly(reading: ResponseReading) -> Iterator[str]:
    """Unspecified is said by silence; removeFromCRL is no reason to be revoked."""
    wrong = {ReasonFlags.unspecified, ReasonFlags.remove_from_crl}
    for answer in reading.answers:
        if answer.certificate_status is OCSPCertStatus.REVOKED and answer.revocation_reason in wrong:
            yield f"the reason is {answer.revocation_reason}"


@RESPONSE_LINTS.rule("BR 7.3.2: no reasonCode in singleExtensions")
def answers_carry_no_reason_extension(reading: ResponseReading) -> Iterator[str]:
    """Reasons stand in RevokedInfo; cryptography shows the extensions of a single answer only."""
    if len(reading.answers) == 1:
        found = {extension.oid.dotted_string for extension in reading.response.single_extensions}
        if ExtensionId.REASON_CODE in found:
            yield "reasonCode among the single extensions"


@RESPONSE_LINTS.rule("RFC 9654 §2.1")
def nonce_is_of_allowed_length(reading: ResponseReading) -> Iterator[str]:
    """From 1 to 128 octets."""
    for extension in reading.response.extensions:
        value = extension.value
        if isinstance(value, OCSPNonce) and not 1 <= len(value.nonce) <= LONGEST_NONCE:
            yield f"a nonce of {len(value.nonce)} octets"
