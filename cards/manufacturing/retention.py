"""The job that thins out old traffic with the factory: hashes, counts and moments stay.

Orders and their cards are evidence of issuing and kept as long (domain.md 7.3); the factory's files and the
parcels are not.
"""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cards.manufacturing.events import ProductionThinnedOut
from cards.manufacturing.models import FactoryFile, FactoryReport, ProductionRow
from cards.manufacturing.states import BatchState, FactoryFileState
from journal.actor import Actor
from journal.recording import record

CAP: Final = 5_000
"""Files, and rows, of one run at most: what is gone is gone, and a wrong clock must not take everything."""
_DEALT_WITH: Final = (FactoryFileState.APPLIED.value, FactoryFileState.SETTLED.value)
_OVER: Final = (BatchState.ACKNOWLEDGED.value, BatchState.WITHDRAWN.value)


def kept_for() -> timedelta:
    """Return how long files and parcels can be looked at: well beyond the 90 days of reconciliation."""
    return timedelta(days=settings.SIGILL_FACTORY_FILE_DAYS)


def thin_out(*, actor: Actor, at: datetime, cap: int = CAP) -> str:
    """Empty files that were dealt with and rows that are over, and return in words what was done and waits.

    A file that was set aside stays whole until somebody has settled it.
    """
    old = at - kept_for()
    files = FactoryFile.objects.filter(state__in=_DEALT_WITH, received_at__lte=old, emptied_at__isnull=True)
    rows = ProductionRow.objects.filter(
        ~Q(card_number="") | ~Q(tracking_number=""), batch__state__in=_OVER, batch__assembled_at__lte=old
    )
    with transaction.atomic():
        chosen_files = list(files.order_by("number").values_list("pk", flat=True)[:cap])
        chosen_rows = list(rows.order_by("pk").values_list("pk", flat=True)[:cap])
        FactoryReport.objects.filter(file__in=chosen_files).update(order_id="")
        emptied = FactoryFile.objects.filter(pk__in=chosen_files, emptied_at__isnull=True).update(
            content=b"", emptied_at=at
        )
        thinned = ProductionRow.objects.filter(pk__in=chosen_rows).update(card_number="", tracking_number="")
        if emptied or thinned:
            record(ProductionThinnedOut(files=emptied, rows=thinned), actor=actor, at=at)
    waiting = files.count() + rows.count()
    told = f"{emptied} files of the factory emptied, {thinned} rows of production thinned out"
    return told + (f", {waiting} wait for the next run" if waiting else "")
