"""Puts single files of a backup back into an installation that is otherwise whole: ``restore --only``."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from ca.hsm.faults import TokenBusy
from ca.hsm.key_counts import KeyCounts
from ca.hsm.token_lock import own_token
from worker.backup.archive import digest_of, extract_archive, sync_folder
from worker.backup.errors import BackupRefused
from worker.backup.signing import demand_signature

_DRAFT: Final = ".putting-back-"
COUNTS: Final = PurePosixPath("hsm/counts")
PARTS: Final = (
    PurePosixPath("secrets"),
    PurePosixPath("ceremony"),
    COUNTS,
    PurePosixPath("hsm/certificates"),
)
"""What may be put back by itself: it changes seldom. All else goes with the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWish:
    """Which part of which backup is put back where: a file or folder, named as below the home."""

    file: Path
    part: str
    home: Path
    passphrase: str
    at: datetime
    may_be_unsigned: bool = False


def put_back(wish: PartWish) -> list[str]:
    """Put back what is missing or different, and return the paths; what was replaced is kept aside.

    What the backup does not have stays, and a key's counter never goes back. Raises ``BackupRefused``: then
    nothing was changed.
    """
    part = PurePosixPath(wish.part)
    if ".." in part.parts or not any(part.is_relative_to(one) for one in PARTS):
        names = ", ".join(map(str, PARTS))
        raise BackupRefused(f"only {names}, or what is below, can be put back without the rest")
    _clear_away(wish.home, at=wish.at)
    with tempfile.TemporaryDirectory(dir=wish.home, prefix=_DRAFT) as draft:
        unpacked = Path(draft)
        extracted = extract_archive(wish.file, into=unpacked, passphrase=wish.passphrase)
        source = unpacked / "home"
        known = wish.home if (wish.home / "ceremony" / "audit.pem").is_file() else source
        if not extracted.is_sealed and not wish.may_be_unsigned:
            demand_signature(extracted, known=known)
        root = wish.home / "ceremony" / "root.pem"
        if root.is_file() and digest_of(root) != extracted.manifest.root_sha256:
            raise BackupRefused(f"the backup is of another CA than {wish.home.name}")
        files = _files_of(source, part)
        if not files:
            raise BackupRefused(f"the backup has no {wish.part}")
        if part.is_relative_to(COUNTS):
            return _counters(source, wish.home)
        return _put(files, source, wish)


def _clear_away(home: Path, *, at: datetime) -> None:
    """Remove what a killed run unpacked: keys and personal data; one that goes on is minutes old at most."""
    for left in home.glob(f"{_DRAFT}*"):
        if left.stat().st_mtime < (at - timedelta(hours=1)).timestamp():
            shutil.rmtree(left)


def _files_of(source: Path, part: PurePosixPath) -> list[PurePosixPath]:
    place = source / part
    files = [place] if place.is_file() else sorted(one for one in place.rglob("*") if one.is_file())
    return [PurePosixPath(one.relative_to(source).as_posix()) for one in files]


def _put(files: list[PurePosixPath], source: Path, wish: PartWish) -> list[str]:
    aside, done = wish.home / "backups" / f"replaced-{wish.at:%Y%m%dT%H%M%SZ}", []
    for name in files:
        fresh, present = source / name, wish.home / name
        if present.is_file() and digest_of(present) == digest_of(fresh):
            continue
        if present.exists():
            kept = aside / name
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(present, kept)
        present.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with fresh.open("rb") as handle:
            os.fsync(handle.fileno())
        fresh.replace(present)
        sync_folder(present.parent)
        done.append(str(name))
    return done


def _counters(source: Path, home: Path) -> list[str]:
    """Raise each counter to what the backup has; only while no signer has them open."""
    try:
        with own_token(home / "hsm" / "token.lock", patience=0):
            found, present = KeyCounts(source / COUNTS), KeyCounts(home / COUNTS)
            before = present.all()
            raised = {label: figure for label, figure in found.all().items() if figure > before.get(label, 0)}
            for label, figure in raised.items():
                present.add(label, figure - before.get(label, 0))
            found.close()
            present.close()
            return [str(COUNTS / label) for label in raised]
    except TokenBusy as error:
        raise BackupRefused("the signer runs: stop it first, it has the counters open") from error
