"""Agents (ombud): which organization handles what for which other one, from when until when."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Agency(models.Model):
    """One organization handles cards, function certificates or both for another one.

    It begins and ends by decisions of the central administration, and is never removed: who reached whom is
    a question of years later. An agency that HSA names stands in ``Organization.agent_organization``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, related_name="agencies"
    )
    agent = models.ForeignKey("directory.Organization", on_delete=models.PROTECT, related_name="represents")
    for_cards = models.BooleanField(default=True)
    for_functions = models.BooleanField(default=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    given_by = models.CharField(max_length=64)
    given_at = models.DateTimeField()
    ended_by = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(agent=F("organization")), name="nobody_is_agent_for_themselves"
            ),
            models.CheckConstraint(
                condition=Q(for_cards=True) | Q(for_functions=True), name="an_agency_is_for_something"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="an_agency_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | (Q(ended_at__isnull=False, valid_to__isnull=False) & ~Q(ended_by="")),
                name="an_agency_is_ended_iff_by_whom_and_when",
            ),
            models.UniqueConstraint(
                fields=["organization", "agent"],
                condition=Q(valid_to__isnull=True),
                name="one_agency_without_an_end_for_two_organizations",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
