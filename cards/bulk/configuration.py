"""What an installation may set about orders for several, read from Django's settings when used."""

from datetime import timedelta
from typing import Final

from django.conf import settings

DRAFT_LASTS: Final = timedelta(days=7)
"""How long something waits to be placed or approved before it lapses."""
TYPED_LASTS: Final = timedelta(days=30)
"""How long after the end it is kept what somebody typed that leads to nobody."""


def most_alone() -> int:
    """Return how many cards one person orders for several without a second person, within the window."""
    return int(getattr(settings, "SIGILL_BULK_ORDER_ALONE", 100))
