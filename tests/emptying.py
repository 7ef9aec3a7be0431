"""Empties the tables after a test that committed: only those that hold something.

Django's flush truncates every table, which costs PostgreSQL half a second: it makes new files for all of
them. Most tests fill a dozen.
"""

from collections.abc import Sequence
from typing import Protocol

from django.core.management.color import Style
from django.db.backends.base.base import BaseDatabaseWrapper


class Flush(Protocol):
    """``DatabaseOperations.sql_flush``."""

    def __call__(
        self,
        style: Style,
        tables: Sequence[str],
        *,
        reset_sequences: bool = False,
        allow_cascade: bool = False,
    ) -> list[str]: ...


def only_filled(connection: BaseDatabaseWrapper) -> Flush:
    """Return what takes the place of ``sql_flush`` on a PostgreSQL; sequences go on where they are.

    The locks wait for a request that a browser left behind, as TRUNCATE does, so that none of its rows stays.
    The order is of no account: the flush is one transaction, and foreign keys are looked at when it ends.
    """

    def sql_flush(
        style: Style,
        tables: Sequence[str],
        *,
        reset_sequences: bool = False,
        allow_cascade: bool = False,
    ) -> list[str]:
        if reset_sequences or allow_cascade:
            raise NotImplementedError("a test that needs its numbers from 1 flushes with Django's own")
        quoted = [connection.ops.quote_name(table) for table in sorted(set(tables))]
        empties = " ".join(
            f"IF EXISTS (SELECT FROM {table}) THEN DELETE FROM {table}; END IF;" for table in quoted
        )
        return [
            f"LOCK TABLE {', '.join(quoted)} IN ACCESS EXCLUSIVE MODE",
            f"DO $emptying$ BEGIN {empties} END $emptying$",
        ]

    return sql_flush
