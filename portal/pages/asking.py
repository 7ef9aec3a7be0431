"""What a view may ask of the request: who acts, and what time it is."""

from datetime import date, datetime

from django.http import HttpRequest
from django.utils import timezone

from directory.swedish_time import swedish_day
from journal.actor import Actor
from portal.accounts.actor import actor_of


def who(request: HttpRequest) -> Actor:
    """Return the person logged in, in the role they chose."""
    return actor_of(request)


def now() -> datetime:
    """Return the moment of this request."""
    return timezone.now()


def today(at: datetime) -> date:
    """Return the Swedish day of a moment."""
    return swedish_day(at)
