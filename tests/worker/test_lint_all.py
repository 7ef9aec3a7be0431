"""``manage.py lint_all``: silent over what we issue, a plain sentence for what we never would."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ca.crl_publishing import publish_crl
from ca.environments import Environment
from ca.models import Certificate, Issuer
from tests.authority import WORKER, Authority, the_authority
from tests.ca.test_environments import requested

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def issued(db: None, settings: Settings, tmp_path: Path) -> Authority:
    """Issue a certificate in each environment and publish every CRL."""
    settings.SIGILL_PUBLIC = tmp_path / "public"
    settings.SIGILL_LEDGER = tmp_path / "ledger" / "revocations.log"
    settings.SIGILL_OCSP_STORE = tmp_path / "no-store"
    the_authority(Environment.QA)
    authority = the_authority()
    for environment in Environment:
        requested(environment, environment.value)
    authority.issue_and_publish(at=NOW)
    for issuer in Issuer.objects.all():
        publish_crl(issuer, signers=authority, actor=WORKER, at=NOW)
    return authority


def linted() -> str:
    told = StringIO()
    call_command("lint_all", stdout=told)
    return told.getvalue()


def test_everything_issued_in_both_environments_is_clean(issued: Authority) -> None:
    """A18, QA-3: 2 certificates and 14 CRLs, all of them by pkilint too."""
    told = linted()
    assert told.startswith(
        "2 certificates and 14 CRLs and 0 OCSP answers were linted, by pkilint as well 2 and 14"
    )
    assert "no faults" in told


def another_profile(_: Path) -> str:
    """A row that says another profile than the certificate was made with."""
    Certificate.objects.update(profile="person_id_signature")
    return "key_usage_is_the_profiles"


def another_serial(_: Path) -> str:
    Certificate.objects.filter(environment="PROD").update(serial_hex="7f" * 12)
    return "another serial number than its row"


def a_strangers_crl(public: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Mallory")])
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    (public / "crl" / "function.crl").write_bytes(crl.public_bytes(Encoding.DER))
    return "the issuer did not sign it"


def no_crl(public: Path) -> str:
    (public / "crl" / "qa_function.crl").unlink()
    return "no list is published"


def not_even_der(public: Path) -> str:
    (public / "crl" / "root.crl").write_bytes(b"CRL")
    return "is no CRL"


@pytest.mark.parametrize("plant", [another_profile, another_serial, a_strangers_crl, no_crl, not_even_der])
def test_a_planted_bad_one_is_named_and_ends_in_a_failure(
    issued: Authority, plant: Callable[[Path], str]
) -> None:
    """A18: exit status 1, and a sentence that says where and what."""
    said = plant(Path(django_settings.SIGILL_PUBLIC))
    told = StringIO()
    with pytest.raises(CommandError, match="faults"):
        call_command("lint_all", stdout=told)
    assert said in told.getvalue()


def test_the_lints_can_be_told(db: None) -> None:
    told = StringIO()
    call_command("lint_all", "--list", stdout=told)
    assert "| `serial_numbers_stand_once` | error |" in told.getvalue()
