"""Runs the probe: follows fresh revocations closely, watches the others, measures, says what is wrong."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from django.utils import timezone

from ca.selectors import certificates_by_id
from journal.sequencing import SequencedEntry
from ocsp.models import Sighting
from ocsp.probe import alarms, measuring, watching
from ocsp.probe.alarms import Alarm
from ocsp.probe.visiting import Visitor
from ocsp.selectors import landings_under_way
from ocsp.states import SightingState, Source

_log: Final = logging.getLogger(__name__)

FOLLOWED_SECONDS: Final = 1.0
"""How long a fresh revocation is asked for again and again; then the periodic watch goes on."""
_PAUSE_SECONDS: Final = 0.02
_FEW: Final = 20
"""With more than these under way nobody is followed closely: the watch asks for all of them."""


class Lane:
    """One line of questions with its own connections; who comes while it is taken goes away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visitor = Visitor(clock=timezone.now)

    def run(self, work: Callable[[Visitor], str]) -> str:
        """Do the work, unless the run before is not over."""
        if not self._lock.acquire(blocking=False):
            return "the run before this one is not over"
        try:
            return work(self._visitor)
        finally:
            self._lock.release()


_Key = tuple[str, str, str, str, str]

_following, _watching, _measuring = Lane(), Lane(), Lane()
_told: set[_Key] = set()


def follow(entry: SequencedEntry) -> None:
    """certificate.revoked: begin to watch it, and look at once when OCSP says so."""
    follow_together([entry])


def follow_together(entries: Sequence[SequencedEntry]) -> None:
    """certificate.revoked, of one act: begin to watch them; follow them at once when they are few."""
    revoked = certificates_by_id([entry.text("certificate_id") for entry in entries])

    def work(visitor: Visitor) -> str:
        begun = watching.begin_many(list(revoked.values()), visitor=visitor)
        if not begun or landings_under_way()[0] > _FEW:
            return ""
        awaited = Sighting.objects.filter(
            landing__in=begun, source=Source.OCSP.value, state=SightingState.AWAITED.value
        ).select_related("landing__certificate__issuer")
        deadline = time.monotonic() + FOLLOWED_SECONDS
        while left := list(awaited):
            watching.ask(left, visitor=visitor, watched=watching.Watched(), notes_unseen=False)
            if time.monotonic() > deadline:
                break
            time.sleep(_PAUSE_SECONDS)
        return ""

    _following.run(work)


def watch() -> str:
    """Ask for every revocation that is under way; return what was seen."""
    return _watching.run(lambda visitor: str(watching.watch(visitor=visitor)))


def measure() -> str:
    """Measure every service; return what is wrong, and log what was not wrong before."""

    def work(visitor: Visitor) -> str:
        measuring.measure(visitor=visitor)
        found = alarms.current_alarms(at=timezone.now())
        _tell(found)
        return f"{len(found)} alarms" if found else "all is well"

    return _measuring.run(work)


def _tell(found: list[Alarm]) -> None:
    known = {(one.kind.value, one.issuer_key, one.service, one.node, one.fault): one for one in found}
    for key in known.keys() - _told:
        one = known[key]
        _log.error(
            "status services: %s %s %s %s %s", one.kind, one.issuer_key, one.service, one.node, one.fault
        )
    for key in _told - known.keys():
        _log.warning("status services: well again: %s", " ".join(key))
    _told.clear()
    _told.update(known)
