"""What is stored of renewals: what is made anew, its keys, and what the holder signed."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cards.conversation_models import CardConversation
from cards.renewal.states import OPEN_RENEWAL_STATES, RenewalState

_OPEN = sorted(state.value for state in OPEN_RENEWAL_STATES)


class RenewalPurpose(models.TextChoices):
    """What new certificates are for (domain.md 2.1, 2.10)."""

    RENEW = "renew"
    SIGNATURE = "signature"
    EXTRA_PAIR = "extra_pair"


class Renewal(CardConversation):
    """One attempt to put new certificates on a card in use, from its opening to the holder's signature.

    ``hsa_id`` is whose employment the HSA-id certificates name: the card's own, or that of an extra pair.
    ``identity_check`` is there when it was opened at the desk; the holder's own login stands in its place.
    """

    purpose = models.CharField(max_length=16)
    hsa_id = models.CharField(max_length=32)
    identity_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, null=True, related_name="renewal"
    )
    question = models.JSONField()
    keys_made_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
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
                condition=Q(state__in=[state.value for state in RenewalState]), name="renewal_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[purpose.value for purpose in RenewalPurpose]),
                name="renewal_purpose_is_known",
            ),
            models.UniqueConstraint(
                fields=["card"], condition=Q(state__in=_OPEN), name="one_open_renewal_per_card"
            ),
            models.CheckConstraint(
                condition=Q(state=RenewalState.ABORTED.value, aborted_at__isnull=False) & ~Q(abort_reason="")
                | ~Q(state=RenewalState.ABORTED.value) & Q(aborted_at__isnull=True, abort_reason=""),
                name="renewal_aborted_iff_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=RenewalState.RENEWED.value,
                    finished_at__isnull=False,
                    written_at__isnull=False,
                    certificate_der__isnull=False,
                    signature__isnull=False,
                    signed_octets__isnull=False,
                )
                | ~Q(state=RenewalState.RENEWED.value)
                & Q(
                    finished_at__isnull=True,
                    certificate_der__isnull=True,
                    signature__isnull=True,
                    signed_octets__isnull=True,
                ),
                name="renewal_done_iff_the_card_signed",
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True, client_key__isnull=True)
                | Q(claimed_at__isnull=False, client_key__isnull=False),
                name="renewal_claimed_iff_by_a_client_key",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RenewalState.OPENED.value, RenewalState.ABORTED.value])
                | Q(claimed_at__isnull=False),
                name="renewal_past_opened_was_claimed",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")), name="renewal_expires_after_it_was_opened"
            ),
        ]


class RenewalKey(models.Model):
    """A key pair made on a card in use, with the certificate request made for it.

    ``label`` is what the card calls it, another than every key before it, so that the old one goes on until
    the new one is known to be on the card.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    renewal = models.ForeignKey(Renewal, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=32)
    label = models.CharField(max_length=64)
    hsa_id = models.CharField(max_length=32, blank=True)
    public_key = models.BinaryField()
    certificate_request_id = models.CharField(max_length=36)
    made_at = models.DateTimeField()
    written_sha256 = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["renewal", "name"], name="one_key_per_renewal_and_name"),
        ]

    def __str__(self) -> str:
        return self.label
