"""When each list is made again: at its interval, and soon after a revocation that it lacks.

Small lists follow a revocation at once, by the next look (every two seconds). The pause after a list
grows with its length (``PAUSE_AN_ENTRY``), so that a list of a million is made each 45 seconds at most and
not without end; its delta, where the issuer has one, does not wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.crl_contents import Window, issuers_lacking, lacks_something
from ca.crl_lists import WHOLE, CrlList, NewestLists
from ca.pki.dates import SECOND, whole_second

PAUSE_AN_ENTRY: Final = timedelta(microseconds=45)
LONGEST_PAUSE: Final = timedelta(seconds=45)
"""domain.md 3.4: on the full list within a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at all lists asks for once: the newest of each, and where something is unlisted."""

    newest: NewestLists
    lacking: frozenset[str]
    """Keys of issuers of which a revocation may lack on the whole list or its delta."""

    def may_lack(self, crl_list: CrlList) -> bool:
        """Tell whether to ask of a list what it lacks; of a shard always."""
        return crl_list.shard != WHOLE or crl_list.issuer.key in self.lacking


def look() -> Look:
    """Begin a look at the lists: what comes after this may be seen by the next one."""
    return Look(newest=NewestLists(), lacking=issuers_lacking())


def is_due(crl_list: CrlList, *, at: datetime, seen: Look | None = None) -> bool:
    """Tell whether a list must be made: none yet, its interval is over, or a revocation is not on it."""
    return due_at(crl_list, at=at, seen=seen) <= at


def due_at(crl_list: CrlList, *, at: datetime, seen: Look | None = None) -> datetime:
    """Return when a list must be made if nothing happens meanwhile; ``at`` or before it: now.

    A delta follows each newer full list, so that its number is above that of any list it goes with, and
    lies at least a second from it: two lists of one moment would have to say the same (RFC 5280
    section 5.2.4).
    """
    seen = seen or look()
    newest, latest = seen.newest.newest(crl_list), seen.newest.latest(crl_list)
    if newest is None or newest.this_update is None:
        return at + LONGEST_PAUSE if crl_list.is_delta else at
    if newest != latest and whole_second(at) <= newest.this_update:
        return newest.this_update + SECOND
    if latest is None or latest.this_update is None:
        return at
    plan = crl_list.facts.plan
    planned = latest.this_update + (plan.delta_crl_interval if crl_list.is_delta else plan.crl_interval)
    if at >= planned or (crl_list.is_delta and newest != latest):
        return at
    rests_until = latest.this_update + pause(latest.entry_count)
    if not crl_list.is_delta and at < rests_until:
        return min(planned, rests_until)
    return at if _lacks_something(crl_list, seen, at=at) else planned


def _lacks_something(crl_list: CrlList, seen: Look, *, at: datetime) -> bool:
    window = Window.after(seen.newest.full(crl_list), at=at)
    return seen.may_lack(crl_list) and lacks_something(crl_list, window)


def pause(entries: int) -> timedelta:
    """Return how long a full list of that many entries stands before a revocation alone replaces it."""
    return min(entries * PAUSE_AN_ENTRY, LONGEST_PAUSE)
