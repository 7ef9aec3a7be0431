"""Sums up the refusals that come faster than the journal tells them one by one, so that none is lost."""

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F

from journal.actor import Actor, ActorKind
from journal.recording import record
from portal.accounts.models import UntoldRefusals
from portal.events import RefusalsSummed

STRANGERS: Final = "strangers"
_SPAN: Final = timedelta(minutes=1)
"""How long a sum grows before it is told."""


def count_untold(source: str, *, role: str, organization_id: str, route: str, at: datetime) -> None:
    """Count one refusal that is not told by itself; ``source`` is a person's id, or ``STRANGERS``."""
    mine = UntoldRefusals.objects.filter(
        source=source, role=role, organization_id=organization_id, route=route
    )
    if mine.update(count=F("count") + 1, last_at=at):
        return
    try:
        with transaction.atomic():
            UntoldRefusals.objects.create(
                source=source,
                role=role,
                organization_id=organization_id,
                route=route,
                first_at=at,
                last_at=at,
            )
    except IntegrityError:  # another request made the row first
        mine.update(count=F("count") + 1, last_at=at)


def tell_sums(*, at: datetime) -> int:
    """Tell the journal each sum that began a minute ago or more; return how many. For a periodic job."""
    return sum(_tell(row, at=at) for row in UntoldRefusals.objects.filter(first_at__lte=at - _SPAN))


def _tell(row: UntoldRefusals, *, at: datetime) -> bool:
    with transaction.atomic():
        # One that grew since it was read is told next time, with what it grew by.
        if not UntoldRefusals.objects.filter(pk=row.pk, count=row.count).delete()[0]:
            return False
        event = RefusalsSummed(
            route=row.route,
            refused=row.count,
            first_at=row.first_at.isoformat(),
            last_at=row.last_at.isoformat(),
        )
        record(event, actor=_refused(row), at=at)
    return True


def _refused(row: UntoldRefusals) -> Actor:
    """Return who was refused, as far as a sum remembers."""
    if row.source == STRANGERS:
        return Actor(kind=ActorKind.SERVICE, identifier="stranger")
    return Actor(
        kind=ActorKind.PERSON,
        identifier="",
        person_id=row.source,
        role=row.role,
        organization_id=row.organization_id,
        organization_ids=(row.organization_id,) if row.organization_id else (),
    )
