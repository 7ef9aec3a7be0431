"""What was ordered, answered, made and dispatched, counted per batch and day; and what does not add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from cards.manufacturing.models import FactoryFile, ProductionBatch, ProductionRow
from cards.manufacturing.states import BatchState, FactoryFileState
from cards.models import CardOrder
from cards.selectors import orders_in_reach
from cards.states import CardOrderState, CardState
from directory.swedish_time import swedish_day
from journal.actor import Actor, ActorKind

SENT_WITHIN: Final = timedelta(hours=1)
ANSWERED_WITHIN: Final = timedelta(hours=1)
DISPATCHED_WITHIN: Final = timedelta(days=14)
"""domain.md 2.4: production and distribution take 10 to 14 days."""


LOOKED_AT: Final = timedelta(days=90)
"""How old a batch may be to be looked at: what was not made after 60 days has been removed (POR-13)."""


class Discrepancy(StrEnum):
    """What does not add up; each is an alarm until it does."""

    NOT_SENT = "not_sent"
    UNANSWERED = "unanswered"
    NOT_MADE = "not_made"
    NUMBER_DIFFERS = "number_differs"
    AGAINST_ORDER = "against_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of some orders came how far; those that were taken out before leaving are in none."""

    ordered: int = 0
    accepted: int = 0
    rejected: int = 0
    made: int = 0
    dispatched: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sum, figure by figure."""
        return Counts(
            ordered=self.ordered + other.ordered,
            accepted=self.accepted + other.accepted,
            rejected=self.rejected + other.rejected,
            made=self.made + other.made,
            dispatched=self.dispatched + other.dispatched,
        )


def rows_in_reach(actor: Actor) -> QuerySet[ProductionRow]:
    """Return the rows whose orders the actor may see: in their organizations, protected people by right."""
    rows = ProductionRow.objects.all()
    return rows if actor.kind is ActorKind.SYSTEM else rows.filter(order__in=orders_in_reach(actor))


def counts_by_batch(rows: QuerySet[ProductionRow], numbers: Iterable[int]) -> Mapping[int, Counts]:
    """Return how far the orders among these rows came, by batch."""
    counted = (
        rows.filter(batch_id__in=list(numbers), withdrawn_at__isnull=True)
        .values("batch_id")
        .annotate(
            ordered=Count("pk"),
            accepted=Count("pk", filter=Q(accepted_at__isnull=False, rejected_at__isnull=True)),
            rejected=Count("pk", filter=Q(rejected_at__isnull=False)),
            made=Count("pk", filter=Q(produced_at__isnull=False)),
            dispatched=Count("pk", filter=Q(dispatched_at__isnull=False)),
        )
    )
    return {
        one["batch_id"]: Counts(
            ordered=one["ordered"],
            accepted=one["accepted"],
            rejected=one["rejected"],
            made=one["made"],
            dispatched=one["dispatched"],
        )
        for one in counted
    }


def counts_by_day(rows: QuerySet[ProductionRow], *, since: datetime) -> Sequence[tuple[date, Counts]]:
    """Return the same by the Swedish day on which batches were made, the newest first."""
    made = dict(ProductionBatch.objects.filter(assembled_at__gte=since).values_list("number", "assembled_at"))
    days: dict[date, Counts] = {}
    for number, counts in counts_by_batch(rows, made).items():
        day = swedish_day(made[number])
        days[day] = days.get(day, Counts()) + counts
    return sorted(days.items(), reverse=True)


def discrepancies(rows: QuerySet[ProductionRow], *, at: datetime) -> Mapping[int, frozenset[Discrepancy]]:
    """Return what does not add up among these rows at a moment, by batch; batches in order are left out."""
    since = ProductionBatch.objects.filter(assembled_at__gte=at - LOOKED_AT).order_by("number")
    first = since.values_list("number", flat=True).first()
    if first is None:
        return {}
    rows = rows.filter(batch_id__gte=first)
    live = rows.filter(withdrawn_at__isnull=True)
    unanswered = Q(accepted_at__isnull=True, rejected_at__isnull=True)
    found: dict[int, set[Discrepancy]] = {}
    for kind, strange in (
        (
            Discrepancy.NOT_SENT,
            live.filter(batch__state=BatchState.ASSEMBLED.value, batch__assembled_at__lte=at - SENT_WITHIN),
        ),
        (
            Discrepancy.UNANSWERED,
            live.filter(unanswered, batch__sent_at__lte=at - ANSWERED_WITHIN),
        ),
        (
            Discrepancy.NOT_MADE,
            live.filter(
                accepted_at__lte=at - DISPATCHED_WITHIN,
                rejected_at__isnull=True,
                dispatched_at__isnull=True,
                order__state__in=[CardOrderState.SENT.value, CardOrderState.IN_PRODUCTION.value],
            ),
        ),
        (
            Discrepancy.NUMBER_DIFFERS,
            live.exclude(card_number="").exclude(card_number=F("order__card__card_number")),
        ),
        (
            Discrepancy.AGAINST_ORDER,
            rows.filter(dispatched_at__isnull=False).filter(
                Q(withdrawn_at__isnull=False)
                | Q(order__card__state__in=[CardState.ORDERED.value, CardState.DISCARDED.value])
            ),
        ),
    ):
        for number in strange.values_list("batch_id", flat=True).distinct():
            found.setdefault(number, set()).add(kind)
    return {number: frozenset(kinds) for number, kinds in found.items()}


def set_aside() -> QuerySet[FactoryFile]:
    """Return the files that nobody has dealt with, the newest first."""
    return FactoryFile.objects.filter(state=FactoryFileState.SET_ASIDE.value).order_by("-number")


def batches_with(rows: QuerySet[ProductionRow]) -> QuerySet[ProductionBatch]:
    """Return the batches that have any of these rows."""
    return ProductionBatch.objects.filter(Exists(rows.filter(batch=OuterRef("pk"))))


def dispatch_of(order: CardOrder) -> ProductionRow | None:
    """Return what the factory has told of one order, or None when it went in no file."""
    return ProductionRow.objects.filter(order=order, withdrawn_at__isnull=True).first()
