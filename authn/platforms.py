"""The systems that people log in from (`platforms.toml`): how old one may be, and which ways it has."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

OOB: Final = "oob"
MTLS: Final = "mtls"
_IN_BROWSERS: Final = (
    # The first that matches: an Android phone says Linux too.
    ("android", re.compile(r"\bAndroid\b")),
    ("ios", re.compile(r"\b(?:iPhone|iPad|iPod)\b")),
    ("windows", re.compile(r"\bWindows NT\b")),
    ("macos", re.compile(r"\bMacintosh\b")),
    ("linux", re.compile(r"\bLinux\b")),
)
_MOST_PARTS: Final = 4
_MOST_DIGITS: Final = 6


class UnknownWay(ValueError):
    """The table of systems names a way of logging in that there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One system: the oldest version that may be used, and the ways of logging in that it has."""

    name: str
    least: tuple[int, ...]
    ways: frozenset[str]


@cache
def platforms() -> dict[str, Platform]:
    """Return the systems by name; raises UnknownWay for a table that cannot be meant."""
    table = tomllib.loads(Path(__file__).with_name("platforms.toml").read_text(encoding="utf-8"))
    found = {
        name: Platform(name=name, least=parse_version(row["least"]), ways=frozenset(row["ways"]))
        for name, row in table.items()
    }
    for one in found.values():
        if not one.ways or not one.ways <= {OOB, MTLS}:
            raise UnknownWay(f"{one.name}: {sorted(one.ways)}")
    return found


def is_too_old(name: str, version: tuple[int, ...]) -> bool:
    """Say whether a system is below its least version, or has no card client; unknown ones are not judged."""
    platform = platforms().get(name)
    return platform is not None and (version < platform.least or OOB not in platform.ways)


def may_show_certificate(user_agent: str) -> bool:
    """Say whether a browser by its own word runs where two-way TLS works; one that cannot be told may try.

    This only spares people a button that leads nowhere: nothing is allowed or refused by it.
    """
    for name, pattern in _IN_BROWSERS:
        if pattern.search(user_agent):
            return MTLS in platforms()[name].ways
    return True


def parse_version(text: str) -> tuple[int, ...]:
    """Return a dotted version as numbers; raises ValueError."""
    parts = text.split(".")
    if not 1 <= len(parts) <= _MOST_PARTS or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError("a version is up to four numbers with dots")
    if any(len(part) > _MOST_DIGITS for part in parts):
        raise ValueError("a version has small numbers")
    return tuple(int(part) for part in parts)
