"""A report made by command has its journal entry, and that entry's proof as soon as a head covers it."""

import hashlib
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from directory.models import Person
from journal import verify
from journal.models import Entry
from reports.columns import PROTECTED
from tests.journal.growing import grow
from tests.journal.test_verifying import KEY
from tests.scenarios import a_scene, a_shipped_card
from worker.models import JobStatus

pytestmark = pytest.mark.django_db(transaction=True)


def test_without_a_worker_the_report_says_that_it_carries_no_proof(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s1.csv"
    call_command("report", "S1", format="csv", out=out)
    assert "it carries no proof" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["s1.csv"]
    named = json.loads(Entry.objects.get(type="report.made").content)["event"]["sha256"]
    assert named == hashlib.sha256(out.read_bytes()).hexdigest()


def test_protected_people_are_masked_unless_somebody_says_why_and_then_each_is_recorded(
    tmp_path: Path,
) -> None:
    """REP, domain.md 6: the shell is no way around the pages' rule."""
    scene = a_scene()
    card = a_shipped_card(scene)
    Person.objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    out = tmp_path / "s1.csv"
    call_command("report", "S1", format="csv", out=out)
    assert card.hsa_id not in out.read_text()
    assert PROTECTED in out.read_text()
    opened = Entry.objects.filter(type="person.protected_opened", references__value=str(card.person_id))
    assert opened.count() == 0
    call_command("report", "S1", format="csv", out=out, reason="the police ask, case 12")
    assert card.hsa_id in out.read_text()
    assert opened.count() == 1


@pytest.mark.parametrize(
    ("since", "why"),
    [("2026-01-01", "no offset"), ("yesterday", "ISO 8601"), ("2999-01-01T00:00Z", "lies ahead")],
)
def test_a_period_begins_at_a_moment_that_has_been(tmp_path: Path, since: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("report", "H1", format="csv", since=since, out=tmp_path / "h1.csv")


def test_with_a_worker_the_proof_lies_beside_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.management.commands.report._PATIENCE", 120.0)
    JobStatus.objects.create(name="sign_head", started_at=datetime.now(tz=UTC))
    out, made = tmp_path / "s1.csv", threading.Event()

    def work_as_the_worker() -> None:
        """Sign a head when the report's entry is there."""
        while not made.wait(0.05):
            if Entry.objects.filter(type="report.made").exists():
                grow(3, outside=tmp_path / "heads")
                break
        connection.close()

    worker = threading.Thread(target=work_as_the_worker)
    worker.start()
    try:
        call_command("report", "S1", format="csv", out=out)
    finally:
        made.set()
        worker.join()
    assert "Its proof is s1.csv.proof.jsonl: row 0 of 4" in capsys.readouterr().out
    with (tmp_path / "s1.csv.proof.jsonl").open() as lines:
        bundle = verify.verify_bundle(lines, KEY.public_key())
    assert bundle.names(hashlib.sha256(out.read_bytes()).hexdigest())
    assert not bundle.names(hashlib.sha256(b"another").hexdigest())
