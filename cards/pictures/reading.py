"""An upload becomes a picture of ours: drawn anew by a process that is bounded and holds no secret."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from cards.pictures.errors import PictureRefused
from cards.pictures.kinds import PictureKind
from cards.pictures.rules import picture_rules

_HERE: Final = Path(__file__).resolve().parents[2]
_LONGEST: Final = 30
"""Seconds on the clock, for a machine that has much else to do; its own time is bounded by rules.toml."""
UNABLE_TEXT: Final = "Kan ej skriva"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPicture:
    """A picture as it is kept: octets, pixels, and the remarks that somebody must look at."""

    content: bytes
    width: int
    height: int
    remarks: tuple[str, ...]


def read_picture(kind: PictureKind, content: bytes, *, on: date, text: str = "") -> ReadPicture:
    """Return our picture of an upload, or of ``text``; ``on`` is today. Raises ``PictureRefused``."""
    rules = picture_rules()
    if len(content) > rules.upload.most_octets:
        raise PictureRefused.because("file_too_large", most_octets=str(rules.upload.most_octets))
    question = json.dumps({"kind": kind.value, "text": text}).encode() + b"\n" + content
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cards.pictures.drawing"],
            input=question,
            capture_output=True,
            cwd=_HERE,
            env={"PATH": os.environ.get("PATH", ""), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PictureRefused.because("too_demanding") from error
    head, _, drawn = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:
        raise PictureRefused.because("too_demanding")
    answer = json.loads(head)
    if "rule" in answer:
        raise PictureRefused.because(answer["rule"], **answer["facts"])
    remarks = list(answer["remarks"])
    if _is_old(answer["taken"], on=on, oldest=timedelta(days=rules.photo.oldest_days)):
        remarks.append("taken_long_ago")
    return ReadPicture(content=drawn, width=answer["width"], height=answer["height"], remarks=tuple(remarks))


def _is_old(taken: str, *, on: date, oldest: timedelta) -> bool:
    try:
        return bool(taken) and on - date.fromisoformat(taken) > oldest
    except ValueError:
        return False
