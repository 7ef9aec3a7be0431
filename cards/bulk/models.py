"""What is stored of orders for several: who started them, how far they have come, and every row's result."""

import uuid
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q

from cards.bulk.states import LEFT_STATES, BulkOrderState, BulkRowState
from cards.models import Card, CardOrder
from directory.models import Employment, Organization, Unit

_LEFT: Final = sorted(state.value for state in LEFT_STATES)
_PLACED: Final = sorted(
    {BulkOrderState.RUNNING.value, BulkOrderState.PAUSED.value, BulkOrderState.FINISHED.value}
)
_ENDED: Final = sorted(
    {BulkOrderState.FINISHED.value, BulkOrderState.CANCELLED.value, BulkOrderState.LAPSED.value}
)


class BulkSource(models.TextChoices):
    """Where the rows come from."""

    LIST = "list"
    FILE = "file"
    UNIT = "unit"
    EXPIRING = "expiring"


class BulkOrder(models.Model):
    """Cards for several people of one organization. ``about`` is the unit's id or the day, by the source.

    The counts are written with the rows that they count, in one transaction; ``ready`` is how many the check
    let through and is what is signed. The rights of who started it are looked up anew when rows are placed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    source = models.CharField(max_length=16)
    about = models.CharField(max_length=64, blank=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    total = models.PositiveIntegerField()
    checked = models.PositiveIntegerField(default=0)
    ready = models.PositiveIntegerField(default=0)
    ordered = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    started_by = models.CharField(max_length=64)
    started_person_id = models.CharField(max_length=64, blank=True)
    started_role = models.CharField(max_length=64)
    started_loa = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    correlation_id = models.CharField(max_length=64, blank=True)
    needs_second_person = models.BooleanField(default=False)
    evidence_id = models.CharField(max_length=64, blank=True)
    placed_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=64, blank=True)
    approved_person_id = models.CharField(max_length=64, blank=True)
    approved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["organization", "-started_at", "-id"], name="bulk_order_by_organization"),
            models.Index(
                fields=["started_at"],
                condition=Q(ended_at__isnull=True),
                name="bulk_order_under_way",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in BulkOrderState]),
                name="bulk_order_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(source__in=BulkSource.values),
                name="bulk_order_source_is_known",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=_ENDED) & Q(ended_at__isnull=False))
                | (~Q(state__in=_ENDED) & Q(ended_at__isnull=True)),
                name="bulk_order_ended_iff_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_PLACED) | Q(placed_at__isnull=False),
                name="bulk_order_that_runs_was_placed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_PLACED) | Q(needs_second_person=False) | Q(approved_at__isnull=False),
                name="large_bulk_order_runs_only_when_approved",
            ),
            models.CheckConstraint(
                condition=(Q(approved_at__isnull=True) & Q(approved_by=""))
                | (Q(approved_at__isnull=False) & ~Q(approved_by="")),
                name="bulk_order_approved_iff_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | ~Q(approved_person_id=F("started_person_id")),
                name="bulk_order_is_approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(checked__lte=F("total")) & Q(ready__lte=F("checked")),
                name="bulk_order_counts_no_more_than_its_rows",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total} rows, {self.state}"


class BulkOrderRow(models.Model):
    """One person's card of an order for several, and what became of it.

    ``typed`` is what somebody wrote that leads to nobody; a line that leads to a person keeps the employment
    alone. ``replaces`` is the card that ends soon and works until the new one does. ``code``, ``facts`` and
    ``fixer`` are the refusal, as a single order would give it.
    """

    id = models.BigAutoField(primary_key=True)
    bulk_order = models.ForeignKey(BulkOrder, on_delete=models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField()
    typed = models.CharField(max_length=64, blank=True)
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, null=True, related_name="+")
    product_code = models.CharField(max_length=8)
    replaces = models.ForeignKey(Card, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=16)
    code = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=list)
    fixer = models.CharField(max_length=32, blank=True)
    card_order = models.OneToOneField(CardOrder, on_delete=models.PROTECT, null=True, related_name="bulk_row")
    done_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["bulk_order", "line"], condition=Q(state__in=_LEFT), name="bulk_rows_left"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bulk_order", "line"], name="bulk_order_has_a_line_once"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in BulkRowState]),
                name="bulk_row_state_is_known",
            ),
            models.CheckConstraint(
                condition=(Q(state=BulkRowState.ORDERED.value) & Q(card_order__isnull=False))
                | (~Q(state=BulkRowState.ORDERED.value) & Q(card_order__isnull=True)),
                name="bulk_row_is_ordered_iff_it_has_an_order",
            ),
            models.CheckConstraint(
                condition=(Q(state=BulkRowState.REFUSED.value) & ~Q(code=""))
                | (~Q(state=BulkRowState.REFUSED.value) & Q(code="")),
                name="bulk_row_is_refused_iff_it_says_why",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=_LEFT) & Q(done_at__isnull=True))
                | (~Q(state__in=_LEFT) & Q(done_at__isnull=False)),
                name="bulk_row_is_done_iff_it_has_a_result",
            ),
            models.CheckConstraint(
                condition=Q(employment__isnull=False)
                | ~Q(state__in=[BulkRowState.READY.value, BulkRowState.ORDERED.value]),
                name="bulk_row_without_a_person_is_never_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line} {self.state}"
