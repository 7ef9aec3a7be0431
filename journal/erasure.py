"""Erases what the journal says of a person: the key is destroyed, every leaf and every proof stays.

Each erasure stands in the journal as ``person.erased``, and in a ledger outside the database, so that a
restore from an older backup, which brings the key back, destroys it again before anybody can read.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from django.db import connection, transaction

from journal.actor import Actor
from journal.events import Event
from journal.models import PersonalPart, PersonKey
from journal.recording import canonical_json, record, rfc3339


class Ground(StrEnum):
    """Why a person's data is erased."""

    RETENTION = "retention"
    DECISION = "decision"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Event):
    """A data subject's key was destroyed; ``parts`` encrypted parts became unreadable.

    ``subject`` is the person's random id, or ``unattributed-`` and a month. ``erasure_request_id`` names the
    decision of two persons, where there was one.
    """

    TYPE: ClassVar[str] = "person.erased"
    person_id: str
    subject: str
    key_id: str
    ground: str
    erasure_request_id: str
    parts: int


def erase(
    subject: str, *, ground: Ground, ledger: Path, erasure_request_id: str = "", actor: Actor, at: datetime
) -> bool:
    """Destroy the key of a data subject and return whether there was one.

    The ledger is on disk before the key is gone: a crash between leaves a key that the next call destroys.
    """
    key = PersonKey.objects.filter(subject=subject).first()
    if key is None:
        return False
    _append(ledger, key_id=str(key.pk), subject=subject, at=at)
    _destroy(key, ground=ground, erasure_request_id=erasure_request_id, actor=actor, at=at)
    _wipe()
    return True


def erase_again(ledgers: Iterable[Path], *, actor: Actor, at: datetime) -> int:
    """Destroy every key that a ledger names and the database has, after a restore; return how many."""
    named = {line["key_id"] for ledger in ledgers for line in lines_of(ledger)}
    keys = list(PersonKey.objects.filter(pk__in=named))
    for key in keys:
        _destroy(key, ground=Ground.RESTORE, erasure_request_id="", actor=actor, at=at)
    if keys:
        _wipe()
    return len(keys)


def lines_of(ledger: Path) -> Iterator[dict[str, str]]:
    """Yield the erasures that a ledger holds; a last line without its end was never acknowledged."""
    if not ledger.exists():
        return
    for line in ledger.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def join(ledger: Path, others: Iterable[Path]) -> None:
    """Bring the lines of other ledgers that this one lacks into it."""
    known = {line["key_id"] for line in lines_of(ledger)}
    for other in others:
        for line in lines_of(other):
            if line["key_id"] not in known:
                _write(ledger, line)
                known.add(line["key_id"])


def _destroy(key: PersonKey, *, ground: Ground, erasure_request_id: str, actor: Actor, at: datetime) -> None:
    is_person = not key.subject.startswith("unattributed-")
    event = PersonErased(
        person_id=key.subject if is_person else "",
        subject=key.subject,
        key_id=str(key.pk),
        ground=ground.value,
        erasure_request_id=erasure_request_id,
        parts=PersonalPart.objects.filter(key_id=key.pk).count(),
    )
    with transaction.atomic():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:  # freed pages are overwritten with zeros
                cursor.execute("PRAGMA secure_delete = ON")
        if PersonKey.objects.filter(pk=key.pk).delete()[0]:
            record(event, actor=actor, at=at)


def _wipe() -> None:
    """Let the database forget the deleted row where it can do so at once; the rest is in the README."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM journal_personkey")


def _append(ledger: Path, *, key_id: str, subject: str, at: datetime) -> None:
    if any(line["key_id"] == key_id for line in lines_of(ledger)):
        return
    _write(ledger, {"key_id": key_id, "subject": subject, "at": rfc3339(at)})


def _write(ledger: Path, line: dict[str, str]) -> None:
    ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ledger.open("a+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        whole = handle.read()
        if whole and not whole.endswith(b"\n"):  # a line that was cut: never acknowledged
            handle.truncate(whole.rfind(b"\n") + 1)
        handle.write(canonical_json(line).encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
