"""Puts rows of the journal into the database: any number of entries in one statement, or a few on SQLite.

Nothing here waits for another writer: an entry gets its number from a sequence and its place in the tree
later, from ``journal/sequencing.py``. Only ``journal/recording.py`` calls this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from journal.models import Entry, EntryReference, Unsequenced


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """What an entry's row holds, and the (kind, id) of each object that it is found by."""

    type: str
    version: int
    at: datetime
    actor_identifier: str
    content: str
    references: Sequence[tuple[str, str]]


_ONE: Final = """
WITH added AS (
  INSERT INTO journal_entry (type, version, at, actor_identifier, content)
  VALUES (%s, %s, %s, %s, %s) RETURNING id, at
), named AS (
  INSERT INTO journal_entryreference (entry_id, kind, value, at)
  SELECT id, kind, value, at FROM added, unnest(%s::text[], %s::text[]) AS reference (kind, value)
)
INSERT INTO journal_unsequenced (entry_id) SELECT id FROM added RETURNING entry_id
"""

_MANY: Final = """
WITH given AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('journal_entry', 'id')) AS id, row.*
  FROM unnest(%s::text[], %s::int[], %s::timestamptz[], %s::text[], %s::text[])
    WITH ORDINALITY AS row (type, version, at, actor_identifier, content, number)
), added AS (
  INSERT INTO journal_entry (id, type, version, at, actor_identifier, content)
  SELECT id, type, version, at, actor_identifier, content FROM given ORDER BY number
), named AS (
  INSERT INTO journal_entryreference (entry_id, kind, value, at)
  SELECT given.id, kind, value, at
  FROM unnest(%s::int[], %s::text[], %s::text[]) AS reference (number, kind, value)
  JOIN given ON given.number = reference.number
), waiting AS (
  INSERT INTO journal_unsequenced (entry_id) SELECT id FROM given ORDER BY number
)
SELECT id FROM given ORDER BY number
"""


def append(rows: Sequence[NewEntry]) -> list[Entry]:
    """Insert the rows in their order, in the caller's transaction, and return them as entries."""
    if not rows:
        return []
    keys = _on_postgresql(rows) if connection.vendor == "postgresql" else _elsewhere(rows)
    names = ("id", "type", "version", "at", "actor_identifier", "content")
    return [
        Entry.from_db(
            connection.alias,
            names,
            (key, row.type, row.version, row.at, row.actor_identifier, row.content),
        )
        for key, row in zip(keys, rows, strict=True)
    ]


def _on_postgresql(rows: Sequence[NewEntry]) -> list[int]:
    with connection.cursor() as cursor:
        if len(rows) == 1:
            row = rows[0]
            kinds, values = [kind for kind, _ in row.references], [value for _, value in row.references]
            cursor.execute(
                _ONE, (row.type, row.version, row.at, row.actor_identifier, row.content, kinds, values)
            )
        else:
            named = [(number, *each) for number, row in enumerate(rows, start=1) for each in row.references]
            cursor.execute(
                _MANY,
                (
                    [row.type for row in rows],
                    [row.version for row in rows],
                    [row.at for row in rows],
                    [row.actor_identifier for row in rows],
                    [row.content for row in rows],
                    [number for number, _, _ in named],
                    [kind for _, kind, _ in named],
                    [value for _, _, value in named],
                ),
            )
        return [key for (key,) in cursor.fetchall()]


def _elsewhere(rows: Sequence[NewEntry]) -> list[int]:
    entries = Entry.objects.bulk_create(
        Entry(
            type=row.type,
            version=row.version,
            at=row.at,
            actor_identifier=row.actor_identifier,
            content=row.content,
        )
        for row in rows
    )
    EntryReference.objects.bulk_create(
        EntryReference(entry=entry, kind=kind, value=value, at=row.at)
        for entry, row in zip(entries, rows, strict=True)
        for kind, value in row.references
    )
    Unsequenced.objects.bulk_create(Unsequenced(entry=entry) for entry in entries)
    return [entry.pk for entry in entries]
