"""What is stored of ordered reports; the files lie encrypted beside the database."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q

from directory.models import Role
from reports.old_models import OldReport
from reports.periods import Period
from reports.receipt_models import SealedReceipt
from reports.states import ReportState

__all__ = ["OldReport", "OrderedReport", "ReportFormat", "ReportSchedule", "SealedReceipt"]


class ReportFormat(StrEnum):
    """As what a report is written."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class ReportSchedule(models.Model):
    """A report that recurs, for everybody who has a role for an organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=4)
    format = models.CharField(max_length=4)
    period = models.CharField(max_length=12)
    filters = models.JSONField(default=dict)
    role = models.CharField(max_length=32)
    organization_id = models.CharField(max_length=36)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    next_run_at = models.DateTimeField()
    last_run_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(
                fields=["next_run_at"], condition=Q(ended_at__isnull=True), name="report_schedule_that_runs"
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(period__in=[one.value for one in Period]), name="report_schedule_period_is_known"
            ),
            models.CheckConstraint(
                condition=Q(format__in=[one.value for one in ReportFormat]),
                name="report_schedule_format_is_known",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[one.value for one in Role]), name="report_schedule_is_for_a_known_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.period}"


class OrderedReport(models.Model):
    """A report that somebody ordered: the question, how far it has come, and the key of its file.

    ``wrapped_key`` is emptied when the file's days are over: who has a copy of the file then has nothing.
    ``octets`` and ``sha256`` are of the file as it was made; a PDF is sealed after that, and longer.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=8, default=ReportState.ORDERED.value)
    code = models.CharField(max_length=4)
    format = models.CharField(max_length=4)
    question = models.JSONField()
    person_id = models.CharField(max_length=36, blank=True)
    role = models.CharField(max_length=32)
    organization_id = models.CharField(max_length=36)
    ordered_at = models.DateTimeField()
    schedule = models.ForeignKey(ReportSchedule, on_delete=models.PROTECT, null=True, related_name="reports")
    scheduled_for = models.DateTimeField(null=True)
    progress = models.PositiveBigIntegerField(default=0)
    expected = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(null=True)
    octets = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    journal_size = models.BigIntegerField(default=0)
    journal_root = models.CharField(max_length=64, blank=True)
    proof = models.TextField(blank=True)
    file_name = models.CharField(max_length=64, blank=True)
    wrapped_key = models.BinaryField(default=b"", max_length=60)
    failure = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["organization_id", "role", "-ordered_at"], name="ordered_report_by_reader"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state=ReportState.READY.value),
                name="ordered_report_that_ends",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["schedule", "scheduled_for"], name="a_schedule_orders_each_period_once"
            ),
            models.CheckConstraint(
                condition=Q(schedule__isnull=True, scheduled_for__isnull=True)
                | Q(schedule__isnull=False, scheduled_for__isnull=False, person_id=""),
                name="ordered_report_scheduled_iff_for_a_period",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in ReportState]),
                name="ordered_report_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(format__in=[one.value for one in ReportFormat]),
                name="ordered_report_format_is_known",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[one.value for one in Role]), name="ordered_report_is_for_a_known_role"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ReportState.MADE.value, ReportState.READY.value])
                | Q(made_at__isnull=False, rows__isnull=False) & ~Q(sha256="") & ~Q(wrapped_key=b""),
                name="ordered_report_made_has_its_file",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReportState.READY.value)
                | Q(ready_at__isnull=False, expires_at__isnull=False) & ~Q(proof=""),
                name="ordered_report_ready_is_proved_and_ends",
            ),
            models.CheckConstraint(
                condition=Q(state=ReportState.FAILED.value) & ~Q(failure="")
                | ~Q(state=ReportState.FAILED.value) & Q(failure=""),
                name="ordered_report_failed_iff_why",
            ),
            models.CheckConstraint(
                condition=Q(state=ReportState.DELETED.value, deleted_at__isnull=False, wrapped_key=b"")
                | ~Q(state=ReportState.DELETED.value) & Q(deleted_at__isnull=True),
                name="ordered_report_deleted_has_no_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.state}"
