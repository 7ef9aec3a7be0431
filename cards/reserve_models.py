"""What is stored of reserve cards handed out and filled again: who checked the holder, and who approved."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cards.stock_states import HAND_OUT_STATES, OPEN_REFILL_STATES, ReserveState

_OPEN_REFILL = sorted(state.value for state in OPEN_REFILL_STATES)


class ApprovedByTwo(models.Model):
    """What an ID administrator lets a holder fetch with an envelope's code; at level 3 a second one approves.

    ``first_person_id`` and ``second_person_id`` are the people behind the HSA-ids: at level 3 two of them.
    ``wrong_codes`` counts tries with a code that is not the envelope's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    loa = models.PositiveSmallIntegerField()
    first_by = models.CharField(max_length=64)
    first_person_id = models.CharField(max_length=36)
    second_by = models.CharField(max_length=64, blank=True)
    second_person_id = models.CharField(max_length=36, blank=True)
    approved_at = models.DateTimeField(null=True)
    wrong_codes = models.PositiveSmallIntegerField(default=0)

    class Meta:
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        return str(self.id)


def _approved_by_two(*, states_before: list[str]) -> Q:
    """Return that level 3 was approved by a second person, except in these states, and level 2 by nobody."""
    return Q(loa=2, approved_at__isnull=True, second_by="", second_person_id="") & ~Q(
        state=ReserveState.AWAITING_SECOND.value
    ) | Q(loa=3) & (
        Q(state__in=states_before)
        | Q(approved_at__isnull=False, second_check__isnull=False)
        & ~Q(second_by="")
        & ~Q(second_person_id="")
    )


class ReserveHandOut(ApprovedByTwo):
    """A reserve card of the stock given to a person, until its holder has fetched the certificates."""

    card = models.OneToOneField("cards.Card", on_delete=models.PROTECT, related_name="reserve_hand_out")
    stock_card = models.OneToOneField(
        "cards.StockCard", on_delete=models.PROTECT, related_name="reserve_hand_out"
    )
    first_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, related_name="first_of_reserve"
    )
    handed_out_at = models.DateTimeField()
    second_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, null=True, related_name="second_of_reserve"
    )
    extended_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in HAND_OUT_STATES]),
                name="reserve_hand_out_state_is_known",
            ),
            models.CheckConstraint(
                condition=_approved_by_two(
                    states_before=[ReserveState.AWAITING_SECOND.value, ReserveState.REFUSED.value]
                ),
                name="a_reserve_card_at_level_three_is_handed_out_by_two",
            ),
            models.CheckConstraint(
                condition=Q(second_person_id="") | ~Q(second_person_id=F("first_person_id")),
                name="a_reserve_card_is_handed_out_by_two_different_people",
            ),
        ]

    @property
    def begun_at(self) -> datetime:
        """Return from when the holder has a fortnight."""
        return self.handed_out_at


class ReserveRefill(ApprovedByTwo):
    """New certificates ordered for a reserve card in use that has no valid ones, until they are on it."""

    card = models.ForeignKey("cards.Card", on_delete=models.PROTECT, related_name="reserve_refills")
    first_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, related_name="first_of_refill"
    )
    ordered_at = models.DateTimeField()
    second_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, null=True, related_name="second_of_refill"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ReserveState]),
                name="reserve_refill_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["card"], condition=Q(state__in=_OPEN_REFILL), name="one_open_reserve_refill_per_card"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_OPEN_REFILL, ended_at__isnull=True)
                | ~Q(state__in=_OPEN_REFILL) & Q(ended_at__isnull=False),
                name="reserve_refill_ended_iff_when",
            ),
            models.CheckConstraint(
                condition=_approved_by_two(
                    states_before=[
                        ReserveState.AWAITING_SECOND.value,
                        ReserveState.REFUSED.value,
                        ReserveState.ENDED.value,
                    ]
                ),
                name="a_reserve_refill_at_level_three_is_ordered_by_two",
            ),
            models.CheckConstraint(
                condition=Q(second_person_id="") | ~Q(second_person_id=F("first_person_id")),
                name="a_reserve_refill_is_ordered_by_two_different_people",
            ),
        ]

    @property
    def begun_at(self) -> datetime:
        """Return from when the holder has a fortnight."""
        return self.ordered_at


ReserveOrder = ReserveHandOut | ReserveRefill
"""What two people approve and a holder fetches: a card of the stock, or new certificates on one in use."""
