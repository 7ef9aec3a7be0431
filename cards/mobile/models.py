"""What is stored of mobile eIDs, from the code that a phone scans to the block."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q

from cards.conversation_models import CardConversation, SignedByCard, what_every_conversation_keeps
from cards.mobile.states import OPEN_MOBILE_STATES, MobileState
from cards.reasons import BlockReason

MOST_ACTIVE: Final = 3
"""Mobile eIDs that one person has at a time (MOB-6)."""

_OPEN: Final = sorted(state.value for state in OPEN_MOBILE_STATES)
_ENDED: Final = [MobileState.ABORTED.value, MobileState.BLOCKED.value]
_WITH_CERTIFICATE: Final = [MobileState.ISSUED.value, MobileState.ACTIVE.value, MobileState.BLOCKED.value]
_CONFIRMED: Final = [MobileState.ACTIVE.value, MobileState.BLOCKED.value]


class MobileEid(SignedByCard, CardConversation):
    """One mobile eID. ``card`` is the one that its holder logged in with to make it.

    ``slot`` is one of the person's three (MOB-6), held from the beginning so that two at once are not four;
    empty once it is over, and for one past its end whose place was given to another. ``evidence_id`` is the
    second login (MOB-4). What SignedByCard keeps is what the phone signed at the end, with the new key.
    """

    person = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="mobile_eids")
    organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, related_name="mobile_eids"
    )
    slot = models.PositiveSmallIntegerField(null=True)
    evidence_id = models.CharField(max_length=36, unique=True)
    terms_version = models.CharField(max_length=16)
    public_key = models.BinaryField(null=True, unique=True)
    certificate_request_id = models.CharField(max_length=36, blank=True)
    certificate_id = models.CharField(max_length=36, blank=True)
    certificate_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    valid_until = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    """When the holder said, where the code was shown, that the phone which took it is theirs."""
    mark_salt = models.CharField(max_length=22)
    key_made_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    blocked_at = models.DateTimeField(null=True)
    block_requested_at = models.DateTimeField(null=True)
    block_reason = models.CharField(max_length=32, blank=True)
    blocked_by = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [models.Index(fields=["person", "-opened_at"], name="mobile_by_person")]
        constraints: ClassVar = [
            *what_every_conversation_keeps(
                "mobile", states=[state.value for state in MobileState], open_states=_OPEN
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(state__in=_OPEN), name="one_open_mobile_per_person"
            ),
            models.UniqueConstraint(
                fields=["person", "slot"],
                condition=Q(slot__isnull=False),
                name="one_mobile_per_person_and_slot",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_ENDED, slot__isnull=True)
                | Q(state__in=_OPEN, slot__isnull=False)
                | Q(state=MobileState.ACTIVE.value),
                name="mobile_under_way_has_a_slot_and_one_that_ended_none",
            ),
            models.CheckConstraint(
                condition=Q(slot__isnull=True) | Q(slot__gte=1, slot__lte=MOST_ACTIVE),
                name="mobile_slot_is_one_of_three",
            ),
            models.CheckConstraint(condition=~Q(evidence_id=""), name="mobile_rests_on_a_second_login"),
            models.CheckConstraint(
                condition=Q(key_made_at__isnull=True, public_key__isnull=True, certificate_request_id="")
                | Q(key_made_at__isnull=False, public_key__isnull=False) & ~Q(certificate_request_id=""),
                name="mobile_key_made_iff_when_and_requested",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(claimed_at__isnull=False),
                name="mobile_approved_was_claimed",
            ),
            models.CheckConstraint(condition=~Q(mark_salt=""), name="mobile_mark_is_salted"),
            models.CheckConstraint(
                condition=~Q(state__in=[MobileState.KEY_MADE.value, *_WITH_CERTIFICATE])
                | Q(key_made_at__isnull=False, approved_at__isnull=False),
                name="mobile_past_claimed_has_a_key",
            ),
            models.CheckConstraint(
                condition=Q(
                    issued_at__isnull=True, certificate_id="", certificate_sha256="", valid_until__isnull=True
                )
                | Q(issued_at__isnull=False, valid_until__isnull=False)
                & ~Q(certificate_id="")
                & ~Q(certificate_sha256=""),
                name="mobile_issued_iff_when_and_what",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_WITH_CERTIFICATE) | Q(issued_at__isnull=False),
                name="mobile_past_key_made_was_issued",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=_CONFIRMED,
                    activated_at__isnull=False,
                    certificate_der__isnull=False,
                    signature__isnull=False,
                    signed_octets__isnull=False,
                )
                | ~Q(state__in=_CONFIRMED)
                & Q(
                    activated_at__isnull=True,
                    certificate_der__isnull=True,
                    signature__isnull=True,
                    signed_octets__isnull=True,
                ),
                name="mobile_in_use_iff_the_phone_signed",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=MobileState.BLOCKED.value,
                    blocked_at__isnull=False,
                    block_requested_at__isnull=False,
                    block_requested_at__lte=F("blocked_at"),
                    block_reason__in=[reason.value for reason in BlockReason],
                )
                & ~Q(blocked_by="")
                | ~Q(state=MobileState.BLOCKED.value)
                & Q(blocked_at__isnull=True, block_requested_at__isnull=True, block_reason="", blocked_by=""),
                name="mobile_blocked_iff_when_why_and_by_whom",
            ),
        ]
