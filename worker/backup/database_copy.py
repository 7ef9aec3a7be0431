"""Copies the database as it is at one moment while it is in use, and says how far it had come."""

import os
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from psycopg import sql

from journal.merkle import Peaks
from worker.backup.errors import BackupRefused
from worker.backup.manifest import DatabaseFacts

SQLITE_FILE: Final = "db.sqlite3"
DUMP_FILE: Final = "database.pgdump"


class Cursor(Protocol):
    """What SQLite's and PostgreSQL's cursors have in common."""

    def execute(self, statement: str, /) -> object:
        """Run a statement."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a PostgreSQL database is; empty values are left to libpq."""

    database: str
    user: str
    password: str
    host: str
    port: str

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Server":
        """Read Django's database setting."""
        return cls(
            database=settings["NAME"],
            user=settings["USER"],
            password=settings["PASSWORD"],
            host=settings["HOST"],
            port=settings["PORT"],
        )

    def connect(self, database: str = "") -> "psycopg.Connection[Any]":
        """Connect, to another database of the server where one is named."""
        return psycopg.connect(
            dbname=database or self.database,
            user=self.user or None,
            password=self.password or None,
            host=self.host or None,
            port=self.port or None,
            autocommit=True,
        )

    def run(self, program: str, *arguments: str, database: str = "") -> None:
        """Run pg_dump or pg_restore; the password is never an argument. Raises ``BackupRefused``."""
        named = {"PGUSER": self.user, "PGPASSWORD": self.password, "PGHOST": self.host, "PGPORT": self.port}
        environment = {**os.environ, **{name: value for name, value in named.items() if value}}
        command = [program, "--no-password", "--dbname", database or self.database, *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - two programs of PostgreSQL, named above
                command, env=environment, capture_output=True, text=True, check=False
            )
        except FileNotFoundError as error:
            raise BackupRefused(f"{program} is not installed (package postgresql-client)") from error
        if done.returncode:
            raise BackupRefused(f"{program} failed: {done.stderr.strip()[-500:]}")


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database with its online backup: one moment of it, whoever writes meanwhile.

    Raises ``BackupRefused`` when the copy is not whole.
    """
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source, timeout=20)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        said = copy.execute("PRAGMA quick_check").fetchone()[0]
    if said != "ok":
        raise BackupRefused(f"the database {source.name} is damaged: {said}")


def facts_of_sqlite(file: Path) -> DatabaseFacts:
    """Return how far a SQLite database has come. Raises ``sqlite3.Error``."""
    with closing(sqlite3.connect(file)) as connection:
        return facts(connection.cursor())


def dump_postgresql(server: Server, target: Path) -> DatabaseFacts:
    """Dump a PostgreSQL database and return how far it had come at that very moment.

    Raises ``BackupRefused`` and ``psycopg.Error``.
    """
    with server.connect() as connection, connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = cursor.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
        server.run(
            "pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}"
        )  # fmt: skip
        target.chmod(0o600)
        return facts(cursor)


def restore_postgresql(server: Server, dump: Path, *, database: str) -> None:
    """Make a new database beside the present one, with its order of letters, and fill it from a dump.

    Raises ``BackupRefused`` and ``psycopg.Error``.
    """
    drop_postgresql(server, database=database)
    with server.connect() as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, daticulocale "
            "FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        if row is None:
            raise BackupRefused("the database in DATABASE_URL does not know itself")
        encoding, collate, ctype, provider, icu = row
        statement = sql.SQL(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {} "
        ).format(sql.Identifier(database), encoding, collate, ctype)
        if provider == "i":
            statement += sql.SQL("LOCALE_PROVIDER icu ICU_LOCALE {}").format(icu)
        connection.execute(statement)
    server.run(
        "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(dump), database=database
    )


def drop_postgresql(server: Server, *, database: str) -> None:
    """Remove a database that was made beside the present one, if it is there."""
    with server.connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(database)))


def exchange_postgresql(server: Server, *, fresh: str, aside: str) -> None:
    """Give the fresh database the present one's name, and the present one ``aside``: both or neither.

    Raises ``BackupRefused`` while anybody is connected.
    """
    try:
        with server.connect("postgres") as connection, connection.transaction():
            for old, new in ((server.database, aside), (fresh, server.database)):
                connection.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
                )
    except psycopg.errors.ObjectInUse as error:
        raise BackupRefused("somebody is connected to the database: stop every process first") from error


def facts(cursor: Cursor) -> DatabaseFacts:
    """Read journal, certificates and CRL numbers; the same statements for both engines."""

    def rows(statement: str) -> list[Any]:
        cursor.execute(statement)
        return cursor.fetchall()

    size, peaks = next(iter(rows("SELECT size, peaks FROM journal_treestate WHERE id = 1")), (0, ""))
    head = rows("SELECT MAX(size) FROM journal_checkpoint")[0][0]
    last = rows("SELECT MAX(id) FROM journal_entry")[0][0]
    total = rows("SELECT COUNT(*) FROM ca_certificate")[0][0]
    revoked = rows("SELECT COUNT(*) FROM ca_certificate WHERE revoked_at IS NOT NULL")[0][0]
    numbers = rows("SELECT issuer_id, shard, MAX(crl_number) FROM ca_crl GROUP BY issuer_id, shard")
    return DatabaseFacts(
        last_entry=last or 0,
        journal_rows=size,
        journal_root_hash=Peaks(size, [bytes.fromhex(peak) for peak in peaks.split()]).root().hex(),
        newest_head_rows=head or 0,
        certificates=total,
        revoked=revoked,
        crl_numbers={f"{issuer}/{shard}": number for issuer, shard, number in sorted(numbers)},
    )
