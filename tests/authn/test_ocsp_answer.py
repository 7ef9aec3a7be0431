"""The OCSP answer is judged by our own hand first, without the path validator's help (F35)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from authn.errors import CheckFailed
from authn.hints import FailureHint
from authn.ocsp_answer import check_ocsp
from tests.authn.pki import START, Holder, Pki
from tests.authn.status_service import StatusService

NONCE = bytes(range(32))


def ask(pki: Pki) -> ocsp.OCSPRequest:
    certificate = x509.load_der_x509_certificate(pki.holder(Holder()))
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, pki.issuer, hashes.SHA256())
    return builder.add_extension(x509.OCSPNonce(NONCE), critical=False).build()


def judge(status_service: StatusService, **skew: float) -> None:
    pki = status_service.pki
    request = ask(pki)
    answer_der = status_service.answer(request.public_bytes(Encoding.DER))
    at = datetime.now(UTC) + timedelta(**skew)
    check_ocsp(answer_der, request=request, issuer=pki.issuer, nonce=NONCE, at=at)


def evil(pki: Pki, kind: str) -> x509.Certificate:
    match kind:
        case "no usage":
            return pki.ocsp_signer("evil", extended=())
        case "other usage":
            return pki.ocsp_signer("evil", extended=(ExtendedKeyUsageOID.CLIENT_AUTH,))
        case "stranger":
            return pki.ocsp_signer("evil", signer="stranger")
        case _:
            return pki.ocsp_signer("evil", not_after=START + timedelta(days=1))


def test_a_right_answer_is_good(status_service: StatusService) -> None:
    judge(status_service)
    judge(status_service, seconds=110)


@pytest.mark.parametrize("kind", ["no usage", "other usage", "stranger", "expired"])
def test_a_signer_that_was_not_delegated_is_refused(status_service: StatusService, kind: str) -> None:
    status_service.behave(signer="evil", signer_certificate=evil(status_service.pki, kind))
    with pytest.raises(CheckFailed) as refused:
        judge(status_service)
    assert refused.value.hint is FailureHint.REVOCATION_UNAVAILABLE


@pytest.mark.parametrize(
    "changes",
    [
        {"other_serial": True},
        {"nonce": "wrong"},
        {"nonce": "none", "produced_ago": timedelta(minutes=16)},
        {"produced_ago": timedelta(minutes=-2)},
        {"produced_ago": timedelta(minutes=2), "lasts": timedelta(minutes=1)},
    ],
)
def test_a_lie_in_any_part_is_refused(status_service: StatusService, changes: dict[str, object]) -> None:
    status_service.behave(**changes)
    with pytest.raises(CheckFailed) as refused:
        judge(status_service)
    assert refused.value.hint is FailureHint.REVOCATION_UNAVAILABLE


@pytest.mark.parametrize("minutes", [-10, 3, 10])
def test_an_answer_of_another_time_is_refused(status_service: StatusService, minutes: int) -> None:
    """T18."""
    with pytest.raises(CheckFailed):
        judge(status_service, minutes=minutes)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (ocsp.OCSPCertStatus.REVOKED, FailureHint.CERTIFICATE_REVOKED),
        (ocsp.OCSPCertStatus.UNKNOWN, FailureHint.CERTIFICATE_UNTRUSTED),
    ],
)
def test_only_good_is_good(
    status_service: StatusService, status: ocsp.OCSPCertStatus, hint: FailureHint
) -> None:
    status_service.behave(status=status)
    with pytest.raises(CheckFailed) as refused:
        judge(status_service)
    assert refused.value.hint is hint


def test_an_answer_about_the_same_serial_of_another_issuer_is_refused(status_service: StatusService) -> None:
    """The CertID is name, key and serial, all three."""
    pki = status_service.pki
    certificate = x509.load_der_x509_certificate(pki.holder(Holder()))
    other = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        bytes(32), bytes(32), certificate.serial_number, hashes.SHA256()
    )
    asked = other.add_extension(x509.OCSPNonce(NONCE), critical=False).build()
    answer_der = status_service.answer(asked.public_bytes(Encoding.DER))
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, pki.issuer, hashes.SHA256())
    with pytest.raises(CheckFailed):
        check_ocsp(answer_der, request=builder.build(), issuer=pki.issuer, nonce=NONCE, at=datetime.now(UTC))


def forged(der: bytes) -> bytes:
    """Return the answer with one bit of its signature changed."""
    signature = ocsp.load_der_ocsp_response(der).signature
    return der.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))


@pytest.mark.parametrize("signer", ["issuer384", "responder"])
def test_a_forged_signature_is_not_believed(status_service: StatusService, signer: str) -> None:
    status_service.behave(signer=signer, change=forged)
    with pytest.raises(CheckFailed) as refused:
        judge(status_service)
    assert refused.value.hint is FailureHint.REVOCATION_UNAVAILABLE
    assert str(refused.value) == "the answer's signature is wrong"
