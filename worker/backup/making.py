"""Makes a backup of an installation while it runs; its parts are copied in an order that is safe."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import DatabaseError, transaction

from ca.hsm.installation import token_configuration
from journal.actor import Actor
from journal.recording import record, rfc3339
from worker.backup import contents
from worker.backup.archive import describe_files, digest_of, write_archive
from worker.backup.database_copy import (
    DUMP_FILE,
    SQLITE_FILE,
    Server,
    copy_sqlite,
    dump_postgresql,
    facts_of_sqlite,
)
from worker.backup.errors import BackupRefused
from worker.backup.manifest import DatabaseFacts, Manifest
from worker.backup.signing import sign_manifest
from worker.events import BackupMade


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A finished backup."""

    file: Path
    sha256: str
    manifest: Manifest
    token_copy: str
    is_signed: bool
    """By the audit key; without a signer the backup is whole, and nobody vouches for it."""


def make_backup(*, file: Path, passphrase: str, actor: Actor, at: datetime) -> Backup:
    """Write a backup of this installation to ``file`` and tell the journal; other processes go on working.

    Raises ``BackupRefused``; then there is no file.
    """
    root = settings.SIGILL_HOME / "ceremony" / "root.pem"
    if not root.exists():
        raise BackupRefused("there is nothing to back up: no key ceremony has been held here")
    if file.exists():
        raise BackupRefused(f"{file} is there already and is not replaced")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _working_folder(file.parent) as folder:
            home = folder / "home"
            home.mkdir(mode=0o700)
            contents.copy_parts(settings.SIGILL_HOME, home, contents.BEFORE_DATABASE)
            engine, facts = _copy_database(folder)
            contents.copy_parts(settings.SIGILL_HOME, home, contents.AFTER_DATABASE)
            copied_token = contents.copy_token(token_configuration(), home / "hsm")
            manifest = Manifest(
                backup_id=uuid4().hex,
                made_at=rfc3339(at),
                engine=engine,
                root_sha256=digest_of(root),
                database=facts,
                files=describe_files(folder),
            )
            signature = sign_manifest(manifest.encode())
            write_archive(folder, manifest, file=file, passphrase=passphrase, signature=signature)
    except (OSError, sqlite3.Error, psycopg.Error) as error:
        raise BackupRefused(f"no backup was made: {error}") from error
    sha256 = digest_of(file)
    event = BackupMade(
        backup_id=manifest.backup_id,
        sha256=sha256,
        is_encrypted=bool(passphrase),
        journal_rows=facts.journal_rows,
        journal_root_hash=facts.journal_root_hash,
    )
    try:
        with transaction.atomic():
            record(event, actor=actor, at=at)
    except DatabaseError as error:
        file.unlink()  # no backup that the journal does not know of
        raise BackupRefused(f"the journal cannot be written, so there is no backup: {error}") from error
    return Backup(
        file=file,
        sha256=sha256,
        manifest=manifest,
        token_copy=copied_token,
        is_signed=bool(signature),
    )


def _copy_database(folder: Path) -> tuple[str, DatabaseFacts]:
    database: dict[str, Any] = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        copy = folder / "home" / SQLITE_FILE
        copy_sqlite(Path(database["NAME"]), copy)
        return "sqlite", facts_of_sqlite(copy)
    return "postgresql", dump_postgresql(Server.from_settings(database), folder / DUMP_FILE)


@contextmanager
def _working_folder(beside: Path) -> Iterator[Path]:
    """Give a folder for the copies, and remove it; also one that a killed backup left, with secrets in it."""
    folder = beside / ".sigill-backup"
    handle = os.open(beside / ".sigill-backup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupRefused(f"another backup is being written to {beside}") from error
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)
