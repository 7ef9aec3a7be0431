"""What is stored of reserve cards in stock: places, boxes, envelopes, hand-overs and counts."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cards.stock_states import StockCardState, StockTransferState
from directory.models import Organization, Unit


class StockPlace(models.Model):
    """A place that keeps reserve cards, of an organization or of a unit of it.

    ``low_told_at`` is when those responsible were told that few are left; None while there are enough.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="stock_places")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="stock_places")
    name = models.CharField(max_length=80)
    threshold = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=64)
    low_told_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="one_stock_place_per_organization_and_name"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="a_stock_place_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class StockBox(models.Model):
    """A box of sealed envelopes as it came from the producer, by its serial list."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=40, unique=True)
    place = models.ForeignKey(StockPlace, on_delete=models.PROTECT, related_name="boxes")
    product_code = models.CharField(max_length=8)
    listed = models.PositiveIntegerField()
    valid_until = models.DateField()
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=64)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(listed__gt=0), name="a_stock_box_holds_cards"),
        ]

    def __str__(self) -> str:
        return self.number


class StockTransfer(models.Model):
    """Envelopes on their way from one place to another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    source = models.ForeignKey(StockPlace, on_delete=models.PROTECT, related_name="sent_transfers")
    target = models.ForeignKey(StockPlace, on_delete=models.PROTECT, related_name="coming_transfers")
    quantity = models.PositiveIntegerField()
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=64)
    received_at = models.DateTimeField(null=True)
    received_by = models.CharField(max_length=64, blank=True)
    missing = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in StockTransferState]),
                name="stock_transfer_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target")), name="a_stock_transfer_goes_between_two_places"
            ),
            models.CheckConstraint(
                condition=Q(state=StockTransferState.RECEIVED.value, received_at__isnull=False)
                & ~Q(received_by="")
                | ~Q(state=StockTransferState.RECEIVED.value)
                & Q(received_at__isnull=True, received_by="", missing=0),
                name="a_stock_transfer_is_received_iff_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(missing=0) | ~Q(note=""), name="a_stock_transfer_that_lacks_cards_says_why"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class StockCard(models.Model):
    """A reserve card in its sealed envelope; ``place`` is where it is, or where it was seen last."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    card_number = models.CharField(max_length=19, unique=True)
    box = models.ForeignKey(StockBox, on_delete=models.PROTECT, related_name="cards")
    place = models.ForeignKey(StockPlace, on_delete=models.PROTECT, related_name="cards")
    transfer = models.ForeignKey(StockTransfer, on_delete=models.PROTECT, null=True, related_name="cards")
    changed_at = models.DateTimeField()
    loss_reason = models.CharField(max_length=16, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [models.Index(fields=["place", "state"], name="stock_card_by_place")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in StockCardState]),
                name="stock_card_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state=StockCardState.IN_TRANSIT.value, transfer__isnull=False)
                | ~Q(state=StockCardState.IN_TRANSIT.value) & Q(transfer__isnull=True),
                name="stock_card_in_transit_iff_in_a_transfer",
            ),
            models.CheckConstraint(
                condition=Q(state=StockCardState.LOST.value) & ~Q(loss_reason="")
                | ~Q(state=StockCardState.LOST.value) & Q(loss_reason=""),
                name="stock_card_lost_iff_why",
            ),
        ]

    def __str__(self) -> str:
        return self.card_number


class StockCount(models.Model):
    """An inventory count of a place: what should have been there, what was; numbers parted by spaces."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    place = models.ForeignKey(StockPlace, on_delete=models.PROTECT, related_name="counts")
    counted_at = models.DateTimeField()
    counted_by = models.CharField(max_length=64)
    expected = models.PositiveIntegerField()
    found = models.PositiveIntegerField()
    missing = models.TextField(blank=True)
    unexpected = models.TextField(blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(missing="", unexpected="") | ~Q(reason=""),
                name="a_stock_count_that_differs_says_why",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
