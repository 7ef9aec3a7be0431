"""Restores a backup: a new folder is made beside the old one, settled there, and exchanged in one step.

Until that step nothing of the old installation is changed; after it the new one is whole.
"""

import importlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import uuid4

import psycopg
from django.conf import settings

from ca.hsm.faults import TokenBusy
from ca.hsm.key_counts import KeyCounts
from ca.hsm.token_lock import own_token
from worker.backup import database_copy, exchange
from worker.backup.archive import digest_of, extract_archive
from worker.backup.database_copy import DUMP_FILE, SQLITE_FILE, Server
from worker.backup.errors import BackupRefused
from worker.backup.manifest import DatabaseFacts, Manifest
from worker.backup.question import Answer, Question
from worker.backup.quiet import running_processes
from worker.backup.signing import demand_signature

RECORD: Final = "restored.json"
"""In the restored folder: which restore it came of."""

_REPOSITORY: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A finished restore. ``aside`` is the folder that was replaced, ``aside_database`` likewise."""

    manifest: Manifest
    answer: Answer
    aside: Path | None
    aside_database: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be restored, where to, and with which ledger from outside (None: the one that is there)."""

    file: Path
    home: Path
    ledger: Path | None
    passphrase: str
    may_replace: bool
    at: datetime
    may_be_unsigned: bool = False

    @property
    def stamp(self) -> str:
        """The moment, for names of what is kept."""
        return f"{self.at:%Y%m%dT%H%M%SZ}"


def restore(wish: Wish) -> Restored:
    """Restore a backup. Raises ``BackupRefused``: then nothing was changed, or the message says what was."""
    server = _server()
    is_new = not wish.home.exists()
    wish.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_empty = exchange.is_empty(wish.home)
    run = _run_folder(wish.home)
    try:
        _demand_rest(run)
        with own_token(wish.home / "hsm" / "token.lock", patience=0):
            _finish_interrupted(wish, server)
            return _restore(wish, server, run=run, is_empty=is_empty)
    except TokenBusy as error:
        raise BackupRefused("the signer runs: stop every process first") from error
    except (OSError, sqlite3.Error, psycopg.Error) as error:
        raise BackupRefused(f"not restored: {error}") from error
    finally:
        if is_new and exchange.is_empty(wish.home):
            shutil.rmtree(wish.home)


def _restore(wish: Wish, server: Server | None, *, run: Path, is_empty: bool) -> Restored:
    draft = exchange.begin(wish.home)
    fresh = f"{server.database}_restoring" if server else ""
    try:
        unpacked = draft / "unpacked"
        extracted = extract_archive(wish.file, into=unpacked, passphrase=wish.passphrase)
        manifest = extracted.manifest
        if not extracted.is_sealed and not wish.may_be_unsigned:
            demand_signature(
                extracted, known=wish.home if _is_same_authority(wish.home, manifest) else unpacked / "home"
            )
        _demand_same_engine(manifest, server)
        is_same_authority = _is_same_authority(wish.home, manifest)
        if not is_empty and not wish.may_replace:
            _demand_older(wish.home, manifest, server, is_same_authority=is_same_authority)
        for part in (unpacked / "home").iterdir():
            part.rename(draft / part.name)
        _put_token_in_place(draft, counts_of=wish.home if is_same_authority else None)
        if server:
            database_copy.restore_postgresql(server, unpacked / DUMP_FILE, database=fresh)
        shutil.rmtree(unpacked)
        restore_id = uuid4().hex
        question = _question(wish, manifest, restore_id=restore_id, is_same_authority=is_same_authority)
        answer = _settle(question, draft, server=server, database=fresh)
        told = {"restore_id": restore_id, "backup_id": manifest.backup_id, "backup_made_at": manifest.made_at}
        (draft / RECORD).write_text(json.dumps(told, indent=1))
        _demand_rest(run)
        aside_database = ""
        if server:
            aside_database = f"{server.database}_before_{wish.stamp.lower()}"
            os.sync()
            database_copy.exchange_postgresql(server, fresh=fresh, aside=aside_database)
        exchange.put_in_place(wish.home)
    except BaseException:
        if not exchange.is_exchanged(wish.home) and not _is_restored_database(draft, server):
            shutil.rmtree(draft, ignore_errors=True)
        raise
    aside = exchange.settle(wish.home, stamp=wish.stamp)
    return Restored(manifest=manifest, answer=answer, aside=aside, aside_database=aside_database)


def _finish_interrupted(wish: Wish, server: Server | None) -> None:
    """Clear away or finish what a killed restore left. Raises ``BackupRefused`` when it finished one."""
    home, draft = wish.home, exchange.draft_of(wish.home)
    if not exchange.is_exchanged(home):
        if not draft.exists():
            return
        if not (draft / exchange.MARK).exists():
            raise BackupRefused(f"{draft} is in the way and is not ours: move it")
        if not _is_restored_database(draft, server):
            shutil.rmtree(draft)  # killed before the exchange: the old installation is untouched
            return
        exchange.put_in_place(home)
    aside = exchange.settle(home, stamp=wish.stamp)
    made_at = json.loads((home / RECORD).read_text())["backup_made_at"]
    raise BackupRefused(
        f"a restore that had been interrupted is finished now: {home} is the backup of {made_at}"
        + (f", what was there before is {aside}" if aside else "")
        + ". Run the command again if you want another backup than that."
    )


