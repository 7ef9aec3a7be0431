"""Roles that wait for a second person: what was asked for, by whom, and how it was decided."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models


class AppointmentState(StrEnum):
    """How far an appointment has come."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    LAPSED = "lapsed"


class RoleAppointment(models.Model):
    """A role asked for by one person, which another one gives or declines (domain.md 7.3).

    ``requested_by_person`` and ``decided_by_person`` are persons' ids, the others their HSA-ids. One that
    waited too long has lapsed: a job decided it, and nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    employment = models.ForeignKey(
        "directory.Employment", on_delete=models.PROTECT, related_name="appointments"
    )
    role = models.CharField(max_length=32)
    organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, related_name="appointments"
    )
    may_see_protected = models.BooleanField(default=False)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    trained_on = models.DateField(null=True)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=12, default=AppointmentState.REQUESTED.value)
    requested_by = models.CharField(max_length=64)
    requested_by_person = models.CharField(max_length=36)
    requested_at = models.DateTimeField()
    decided_by = models.CharField(max_length=64, blank=True)
    decided_by_person = models.CharField(max_length=36, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        """Two people, or nothing."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in AppointmentState]),
                name="an_appointment_state_is_a_known_state",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state=AppointmentState.REQUESTED.value, decided_by_person="", decided_at__isnull=True
                )
                | (
                    ~models.Q(state=AppointmentState.REQUESTED.value)
                    & models.Q(decided_at__isnull=False)
                    & (~models.Q(decided_by_person="") | models.Q(state=AppointmentState.LAPSED.value))
                ),
                name="an_appointment_is_decided_iff_by_whom_and_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=AppointmentState.APPROVED.value)
                | ~models.Q(decided_by_person=models.F("requested_by_person")),
                name="two_people_decide_an_appointment",
            ),
            models.UniqueConstraint(
                fields=["employment", "role", "organization"],
                condition=models.Q(state=AppointmentState.REQUESTED.value),
                name="one_waiting_appointment_per_role_and_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employment_id} {self.role} {self.state}"
