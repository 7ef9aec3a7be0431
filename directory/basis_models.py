"""Bulk decisions on a basis list (POR-11, POR-13): what was chosen, why, by whom, and each row's outcome."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class BasisSubject(StrEnum):
    """What a basis list is a list of."""

    CARD = "card"
    ROLE = "role"
    ORDER = "order"


class BasisOutcome(StrEnum):
    """What became of a row."""

    DONE = "done"
    ALREADY_DONE = "already_done"
    NO_LONGER_SO = "no_longer_so"
    """The register says something else by now: nothing was done."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class BasisDecision(models.Model):
    """A decision over some rows of a basis list, with the right in which it was made.

    More than 25 revocations take a second person (domain.md 7.3); ``weight`` is how many it makes at most.
    The worker carries it out as that person, so that nothing is done outside the scope in which it was
    decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=8)
    reason = models.CharField(max_length=500)
    total = models.PositiveIntegerField()
    needs_second_person = models.BooleanField(default=False)
    decided_by = models.CharField(max_length=64)
    decided_person_id = models.CharField(max_length=36)
    decided_role = models.CharField(max_length=32)
    decided_loa = models.PositiveSmallIntegerField(default=0)
    may_see_protected = models.BooleanField(default=False)
    organization_ids = models.JSONField(default=list)
    unit_id = models.CharField(max_length=36, blank=True)
    unit_ids = models.JSONField(default=list)
    weight = models.PositiveIntegerField(default=0)
    organization_id = models.CharField(max_length=36, blank=True)
    correlation_id = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField()
    approved_by = models.CharField(max_length=64, blank=True)
    approved_person_id = models.CharField(max_length=36, blank=True)
    approved_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["-decided_at"], name="basis_decision_by_time"),
            models.Index(
                fields=["decided_at"], condition=Q(finished_at__isnull=True), name="basis_decision_open"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(subject__in=[subject.value for subject in BasisSubject]),
                name="a_basis_decision_is_about_a_known_subject",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(decided_by=""), name="a_basis_decision_says_why_and_by_whom"
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by="", approved_person_id="")
                | (Q(approved_at__isnull=False) & ~Q(approved_by="") & ~Q(approved_person_id="")),
                name="a_basis_decision_is_approved_iff_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(approved_person_id=F("decided_person_id")),
                name="two_persons_decide_a_large_basis_decision",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True)
                | Q(needs_second_person=False)
                | Q(approved_at__isnull=False)
                | Q(withdrawn_at__isnull=False),
                name="a_large_basis_decision_is_finished_only_when_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.total}"


class BasisMember(models.Model):
    """One row of a decision. ``evidence`` is what the list showed when it was decided: codes and moments."""

    id = models.BigAutoField(primary_key=True)
    decision = models.ForeignKey(BasisDecision, on_delete=models.PROTECT, related_name="members")
    subject = models.CharField(max_length=8)
    subject_id = models.UUIDField()
    person = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="+")
    ground = models.CharField(max_length=32)
    evidence = models.JSONField(default=dict)
    outcome = models.CharField(max_length=16, blank=True)
    detail = models.CharField(max_length=64, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["decision", "id"], condition=Q(outcome=""), name="basis_members_left")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["decision", "subject_id"], name="a_basis_decision_names_a_subject_once"
            ),
            models.UniqueConstraint(
                fields=["subject", "subject_id"],
                condition=Q(outcome=""),
                name="one_basis_decision_under_way_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", done_at__isnull=True)
                | Q(outcome__in=[outcome.value for outcome in BasisOutcome], done_at__isnull=False),
                name="a_basis_member_is_done_iff_it_has_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.outcome}"


class RoleUse(models.Model):
    """When a role assignment was last used to log in."""

    role_assignment = models.OneToOneField(
        "directory.RoleAssignment", on_delete=models.PROTECT, primary_key=True, related_name="use"
    )
    last_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.role_assignment_id)
