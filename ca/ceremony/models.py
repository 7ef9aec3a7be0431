"""The plan of a ceremony after the first one: what two people approve before anything of it is done."""

import uuid

from django.db import models
from django.db.models import F, Q

from ca.ceremony.states import PlanState

_TWICE = (PlanState.APPROVED.value, PlanState.BEGUN.value, PlanState.HELD.value)


class CeremonyPlan(models.Model):
    """A script and what it would do; the digest of that is what the approvals are about.

    A script is held once: its digest is unique among all plans that were not withdrawn.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=120)
    environment = models.CharField(max_length=8)
    script = models.TextField()
    script_sha256 = models.CharField(max_length=64)
    plan = models.JSONField()
    plan_sha256 = models.CharField(max_length=64)
    consequence = models.JSONField(default=dict)
    """Figures at the time of the proposal; the page shows those of now beside them."""
    state = models.CharField(max_length=16, default=PlanState.PROPOSED.value)
    proposed_at = models.DateTimeField()
    first_approver = models.CharField(max_length=36, blank=True, default="")
    first_approved_at = models.DateTimeField(null=True)
    second_approver = models.CharField(max_length=36, blank=True, default="")
    second_approved_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    protocol_name = models.CharField(max_length=64, blank=True, default="")
    protocol_sha256 = models.CharField(max_length=64, blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(
                name="ceremony_script_planned_once",
                fields=["script_sha256"],
                condition=~Q(state=PlanState.WITHDRAWN.value),
            ),
            models.CheckConstraint(
                name="ceremony_plan_state_is_known",
                condition=Q(state__in=[state.value for state in PlanState]),
            ),
            models.CheckConstraint(
                name="ceremony_approvers_differ",
                condition=Q(second_approver="") | ~Q(first_approver=F("second_approver")),
            ),
            models.CheckConstraint(
                name="ceremony_approved_iff_who_and_when",
                condition=(Q(first_approver="") & Q(first_approved_at__isnull=True) & Q(second_approver=""))
                | (~Q(first_approver="") & Q(first_approved_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="ceremony_approved_twice_iff_who_and_when",
                condition=(Q(second_approver="") & Q(second_approved_at__isnull=True))
                | (~Q(second_approver="") & Q(second_approved_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="ceremony_is_not_held_by_one",
                condition=~Q(state__in=_TWICE) | (~Q(first_approver="") & ~Q(second_approver="")),
            ),
            models.CheckConstraint(
                name="ceremony_begun_has_a_time",
                condition=~Q(state__in=[PlanState.BEGUN.value, PlanState.HELD.value])
                | Q(begun_at__isnull=False),
            ),
            models.CheckConstraint(
                name="ceremony_held_iff_when_and_protocol",
                condition=(Q(state=PlanState.HELD.value) & Q(held_at__isnull=False) & ~Q(protocol_sha256=""))
                | (~Q(state=PlanState.HELD.value) & Q(held_at__isnull=True)),
            ),
        )

    def __str__(self) -> str:
        return self.title
