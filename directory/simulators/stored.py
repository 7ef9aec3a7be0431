"""The registers in a SQLite file, for as many people as a country has: asked row by row, never read whole.

A tester edits it while the simulators run, as with people.toml: ``sqlite3 people.db "UPDATE person SET
content = json_set(content, '$.surname', 'Ek') WHERE number = '…'"``.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from directory.simulators.people import (
    Address,
    Commission,
    Employment,
    Function,
    Organization,
    Person,
    Registers,
    Unit,
)

_BEGINNING = b"SQLite format 3\x00"
_BATCH = 20_000
_TABLES = """
CREATE TABLE organization (content TEXT NOT NULL);
CREATE TABLE unit (content TEXT NOT NULL);
CREATE TABLE function (content TEXT NOT NULL);
CREATE TABLE commission (content TEXT NOT NULL);
CREATE TABLE person (number TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE employment (key TEXT NOT NULL, hsa_id TEXT NOT NULL, number TEXT NOT NULL);
"""
_INDEXES = """
CREATE UNIQUE INDEX person_by_number ON person (number);
CREATE UNIQUE INDEX employment_by_key ON employment (key);
"""
_DEFAULTS = {
    kind: {one.name: one.default for one in fields(kind) if one.default is not MISSING}
    for kind in (Person, Employment, Address)
}


def is_stored(path: Path) -> bool:
    """Tell whether a file is such a store."""
    with path.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING


def write(
    path: Path, *, organizations: Iterable[Organization], units: Iterable[Unit], people: Iterable[Person]
) -> int:
    """Write a store, people as they come, and return how many; an earlier one stays until this is whole."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    connection = sqlite3.connect(draft)
    try:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
        connection.executemany(
            "INSERT INTO organization VALUES (?)", ((json.dumps(asdict(one)),) for one in organizations)
        )
        connection.executemany("INSERT INTO unit VALUES (?)", ((json.dumps(asdict(one)),) for one in units))
        count = 0
        for batch in _batches(people):
            count += len(batch)
            connection.executemany(
                "INSERT INTO person VALUES (?, ?)", [(one.number, _content(one)) for one in batch]
            )
            connection.executemany(
                "INSERT INTO employment VALUES (?, ?, ?)",
                [(work.hsa_id.upper(), work.hsa_id, one.number) for one in batch for work in one.employments],
            )
        connection.executescript(_INDEXES)
        connection.commit()
    finally:
        connection.close()
    draft.replace(path)
    return count


@dataclass(frozen=True, slots=True)
class _People(Mapping[str, Person]):
    store: "StoredFile"

    def __getitem__(self, number: str) -> Person:
        row = self.store.row("SELECT content FROM person WHERE number = ?", number)
        if row is None:
            raise KeyError
        return _person(number, row[0])

    def __iter__(self) -> Iterator[str]:
        return (number for (number,) in self.store.rows("SELECT number FROM person"))

    def __len__(self) -> int:
        return int(self.store.rows("SELECT count(*) FROM person").fetchone()[0])


@dataclass(frozen=True, slots=True)
class _ByHsaId(Mapping[str, tuple[Person, Employment]]):
    store: "StoredFile"
    people: _People

    def __getitem__(self, key: str) -> tuple[Person, Employment]:
        row = self.store.row("SELECT number FROM employment WHERE key = ?", key)
        if row is None:
            raise KeyError
        person = self.people[row[0]]
        return person, next(work for work in person.employments if work.hsa_id.upper() == key)

    def __iter__(self) -> Iterator[str]:
        return (key for (key,) in self.store.rows("SELECT key FROM employment"))

    def __len__(self) -> int:
        return int(self.store.rows("SELECT count(*) FROM employment").fetchone()[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredRegisters(Registers):
    store: "StoredFile"

    def entries(self) -> Iterable[tuple[str, str]]:
        """Return number and HSA-id of every person object, from the index alone."""
        return self.store.rows("SELECT number, hsa_id FROM employment")


class StoredFile:
    """The registers of such a store, as it is now; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._address = f"{path.absolute().as_uri()}?mode=ro"
        self._local = threading.local()

    def registers(self) -> Registers:
        """Return the registers; people are looked up when they are asked for."""
        people = _People(self)
        return _StoredRegisters(
            store=self,
            organizations=tuple(Organization(**one) for one in self._each("organization")),
            units={one["hsa_id"]: Unit(**one) for one in self._each("unit")},
            people=people,
            commissions=tuple(Commission(**one) for one in self._each("commission")),
            functions=tuple(
                Function(**{**one, "names": tuple(one.get("names", ()))}) for one in self._each("function")
            ),
            by_hsa_id=_ByHsaId(self, people),
        )

    def row(self, statement: str, key: str) -> tuple[str, ...] | None:
        """Return the one row with a key, or None."""
        found: tuple[str, ...] | None = self._connection.execute(statement, (key,)).fetchone()
        return found

    def rows(self, statement: str) -> sqlite3.Cursor:
        """Return every row."""
        return self._connection.execute(statement)

    @property
    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(self._address, uri=True)
        connection: sqlite3.Connection = self._local.connection
        return connection

    def _each(self, table: str) -> list[dict[str, Any]]:
        rows = self.rows(f"SELECT content FROM {table}")  # noqa: S608 - our own four names
        return [json.loads(content) for (content,) in rows]


def _content(person: Person) -> str:
    """Return a person as JSON, what is usual left out."""
    facts = _told(person, without=("number", "address", "employments"))
    if person.address:
        facts["address"] = _told(person.address)
    facts["employments"] = [_told(work) for work in person.employments]
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def _told(value: Person | Employment | Address, *, without: tuple[str, ...] = ()) -> dict[str, object]:
    defaults = _DEFAULTS[type(value)]
    told = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in without}
    return {name: found for name, found in told.items() if defaults.get(name, MISSING) != found}


def _person(number: str, content: str) -> Person:
    facts = json.loads(content)
    address = facts.pop("address", None)
    employments = tuple(Employment(**work) for work in facts.pop("employments", ()))
    return Person(
        number=number, address=Address(**address) if address else None, employments=employments, **facts
    )


def _batches(people: Iterable[Person]) -> Iterator[list[Person]]:
    batch: list[Person] = []
    for one in people:
        batch.append(one)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
