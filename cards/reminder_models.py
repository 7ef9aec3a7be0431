"""Which holders were reminded that their card ends, so that nobody is told twice."""

from typing import ClassVar

from django.db import models


class CardReminder(models.Model):
    """One reminder to one holder; ``days_before`` is the step of ``cards.reminders.STEPS``."""

    card = models.ForeignKey("cards.Card", on_delete=models.PROTECT, related_name="reminders")
    days_before = models.PositiveSmallIntegerField()
    reminded_at = models.DateTimeField()

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["card", "days_before"], name="one_reminder_per_card_and_step"),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.days_before}"
