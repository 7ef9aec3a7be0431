"""Answers: the same octets as cryptography's builder makes, and readable by everyone."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp as oracle

from ocsp.wire.cert_id import CertId, HashAlgorithm
from ocsp.wire.response import (
    UNSIGNED_RESPONSES,
    CertStatus,
    ResponseStatus,
    certificate_status,
    response_data,
    signed_part,
    single_response,
    successful,
)
from tests.ocsp.authority import DER, SECONDS, Authority, make_authority

ISSUER = make_authority()
REASONS = {
    None: None,
    1: x509.ReasonFlags.key_compromise,
    2: x509.ReasonFlags.ca_compromise,
    3: x509.ReasonFlags.affiliation_changed,
    4: x509.ReasonFlags.superseded,
    5: x509.ReasonFlags.cessation_of_operation,
    6: x509.ReasonFlags.certificate_hold,
    9: x509.ReasonFlags.privilege_withdrawn,
    10: x509.ReasonFlags.aa_compromise,
}
ALGORITHMS = {
    HashAlgorithm.SHA1: hashes.SHA1(),  # noqa: S303 - RFC 5019 2.1.1 asks for it
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}


def cert_id(serial_number: int, algorithm: HashAlgorithm = HashAlgorithm.SHA1) -> CertId:
    return CertId.of(
        algorithm=algorithm,
        name_der=ISSUER.name_der,
        key_bits=ISSUER.key_bits,
        serial_number=serial_number,
    )


def key_hash(authority: Authority) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(authority.signer_certificate.public_key()).digest


@pytest.mark.parametrize("algorithm", HashAlgorithm)
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("status", CertStatus)
@pytest.mark.parametrize("nonce", [None, b"n" * 32])
def test_what_is_signed_is_octet_for_octet_what_cryptography_would_sign(
    algorithm: HashAlgorithm, reason: int | None, status: CertStatus, nonce: bytes | None
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    serial_number = secrets.randbits(120) + 1
    is_revoked = status is CertStatus.REVOKED
    builder = (
        oracle.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=cert_id(1, algorithm).issuer_name_hash,
            issuer_key_hash=cert_id(1, algorithm).issuer_key_hash,
            serial_number=serial_number,
            algorithm=ALGORITHMS[algorithm],
            cert_status=oracle.OCSPCertStatus[status.name],
            this_update=now,
            next_update=now + timedelta(hours=8),
            revocation_time=now - timedelta(days=3) if is_revoked else None,
            revocation_reason=REASONS[reason] if is_revoked else None,
        )
        .responder_id(oracle.OCSPResponderEncoding.HASH, ISSUER.signer_certificate)
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    expected = builder.sign(ISSUER.signer_key, hashes.SHA256())
    seconds = int(now.timestamp())
    ours = response_data(
        responder_key_hash=key_hash(ISSUER),
        produced_at=int(expected.produced_at_utc.timestamp()),
        single_responses=[
            single_response(
                cert_id_der=cert_id(serial_number, algorithm).der,
                status_der=certificate_status(status, revoked_at=seconds - 3 * 86400, reason=reason),
                this_update=seconds,
                next_update=seconds + 8 * 3600,
            )
        ],
        nonce=nonce,
    )
    assert ours == expected.tbs_response_bytes


@pytest.mark.parametrize("is_rsa", [False, True])
def test_the_whole_answer_is_joined_when_it_is_served(*, is_rsa: bool) -> None:
    authority = make_authority(rsa_signer=is_rsa)
    single = single_response(
        cert_id_der=cert_id(7).der,
        status_der=certificate_status(CertStatus.GOOD),
        this_update=SECONDS,
        next_update=SECONDS + 60,
        archive_cutoff=SECONDS - 86400,
    )
    tbs = response_data(
        responder_key_hash=key_hash(authority), produced_at=SECONDS, single_responses=[single]
    )
    algorithm = "RSA_SHA256" if is_rsa else "ECDSA_SHA256"
    part = signed_part(response_data_der=tbs, algorithm=algorithm, signature=authority.sign(tbs))
    certificate_der = authority.signer_certificate.public_bytes(DER)
    whole = successful(signed=part, signer_certificate_der=certificate_der)
    read = oracle.load_der_ocsp_response(whole)
    assert read.certificates == [authority.signer_certificate]
    assert read.tbs_response_bytes == tbs
    assert read.responder_key_hash == key_hash(authority)
    second = asn1_ocsp.OCSPResponse.load(whole, strict=True)
    assert second.dump(force=True) == whole
    extension = second.response_data["responses"][0]["single_extensions"][0]
    assert extension["extn_id"].native == "archive_cutoff"


@pytest.mark.parametrize("status", UNSIGNED_RESPONSES)
def test_unsigned_answers_say_why(status: ResponseStatus) -> None:
    read = oracle.load_der_ocsp_response(UNSIGNED_RESPONSES[status])
    assert read.response_status.value == status.value
