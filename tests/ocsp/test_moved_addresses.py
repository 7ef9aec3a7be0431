"""The status services move: certificates from before and after are answered, as openssl sees it (PKI-2)."""

import subprocess
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from django.test import override_settings
from pytest_django import Settings

from authn.configuration import status_hosts
from ca.linting import Read, faults_in_certificates, faults_in_crls
from ca.models import Certificate
from ca.policy_files import policy_files
from ca.selectors import issuer
from deploy.free_ports import free_port
from ocsp.store.lmdb_store import LmdbStore
from portal.told_settings import tell_configuration
from tests.authority import the_authority
from tests.ocsp.probe.site import ISSUER, node, now, publish_files
from tests.ocsp.test_publisher import Token, World

pytestmark = pytest.mark.django_db(transaction=True)


def parsed(certificate: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(bytes(certificate.certificate_der))


def addresses(certificate: Certificate) -> tuple[str, str]:
    """Return the OCSP and CRL addresses that stand in it."""
    extensions = parsed(certificate).extensions
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    ocsp = next(one for one in access if one.access_method == AuthorityInformationAccessOID.OCSP)
    (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name
    return str(ocsp.access_location.value), str(point.full_name[0].value)


def pem(folder: Path, name: str, *certificates: x509.Certificate) -> Path:
    file = folder / f"{name}.pem"
    file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return file


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def openssl_says(certificate: Certificate, folder: Path) -> tuple[str, str]:
    """Ask at the certificate's own addresses: what OCSP and what the CRL says."""
    ocsp_url, crl_url = addresses(certificate)
    root = x509.load_der_x509_certificate(bytes(issuer("root").certificate_der))
    above = x509.load_der_x509_certificate(bytes(issuer(ISSUER).certificate_der))
    leaf, chain = pem(folder, "leaf", parsed(certificate)), pem(folder, "issuer", above)
    trusted = pem(folder, "root", root)
    asked = openssl(
        "ocsp", "-issuer", chain, "-cert", leaf, "-CAfile", trusted, "-verify_other", chain, "-url", ocsp_url
    )  # fmt: skip
    assert "Response verify OK" in asked, asked
    crl = x509.load_der_x509_crl(requests.get(crl_url, timeout=60).content)
    (folder / "crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    listed = openssl(
        "verify", "-crl_check", "-CAfile", trusted, "-untrusted", chain, "-CRLfile", folder / "crl.pem", leaf
    )  # fmt: skip
    status = asked.partition(f"{leaf}: ")[2].split("\n", 1)[0]
    return status, "revoked" if "certificate revoked" in listed else listed.strip().rsplit(": ", 1)[-1]


def test_certificates_from_before_and_after_a_move_are_both_answered(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PKI-2: another host, and without the path that stood before; nothing that was issued is touched."""
    port = free_port()
    before, after = f"http://127.0.0.1:{port}/spar", f"http://localhost:{port}"
    settings.SIGILL_HOME = tmp_path
    settings.SIGILL_PUBLIC = tmp_path / "public"
    settings.SIGILL_LEDGER = tmp_path / "ledger" / "revocations.log"
    settings.SIGILL_STATUS_URL = before
    path = tmp_path / "ocsp" / "lmdb"
    world = World(Token(the_authority()), LmdbStore(path), path)
    world.refresh(now())
    old = world.issue(at=now())
    world.publish(old, at=now())
    monkeypatch.setenv("SIGILL_STATUS_URL", before)
    settings.SIGILL_STATUS_URL = after
    settings.SIGILL_EARLIER_STATUS_URLS = (before,)
    new = world.issue(at=now())
    world.publish(new, at=now())
    publish_files(world, new)
    assert [url.startswith(before) for url in addresses(old)] == [True, True]
    assert [url.startswith(f"{after}/") for url in addresses(new)] == [True, True]
    assert len(policy_files().earlier_addresses) == 1
    assert status_hosts() >= {f"127.0.0.1:{port}", f"localhost:{port}"}

    with node(tmp_path, port):  # before the move: the server knows the path in its own address
        assert openssl_says(old, tmp_path) == ("good", "OK")
    monkeypatch.setenv("SIGILL_STATUS_URL", after)
    monkeypatch.setenv("SIGILL_EARLIER_STATUS_URLS", before)
    with node(tmp_path, port):
        for one in (old, new):
            assert openssl_says(one, tmp_path) == ("good", "OK")
            world.revoke(one, at=now())
            world.publish(one, at=now())
        publish_files(world, new)
        for one in (old, new):
            assert openssl_says(one, tmp_path) == ("revoked", "revoked")
    world.store.close()


def test_what_was_issued_before_a_move_is_linted_by_the_addresses_that_the_journal_was_told(
    tmp_path: Path, settings: Settings
) -> None:
    """PKI-2: a home that was restored on another port needs no list of where it stood before."""
    settings.SIGILL_HOME = tmp_path
    settings.SIGILL_PUBLIC = tmp_path / "public"
    settings.SIGILL_LEDGER = tmp_path / "ledger" / "revocations.log"
    settings.SIGILL_STATUS_URL, portal = "http://127.0.0.1:8080", settings.SIGILL_PORTAL_URL
    path = tmp_path / "ocsp" / "lmdb"
    world = World(Token(the_authority()), LmdbStore(path), path)
    world.refresh(now())
    world.issue(at=now())
    publish_files(world, world.issue(at=now()))

    def faults() -> list[str]:
        read = Read()
        return [
            fault.what
            for fault in (
                *faults_in_certificates(opinion=None, limit=None, read=read),
                *faults_in_crls(opinion=None, read=read),
            )
            if fault.what != "no list is published"  # of the issuers that issue nothing here
        ]

    assert faults() == []
    settings.SIGILL_STATUS_URL = settings.SIGILL_QA_STATUS_URL = "http://status.example/spar"
    settings.SIGILL_PORTAL_URL = "https://portal.example"
    assert faults() != [], "nobody told of an address, nor does a setting"
    with override_settings(
        SIGILL_STATUS_URL="http://127.0.0.1:8080", SIGILL_PORTAL_URL=portal, SIGILL_QA_STATUS_URL="http://qa"
    ):
        tell_configuration("signer")
    assert faults() == []
    world.store.close()


def test_a_path_that_is_in_no_certificate_is_answered_with_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PKI-2: only the paths that were named; /spar/crl is no other name for /crl elsewhere."""
    monkeypatch.setenv("SIGILL_EARLIER_STATUS_URLS", "http://before.example/spar")
    LmdbStore(tmp_path / "ocsp" / "lmdb").close()
    with node(tmp_path) as address:
        paths = ("/spar/healthz", "/other/healthz", "/sparhealthz")
        told = {path: requests.get(f"{address}{path}", timeout=60).status_code for path in paths}
    assert told == {"/spar/healthz": 200, "/other/healthz": 404, "/sparhealthz": 404}
