"""The whole way of a card, and what each verb refuses."""

from datetime import UTC, datetime, timedelta

import pytest

from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from cards import lifecycle
from cards.errors import AlreadyBlocked, RequestedBeforeTheCard, RequestedInTheFuture
from cards.models import Activation, Card, CardOrder
from cards.reasons import REVOCATION_REASONS, BlockReason
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


def test_a_request_noted_on_paper_is_registered_afterwards_with_its_own_time(scene: Scene) -> None:
    """POR-15: requested_at is kept apart from when it was carried out, and since when the key is doubtful."""
    card = an_active_card(scene)
    requested_at = scene.at
    blocked = lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=requested_at,
        note="Ring 08:12 till växeln",
        actor=scene.cast.alva,
        at=scene.later(hours=3),
    )
    assert (blocked.block_requested_at, blocked.blocked_at) == (requested_at, scene.at)
    assert blocked.block_note == "Ring 08:12 till växeln"
    for certificate in Certificate.objects.all():
        assert certificate.revoked_at == scene.at
        assert certificate.revocation_requested_at == requested_at
        assert certificate.invalidity_at == requested_at
        assert certificate.revocation_reason == RevocationReason.KEY_COMPROMISE


def test_no_block_is_requested_in_the_future(scene: Scene) -> None:
    card = an_active_card(scene)
    with pytest.raises(RequestedInTheFuture):
        lifecycle.block_card(
            card_id=str(card.pk),
            reason=BlockReason.DEFECTIVE,
            requested_at=scene.at + timedelta(seconds=1),
            actor=scene.cast.alva,
            at=scene.at,
        )
    assert Card.objects.get().state == CardState.ACTIVE


@pytest.mark.parametrize("year", [1, 1900, None])
def test_no_block_is_requested_before_the_card_was_ordered(scene: Scene, year: int | None) -> None:
    """POR-15: the time of the request becomes the invalidityDate of every CRL that lists the card."""
    card = an_active_card(scene)
    too_early = datetime(year, 1, 1, tzinfo=UTC) if year else card.ordered_at - timedelta(microseconds=1)
    with pytest.raises(RequestedBeforeTheCard) as refused:
        lifecycle.block_card(
            card_id=str(card.pk),
            reason=BlockReason.DEFECTIVE,
            requested_at=too_early,
            actor=scene.cast.alva,
            at=scene.at,
        )
    assert refused.value.facts == {"ordered_at": card.ordered_at.isoformat()}
    assert Card.objects.get().state == CardState.ACTIVE


def test_a_card_lost_before_it_was_activated_has_certificates_invalid_from_their_beginning(
    scene: Scene,
) -> None:
    card = an_active_card(scene)
    scene.later(days=1)
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=card.ordered_at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    certificates = list(Certificate.objects.filter(carrier_id=str(card.pk)))
    assert len(certificates) == 2
    for certificate in certificates:
        assert certificate.revocation_requested_at == card.ordered_at
        assert certificate.invalidity_at == certificate.not_before


@pytest.mark.parametrize("reason", list(BlockReason))
def test_each_reason_goes_to_the_certificates_as_the_table_says(scene: Scene, reason: BlockReason) -> None:
    card = an_active_card(scene)
    lifecycle.block_card(
        card_id=str(card.pk), reason=reason, requested_at=scene.at, actor=scene.cast.alva, at=scene.at
    )
    assert set(Certificate.objects.values_list("revocation_reason", flat=True)) == {
        REVOCATION_REASONS[reason]
    }


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
