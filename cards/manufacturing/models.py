"""What is stored of the traffic with the card factory: batches of orders, their rows, and its files."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cards.manufacturing.states import OPEN_BATCH_STATES, BatchState, FactoryFileState


class ProductionBatch(models.Model):
    """Orders that go to the factory in one file; the number is ours, without gaps.

    The file itself is not kept: it holds addresses and pictures. ``content_hashes`` are the SHA-256 of every
    content that may have left under this number, the newest last.
    """

    number = models.BigIntegerField(primary_key=True)
    state = models.CharField(max_length=16)
    assembled_at = models.DateTimeField()
    content_hashes = models.JSONField(default=list)
    # One sender at a time; a lease that ran out without an outcome means that the file may have arrived.
    leased_until = models.DateTimeField(null=True)
    is_uncertain = models.BooleanField(default=False)
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_problem = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    recipient_serial_hex = models.CharField(max_length=40, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=sorted(state.value for state in OPEN_BATCH_STATES)),
                name="production_batch_due",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in BatchState]),
                name="production_batch_state_is_known",
            ),
            models.CheckConstraint(condition=Q(number__gt=0), name="production_batch_counts_from_one"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[BatchState.SENT.value, BatchState.ACKNOWLEDGED.value], sent_at__isnull=False
                )
                | ~Q(state__in=[BatchState.SENT.value, BatchState.ACKNOWLEDGED.value])
                & Q(sent_at__isnull=True),
                name="production_batch_sent_iff_when",
            ),
            models.CheckConstraint(
                condition=Q(state=BatchState.ACKNOWLEDGED.value, acknowledged_at__isnull=False)
                | ~Q(state=BatchState.ACKNOWLEDGED.value) & Q(acknowledged_at__isnull=True),
                name="production_batch_acknowledged_iff_when",
            ),
            models.CheckConstraint(
                condition=Q(state=BatchState.WITHDRAWN.value, withdrawn_at__isnull=False)
                | ~Q(state=BatchState.WITHDRAWN.value) & Q(withdrawn_at__isnull=True),
                name="production_batch_withdrawn_iff_when",
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)


class ProductionRow(models.Model):
    """One order in one batch, and what the factory has told of it, kept beside the order's own state."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(ProductionBatch, on_delete=models.PROTECT, related_name="rows")
    position = models.PositiveIntegerField()
    order = models.ForeignKey("cards.CardOrder", on_delete=models.PROTECT, related_name="production_rows")
    # Taken out before the file left, or with the whole batch.
    withdrawn_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)
    produced_at = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(null=True)
    card_number = models.CharField(max_length=19, blank=True)
    tracking_number = models.CharField(max_length=40, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "position"], name="one_order_per_place_in_a_batch"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(withdrawn_at__isnull=True),
                name="an_order_is_in_one_batch",
            ),
            models.CheckConstraint(
                condition=Q(tracking_number="") | Q(dispatched_at__isnull=False),
                name="production_row_tracked_was_dispatched",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.position}"


class FactoryFile(models.Model):
    """A file of the factory's list, by its number there, as it was signed; kept once.

    Emptied when it is old and dealt with: then its digest stays.
    """

    number = models.BigIntegerField(primary_key=True)
    state = models.CharField(max_length=16)
    kind = models.CharField(max_length=16, blank=True)
    batch_number = models.BigIntegerField(null=True)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    problem = models.CharField(max_length=64, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=64, blank=True)
    emptied_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        FactoryFileState.APPLIED.value,
                        FactoryFileState.SET_ASIDE.value,
                        FactoryFileState.SETTLED.value,
                    ]
                ),
                name="factory_file_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state=FactoryFileState.APPLIED.value, problem="")
                | ~Q(state=FactoryFileState.APPLIED.value) & ~Q(problem=""),
                name="factory_file_set_aside_iff_why",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=FactoryFileState.SETTLED.value, settled_at__isnull=False) & ~Q(settled_by="")
                )
                | ~Q(state=FactoryFileState.SETTLED.value) & Q(settled_at__isnull=True, settled_by=""),
                name="factory_file_settled_iff_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(emptied_at__isnull=True)
                | Q(content=b"")
                & Q(state__in=[FactoryFileState.APPLIED.value, FactoryFileState.SETTLED.value]),
                name="factory_file_emptied_was_dealt_with",
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)


class FactoryReport(models.Model):
    """A row of the factory's files, kept once by its number, with what became of it."""

    number = models.BigIntegerField(primary_key=True)
    file = models.ForeignKey(FactoryFile, on_delete=models.PROTECT, null=True, related_name="reports")
    order_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    reported_at = models.DateTimeField()
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=32)

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class FactoryCursor(models.Model):
    """How far the factory's files have been read, the last batch number, and how the last contact went."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    # Of the single reports that the factory gave before it sent files.
    position = models.BigIntegerField(default=0)
    file_position = models.BigIntegerField(default=0)
    last_batch = models.BigIntegerField(default=0)
    reached_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_factory_cursor"),
            models.CheckConstraint(
                condition=Q(position__gte=0, file_position__gte=0, last_batch__gte=0),
                name="factory_cursor_counts_from_zero",
            ),
        ]

    def __str__(self) -> str:
        return str(self.file_position)
