"""Looks every two seconds for lists that are due, and closely only when something can have changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from ca.crl_lists import lists_of
from ca.crl_publishing import publish_due
from ca.crl_schedule import due_at, look
from ca.hsm.proxy import SignerSource
from ca.models import Issuer
from journal.actor import Actor
from journal.sequencing import Edge, journal_edge

LONGEST_QUIET: Final = timedelta(seconds=30)
"""After this everything is looked at, whatever the signs say: the list is promised within a minute."""
SETTLING: Final = timedelta(seconds=10)
"""After a change everything is looked at for so long: the clock of who revoked may be ahead of this one."""

_Identity = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quiet:
    """What was so when nothing was to be done: as long as it is, nothing is to be done."""

    until: datetime
    edge: Edge
    """Every change of state has its entry in the journal, in the same transaction (design decision 5)."""
    files: dict[Path, _Identity]


class CrlLooking:
    """One process's look at the lists; a revocation, a list, a file or the time ends the quiet."""

    def __init__(self) -> None:
        self._is_looking = Lock()
        self._quiet: _Quiet | None = None
        self._seen: tuple[Edge, datetime] | None = None
        """The edge of the last look, and when it was seen first."""

    def publish_due(self, *, signers: SignerSource, actor: Actor, at: datetime) -> int:
        """Publish every CRL that is due; see ``ca.crl_publishing.publish_due``.

        A look that is still going on is not begun again beside itself: a long list would be made twice.
        """
        if not self._is_looking.acquire(blocking=False):
            return 0
        try:
            return self._look(signers=signers, actor=actor, at=at)
        finally:
            self._is_looking.release()

    def _look(self, *, signers: SignerSource, actor: Actor, at: datetime) -> int:
        edge = journal_edge()  # before anything is read: what comes meanwhile is seen the next time
        quiet, self._quiet = self._quiet, None
        if quiet is not None and _holds(quiet, edge=edge, at=at):
            self._quiet = quiet
            return 0
        if self._seen is None or self._seen[0] != edge:
            self._seen = edge, at
        made = publish_due(signers=signers, actor=actor, at=at)
        if not made and not edge.has_waiting and at - self._seen[1] >= SETTLING:
            self._quiet = _quiet(edge, at=at)
        return made


def _holds(quiet: _Quiet, *, edge: Edge, at: datetime) -> bool:
    is_same = edge == quiet.edge and at < quiet.until
    return is_same and all(_identity(file) == identity for file, identity in quiet.files.items())


def _quiet(edge: Edge, *, at: datetime) -> _Quiet | None:
    """Return what is so now; None when a list that should lie there does not."""
    lists = [
        crl_list
        for issuer in Issuer.objects.filter(certified_at__isnull=False)
        for crl_list in lists_of(issuer)
    ]
    files = {one.file: identity for one in lists if (identity := _identity(one.file))}
    if len(files) < len(lists):
        return None
    seen = look()
    until = min((due_at(one, at=at, seen=seen) for one in lists), default=at + LONGEST_QUIET)
    return _Quiet(until=min(until, at + LONGEST_QUIET), edge=edge, files=files)


def _identity(file: Path) -> _Identity | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
