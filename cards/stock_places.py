"""Places for reserve cards: opened, warned of at a number, and told when they run low."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from cards.errors import Refused
from cards.stock_errors import StockPlaceExists
from cards.stock_events import StockPlaceSet, StockRunningLow
from cards.stock_models import StockPlace
from cards.stock_moves import lock_places, locked_place
from cards.stock_policies import may_keep_any
from cards.stock_selectors import get_place, standings_of
from directory.models import Role, Unit
from directory.reach import units_within
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

MOST_WARNED_AT = 10_000


def open_place(
    *, name: str, threshold: int, organization_id: str, actor: Actor, at: datetime, unit_id: str = ""
) -> StockPlace:
    """Open a place of an organization, or of a unit of it; raises Refused and StockPlaceExists.

    Below ``threshold`` cards in stock those responsible are told; 0 tells nobody.
    """
    if (refusal := may_keep_any(actor=actor) or _out_of_reach(actor, organization_id, unit_id)) is not None:
        raise Refused(refusal)
    try:
        with transaction.atomic():
            place = StockPlace.objects.create(
                organization_id=organization_id,
                unit_id=unit_id or None,
                name=name.strip()[:80],
                threshold=min(threshold, MOST_WARNED_AT),
                opened_at=at,
                opened_by=actor.identifier,
            )
            _record_set(place, is_new=True, actor=actor, at=at)
    except IntegrityError as error:
        raise StockPlaceExists(name, facts={"name": name}) from error
    return place


def set_threshold(*, place_id: str, threshold: int, actor: Actor, at: datetime) -> StockPlace:
    """Warn of the place below another number; raises StockPlaceNotFound and Refused."""
    with transaction.atomic():
        place = locked_place(get_place(place_id, actor=actor), actor=actor)
        if place.threshold != threshold:
            place.threshold = min(threshold, MOST_WARNED_AT)
            StockPlace.objects.filter(pk=place.pk).update(threshold=place.threshold, low_told_at=None)
            _record_set(place, is_new=False, actor=actor, at=at)
    return place


def tell_of_low_stock(*, actor: Actor, at: datetime) -> str:
    """Tell once of each place that has fewer cards than it should; return what was done in words.

    A place that has enough again is told of anew the next time.
    """
    told = 0
    warned_of = StockPlace.objects.filter(Q(threshold__gt=0) | Q(low_told_at__isnull=False))
    for standing in standings_of(warned_of.order_by("pk")):
        if standing.is_low and standing.place.low_told_at is None:
            told += _tell(standing.place.pk, actor=actor, at=at)
        elif not standing.is_low and standing.place.low_told_at is not None:
            StockPlace.objects.filter(pk=standing.place.pk).update(low_told_at=None)
    return f"{told} places with few reserve cards told of"


def _tell(place_id: UUID, *, actor: Actor, at: datetime) -> bool:
    with transaction.atomic():
        (place,) = lock_places([place_id])
        (standing,) = standings_of([place])
        moved = StockPlace.objects.filter(pk=place.pk, low_told_at__isnull=True, threshold=F("threshold"))
        if not standing.is_low or not moved.update(low_told_at=at):
            return False
        event = StockRunningLow(
            stock_place_id=str(place.pk),
            organization_id=str(place.organization_id),
            left=standing.in_stock,
            threshold=place.threshold,
        )
        record(event, actor=actor, at=at)
    return True


def _out_of_reach(actor: Actor, organization_id: str, unit_id: str) -> Refusal | None:
    """Return why this actor opens no place there: a role for a unit opens places of its units alone."""
    refusal = Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)
    if unit_id:
        units = Unit.objects.filter(units_within(actor), pk=unit_id, organization_id=organization_id)
        return None if units.exists() else refusal
    return None if organization_id in actor.organization_ids else refusal


def _record_set(place: StockPlace, *, is_new: bool, actor: Actor, at: datetime) -> None:
    event = StockPlaceSet(
        stock_place_id=str(place.pk),
        organization_id=str(place.organization_id),
        threshold=place.threshold,
        is_new=is_new,
    )
    record(event, actor=actor, at=at)
