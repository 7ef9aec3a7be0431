"""What is stored of letters with a PUK: that one was ordered and posted; never the PUK, never the address."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from cards.states import RUNNING_PUK_LETTER_STATES, PukLetterState

_RUNNING = sorted(state.value for state in RUNNING_PUK_LETTER_STATES)


class PukLetter(models.Model):
    """One letter for one card, printed and posted by its producer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    card = models.ForeignKey("cards.Card", on_delete=models.PROTECT, related_name="puk_letters")
    ordered_at = models.DateTimeField()
    ordered_by = models.CharField(max_length=64)
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_problem = models.CharField(max_length=64, blank=True)
    # SHA-256 of every content that may have left for the printer, the newest last.
    content_hashes = models.JSONField(default=list)
    sent_at = models.DateTimeField(null=True)
    posted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=32, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PukLetterState]),
                name="puk_letter_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["card"], condition=Q(state__in=_RUNNING), name="one_running_puk_letter_per_card"
            ),
            models.CheckConstraint(
                condition=Q(state=PukLetterState.ENDED.value, ended_at__isnull=False) & ~Q(end_reason="")
                | ~Q(state=PukLetterState.ENDED.value) & Q(ended_at__isnull=True, end_reason=""),
                name="puk_letter_ended_iff_when_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[PukLetterState.SENT.value, PukLetterState.POSTED.value])
                | Q(sent_at__isnull=False),
                name="puk_letter_with_the_producer_was_sent",
            ),
            models.CheckConstraint(
                condition=Q(state=PukLetterState.POSTED.value, posted_at__isnull=False)
                | ~Q(state=PukLetterState.POSTED.value) & Q(posted_at__isnull=True),
                name="puk_letter_posted_iff_when",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
