"""The content of a file from the factory, read strictly: an acknowledgement, or what became of orders."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils.dateparse import parse_datetime

FORMAT: Final = "sigill.factory-file/1"
_MOST_ROWS: Final = 10_000
_LONGEST: Final = 200


class FileKind(StrEnum):
    """What a file tells."""

    ACKNOWLEDGEMENT = "acknowledgement"
    STATUS = "status"


class ReportKind(StrEnum):
    """What the factory can tell of an order."""

    ACCEPTED = "accepted"
    PRODUCED = "produced"
    SHIPPED = "shipped"
    REJECTED = "rejected"


class FileInvalid(Exception):
    """The file does not say, in the agreed form, what it should; ``problem`` is a code."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One row; ``number`` is its own among all rows ever, ``kind`` is text: factories say new things."""

    number: int
    order_id: str
    kind: str
    at: datetime
    card_number: str = ""
    tracking_number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """A whole file; ``batch`` and ``content_sha256`` say which order file an acknowledgement answers."""

    number: int
    kind: FileKind
    batch: int | None
    content_sha256: str
    reports: tuple[Report, ...]


def read_file(content: bytes, *, number: int) -> FileContent:
    """Read what was signed as the file of this number; raises ``FileInvalid``."""
    try:
        members = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FileInvalid("malformed") from error
    if not isinstance(members, dict) or members.get("format") != FORMAT:
        raise FileInvalid("malformed")
    if _whole(members, "file") != number:
        raise FileInvalid("another_file")
    try:
        kind = FileKind(str(members.get("kind")))
    except ValueError as error:
        raise FileInvalid("malformed") from error
    rows = members.get("rows")
    if not isinstance(rows, list) or len(rows) > _MOST_ROWS:
        raise FileInvalid("malformed")
    if _whole(members, "count") != len(rows):
        raise FileInvalid("count_differs")
    is_answer = kind is FileKind.ACKNOWLEDGEMENT
    return FileContent(
        number=number,
        kind=kind,
        batch=_whole(members, "batch") if is_answer else None,
        content_sha256=_text(members, "content_sha256") if is_answer else "",
        reports=tuple(_report(row) for row in rows),
    )


def _report(row: object) -> Report:
    if not isinstance(row, dict):
        raise FileInvalid("malformed")
    try:
        moment = parse_datetime(_text(row, "at"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FileInvalid("malformed")
    return Report(
        number=_whole(row, "n"),
        order_id=_text(row, "order_id")[:64],
        kind=_text(row, "event")[:16],
        at=moment,
        card_number=_text(row, "card_number", default=""),
        tracking_number=_text(row, "tracking_number", default="")[:40],
        reason=_text(row, "reason", default=""),
    )


def _whole(members: dict[str, object], name: str) -> int:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**62:
        raise FileInvalid("malformed")
    return value


def _text(members: dict[str, object], name: str, *, default: str | None = None) -> str:
    value = members.get(name, default)
    if not isinstance(value, str) or "\0" in value:
        raise FileInvalid("malformed")
    return value[:_LONGEST]
