"""Looks at ACME's challenges in threads of its own, so that a slow server keeps nobody else waiting."""

import logging
import queue
import threading
import time
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db import DatabaseError, connections
from django.utils import timezone

from functioncerts.acme.finalizing import settle_function_order, settle_orders
from functioncerts.acme.nonces import forget_spent
from functioncerts.acme.placing import expire_orders
from functioncerts.acme.validating import due, probes, validate
from journal.sequencing import SequencedEntry

logger = logging.getLogger(__name__)

THREADS: Final = 4
MOST_WAITING: Final = 200
"""Attempts in line; what comes beyond that is taken up by the periodic job."""


def look_soon(entry: SequencedEntry) -> None:
    """acme_challenge.answered: look at it in a thread; one that is lost is found by ``look_at_due``."""
    _submit(entry.text("acme_challenge_id"))


def settle_order(entry: SequencedEntry) -> None:
    """function_certificate.delivered, .failed and .declined: the ACME order behind it is settled."""
    settle_function_order(function_order_id=entry.text("function_order_id"), at=timezone.now())


def look_at_due() -> str:
    """Take up what waits: attempts to repeat or that died, orders being issued or out of time, old nonces."""
    at = timezone.now()
    waiting = [challenge_id for challenge_id in due(at=at) if _submit(challenge_id)]
    settled, expired = settle_orders(at=at), expire_orders(at=at)
    return f"{len(waiting)} challenges, {settled} settled, {expired} expired, {forget_spent(at=at)} nonces"


def _submit(challenge_id: UUID | str) -> bool:
    try:
        _line().put_nowait(str(challenge_id))
    except queue.Full:
        return False
    return True


@lru_cache(maxsize=1)
def _line() -> "queue.Queue[str]":
    """Return the line of attempts, with its threads; none of them holds up the end of the process."""
    line: queue.Queue[str] = queue.Queue(MOST_WAITING)
    for number in range(THREADS):
        threading.Thread(target=_work, args=(line,), name=f"acme-{number}", daemon=True).start()
    return line


def _work(line: "queue.Queue[str]") -> None:
    tools = probes(clock=timezone.now, seconds=time.monotonic)
    while True:
        challenge_id = line.get()
        try:
            validate(challenge_id, probes=tools)
        except DatabaseError as error:
            logger.warning("challenge %s waits for its lease: %s", challenge_id, error)
        except Exception:  # one bad challenge must not stop the others; its lease ends
            logger.exception("challenge %s could not be looked at", challenge_id)
        finally:
            connections.close_all()
