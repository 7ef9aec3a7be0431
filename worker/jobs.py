"""Runs one periodic job and keeps its heartbeat, result and failures where an operator sees them."""

import logging
import re
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from journal.actor import Actor
from journal.correlation import caused_by, fresh
from journal.recording import record
from worker.events import JobEnded
from worker.models import JobStatus

logger = logging.getLogger(__name__)

_TOLD = frozenset(
    {
        "issue_waiting", "publish_crls", "refresh_ocsp", "send_orders", "poll_factory",
        "end_overdue", "sync_hsa", "sync_pu", "retain",
        "care_for_roles",
    }
)  # fmt: skip
"""Jobs whose runs the journal tells of when they did something. Others record what they do themselves, or
(signing heads, probing) would make work for each other for ever. Failures are told of every job."""


def run_job(name: str, work: Callable[[datetime], str]) -> None:
    """Run ``work`` at this moment and record how it went; a failure is recorded, logged and raised."""
    with caused_by(fresh()):
        _run(name, work)


def _run(name: str, work: Callable[[datetime], str]) -> None:
    now = timezone.now()
    failures = _begin(name, at=now)
    try:
        result = work(now)
    except Exception as error:
        JobStatus.objects.filter(name=name).update(
            finished_at=timezone.now(),
            result=f"{type(error).__name__}: {error}"[:2000],
            failures=F("failures") + 1,
        )
        logger.exception("job %s failed", name)
        if failures == 0:  # of a row of failures the first is told, and then that it works again
            _tell(name, "failed", failure=type(error).__name__)
        raise
    finished = timezone.now()
    JobStatus.objects.filter(name=name).update(
        finished_at=finished, succeeded_at=finished, result=result[:2000], failures=0
    )
    counts = tuple(int(number) for number in re.findall(r"\b\d+\b", result))
    if failures:
        _tell(name, "recovered", counts=counts)
    elif name in _TOLD and any(counts):
        _tell(name, "done", counts=counts)


def _begin(name: str, *, at: datetime) -> int:
    """Note that a job begins and return how often it has failed since it last worked."""
    status = JobStatus.objects.filter(name=name)
    failures = status.values_list("failures", flat=True).first()
    if failures is None:
        JobStatus.objects.get_or_create(name=name, defaults={"started_at": at})
    status.update(started_at=at)
    return failures or 0


def _tell(name: str, outcome: str, *, failure: str = "", counts: tuple[int, ...] = ()) -> None:
    event = JobEnded(job=name, outcome=outcome, failure=failure, counts=counts)
    try:
        with transaction.atomic():
            record(event, actor=Actor.system(name), at=timezone.now())
    except DatabaseError as error:
        logger.warning("job %s: that it %s could not be recorded: %s", name, outcome, error)
