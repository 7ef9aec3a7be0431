"""What is stored of unlockings at the desk: who was identified, which client, what the card signed."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cards.conversation_models import OpenedByChallenge
from cards.states import OPEN_UNLOCK_STATES, UnlockState

_OPEN = sorted(state.value for state in OPEN_UNLOCK_STATES)


class Unlock(OpenedByChallenge):
    """One attempt to give a card in use a new PIN, from the identity check to the card's signature."""

    identity_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, related_name="unlock"
    )
    question = models.JSONField()
    unlocked_at = models.DateTimeField(null=True)
    certificate_der = models.BinaryField(null=True)
    algorithm = models.CharField(max_length=8, blank=True)
    signature = models.BinaryField(null=True)
    user_challenge = models.CharField(max_length=64, blank=True)
    server_spki = models.CharField(max_length=64, blank=True)
    signed_octets = models.BinaryField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in UnlockState]),
                name="unlock_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["card"], condition=Q(state__in=_OPEN), name="one_open_unlock_per_card"
            ),
            models.CheckConstraint(
                condition=Q(state=UnlockState.ABORTED.value, aborted_at__isnull=False) & ~Q(abort_reason="")
                | ~Q(state=UnlockState.ABORTED.value) & Q(aborted_at__isnull=True, abort_reason=""),
                name="unlock_aborted_iff_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=UnlockState.UNLOCKED.value,
                    unlocked_at__isnull=False,
                    certificate_der__isnull=False,
                    signature__isnull=False,
                    signed_octets__isnull=False,
                )
                | ~Q(state=UnlockState.UNLOCKED.value)
                & Q(
                    unlocked_at__isnull=True,
                    certificate_der__isnull=True,
                    signature__isnull=True,
                    signed_octets__isnull=True,
                ),
                name="unlock_done_iff_the_card_signed",
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True, client_key__isnull=True)
                | Q(claimed_at__isnull=False, client_key__isnull=False),
                name="unlock_claimed_iff_by_a_client_key",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[UnlockState.OPENED.value, UnlockState.ABORTED.value])
                | Q(claimed_at__isnull=False),
                name="unlock_past_opened_was_claimed",
            ),
            models.CheckConstraint(
                condition=Q(answers=0, answered_at__isnull=True, challenge="")
                | Q(answers__gt=0, answered_at__isnull=False) & ~Q(challenge=""),
                name="unlock_answered_iff_when_and_what",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[UnlockState.ANSWERED.value, UnlockState.UNLOCKED.value])
                | Q(answers__gt=0),
                name="unlock_past_claimed_was_answered",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")), name="unlock_expires_after_it_was_opened"
            ),
        ]
