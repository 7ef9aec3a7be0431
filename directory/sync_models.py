"""What a reading of a register changes or would change, row by row, and what people decided about it."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q


class ChangeKind(StrEnum):
    """What a difference between a register and our tables means for the person."""

    DECEASED = "deceased"
    EMIGRATED = "emigrated"
    DEREGISTERED = "deregistered"
    MISSING = "missing"
    EMPLOYMENT_ENDED = "employment_ended"
    NAME = "name"
    NUMBER = "number"
    """PU has replaced the personal identity number by another."""
    PROTECTION_LIFTED = "protection_lifted"
    PROTECTED = "protected"
    PARTICULARS = "particulars"


class ChangeState(StrEnum):
    """What became of a difference."""

    WAITING = "waiting"
    APPLIED = "applied"
    DISCARDED = "discarded"
    SUPERSEDED = "superseded"
    """A later complete reading was asked instead."""
    STALE = "stale"
    """Accepted too late: our row had changed meanwhile."""
    UNDONE = "undone"
    KEPT = "kept"
    """Could not be undone: something irreversible rests on it, or our row has changed since."""


class SyncDecisionKind(StrEnum):
    """What a person decides about a run."""

    ACCEPT = "accept"
    DISCARD = "discard"
    UNDO = "undo"


class SyncChange(models.Model):
    """One difference that one reading found for one person (PU) or person object (HSA).

    ``before`` and ``after`` hold values by field, never an address; they are forgotten when a run can no
    longer be undone. ``digest`` is the same whenever the same difference comes again.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey("directory.SyncRun", on_delete=models.PROTECT, related_name="changes")
    person = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    employment = models.ForeignKey(
        "directory.Employment", on_delete=models.PROTECT, null=True, related_name="+"
    )
    kind = models.CharField(max_length=24)
    is_costly = models.BooleanField()
    fields = models.JSONField(default=list)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    is_forgotten = models.BooleanField(default=False)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=16)
    settled_at = models.DateTimeField(null=True)
    acted_on_at = models.DateTimeField(null=True)
    """When something irreversible was done that rests on it (a card was blocked)."""

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["run", "-is_costly", "id"], name="sync_change_by_run"),
            models.Index(fields=["person", "kind"], name="sync_change_by_person"),
            models.Index(fields=["digest"], name="sync_change_by_digest"),
            models.Index(
                fields=["run"], condition=Q(state=ChangeState.WAITING.value), name="sync_change_waiting"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ChangeKind]),
                name="a_sync_change_is_of_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ChangeState]),
                name="a_sync_change_state_is_a_known_state",
            ),
            models.CheckConstraint(
                condition=Q(state=ChangeState.WAITING.value, settled_at__isnull=True)
                | (~Q(state=ChangeState.WAITING.value) & Q(settled_at__isnull=False)),
                name="a_sync_change_waits_iff_it_is_not_settled",
            ),
            models.CheckConstraint(
                condition=~Q(state=ChangeState.UNDONE.value) | Q(acted_on_at__isnull=True),
                name="a_sync_change_that_was_acted_on_is_not_undone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class SyncDecision(models.Model):
    """What somebody decided about a run, and how far the worker has come with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey("directory.SyncRun", on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=16)
    reason = models.CharField(max_length=500)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    """Of those done: stale, or not to be undone."""
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(
                fields=["decided_at"], condition=Q(finished_at__isnull=True), name="sync_decision_open"
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "kind"], name="a_run_is_decided_once_each_way"),
            models.UniqueConstraint(
                fields=["run"],
                condition=Q(finished_at__isnull=True),
                name="one_decision_under_way_per_run",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in SyncDecisionKind]),
                name="a_sync_decision_is_of_a_known_kind",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(decided_by=""), name="a_sync_decision_says_why_and_by_whom"
            ),
        ]

    def __str__(self) -> str:
        return self.kind
