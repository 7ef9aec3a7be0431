"""Counts of cards for each organization: figures for its page, no cards."""

from collections.abc import Mapping
from datetime import datetime

from django.db import models

from cards.models import Card
from cards.states import CardState
from directory.reach import held_within
from directory.swedish_time import swedish_day
from journal.actor import Actor


def active_cards_counted(*, actor: Actor, at: datetime) -> Mapping[str, int]:
    """Return how many cards are in use in each organization in the actor's scope, by organization's id."""
    active = Card.objects.filter(state=CardState.ACTIVE.value, valid_until__gte=swedish_day(at))
    active = active.filter(held_within(actor))
    counted = active.values_list("organization_id").annotate(models.Count("pk")).order_by()
    return {str(pk): number for pk, number in counted}
