"""Copies closed segments of the journal to files that verify without any server, and tells the journal.

``<first>-<last>.jsonl`` is a proof bundle: a signed head, then every row with its proof under it.
``<first>-<last>.sealed.jsonl`` holds what stands outside the leaves, as encrypted as in the database: it
opens only with keys that are not in it, so an erasure reaches the archive as well.

The rows stay in the database: nothing and nobody can remove an entry, also not for being old. What ends
with retention is what can be read of persons (``journal/erasure.py``).
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from django.db import transaction

from journal import verify
from journal.actor import Actor
from journal.events import Event
from journal.models import Checkpoint, Entry, Leaf, PersonalPart
from journal.proofs import proof_bundle
from journal.recording import canonical_json, record


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentArchived(Event):
    """Rows ``first`` to ``last`` lie in two files, proven under the head over ``head_size`` rows."""

    TYPE: ClassVar[str] = "journal.segment_archived"
    first: int
    last: int
    head_size: int
    sha256: str
    sealed_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Where segments go, how many rows each has, and how old its last row is at least."""

    folder: Path
    rows: int
    age: timedelta


def archive_closed(
    segments: Segments, *, key: verify.PublicKey, actor: Actor, at: datetime, most: int = 10
) -> int:
    """Archive the segments that are closed and not archived yet, ``most`` at most; return how many.

    A segment is closed when a signed head covers it and its last row is old enough. Each file is verified
    as an auditor would before it gets its name. Raises ``BrokenJournal`` when one does not verify.
    """
    done = 0
    while done < most:
        first = _next_row()
        last = first + segments.rows - 1
        head = Checkpoint.objects.filter(size__gt=last).order_by("-size").first()
        end = Leaf.objects.filter(position=last).select_related("entry").first()
        if head is None or end is None or end.entry.at > at - segments.age:
            break
        _archive(first, last, head.size, segments=segments, key=key, actor=actor, at=at)
        done += 1
    return done


def segment_files(folder: Path, first: int, last: int) -> tuple[Path, Path]:
    """Return the files of a segment: its proof, and what is encrypted."""
    name = f"{first:012d}-{last:012d}"
    return folder / f"{name}.jsonl", folder / f"{name}.sealed.jsonl"


def _archive(
    first: int,
    last: int,
    head_size: int,
    *,
    segments: Segments,
    key: verify.PublicKey,
    actor: Actor,
    at: datetime,
) -> None:
    proof, sealed = segment_files(segments.folder, first, last)
    segments.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    proof_draft = _draft(proof, proof_bundle(range(first, last + 1), head_size))
    with proof_draft.open(encoding="utf-8") as lines:
        verify.verify_bundle(lines, key)
    sealed_draft = _draft(sealed, _sealed_lines(first, last))
    event = SegmentArchived(
        first=first,
        last=last,
        head_size=head_size,
        sha256=_digest(proof_draft),
        sealed_sha256=_digest(sealed_draft),
    )
    # The files first: an entry that names a file is never without it.
    proof_draft.replace(proof)
    sealed_draft.replace(sealed)
    with transaction.atomic():
        record(event, actor=actor, at=at)


def _next_row() -> int:
    """Return the first row that no archived segment holds, by what the journal itself says."""
    newest = Entry.objects.filter(type=SegmentArchived.TYPE).order_by("-id").first()
    return 1 + int(json.loads(newest.content)["event"]["last"]) if newest else 0


def _sealed_lines(first: int, last: int) -> Iterable[str]:
    parts = PersonalPart.objects.filter(entry__leaf__position__range=(first, last))
    rows = parts.order_by("entry__leaf__position", "part").values_list(
        "entry__leaf__position", "part", "key_id", "sealed"
    )
    for position, part, key_id, sealed in rows.iterator(chunk_size=2000):
        told = {"position": position, "part": part, "key": str(key_id), "sealed": bytes(sealed).hex()}
        yield canonical_json(told) + "\n"


def _draft(place: Path, lines: Iterable[str]) -> Path:
    draft = place.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as handle:
        handle.writelines(lines)
        handle.flush()
        os.fsync(handle.fileno())
    return draft


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
