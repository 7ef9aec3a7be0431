"""The line: takes orders on from accepted to produced to shipped, one at a time, in the agreed time."""

import logging
import threading
from datetime import UTC, datetime, timedelta

from hsm_sim.factory.ledger import Job, Ledger, OrderState
from hsm_sim.factory.workshop import CardSpoiled, Workshop

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 0.05


class Production(threading.Thread):
    """Half the time to produce a card, half to ship it; goes on where it was after a restart."""

    def __init__(self, *, ledger: Ledger, workshop: Workshop, duration: timedelta) -> None:
        super().__init__(name="production", daemon=True)
        self._ledger = ledger
        self._workshop = workshop
        self._duration = duration
        self._ended = threading.Event()

    def run(self) -> None:
        """Works until end() is called."""
        while not self._ended.wait(PAUSE_SECONDS):
            if self._ledger.faults().stalled:
                continue
            for job in self._ledger.unfinished():
                self._take_on(job, at=datetime.now(UTC))
        self._ledger.close()

    def end(self) -> None:
        """Finishes the card at hand and stops."""
        self._ended.set()
        self.join()

    def _take_on(self, job: Job, *, at: datetime) -> None:
        try:
            if job.state is OrderState.ACCEPTED and at >= job.accepted_at + self._duration / 2:
                self._workshop.personalize(job)
                self._ledger.advance(job, OrderState.PRODUCED, at=at)
            elif job.state is OrderState.PRODUCED and at >= job.accepted_at + self._duration:
                self._workshop.ship(job)
                self._ledger.advance(job, OrderState.SHIPPED, at=at)
        except CardSpoiled as error:
            logger.warning("order %s: %s; tried again", job.order_id, error)
