"""The probe against the real status server process: it sees what is well, and each thing that is not."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ca.crl_publishing import publish_crl
from ca.models import Certificate, Issuer
from ocsp.store.lmdb_store import LmdbStore
from tests.authority import the_authority
from tests.ocsp.responder.conftest import _listens, free_port
from tests.ocsp.test_publisher import ALVA, ISSUER, Token, World

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> Iterator[World]:
    """Run the status server as an installation does, over a CA whose addresses lead to it."""
    port = free_port()
    settings.SIGILL_HOME = tmp_path
    settings.SIGILL_PUBLIC = tmp_path / "public"
    settings.SIGILL_STATUS_URL = f"http://127.0.0.1:{port}"
    home = str(tmp_path)
    named = {"SIGILL_HOME": home, "SIGILL_RUN": home, "SIGILL_STATUS_PORT": str(port)}
    path = tmp_path / "ocsp" / "lmdb"
    made = World(Token(the_authority()), LmdbStore(path), path)
    made.refresh(now())
    command = [sys.executable, "-m", "worker.mains.responder"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **named}) as process:
        deadline = time.monotonic() + 20
        while not _listens(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield made
        process.terminate()
        assert process.wait(20) == 0
    made.store.close()


def now() -> datetime:
    return datetime.now(UTC)


def publish_files(world: World, certificate: Certificate) -> tuple[Path, Path]:
    """Put the list and the issuer's certificate where the certificate says that they are."""
    issuer = Issuer.objects.get(key=ISSUER)
    crl = publish_crl(issuer, signers=world.token, actor=ALVA, at=now())
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    point = parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0]
    assert point.full_name
    access = parsed.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    home = world.path.parents[1]
    files = []
    for url, content in (
        (point.full_name[0].value, bytes(crl.crl_der)),
        (access[1].access_location.value, bytes(issuer.certificate_der)),
    ):
        file = home / "public" / urlsplit(url).path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        files.append(file)
    return files[0], files[1]


def probe() -> str:
    """Probe until all is well: a revocation is seen after a moment, not at once."""
    deadline = time.monotonic() + 5
    while True:
        out = StringIO()
        try:
            call_command("probe_status", stdout=out)
        except CommandError as error:
            told = f"{out.getvalue()}{error}"
            if time.monotonic() > deadline or "good, expected revoked" not in told:
                pytest.fail(told)
        else:
            return out.getvalue()


def faults() -> str:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("probe_status", "--quiet", stdout=out)
    return out.getvalue()


def test_the_probe_sees_that_all_is_well_and_what_is_not(world: World) -> None:
    """PKI-3, A5, A9."""
    certificate, blocked = world.issue(at=now()), world.issue(at=now() - timedelta(minutes=5))
    for one in (certificate, blocked):
        world.publish(one, at=now())
    world.revoke(blocked, at=now() - timedelta(minutes=2))
    world.publish(blocked, at=now())
    crl, issuer = publish_files(world, certificate)
    told = probe()
    assert "0 faults" in told
    assert told.count("OCSP GET") == 3
    assert "good" in told
    assert "revoked" in told
    assert "never issued" in told
    whole = crl.read_bytes()
    crl.write_bytes(whole[:-1])
    assert "HTTP 503" in faults()
    crl.unlink()
    assert "HTTP 404" in faults()
    crl.write_bytes(whole)
    issuer.write_bytes(b"\x30\x00")
    assert "AIA" in faults()
    publish_files(world, certificate)
    world.revoke(certificate, at=now())  # and nobody publishes it
    assert "good, expected revoked" in faults()


def test_the_probe_says_so_when_there_is_nothing_to_ask_about(db: None) -> None:
    with pytest.raises(CommandError, match="nothing has been issued"):
        call_command("probe_status")


def test_the_probe_says_so_when_nobody_answers(world: World, settings: Settings) -> None:
    settings.SIGILL_STATUS_URL = f"http://127.0.0.1:{free_port()}"
    certificate = world.issue(at=now())
    world.publish(certificate, at=now())
    assert "FAULT" in faults()
