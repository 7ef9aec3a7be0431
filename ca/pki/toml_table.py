"""Reading policy files strictly: every key is asked for, and a key nobody asked for refuses."""

from __future__ import annotations

import tomllib
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from ca.pki.errors import PolicyFileRefused

if TYPE_CHECKING:
    from pathlib import Path

_T = TypeVar("_T", str, int, bool)


def read_policy_file(path: Path) -> tuple[TomlTable, str]:
    """Return the file's table and the SHA-256 of its bytes in hex; raises PolicyFileRefused."""
    content = path.read_bytes()
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise PolicyFileRefused(f"{path.name}: {error}", facts={"file": path.name}) from error
    return TomlTable(table, where=path.name), sha256(content).hexdigest()


class TomlTable:
    """A TOML table whose keys are taken one by one; `finish` refuses what is left."""

    def __init__(self, table: dict[str, object], *, where: str) -> None:
        self._left = dict(table)
        self._where = where

    def refuse(self, message: str, *, key: str = "") -> PolicyFileRefused:
        """Return the error to raise: what is wrong with this table, and where it stands."""
        return PolicyFileRefused(f"{self._where}: {message}", facts={"file": self._where, "key": key})

    def _take(self, key: str, kind: type[_T], default: _T | None) -> _T:
        value = self._left.pop(key, default)
        if value is None:
            raise self.refuse(f"{key} is missing", key=key)
        if type(value) is not kind:  # bool is an int to isinstance
            raise self.refuse(f"{key} must be {kind.__name__}, not {value!r}", key=key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Take a string; without a default it must be there."""
        return self._take(key, str, default)

    def number(self, key: str, default: int | None = None, *, at_least: int = 0) -> int:
        """Take an integer no smaller than `at_least`."""
        number = self._take(key, int, default)
        if number < at_least:
            raise self.refuse(f"{key} must be at least {at_least}, not {number}", key=key)
        return number

    def optional_number(self, key: str) -> int | None:
        """Take an integer from 0, or None when the key is absent."""
        return self.number(key) if key in self._left else None

    def truth(self, key: str, *, default: bool) -> bool:
        """Take a boolean."""
        return self._take(key, bool, default)

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Take a list of different strings."""
        value = self._left.pop(key, default)
        if value is None:
            raise self.refuse(f"{key} is missing", key=key)
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            raise self.refuse(f"{key} must be a list of strings", key=key)
        if len(set(value)) != len(value):
            raise self.refuse(f"{key} names the same thing twice", key=key)
        return tuple(value)

    def table(self, key: str) -> TomlTable:
        """Take a sub-table; an absent one is empty."""
        value = self._left.pop(key, {})
        if not isinstance(value, dict):
            raise self.refuse(f"{key} must be a table", key=key)
        return TomlTable(value, where=f"{self._where} [{key}]")

    def tables(self, key: str) -> tuple[tuple[str, TomlTable], ...]:
        """Take a table of named tables, in the file's order."""
        inner = self.table(key)
        names = tuple(inner._left)  # noqa: SLF001 - its own class
        return tuple((name, inner.table(name)) for name in names)

    def array(self, key: str) -> tuple[TomlTable, ...]:
        """Take a list of tables; an absent one is empty."""
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.refuse(f"{key} must be a list of tables", key=key)
        return tuple(
            TomlTable(one, where=f"{self._where} [[{key}]] {place}") for place, one in enumerate(value, 1)
        )

    def finish(self) -> None:
        """Raise PolicyFileRefused when a key is left that nobody asked for."""
        for key in sorted(self._left):
            raise self.refuse(f"unknown key {key}", key=key)
