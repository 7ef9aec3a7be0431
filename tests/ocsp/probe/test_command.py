"""The probe against the real status server process: it sees what is well, and each thing that is not."""

import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from deploy.free_ports import free_port
from tests.ocsp.probe.site import now, publish_files
from tests.ocsp.test_publisher import World

pytestmark = pytest.mark.django_db(transaction=True)


def probe() -> str:
    """Probe until all is well: a revocation is seen after a moment, not at once."""
    deadline = time.monotonic() + 60
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
