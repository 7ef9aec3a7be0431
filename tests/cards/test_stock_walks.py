"""Random walks of reserve cards between places: whatever is done, none is in two places, lost or doubled."""

from contextlib import suppress

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cards.errors import CardsError
from cards.models import Card
from cards.reserve_cards import approve_reserve_card, hand_out_reserve_card, refuse_reserve_card
from cards.reserve_models import ReserveHandOut
from cards.stock_counts import count_place, report_loss
from cards.stock_models import StockCard, StockPlace, StockTransfer
from cards.stock_returns import destroy_returned, take_back
from cards.stock_selectors import standings
from cards.stock_states import LossReason, StockCardState
from cards.stock_transfers import receive_cards, send_cards
from journal.models import Entry
from journal.selectors import content_of
from tests.cards.stock_violations import a_box, a_list, a_place
from tests.scenarios import CHECK, Scene, a_scene, card_number

PLACES = ("Reception", "Ward 3", "Ward 4")
NUMBERS = st.lists(st.integers(0, 9).map(lambda place: card_number(500 + place)), max_size=4)
WHERE = st.sampled_from(PLACES)
SOMEBODYS = frozenset({"HANDED_OUT", "RETURNED", "DESTROYED"})


class StockWalk(RuleBasedStateMachine):
    """Three places, boxes of three cards, two administrators; every verb with any cards at any moment."""

    scene: Scene
    received: set[str]
    over: set[str]

    @initialize()
    def begin(self) -> None:
        self.scene = a_scene()
        self.places = {name: str(a_place(self.scene, name).pk) for name in PLACES}
        self.received, self.over = set(), set()

    @rule(where=WHERE, box=st.integers(0, 2))
    def receive_a_box(self, where: str, box: int) -> None:
        listed = a_list(box=f"BOX-{box}", first=500 + 3 * box, cards=3)
        with suppress(CardsError):
            a_box(self.scene, StockPlace.objects.get(pk=self.places[where]), listed)
            assert not self.received & set(listed.card_numbers), "a box was received twice"
            self.received |= set(listed.card_numbers)

    @rule(source=WHERE, goal=WHERE, numbers=NUMBERS)
    def send(self, source: str, goal: str, numbers: list[str]) -> None:
        with suppress(CardsError):
            send_cards(
                source_id=self.places[source],
                target_id=self.places[goal],
                card_numbers=numbers,
                actor=self.scene.cast.alva,
                at=self.scene.later(minutes=1),
            )

    @rule(numbers=NUMBERS)
    def receive(self, numbers: list[str]) -> None:
        for transfer in StockTransfer.objects.order_by("sent_at"):
            sent = set(transfer.cards.values_list("card_number", flat=True))
            with suppress(CardsError):
                receive_cards(
                    transfer_id=str(transfer.pk),
                    missing=sorted(sent & set(numbers)),
                    note="torn",
                    actor=self.scene.cast.another_administrator,
                    at=self.scene.later(minutes=1),
                )

    @rule(where=WHERE, numbers=NUMBERS)
    def count(self, where: str, numbers: list[str]) -> None:
        count_place(
            place_id=self.places[where],
            counted=numbers,
            reason="counted",
            actor=self.scene.cast.alva,
            at=self.scene.later(minutes=1),
        )

    @rule(where=WHERE, numbers=NUMBERS)
    def lose(self, where: str, numbers: list[str]) -> None:
        with suppress(CardsError):
            report_loss(
                place_id=self.places[where],
                card_numbers=numbers,
                reason=LossReason.LOST,
                actor=self.scene.cast.alva,
                at=self.scene.later(minutes=1),
            )

    @rule(where=WHERE, numbers=NUMBERS, is_destroyed=st.booleans())
    def come_back(self, where: str, numbers: list[str], is_destroyed: bool) -> None:  # noqa: FBT001 - a rule
        with suppress(CardsError):
            (destroy_returned if is_destroyed else take_back)(
                place_id=self.places[where],
                card_numbers=numbers,
                actor=self.scene.cast.alva,
                at=self.scene.later(minutes=1),
            )

    @rule(number=st.integers(0, 8), loa=st.sampled_from([2, 3]), decision=st.sampled_from(["", "yes", "no"]))
    def hand_out(self, number: int, loa: int, decision: str) -> None:
        with suppress(CardsError):
            done = hand_out_reserve_card(
                employment=self.scene.cast.asa,
                card_number=card_number(500 + number),
                loa=loa,
                months=6,
                identity_check=CHECK,
                actor=self.scene.cast.alva,
                at=self.scene.later(minutes=1),
            )
            second, at = self.scene.cast.another_administrator, self.scene.later(minutes=1)
            if decision == "yes":
                approve_reserve_card(hand_out_id=str(done.pk), identity_check=CHECK, actor=second, at=at)
            if decision == "no":
                refuse_reserve_card(hand_out_id=str(done.pk), reason="x", actor=second, at=at)

    @invariant()
    def what_always_holds(self) -> None:
        if not hasattr(self, "received"):
            return
        cards = list(StockCard.objects.all())
        assert {card.card_number for card in cards} == self.received, "a card came or went by itself"
        assert len(cards) == len(self.received)
        final = {card.card_number for card in cards if card.state in {"LOST", *SOMEBODYS}}
        assert self.over <= final, "what is lost or somebody's came back"
        self.over = final
        in_stock = sum(one.in_stock for one in standings(actor=self.scene.cast.alva))
        assert in_stock == sum(card.state == StockCardState.IN_STOCK.value for card in cards)
        under_way = StockCard.objects.filter(transfer__isnull=False)
        assert not under_way.exclude(transfer__state="SENT").exists(), "a card stayed in what was received"
        handed = {card.card_number for card in cards if card.state in SOMEBODYS}
        back = {card.card_number for card in cards if card.state in {"RETURNED", "DESTROYED"}}
        assert not Card.objects.filter(card_number__in=back, state__in=["SHIPPED", "ACTIVE"]).exists()
        assert handed == set(Card.objects.values_list("card_number", flat=True))
        assert ReserveHandOut.objects.count() == len(handed)
        ready = ReserveHandOut.objects.filter(loa=3, state="READY")
        assert all(one.second_person_id not in {"", one.first_person_id} for one in ready)
        lost = [content_of(entry)["event"] for entry in Entry.objects.filter(type="stock.lost")]
        told = sum(len(ids) for event in lost if isinstance(ids := event["stock_card_ids"], list))
        assert told == len(final - handed)


@pytest.mark.django_db
def test_no_walk_loses_or_doubles_a_reserve_card() -> None:
    """CRD-4; each walk is undone before the next."""

    class Undone(StockWalk):
        def __init__(self) -> None:
            super().__init__()
            self.block = transaction.atomic()
            self.block.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    run_state_machine_as_test(
        Undone,
        settings=settings(
            max_examples=5,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
