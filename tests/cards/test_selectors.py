"""Reads keep inside the actor's role, organizations and right to protected persons (F16)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cards import selectors
from cards.errors import ActivationNotFound, CardNotFound, CardOrderNotFound
from cards.models import Activation, Card
from cards.states import CardOrderState
from directory.models import Role
from journal.actor import Actor
from tests.scenarios import (
    Scene,
    a_pending_order,
    a_shipped_card,
    an_active_card,
    an_open_activation,
)

Read = Callable[[Actor, Scene], object]


def found(read: Callable[[], object]) -> bool:
    """Tell whether a read gave anything at all."""
    try:
        answer = read()
    except (CardNotFound, CardOrderNotFound, ActivationNotFound):
        return False
    if isinstance(answer, selectors.PersonCardsView):
        return bool(answer.cards or answer.orders)
    if isinstance(answer, selectors.OrderPage):
        return bool(answer.orders)
    return bool(answer)


def the_card() -> Card:
    return Card.objects.get()


READS: dict[str, Read] = {
    "get_card": lambda actor, _: selectors.get_card(str(the_card().pk), actor=actor),
    "get_card_by_number": lambda actor, _: selectors.get_card_by_number(
        the_card().card_number or "", actor=actor
    ),
    "get_order": lambda actor, _: selectors.get_order(str(the_card().order_id), actor=actor),
    "get_activation": lambda actor, _: selectors.get_activation(
        str(Activation.objects.get().pk), actor=actor
    ),
    "list_orders": lambda actor, _: selectors.list_orders(actor=actor),
    "count_orders": lambda actor, _: selectors.count_orders(actor=actor),
    "person_cards": lambda actor, scene: selectors.person_cards(
        str(the_card().person_id), actor=actor, at=scene.at
    ),
    "card_view": lambda actor, scene: selectors.card_view(str(the_card().pk), actor=actor, at=scene.at),
    "activation_view": lambda actor, scene: selectors.activation_view(
        str(Activation.objects.get().pk), actor=actor, at=scene.at
    ),
    "shipped_and_waiting": lambda actor, _: selectors.shipped_and_waiting(actor=actor),
    "orders_in_reach": lambda actor, _: list(selectors.orders_in_reach(actor)),
}


def test_every_read_that_takes_an_actor_is_in_the_matrix() -> None:
    public = {
        name
        for name, item in vars(selectors).items()
        if callable(item)
        and getattr(item, "__module__", "") == selectors.__name__
        and not name.startswith("_")
        and "actor" in getattr(item, "__annotations__", {})
    }
    assert public == set(READS)


@pytest.mark.parametrize("name", sorted(READS))
def test_alva_and_cia_see_it_and_doris_and_bo_get_nothing(scene: Scene, name: str) -> None:
    an_open_activation(scene)
    read = READS[name]
    assert found(lambda: read(scene.cast.alva, scene))
    assert found(lambda: read(scene.cast.cia, scene))
    for stranger in (
        scene.cast.doris,
        scene.cast.bo,
        replace(scene.cast.alva, organization_ids=()),
        replace(scene.cast.alva, role=""),
        replace(scene.cast.alva, role=Role.VALIDATION_SPECIALIST.value),
    ):
        assert not found(lambda stranger=stranger: read(stranger, scene)), stranger.role


@pytest.mark.parametrize("name", sorted(READS))
def test_a_protected_person_is_seen_only_with_the_right(scene: Scene, name: str) -> None:
    an_open_activation(scene, a_shipped_card(scene, scene.cast.erik))
    read = READS[name]
    assert not found(lambda: read(scene.cast.alva, scene))
    assert found(lambda: read(replace(scene.cast.alva, may_see_protected=True), scene))


@pytest.mark.parametrize("text", ["", "x", "00000000-0000-0000-0000-000000000000", "' OR 1=1"])
def test_an_id_that_is_none_is_not_found(scene: Scene, text: str) -> None:
    with pytest.raises(CardNotFound):
        selectors.get_card(text, actor=scene.cast.alva)
    with pytest.raises(CardOrderNotFound):
        selectors.get_order(text, actor=scene.cast.alva)
    with pytest.raises(ActivationNotFound):
        selectors.get_activation(text, actor=scene.cast.alva)


def test_pages_of_orders_meet_without_gap_or_overlap(scene: Scene) -> None:
    people = [scene.cast.asa, scene.cast.alva_herself]
    administrators = [scene.cast.alva, scene.cast.another_administrator]
    orders = []
    for holder, actor in zip(people, administrators, strict=True):
        scene.cast = replace(scene.cast, alva=actor)
        orders.append(a_pending_order(scene, holder))
        scene.at += timedelta(seconds=1)
    first = selectors.list_orders(actor=scene.cast.alva, limit=1)
    second = selectors.list_orders(actor=scene.cast.alva, limit=1, after=first.after)
    assert [order.pk for order in (*first.orders, *second.orders)] == [order.pk for order in reversed(orders)]
    assert second.after == ""


@pytest.mark.parametrize("after", ["garbage", "2026-01-01~x", "~", "2026-13-01T00:00:00Z~x"])
def test_an_unreadable_key_begins_at_the_start(scene: Scene, after: str) -> None:
    a_pending_order(scene)
    page = selectors.list_orders(actor=scene.cast.alva, after=after)
    assert len(page.orders) == 1 or after.startswith("2026-01-01")


def test_orders_are_filtered_by_state(scene: Scene) -> None:
    a_pending_order(scene)
    placed = selectors.list_orders(actor=scene.cast.alva, states=frozenset({CardOrderState.PLACED}))
    shipped = selectors.list_orders(actor=scene.cast.alva, states=frozenset({CardOrderState.SHIPPED}))
    assert (len(placed.orders), len(shipped.orders)) == (1, 0)


def test_the_person_page_takes_few_queries(scene: Scene) -> None:
    card = an_active_card(scene)
    with CaptureQueriesContext(connection) as queries:
        view = selectors.person_cards(str(card.person_id), actor=scene.cast.alva, at=scene.at)
    assert len(view.cards[0].certificates) == 2
    assert len(queries) <= 3


def test_a_card_is_active_only_while_in_use_and_in_time(scene: Scene) -> None:
    shipped = a_shipped_card(scene)
    number = shipped.card_number or ""
    assert not selectors.is_card_active(number, scene.at)
    assert not selectors.is_card_active("9752278900000000003", scene.at)


def test_an_active_card_is_no_longer_active_after_its_last_day(scene: Scene) -> None:
    card = an_active_card(scene)
    number = card.card_number or ""
    assert selectors.is_card_active(number, scene.at)
    assert not selectors.is_card_active(number, scene.at.replace(year=2031, month=11, day=22))
