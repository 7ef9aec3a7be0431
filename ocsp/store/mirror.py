"""Keeps a machine's own LMDB up to a store in Redis, so that its responders need nobody else to answer."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from ocsp.store.lmdb_mirror import Followed, LmdbMirror
from ocsp.store.record import StoredAnswer
from ocsp.store.redis_store import RedisStore, StoreState

_log = logging.getLogger(__name__)

_PAGE: Final = 2000


class Mirror:
    """Follows one Redis store into one folder; the only writer of that folder.

    The folder says revoked for ever, whatever Redis forgets. Content that begins anew (another epoch, or
    other numbers) is built beside the folder, with all that was revoked carried over, and put in its place
    when the publisher has vouched for it; until then responders go on with what they have.
    """

    def __init__(self, source: RedisStore, path: Path) -> None:
        """Remember both; nothing is opened yet."""
        self._source = source
        self._path = path
        self._local = LmdbMirror(path)
        self._seen: StoreState | None = None

    def step(self) -> bool:
        """Do what there is to do; tell whether there was anything. Raises ``StoreUnavailable``."""
        state = self._source.state()
        if state == self._seen:
            return False
        if state.epoch is None:
            return False  # nothing was ever published there
        self._source.renew()
        followed = self._local.followed() if (self._path / "data.mdb").exists() else None
        is_other = followed is None or followed.epoch != state.epoch.decode()
        if is_other or self._local.has_other_numbers_than(self._source.registry):
            if state.reconciled_at is None:
                return False  # not whole yet: what lies here is better
            self._replace(state)
        else:
            self._catch_up(self._local, state)
        self._seen = state
        return True

    def sweep(self, *, at: int) -> int:
        """Remove what the source has let go and whose certificates have ended before ``at`` (seconds)."""
        after, removed = None, 0
        if not (self._path / "data.mdb").exists():
            return 0
        while page := self._local.oldest(before=at, limit=_PAGE, after=after):
            after = page[-1][1].this_update, page[-1][0]
            ended = [key for key, answer in page if answer.not_after < at]
            gone = [
                key for key, stored in zip(ended, self._source.get_many(ended), strict=True) if stored is None
            ]
            if gone:
                removed += self._local.remove_expired(gone, before=at)
        return removed

    def close(self) -> None:
        """Close both."""
        self._local.close()
        self._source.close()

    def _catch_up(self, local: LmdbMirror, state: StoreState) -> None:
        """Take over all changes; what was read of ``state`` before them is then true of ``local``."""
        assert state.epoch is not None  # noqa: S101 - for the type checker; ``step`` looked
        followed = local.followed() or Followed(epoch=state.epoch.decode(), run=state.run, sequence=0)
        if followed.run != state.run or followed.sequence > state.sequence:
            # Another process answers: its sequence may have been used twice. Everything is compared again.
            followed = replace(followed, run=state.run, sequence=0)
        if self._seen is None or self._seen.registry_version != state.registry_version:
            local.adopt(self._source.registry)
        while changes := self._source.changes(after=followed.sequence, limit=_PAGE):
            published = local.put([(key, StoredAnswer.decode(stored)) for _, key, stored in changes])
            if published.refused:
                _log.warning("%d answers are refused: revoked or newer here", len(published.refused))
            followed = replace(followed, sequence=changes[-1][0])
            local.follow_to(followed)
        local.follow_to(replace(followed, sequence=max(followed.sequence, state.sequence)))
        if state.reconciled_at is not None and state.reconciled_at != local.freshness().reconciled_at:
            local.mark_reconciled(state.reconciled_at)

    def _replace(self, state: StoreState) -> None:
        draft = self._path.with_name(f"{self._path.name}.next")
        shutil.rmtree(draft, ignore_errors=True)
        fresh = LmdbMirror(draft)
        fresh.adopt(self._source.registry)
        if (self._path / "data.mdb").exists():
            carried = fresh.carry_over_revoked(self._local)
            _log.warning("the source begins anew; %d answers that say revoked are carried over", carried)
        self._seen = None
        self._catch_up(fresh, state)
        fresh.close()
        self._local.close()
        before = self._path.with_name(f"{self._path.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        if self._path.exists():
            self._path.rename(before)
        draft.rename(self._path)
        shutil.rmtree(before, ignore_errors=True)
        self._local = LmdbMirror(self._path)
