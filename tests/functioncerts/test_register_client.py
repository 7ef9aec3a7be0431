"""Our own function certificate, by which HSA and PU know us: requested, written as one file (HSA-2)."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.core.management import CommandError, call_command
from pytest_django import Settings

from functioncerts import register_client
from functioncerts.management.commands import register_certificate
from journal.actor import Actor
from tests.authority import Authority, the_authority

SYSTEM = Actor.system("test")


@pytest.fixture
def authority(db: None) -> Authority:
    return the_authority()


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    settings.SIGILL_REGISTER_CERTIFICATE = str(tmp_path / "registers" / "client.pem")
    return Path(settings.SIGILL_REGISTER_CERTIFICATE)


def get(authority: Authority, file: Path) -> x509.Certificate:
    at = datetime.now(UTC)
    asked = register_client.request(actor=SYSTEM, at=at)
    assert not register_client.settle(asked, file)
    assert not file.exists()
    authority.issue_and_publish(at=at)
    assert register_client.settle(asked, file)
    return x509.load_pem_x509_certificates(file.read_bytes())[0]


def test_it_is_a_function_certificate_of_our_own_ca(authority: Authority, file: Path) -> None:
    leaf = get(authority, file)
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    (serial,) = leaf.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    assert serial.value == "SE0000000000-SIGILL"
    chain = x509.load_pem_x509_certificates(file.read_bytes())
    assert [one.issuer for one in chain[:-1]] == [one.subject for one in chain[1:]]
    assert all(one.issuer != one.subject for one in chain)  # the root is known to who asks


def test_key_and_chain_are_one_file_that_only_we_may_read(authority: Authority, file: Path) -> None:
    get(authority, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(file, file)
    assert [path.name for path in file.parent.iterdir()] == ["client.pem"]


def test_one_that_lasts_is_left_alone(authority: Authority, file: Path) -> None:
    get(authority, file)
    before, told = file.read_bytes(), StringIO()
    call_command("register_certificate", stdout=told)
    assert told.getvalue().startswith("The registers know us until")
    assert file.read_bytes() == before


def test_without_a_worker_the_command_says_so_and_writes_nothing(
    authority: Authority, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert authority
    monkeypatch.setattr(register_certificate, "WAIT_SECONDS", 0.0)
    with pytest.raises(CommandError, match="does a worker run"):
        call_command("register_certificate")
    assert not file.exists()


def test_before_the_ceremony_the_command_says_so(db: None, file: Path) -> None:
    with pytest.raises(CommandError, match="no certificate can be requested"):
        call_command("register_certificate")


def test_a_key_is_not_shown_in_a_repr(authority: Authority) -> None:
    assert authority
    asked = register_client.request(actor=SYSTEM, at=datetime.now(UTC))
    assert "PRIVATE" not in repr(asked)


def test_a_file_that_holds_no_certificate_ends_never(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    assert register_client.valid_until(broken) is None
    assert register_client.valid_until(tmp_path / "none.pem") is None
    assert timedelta(days=30) < register_client.RENEWED_WITHIN
