"""Counts requests per source and minute, so that a flood is refused and nobody is locked out for good."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from authn.errors import TooManyRequests
from authn.models import RequestCount

_MINUTE = 60


def count_request(source: str, *, limit: int, at: datetime) -> None:
    """Count one request; raises TooManyRequests from the one after `limit` until the minute is over.

    `source` names the kind of request and who sent it, as in `claim:192.0.2.7`.
    """
    minute, second = _minute_and_second(at)
    row = RequestCount.objects.filter(source=source, minute=minute)
    if not row.update(count=F("count") + 1):
        try:
            with transaction.atomic():
                RequestCount.objects.create(source=source, minute=minute)
        except IntegrityError:  # another request made the row first
            row.update(count=F("count") + 1)
    if row.values_list("count", flat=True).get() > limit:
        raise TooManyRequests("too many requests", facts={"retry_after": str(_MINUTE - second)})


def _minute_and_second(at: datetime) -> tuple[int, int]:
    return divmod(int(at.timestamp()), _MINUTE)


def forget_old_counts(*, at: datetime) -> int:
    """Remove counts of minutes that are over; return how many. For a periodic job."""
    removed, _ = RequestCount.objects.filter(minute__lt=int(at.timestamp()) // _MINUTE - 1).delete()
    return removed
