"""When each list is made again: at its interval, and soon after a revocation that it lacks.

Small lists follow a revocation at once, by the next look (every two seconds). The pause after a list
grows with its length (``PAUSE_AN_ENTRY``), so that a list of a million is made each 45 seconds at most and
not without end; its delta, where the issuer has one, does not wait.
"""

from datetime import datetime, timedelta
from typing import Final

from ca.crl_contents import Window, lacks_something
from ca.crl_lists import CrlList, sequence
from ca.pki.dates import whole_second

PAUSE_AN_ENTRY: Final = timedelta(microseconds=45)
LONGEST_PAUSE: Final = timedelta(seconds=45)
"""domain.md 3.4: on the full list within a minute."""


def is_due(crl_list: CrlList, *, at: datetime) -> bool:
    """Tell whether a list must be made: none yet, its interval is over, or a revocation is not on it.

    A delta follows each newer full list, so that its number is above that of any list it goes with, and
    lies at least a second from it: two lists of one moment would have to say the same (RFC 5280
    section 5.2.4).
    """
    now = whole_second(at)
    newest = sequence(crl_list.issuer, crl_list.shard).defer("crl_der").order_by("-crl_number").first()
    latest = crl_list.latest
    if newest is None or newest.this_update is None:
        return not crl_list.is_delta
    if newest != latest and now <= newest.this_update:
        return False
    if latest is None or latest.this_update is None:
        return True
    plan = crl_list.facts.plan
    interval = plan.delta_crl_interval if crl_list.is_delta else plan.crl_interval
    if at >= latest.this_update + interval or (crl_list.is_delta and newest != latest):
        return True
    if not crl_list.is_delta and at < latest.this_update + pause(latest.entry_count):
        return False
    return lacks_something(crl_list, Window.after(crl_list, at=at))


def pause(entries: int) -> timedelta:
    """Return how long a full list of that many entries stands before a revocation alone replaces it."""
    return min(entries * PAUSE_AN_ENTRY, LONGEST_PAUSE)
