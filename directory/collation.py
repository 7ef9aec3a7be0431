"""The Swedish order of names on SQLite; PostgreSQL has it from ICU (first migration)."""

import unicodedata
from functools import lru_cache

from django.db.backends.base.base import BaseDatabaseWrapper

_AFTER_Z = {"å": "{", "ä": "|", "ö": "}", "æ": "|", "ø": "}"}
"""In ASCII these three follow z."""


@lru_cache(maxsize=65536)
def _letters(text: str) -> str:
    composed = unicodedata.normalize("NFC", text.casefold())
    return "".join(
        _AFTER_Z.get(letter) or unicodedata.normalize("NFD", letter)[0]
        for letter in composed
        if letter.isalnum() or letter.isspace()
    )


def sort_key(text: str) -> tuple[str, str]:
    """Return what orders ``text`` as a Swedish telephone book does: letters first, then the exact text."""
    return _letters(text), text


def compare(left: str, right: str) -> int:
    """Return -1, 0 or 1. Zero only for equal texts, since a UNIQUE index rests on it."""
    if left == right:
        return 0
    return -1 if sort_key(left) < sort_key(right) else 1


def register_on_connection(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Teach a new SQLite connection the collation ``sv``; other databases need nothing."""
    if connection.vendor == "sqlite":
        connection.connection.create_collation("sv", compare)
