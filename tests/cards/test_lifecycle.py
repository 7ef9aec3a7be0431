"""The whole way of a card, and what each verb refuses."""

import pytest

from cards import lifecycle
from cards.errors import AlreadyBlocked
from cards.models import Activation, CardOrder
from cards.reasons import BlockReason
from cards.selectors import is_card_active
from cards.states import ActivationState, CardOrderState, CardState
from journal.models import Entry
from tests.scenarios import Scene, a_blocked_card, an_active_card


def test_a_card_goes_from_order_to_use(scene: Scene) -> None:
    """POR-1, CRD-5."""
    card = an_active_card(scene)
    assert card.state == CardState.ACTIVE
    assert CardOrder.objects.get().state == CardOrderState.ACTIVATED
    assert Activation.objects.get().state == ActivationState.ACTIVE
    assert card.card_number is not None
    assert is_card_active(card.card_number, scene.at)
    types = list(Entry.objects.order_by("id").values_list("type", flat=True))
    assert types.index("card.ordered") < types.index("card.shipped") < types.index("card.activated")


def test_blocking_revokes_every_certificate_and_says_why(scene: Scene) -> None:
    """POR-2."""
    card = a_blocked_card(scene)
    assert card.state == CardState.BLOCKED
    assert card.card_number is not None
    assert not is_card_active(card.card_number, scene.at)


def test_the_second_block_learns_who_was_first(scene: Scene) -> None:
    card = a_blocked_card(scene)
    with pytest.raises(AlreadyBlocked) as caught:
        lifecycle.block_card(
            card_id=str(card.pk),
            reason=BlockReason.DEFECTIVE,
            requested_at=scene.at,
            actor=scene.cast.another_administrator,
            at=scene.at,
        )
    assert caught.value.by == scene.cast.alva.identifier
    assert caught.value.at == card.blocked_at
