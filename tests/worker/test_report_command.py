"""A report made by command has its journal entry, and that entry's proof as soon as a head covers it."""

import hashlib
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from journal import verify
from journal.models import Entry
from tests.journal.growing import grow
from tests.journal.test_verifying import KEY
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


def test_with_a_worker_the_proof_lies_beside_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
