"""What is stored of reserve cards handed out: who checked the holder, and who approved."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cards.stock_states import ReserveState


class ReserveHandOut(models.Model):
    """A reserve card of the stock given to a person, until its holder has fetched the certificates.

    ``first_person_id`` and ``second_person_id`` are the people behind the HSA-ids: at level 3 two of them.
    ``wrong_codes`` counts tries with a code that is not the envelope's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    card = models.OneToOneField("cards.Card", on_delete=models.PROTECT, related_name="reserve_hand_out")
    stock_card = models.OneToOneField(
        "cards.StockCard", on_delete=models.PROTECT, related_name="reserve_hand_out"
    )
    loa = models.PositiveSmallIntegerField()
    first_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, related_name="first_of_reserve"
    )
    first_by = models.CharField(max_length=64)
    first_person_id = models.CharField(max_length=36)
    handed_out_at = models.DateTimeField()
    second_check = models.OneToOneField(
        "cards.IdentityCheck", on_delete=models.PROTECT, null=True, related_name="second_of_reserve"
    )
    second_by = models.CharField(max_length=64, blank=True)
    second_person_id = models.CharField(max_length=36, blank=True)
    approved_at = models.DateTimeField(null=True)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    extended_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ReserveState]),
                name="reserve_hand_out_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(loa=2, approved_at__isnull=True, second_by="", second_person_id="")
                & ~Q(state=ReserveState.AWAITING_SECOND.value)
                | Q(loa=3)
                & (
                    Q(state__in=[ReserveState.AWAITING_SECOND.value, ReserveState.REFUSED.value])
                    | Q(approved_at__isnull=False, second_check__isnull=False)
                    & ~Q(second_by="")
                    & ~Q(second_person_id="")
                ),
                name="a_reserve_card_at_level_three_is_handed_out_by_two",
            ),
            models.CheckConstraint(
                condition=Q(second_person_id="") | ~Q(second_person_id=F("first_person_id")),
                name="a_reserve_card_is_handed_out_by_two_different_people",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
