"""What is kept of a file order at PU, so that a reading that was broken off is taken up again."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q


class FileOrderState(StrEnum):
    """How far an order has come."""

    PLACED = "placed"
    TAKEN = "taken"
    LOST = "lost"
    """PU does not know it any more, or it was placed too long ago: its numbers are ordered again."""


class PuFileOrder(models.Model):
    """An order of records by file. ``numbers`` are those asked for, twelve digits each, until its end."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order_id = models.CharField(max_length=36, unique=True)
    state = models.CharField(max_length=8, default=FileOrderState.PLACED.value)
    numbers = models.TextField()
    placed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in FileOrderState]),
                name="a_file_order_state_is_a_known_state",
            ),
            models.CheckConstraint(
                condition=(Q(state=FileOrderState.PLACED.value, ended_at__isnull=True) & ~Q(numbers=""))
                | (~Q(state=FileOrderState.PLACED.value) & Q(ended_at__isnull=False, numbers="")),
                name="a_file_order_keeps_its_numbers_until_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.state}"
