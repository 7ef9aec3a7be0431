"""Two at once: whoever is faster, the end is right and the other is told (F15, double click)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from ca.models import Certificate
from cards import lifecycle
from cards.errors import AlreadyBlocked, CardsError, TokenInvalid
from cards.manufacturing.sending import send_due_batches
from cards.models import Activation, Card, CardOrder
from cards.reasons import BlockReason
from cards.states import CardOrderState, CardState
from journal.models import Entry
from tests.scenarios import (
    CLIENT,
    WORKER,
    OpenEnvelopes,
    Scene,
    a_claimed_activation,
    a_pending_order,
    a_scene,
    a_shipped_card,
    a_written_activation,
    an_active_card,
    an_open_activation,
)

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 30


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return a_scene()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Start all acts at the same moment, each with its own connection; return their results or refusals."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        gate.wait(60)
        try:
            return act()
        except CardsError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def block(scene: Scene, card: Card) -> Card:
    return lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )


def block_too(scene: Scene, card: Card) -> Card:
    return lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.DEFECTIVE,
        requested_at=scene.at,
        actor=scene.cast.another_administrator,
        at=scene.at,
    )


def test_a_card_blocked_while_it_is_activated_ends_blocked(scene: Scene) -> None:
    """F15: in every round the end is BLOCKED, and every certificate is revoked."""
    for _ in range(ROUNDS):
        scene.client = scene.client.restarted()
        scene.client.chip.clear()
        activation = a_written_activation(scene)
        issued = lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)
        answer = scene.client.answer(activation, bytes(issued[0].certificate.certificate_der))
        card = activation.card
        at_once(
            lambda card=card: block(scene, card),
            lambda activation=activation, answer=answer: lifecycle.sign_receipt(
                activation_id=str(activation.pk), answer=answer, actor=CLIENT, at=scene.at
            ),
        )
        card.refresh_from_db()
        assert card.state == CardState.BLOCKED
        assert not Certificate.objects.filter(carrier_id=str(card.pk), revoked_at__isnull=True).exists()
        assert not Activation.objects.filter(card=card).exclude(state__in=["ACTIVE", "ABORTED"]).exists()


def test_a_card_blocked_while_keys_are_registered_has_no_certificate_in_force(scene: Scene) -> None:
    for _ in range(ROUNDS // 3):
        scene.client = scene.client.restarted()
        scene.client.chip.clear()
        activation = a_claimed_activation(scene)
        requests = scene.client.requests()
        card = activation.card
        at_once(
            lambda card=card: block(scene, card),
            lambda activation=activation, requests=requests: lifecycle.register_keys(
                activation_id=str(activation.pk), requests=requests, actor=CLIENT, at=scene.at
            ),
        )
        scene.authority.issue_and_publish(at=scene.later(seconds=1))
        assert not Certificate.objects.filter(carrier_id=str(card.pk), revoked_at__isnull=True).exists()


def test_of_two_administrators_one_blocks_and_the_other_learns_who(scene: Scene) -> None:
    for _ in range(ROUNDS // 3):
        scene.client = scene.client.restarted()
        scene.client.chip.clear()
        card = an_active_card(scene)
        before = Entry.objects.filter(type="card.blocked").count()
        results = at_once(lambda card=card: block(scene, card), lambda card=card: block_too(scene, card))
        refused = [result for result in results if isinstance(result, AlreadyBlocked)]
        done = [result for result in results if isinstance(result, Card)]
        assert (len(done), len(refused)) == (1, 1)
        assert refused[0].by == done[0].blocked_by
        assert refused[0].at == done[0].blocked_at
        assert Entry.objects.filter(type="card.blocked").count() == before + 1


def test_of_two_clients_one_claims(scene: Scene) -> None:
    opened = an_open_activation(scene)
    results = at_once(*[lambda: a_claimed_activation(scene, opened) for _ in range(4)])
    assert sum(isinstance(result, Activation) for result in results) == 1
    assert sum(isinstance(result, TokenInvalid) for result in results) == 3


def test_two_orders_at_once_are_one(scene: Scene) -> None:
    results = at_once(*[lambda: a_pending_order(scene) for _ in range(4)])
    assert sum(isinstance(result, CardOrder) for result in results) == 1
    assert sum(isinstance(result, CardsError) for result in results) == 3
    assert Card.objects.count() == 1


def test_a_cancelled_order_is_never_sent(scene: Scene) -> None:
    for _ in range(ROUNDS // 3):
        order = a_pending_order(scene)
        told = len(scene.factory.orders)
        at_once(
            lambda order=order: lifecycle.cancel_order(
                card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at
            ),
            lambda: send_due_batches(
                factory=scene.factory, sealing=OpenEnvelopes(), actor=WORKER, at=scene.at
            ),
        )
        order.refresh_from_db()
        was_told = len(scene.factory.orders) > told
        assert order.state == (CardOrderState.SENT if was_told else CardOrderState.CANCELLED)
        if was_told:
            block(scene, order.card)


def test_two_administrators_open_one_activation(scene: Scene) -> None:
    card = a_shipped_card(scene)
    at_once(*[lambda: an_open_activation(scene, card) for _ in range(3)])
    assert Activation.objects.filter(card=card).exclude(state="ABORTED").count() == 1
