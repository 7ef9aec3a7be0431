"""Over TLS the server's key is checked before anything is said, and it is what line 14 is made of (T7)."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from authn.evidence import NO_TLS_SPKI, hashed
from client.configuration import Configuration, configuration_from_environment
from client.errors import ServerNotTrusted, ServerUnreachable
from client.service import Service
from tests.client.fixture_service import FixtureService


@dataclass(frozen=True, kw_only=True)
class TlsServer:
    service: FixtureService
    spki: str
    authority: Path

    @property
    def api(self) -> str:
        return self.service.api.replace("http:", "https:")


@pytest.fixture
def tls(home: Path) -> Iterator[TlsServer]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = home / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    service = FixtureService(context)
    spki = hashed(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    yield TlsServer(service=service, spki=spki, authority=pem)
    service.stop()


def _configuration(tls: TlsServer, monkeypatch: pytest.MonkeyPatch, *, pins: str) -> Configuration:
    monkeypatch.setenv("SIGILL_CLIENT_CA_FILE", str(tls.authority))
    monkeypatch.setenv("SIGILL_CLIENT_SPKI_PINS", pins)
    return configuration_from_environment(server=tls.api)


def test_the_pinned_key_is_what_is_signed_whatever_the_server_announces(
    tls: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(_configuration(tls, monkeypatch, pins=f"{hashed(b'next key')}, {tls.spki}"))
    service.greet()
    assert service.server_spki == tls.spki  # hello announces NO_TLS_SPKI


@pytest.mark.parametrize("pins", ["", hashed(b"another key")])
def test_a_server_with_another_key_hears_nothing(
    pins: str, tls: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose certificate a trusted authority vouches for: that is what an intercepting proxy has."""
    service = Service(_configuration(tls, monkeypatch, pins=pins))
    with pytest.raises(ServerNotTrusted):
        service.greet()
    with pytest.raises(ServerNotTrusted):
        service.claim("claim", {"token": "a" * 32})
    assert tls.service.log == []


def test_a_pinned_key_in_a_certificate_nobody_vouches_for_is_not_enough(
    tls: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGILL_CLIENT_SPKI_PINS", tls.spki)
    service = Service(configuration_from_environment(server=tls.api))
    with pytest.raises(ServerNotTrusted):
        service.greet()


def test_over_plain_loopback_the_announced_value_is_used(configuration: Configuration) -> None:
    service = Service(configuration)
    service.greet()
    assert service.server_spki == NO_TLS_SPKI


def test_a_claim_is_sent_once_even_when_its_answer_is_lost(
    configuration: Configuration, service: FixtureService
) -> None:
    def lose(name: str) -> None:
        if name == "claim":
            raise ConnectionAbortedError

    service.before_call = lose
    conversation = Service(configuration)
    with pytest.raises(ServerUnreachable):
        conversation.claim("claim", {"token": "a" * 32})
    assert service.log == ["claim"]


def test_many_conversations_at_once_keep_their_keys_apart(
    configuration: Configuration, service: FixtureService
) -> None:
    urls = [service.start_login() for _ in range(8)]
    codes: list[str] = []

    def talk(url: str) -> None:
        conversation = Service(configuration)
        answer = conversation.claim("claim", {"token": url.rpartition("/")[2]})
        conversation.call("abort", {"orderId": answer["orderId"], "reason": "userCancel"}, is_repeatable=True)
        codes.append("ok")

    threads = [threading.Thread(target=talk, args=(url,)) for url, _ in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["ok"] * 8
    assert {order.aborted for _, order in urls} == {"userCancel"}
