"""What is stored of renewals: what is made anew, its keys, and what the holder signed."""

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q

from cards.conversation_models import CardConversation, SignedByCard, what_every_conversation_keeps
from cards.renewal.states import OPEN_RENEWAL_STATES, RenewalState

if TYPE_CHECKING:
    from cards.models import IdentityCheck


class RenewalPurpose(models.TextChoices):
    """What new certificates are for (domain.md 2.1, 2.10)."""

    RENEW = "renew"
    SIGNATURE = "signature"
    EXTRA_PAIR = "extra_pair"
    REFILL = "refill"


class Renewal(SignedByCard, CardConversation):
    """One attempt to put new certificates on a card in use, from its opening to the holder's signature.

    ``hsa_id`` is whose employment the HSA-id certificates name: the card's own, or that of an extra pair.
    ``identity_check`` is there when it was opened at the desk; the holder's own login stands in its place.
    ``refill`` is the order by which the holder fetches certificates to a reserve card that has none; each try
    of one order is a renewal of its own, and the order's identity checks stand for it.
    """

    purpose = models.CharField(max_length=16)
    hsa_id = models.CharField(max_length=32)
    identity_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, null=True, related_name="renewal"
    )
    refill = models.ForeignKey(
        "cards.ReserveRefill", on_delete=models.PROTECT, null=True, related_name="renewals"
    )
    keys_made_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            *what_every_conversation_keeps(
                "renewal",
                states=[state.value for state in RenewalState],
                open_states=[state.value for state in OPEN_RENEWAL_STATES],
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[purpose.value for purpose in RenewalPurpose]),
                name="renewal_purpose_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    purpose=RenewalPurpose.REFILL.value, refill__isnull=False, identity_check__isnull=True
                )
                | ~Q(purpose=RenewalPurpose.REFILL.value) & Q(refill__isnull=True),
                name="renewal_is_a_refill_iff_one_was_ordered",
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
        ]

    @property
    def standing_check(self) -> "IdentityCheck | None":
        """Return the identity check that it rests on: its own, or the order's; None with a login."""
        if self.refill is None:
            return self.identity_check
        return self.refill.second_check or self.refill.first_check


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
