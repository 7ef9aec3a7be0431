"""What is stored of unlockings: by what they were opened, which client, what the card signed."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cards.conversation_models import OpenedByChallenge, SignedByCard, what_every_conversation_keeps
from cards.states import OPEN_UNLOCK_STATES, UnlockState


class Unlock(SignedByCard, OpenedByChallenge):
    """One attempt to give a card in use a new PIN, from its opening to the card's signature.

    It rests on the identity check at the desk, or on the holder's login with their mobile eID (POR-6):
    ``mobile`` and the evidence of that login, which may open more than one.
    """

    identity_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, related_name="unlock", null=True
    )
    mobile = models.ForeignKey("cards.MobileEid", on_delete=models.PROTECT, related_name="unlocks", null=True)
    login_evidence_id = models.CharField(max_length=36, blank=True)
    unlocked_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            *what_every_conversation_keeps(
                "unlock",
                states=[state.value for state in UnlockState],
                open_states=[state.value for state in OPEN_UNLOCK_STATES],
            ),
            models.CheckConstraint(
                condition=Q(identity_check__isnull=False, mobile__isnull=True, login_evidence_id="")
                | Q(identity_check__isnull=True, mobile__isnull=False) & ~Q(login_evidence_id=""),
                name="unlock_rests_on_a_check_or_a_mobile_login",
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
                condition=Q(answers=0, answered_at__isnull=True, challenge="")
                | Q(answers__gt=0, answered_at__isnull=False) & ~Q(challenge=""),
                name="unlock_answered_iff_when_and_what",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[UnlockState.ANSWERED.value, UnlockState.UNLOCKED.value])
                | Q(answers__gt=0),
                name="unlock_past_claimed_was_answered",
            ),
        ]
