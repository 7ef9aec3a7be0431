"""Closed segments lie in files that verify without a server, and their words fall with the person's key."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import DatabaseError, transaction

from journal import checkpoints, sequencing, verify
from journal.actor import Actor
from journal.archiving import Segments, archive_closed, segment_files
from journal.models import Entry, Leaf, PersonalPart
from tests.journal.test_personal import opened
from tests.journal.test_verifying import AT, KEY, SPKI, sign

JOB = Actor.system("retain")
MONTH = timedelta(days=30)


@pytest.fixture
def segments(transactional_db: None, tmp_path: Path) -> Segments:
    """Eleven rows under a signed head; segments are of four rows, a month old."""
    for number in range(11):
        opened(reason=f"skäl {number}")
    sequenced(tmp_path)
    return Segments(folder=tmp_path / "segments", rows=4, age=MONTH)


def sequenced(folder: Path) -> None:
    sequencing.sequence_committed()
    checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=folder, at=AT)


def archived(segments: Segments, *, after: timedelta) -> int:
    return archive_closed(segments, key=KEY.public_key(), actor=JOB, at=AT + after)


def test_nothing_is_archived_before_it_is_closed_and_old_enough(segments: Segments) -> None:
    assert archived(segments, after=MONTH - timedelta(seconds=1)) == 0
    assert not segments.folder.exists()


def test_whole_segments_are_archived_once_and_told(segments: Segments, tmp_path: Path) -> None:
    assert archived(segments, after=MONTH) == 2
    assert archived(segments, after=MONTH) == 0
    told = [
        json.loads(entry.content)["event"]
        for entry in Entry.objects.filter(type="journal.segment_archived").order_by("id")
    ]
    assert [(one["first"], one["last"], one["head_size"]) for one in told] == [(0, 3, 11), (4, 7, 11)]
    opened()
    sequenced(tmp_path)
    assert archived(segments, after=2 * MONTH) == 1  # rows 8 to 11, the archive's own among them


def test_a_segment_verifies_alone_and_a_changed_row_is_named(segments: Segments, tmp_path: Path) -> None:
    archived(segments, after=MONTH)
    proof, _ = segment_files(segments.folder, 4, 7)
    key = tmp_path / "audit.pem"
    key.write_bytes(
        KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    program = [sys.executable, str(Path(verify.__file__)), str(proof), "--key", str(key)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    proof.write_text(proof.read_text().replace("test.door_opened", "test.door_closed", 1))
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "row 4" in done.stdout


def test_an_archive_holds_nothing_of_persons_that_opens_without_their_key(segments: Segments) -> None:
    archived(segments, after=MONTH)
    proof, sealed = segment_files(segments.folder, 0, 3)
    assert "skäl" not in proof.read_text()
    assert "SE2321000016-A001" not in proof.read_text()
    lines = [json.loads(line) for line in sealed.read_text().splitlines()]
    assert [(line["position"], line["part"]) for line in lines[:2]] == [(0, "actor"), (0, "event")]
    part = PersonalPart.objects.get(entry__leaf__position=0, part="event")
    assert bytes.fromhex(lines[1]["sealed"]) == bytes(part.sealed)
    assert lines[1]["key"] == str(part.key_id)


def test_no_segment_is_written_that_does_not_verify(segments: Segments) -> None:
    """The archive is read as an auditor reads it before it gets its name; here with a wrong key."""
    other = ec.generate_private_key(KEY.curve).public_key()
    with pytest.raises(verify.BrokenJournal):
        archive_closed(segments, key=other, actor=JOB, at=AT + MONTH)
    assert not list(segments.folder.glob("*.jsonl"))
    assert not Entry.objects.filter(type="journal.segment_archived").exists()


def test_archived_rows_stay_and_stay_unchangeable(segments: Segments) -> None:
    archived(segments, after=MONTH)
    assert Leaf.objects.filter(position__lt=8).count() == 8
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Leaf.objects.filter(position=0).delete()
