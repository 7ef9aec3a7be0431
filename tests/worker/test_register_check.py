"""The doctor says in a plain sentence how long HSA and PU know us by our certificate, and how to renew it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from worker.health import register_checks

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def certificate(file: Path, *, days: int) -> None:
    """Write a certificate that ends some days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "register client")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(AT - timedelta(days=400))
        .not_valid_after(AT + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))


@pytest.mark.parametrize(
    ("days", "is_right", "said"),
    [
        (300, True, "HSA and PU know us until 2027-09-18"),
        (60, False, "our certificate for HSA and PU ends on 2027-01-21: renew it before"),
        (1, False, "our certificate for HSA and PU ends on 2026-11-23: renew it before"),
        (-1, False, "HSA and PU do not know us since 2026-11-21, when our certificate ended"),
        (None, False, "HSA and PU do not know us: our certificate cannot be read"),
    ],
)
def test_the_end_of_our_certificate_is_told_before_it_comes(
    tmp_path: Path,
    settings: Settings,
    days: int | None,
    is_right: bool,  # noqa: FBT001 - pytest names it
    said: str,
) -> None:
    settings.SIGILL_HSA_URL = "https://hsa.test/hsa"
    settings.SIGILL_REGISTER_CERTIFICATE = str(tmp_path / "client.pem")
    if days is not None:
        certificate(tmp_path / "client.pem", days=days)
    (check,) = register_checks(AT, is_serving=True)
    assert (check.is_right, check.said) == (is_right, said)
    assert is_right or "register_certificate" in check.remedy


def test_nothing_is_said_where_no_register_asks_for_a_certificate(settings: Settings) -> None:
    settings.SIGILL_HSA_URL = settings.SIGILL_PU_URL = "http://127.0.0.1:9"
    assert list(register_checks(AT, is_serving=True)) == []


def test_what_does_not_serve_yet_is_told_what_comes_first(tmp_path: Path, settings: Settings) -> None:
    """Right after the ceremony there is no certificate, and nothing is wrong."""
    settings.SIGILL_HSA_URL = "https://hsa.test/hsa"
    settings.SIGILL_REGISTER_CERTIFICATE = str(tmp_path / "client.pem")
    (check,) = register_checks(AT, is_serving=False)
    assert check.is_right is None or check.is_right
    assert "register_certificate" in check.said
    (tmp_path / "client.pem").write_bytes(b"torn")
    (check,) = register_checks(AT, is_serving=False)
    assert check.is_right is False