def _is_restored_database(draft: Path, server: Server | None) -> bool:
    """Tell whether PostgreSQL's present database came of the restore that made this folder."""
    if server is None or not (draft / RECORD).exists():
        return False
    restore_id = json.loads((draft / RECORD).read_text())["restore_id"]
    with server.connect() as connection:
        found = connection.execute(
            "SELECT 1 FROM journal_entry WHERE type = 'database.restored' AND content LIKE %s",
            (f"%{restore_id}%",),
        )
        return found.fetchone() is not None


def _demand_rest(run: Path) -> None:
    living = running_processes(run)
    if living:
        raise BackupRefused(f"{', '.join(living)} still run: stop the installation first")


def _demand_same_engine(manifest: Manifest, server: Server | None) -> None:
    engine = "postgresql" if server else "sqlite"
    if manifest.engine != engine:
        raise BackupRefused(f"the backup holds a {manifest.engine} database, this installation has {engine}")


def _demand_older(home: Path, manifest: Manifest, server: Server | None, *, is_same_authority: bool) -> None:
    """Refuse to lose what the backup does not have."""
    ask = "; to lose that, add --replace (what is there is kept aside)"
    if not is_same_authority:
        raise BackupRefused(f"{home} belongs to another CA than the backup{ask}")
    present = _present_facts(home, server)
    heads = [int(path.stem) for path in (home / "journal" / "checkpoints").glob("*.txt")]
    if present is None:
        raise BackupRefused(f"how new {home} is cannot be seen: its database cannot be read{ask}")
    lost = present.last_entry - manifest.database.last_entry
    if lost > 0 or max(heads, default=0) > manifest.database.journal_rows:
        raise BackupRefused(
            f"{home} is newer than the backup: its journal has {max(lost, 0)} entries that the backup of "
            f"{manifest.made_at} does not have{ask}"
        )


def _present_facts(home: Path, server: Server | None) -> DatabaseFacts | None:
    try:
        if server:
            with server.connect() as connection, connection.cursor() as cursor:
                return database_copy.facts(cursor)
        if (home / SQLITE_FILE).exists():
            return database_copy.facts_of_sqlite(home / SQLITE_FILE)
    except (sqlite3.Error, psycopg.Error):
        pass
    return None


def _is_same_authority(home: Path, manifest: Manifest) -> bool:
    root = home / "ceremony" / "root.pem"
    return root.exists() and digest_of(root) == manifest.root_sha256


def _put_token_in_place(draft: Path, *, counts_of: Path | None) -> None:
    """Make the live token out of the copy, and never let a key's counter go back."""
    for copy in (draft / "hsm" / "copies").glob("*"):
        shutil.copytree(copy / "tokens", draft / "hsm" / "tokens")
    if counts_of is None:
        return
    restored, present = KeyCounts(draft / "hsm" / "counts"), KeyCounts(counts_of / "hsm" / "counts")
    figures = restored.all()
    for label, figure in present.all().items():
        restored.add(label, max(0, figure - figures.get(label, 0)))
    restored.close()
    present.close()


def _question(wish: Wish, manifest: Manifest, *, restore_id: str, is_same_authority: bool) -> Question:
    """Ask with everything outside the backup that knows of revocations: this home, and the one configured."""
    homes = [wish.home] if is_same_authority else []
    configured: Path = settings.SIGILL_HOME
    if configured != wish.home and _is_same_authority(configured, manifest):
        homes.append(configured)
    ledgers = [home / "ledger" / "revocations.log" for home in homes]
    if wish.ledger is not None:
        if not wish.ledger.is_file():
            raise BackupRefused(f"there is no ledger {wish.ledger}")
        ledgers = [wish.ledger]  # named by a person: the one that is there may be damaged
    return Question(
        restore_id=restore_id,
        backup_id=manifest.backup_id,
        backup_made_at=manifest.made_at,
        restored_rows=manifest.database.journal_rows,
        restored_root_hash=manifest.database.journal_root_hash,
        present_heads=str(wish.home / "journal" / "checkpoints") if is_same_authority else "/nonexistent",
        present_log=str(wish.home / "public" / "log") if is_same_authority else "/nonexistent",
        ledgers=tuple(str(file.absolute()) for file in ledgers),
        crl_folders=tuple(str(home / "public" / "crl") for home in homes),
    )


def _settle(question: Question, draft: Path, *, server: Server | None, database: str) -> Answer:
    with tempfile.TemporaryDirectory(prefix="sigill-restore-") as run:
        environment = {**os.environ, "SIGILL_HOME": str(draft), "SIGILL_RUN": run}
        if server:
            url = urlsplit(os.environ["DATABASE_URL"])
            environment["DATABASE_URL"] = url._replace(path="/" + quote(database)).geturl()
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "worker.backup.settling", str(os.getpid())],
            input=json.dumps(asdict(question)),
            env=environment,
            cwd=_REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        raise BackupRefused(f"nothing was restored; the unpacked backup is not fit to be served: {said}")
    return Answer.decode(json.loads(done.stdout.splitlines()[-1]))


def _server() -> Server | None:
    database: dict[str, Any] = settings.DATABASES["default"]
    return None if database["ENGINE"].endswith("sqlite3") else Server.from_settings(database)


def _run_folder(home: Path) -> Path:
    """Return where the processes of an installation put their pid files."""
    if home == settings.SIGILL_HOME:
        return Path(settings.SIGILL_RUN)
    # The environment is read in one place, plain Python; worker and portal do not know each other.
    named = os.environ.pop("SIGILL_RUN", None)
    try:
        return Path(importlib.import_module("portal.config").run_directory(home))
    finally:
        if named is not None:
            os.environ["SIGILL_RUN"] = named
