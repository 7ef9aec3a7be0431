"""Runs one periodic job and keeps its heartbeat, result and failures where an operator sees them."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from journal.correlation import caused_by, fresh
from worker.models import JobStatus

logger = logging.getLogger(__name__)


def run_job(name: str, work: Callable[[datetime], str]) -> None:
    """Run ``work`` at this moment and record how it went; a failure is recorded, logged and raised."""
    now = timezone.now()
    JobStatus.objects.update_or_create(name=name, defaults={"started_at": now})
    try:
        with caused_by(fresh()):
            result = work(now)
    except Exception as error:
        JobStatus.objects.filter(name=name).update(
            finished_at=timezone.now(),
            result=f"{type(error).__name__}: {error}"[:2000],
            failures=F("failures") + 1,
        )
        logger.exception("job %s failed", name)
        raise
    finished = timezone.now()
    JobStatus.objects.filter(name=name).update(
        finished_at=finished, succeeded_at=finished, result=result[:2000], failures=0
    )
