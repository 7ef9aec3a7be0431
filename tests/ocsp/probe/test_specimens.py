"""The test certificates are what they are said to be: openssl is told so by the running service (PKI-3)."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from ca.batch_issuance import issue_pending
from ca.crl_publishing import publish_crl
from ca.models import Certificate, Issuer
from ocsp import publisher, specimens
from ocsp.models import Specimen
from ocsp.specimens import SpecimenState
from portal.pages.public.specimens import specimen_rows
from tests.ocsp.probe.site import now, place
from tests.ocsp.test_publisher import ALVA, World
from tests.running.installation import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def work(world: World, *, at: datetime) -> str:
    """Do what the worker's jobs do at a moment, in their order."""
    specimens.keep_specimens(at=at)
    issue_pending(signers=world.token, actor=ALVA, at=at)
    for one in Certificate.objects.filter(carrier_id__startswith="status-test-", not_after__gt=at):
        publisher.publish(one.pk, store=world.store, signers=world.token, at=at)
    return specimens.keep_specimens(at=at)


def ready() -> set[str]:
    return set(Specimen.objects.filter(ready_at__isnull=False).values_list("state", flat=True))


@pytest.fixture
def made(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Make all five; the one that is to expire does so while we look."""
    monkeypatch.setattr(specimens, "SHORT_LIFE", timedelta(seconds=3))
    work(world, at=now())
    assert SpecimenState.EXPIRED.value not in ready()
    eventually(lambda: work(world, at=now()) and len(ready()) == len(SpecimenState))
    issuer = Issuer.objects.get(key="function")
    crl = publish_crl(issuer, signers=world.token, actor=ALVA, at=now())
    from ca.policy_files import files_of  # noqa: PLC0415 - the address is the environment's

    place(world, files_of(issuer).facts_of(issuer).crl_url, bytes(crl.crl_der))
    world.store.close()
    return world


def fetched(folder: Path, *names: str) -> None:
    """Fetch from the page what its commands fetch with curl."""
    browser = Client()
    for name, url in zip(names[::2], names[1::2], strict=True):
        answer = browser.get(url)
        assert answer.status_code == 200, url
        (folder / name).write_bytes(answer.content)


def run(folder: Path, command: str) -> str:
    done = subprocess.run(  # noqa: S602 - the page's own commands
        command,
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_openssl_is_told_of_each_state_what_the_page_says(
    made: World, tmp_path: Path, settings: Settings
) -> None:
    """The page's own commands, with its own addresses; only the portal is asked in the process."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    rows = {one.url.rpartition("/")[2].removesuffix(".pem"): one for one in specimen_rows(at=now())}
    assert set(rows) == {state.value for state in SpecimenState}
    for state, row in rows.items():
        folder = tmp_path / state
        folder.mkdir()
        lines = row.commands.splitlines()
        for line in lines:
            if "/status/" in line:
                _, _, url, _, name = line.split()
                fetched(folder, name, url.removeprefix(settings.SIGILL_PORTAL_URL))
        ocsp = run(folder, next(line for line in lines if line.startswith("openssl ocsp")))
        assert any(word in ocsp.lower() for word in row.ocsp.split(" · ")), (state, ocsp)
        assert "test.pem: good" not in ocsp or state in {"good", "expired"}, (state, ocsp)
        listing = run(folder, next(line for line in lines if "/crl/" in line))
        assert listing == "", listing
        listed = row.serial.upper() in run(folder, "openssl crl -in list.pem -noout -text").replace(":", "")
        assert listed is (state == "revoked")
        assert row.verified in run(folder, lines[-1]), state


def test_they_are_renewed_before_they_end_and_the_old_one_is_shown_until_then(made: World) -> None:
    before = {one.state: bytes(one.certificate_der) for one in Specimen.objects.all()}
    later = now() + timedelta(days=200)
    specimens.keep_specimens(at=later)
    assert {one.state: bytes(one.certificate_der) for one in Specimen.objects.all()} == before
    later = now() + timedelta(days=250)
    made.refresh(later)
    specimens.keep_specimens(at=later)
    good = Specimen.objects.get(state="good")
    assert bytes(good.certificate_der) == before["good"]
    work(made, at=later)
    after = {one.state: bytes(one.certificate_der) for one in Specimen.objects.all()}
    assert {state for state in before if after[state] != before[state]} == {
        "good", "revoked", "never_issued", "wrong_issuer",
    }  # fmt: skip
    assert ready() == {state.value for state in SpecimenState}
    renewed = Certificate.objects.get(certificate_der=after["revoked"])
    assert renewed.revoked_at is not None
    assert specimens.keep_specimens(at=later) == "5 of 5 test certificates are in their state"


def test_before_the_key_ceremony_nothing_is_made(db: None) -> None:
    assert specimens.keep_specimens(at=now()) == "no issuer yet"
