"""The revocation ledger: an append-only file outside the database, so that no restore undoes a revocation.

One JSON object per line; each line holds the digest of the line before it. A line counts when its
newline is on disk: a cut last line was never acknowledged and is removed. Anything else that does not
add up is ``LedgerDamaged``, and nothing is appended to a damaged ledger.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from ca.errors import LedgerDamaged
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from journal.recording import rfc3339

_START: Final = "0" * 64
_SECONDS: Final = 1 << 40
"""Moments are kept two to a number, in whole seconds: a ledger of a million must fit into a worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One revocation, complete in itself: enough to put it on a CRL without the database."""

    issuer: str
    serial: str
    certificate_id: str
    revoked_at: str
    requested_at: str
    invalidity_at: str
    not_after: str
    reason: int

    @property
    def name(self) -> tuple[str, str]:
        """What is revoked: issuer and serial number."""
        return self.issuer, self.serial

    @property
    def expires_at(self) -> datetime:
        """When the certificate expires."""
        return datetime.fromisoformat(self.not_after)

    @property
    def begins_at(self) -> datetime:
        """When it was revoked."""
        return datetime.fromisoformat(self.revoked_at)

    @property
    def revocation_reason(self) -> RevocationReason:
        """Why it was revoked."""
        return RevocationReason(self.reason)


class RevocationLedger:
    """The ledger in one file. Several processes may append; a lock on the file orders them.

    What stays in memory is an index of some 200 octets for each revocation; the file is read once to its
    end, and from there on only what is new.
    """

    def __init__(self, file: Path) -> None:
        """Remember the file; it is made by the first append."""
        self._file = file
        self._position = 0
        self._digest = _START
        self._index: dict[str, dict[str, int]] = {}
        """By issuer and serial number, in the order of the file: when it expires and was revoked."""

    def append(self, entries: Iterable[LedgerEntry]) -> int:
        """Append what is not there yet, and return how many lines that were, once they are on disk.

        Raises ``LedgerDamaged``.
        """
        with self._locked() as handle:
            self._read(handle, may_repair=True)
            fresh = [
                entry
                for entry in {one.name: one for one in entries}.values()
                if entry.serial not in self._index.get(entry.issuer, ())
            ]
            if not fresh:
                return 0
            lines = []
            digest = self._digest
            for entry in fresh:
                line, digest = _line(entry, digest)
                lines.append(line)
            handle.write(b"".join(lines))
            handle.flush()
            os.fsync(handle.fileno())
            self._position = handle.tell()
            self._digest = digest
            for entry in fresh:
                self._remember(entry)
        return len(fresh)

    def entries(self) -> list[LedgerEntry]:
        """Return every revocation, the oldest first; reads the whole file. Raises ``LedgerDamaged``."""
        found: dict[tuple[str, str], LedgerEntry] = {}
        digest = _START
        for line in self._lines_from_start():
            entry, digest = _parse(line, digest)
            found[entry.name] = entry
        return list(found.values())

    def count(self) -> int:
        """Return how many certificates are revoked in it. Raises ``LedgerDamaged``."""
        self._catch_up()
        return sum(map(len, self._index.values()))

    def unknown(self, issuer: str, serials: Iterable[str]) -> list[str]:
        """Return those serial numbers of an issuer that are not in it. Raises ``LedgerDamaged``."""
        self._catch_up()
        known = self._index.get(issuer, {})
        return [serial for serial in serials if serial not in known]

    def revoked_serials(self, issuer: str, *, at: datetime) -> set[str]:
        """Return the serial numbers of an issuer's revoked certificates that have not expired.

        Raises ``LedgerDamaged``.
        """
        return set(self.revoked_since(issuer, at=at))

    def revoked_since(self, issuer: str, *, at: datetime, since: datetime | None = None) -> Iterator[str]:
        """Yield those that have not expired ``at`` and were revoked after ``since`` and not after ``at``.

        What the clocks of others say of a moment that has not come yet here is left to the next time.
        Raises ``LedgerDamaged``.
        """
        self._catch_up()
        begins, ends = -1 if since is None else int(since.timestamp()), int(at.timestamp())
        for serial, moments in self._index.get(issuer, {}).items():
            expires_at, revoked_at = divmod(moments, _SECONDS)
            if expires_at > ends and begins < revoked_at <= ends:
                yield serial

    def _catch_up(self) -> None:
        if not self._file.exists():
            self._forget()
            return
        with self._file.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            self._read(handle, may_repair=False)

    def _lines_from_start(self) -> Iterator[bytes]:
        if not self._file.exists():
            return
        with self._file.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            for line in handle:
                if line.endswith(b"\n"):  # a cut last line was never acknowledged
                    yield line

    def _remember(self, entry: LedgerEntry) -> None:
        expires_at, revoked_at = (int(moment.timestamp()) for moment in (entry.expires_at, entry.begins_at))
        self._index.setdefault(entry.issuer, {})[entry.serial] = expires_at * _SECONDS + revoked_at

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self._file.exists()
        with self._file.open("ab+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        if is_new:
            _sync_folder(self._file.parent)

    def _read(self, handle: BinaryIO, *, may_repair: bool) -> None:
        """Read what others appended since the last time."""
        size = handle.seek(0, os.SEEK_END)
        if size < self._position:
            self._forget()
        handle.seek(self._position)
        for line in handle:
            if not line.endswith(b"\n"):
                if may_repair:
                    handle.truncate(self._position)
                break
            entry, self._digest = _parse(line, self._digest)
            self._remember(entry)
            self._position += len(line)
        handle.seek(self._position)

    def _forget(self) -> None:
        self._position, self._digest, self._index = 0, _START, {}


def entry_of(certificate: Certificate) -> LedgerEntry:
    """Return the ledger's entry of a revoked certificate. Raises ``ValueError`` when it is not revoked."""
    if certificate.revoked_at is None or certificate.revocation_reason is None:
        msg = "only revoked certificates go into the ledger"
        raise ValueError(msg)

    def moment(value: datetime | None) -> str:
        return "" if value is None else rfc3339(value)

    return LedgerEntry(
        issuer=certificate.issuer_id,
        serial=certificate.serial_hex,
        certificate_id=str(certificate.pk),
        revoked_at=moment(certificate.revoked_at),
        requested_at=moment(certificate.revocation_requested_at),
        invalidity_at=moment(certificate.invalidity_at),
        not_after=moment(certificate.not_after),
        reason=certificate.revocation_reason,
    )


def _line(entry: LedgerEntry, before: str) -> tuple[bytes, str]:
    content = json.dumps({**asdict(entry), "before": before}, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"{digest} {content}\n".encode(), digest


def _parse(line: bytes, before: str) -> tuple[LedgerEntry, str]:
    try:
        digest, content = line.decode().rstrip("\n").split(" ", 1)
        facts = json.loads(content)
        is_whole = hashlib.sha256(content.encode()).hexdigest() == digest and facts.pop("before") == before
        names = {field.name for field in fields(LedgerEntry)}
        if is_whole and set(facts) == names:
            return LedgerEntry(**facts), digest
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise LedgerDamaged("a line of the revocation ledger cannot be read") from error
    raise LedgerDamaged("a line of the revocation ledger does not follow from the one before it")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
