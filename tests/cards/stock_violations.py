"""Rows of the stock that the database itself refuses, each otherwise right; test_constraints tries them."""

import uuid
from collections.abc import Callable
from datetime import date

from cards.models import CardOrder
from cards.reserve_cards import approve_reserve_card, hand_out_reserve_card
from cards.reserve_models import ReserveHandOut, ReserveRefill
from cards.serial_lists import SerialList
from cards.stock_boxes import receive_box
from cards.stock_counts import count_place
from cards.stock_models import StockBox, StockCard, StockCount, StockPlace, StockTransfer
from cards.stock_places import open_place
from cards.stock_transfers import receive_cards, send_cards
from directory.models import Employment
from tests.scenarios import CHECK, Scene, a_pending_order, card_number

Act = Callable[[], object]


def a_place(scene: Scene, name: str = "Reception", *, threshold: int = 3) -> StockPlace:
    """Open a place of Region Norr."""
    return open_place(
        name=name,
        threshold=threshold,
        organization_id=str(scene.cast.norr.pk),
        actor=scene.cast.alva,
        at=scene.at,
    )


def a_list(*, box: str = "BOX-1", first: int = 500, cards: int = 4) -> SerialList:
    """Return what the producer says is in a box."""
    numbers = tuple(card_number(first + place) for place in range(cards))
    return SerialList(box=box, product_code="773", valid_until=date(2031, 10, 31), card_numbers=numbers)


def a_box(scene: Scene, place: StockPlace, serial_list: SerialList | None = None) -> StockBox:
    """Receive a whole box at a place."""
    serial_list = serial_list or a_list()
    return receive_box(
        place_id=str(place.pk),
        serial_list=serial_list,
        counted=len(serial_list.card_numbers),
        actor=scene.cast.alva,
        at=scene.at,
    )


def a_transfer(scene: Scene) -> StockTransfer:
    """Send one card from one place to another."""
    place, other = a_place(scene), a_place(scene, "Ward 3")
    a_box(scene, place)
    return send_cards(
        source_id=str(place.pk),
        target_id=str(other.pk),
        card_numbers=[card_number(500)],
        actor=scene.cast.alva,
        at=scene.at,
    )


def place(scene: Scene, **changes: object) -> Act:
    rows = StockPlace.objects.filter(pk=a_place(scene).pk)
    return lambda: rows.update(**changes)


def box(scene: Scene, **changes: object) -> Act:
    rows = StockBox.objects.filter(pk=a_box(scene, a_place(scene)).pk)
    return lambda: rows.update(**changes)


def transfer(scene: Scene, **changes: object) -> Act:
    rows = StockTransfer.objects.filter(pk=a_transfer(scene).pk)
    return lambda: rows.update(**changes)


def to_itself(scene: Scene) -> Act:
    found = a_transfer(scene)
    return lambda: StockTransfer.objects.filter(pk=found.pk).update(target=found.source)


def received(scene: Scene, **changes: object) -> Act:
    found = a_transfer(scene)
    receive_cards(transfer_id=str(found.pk), actor=scene.cast.alva, at=scene.at)
    return lambda: StockTransfer.objects.filter(pk=found.pk).update(**changes)


def card(scene: Scene, **changes: object) -> Act:
    a_box(scene, a_place(scene))
    rows = StockCard.objects.filter(card_number=card_number(500))
    return lambda: rows.update(**changes)


def under_way(scene: Scene) -> Act:
    found = a_transfer(scene)
    return lambda: StockCard.objects.filter(transfer=found).update(state="IN_STOCK")


def count(scene: Scene, **changes: object) -> Act:
    found = count_place(place_id=str(a_place(scene).pk), counted=(), actor=scene.cast.alva, at=scene.at)
    return lambda: StockCount.objects.filter(pk=found.pk).update(**changes)


def a_hand_out(
    scene: Scene, *, loa: int = 3, employment: Employment | None = None, first: int = 500
) -> ReserveHandOut:
    """Hand an envelope of a new box to Åsa."""
    a_box(scene, a_place(scene, f"Place {first}"), a_list(box=f"BOX-{first}", first=first))
    return hand_out_reserve_card(
        employment=employment or scene.cast.asa,
        card_number=card_number(first),
        loa=loa,
        months=6,
        identity_check=CHECK,
        actor=scene.cast.alva,
        at=scene.at,
    )


def an_approved_hand_out(scene: Scene) -> ReserveHandOut:
    """Let another administrator approve it."""
    return approve_reserve_card(
        hand_out_id=str(a_hand_out(scene).pk),
        identity_check=CHECK,
        actor=scene.cast.another_administrator,
        at=scene.later(minutes=5),
    )


def handed_out(scene: Scene, *, loa: int = 3, **changes: object) -> Act:
    rows = ReserveHandOut.objects.filter(pk=a_hand_out(scene, loa=loa).pk)
    return lambda: rows.update(**changes)


def approved(scene: Scene, **changes: object) -> Act:
    rows = ReserveHandOut.objects.filter(pk=an_approved_hand_out(scene).pk)
    return lambda: rows.update(**changes)


def by_one_person(scene: Scene) -> Act:
    found = an_approved_hand_out(scene)
    rows = ReserveHandOut.objects.filter(pk=found.pk)
    return lambda: rows.update(second_person_id=found.first_person_id)


def refill(scene: Scene, *, loa: int = 3, **changes: object) -> Act:
    rows = ReserveRefill.objects.filter(pk=a_stored_refill(scene, loa=loa).pk)
    return lambda: rows.update(**changes)


def second_refill(scene: Scene) -> Act:
    found = a_stored_refill(scene)
    found.pk, found.first_check_id = uuid.uuid4(), found.card.reserve_hand_out.second_check_id
    return lambda: ReserveRefill.objects.bulk_create([found])


def a_stored_refill(scene: Scene, *, loa: int = 3) -> ReserveRefill:
    """Store an order of new certificates as it stands in the database, whatever the card's state."""
    found = an_approved_hand_out(scene) if loa == 3 else a_hand_out(scene, loa=loa)
    return ReserveRefill.objects.create(
        state="AWAITING_SECOND" if loa == 3 else "READY",
        card=found.card,
        loa=loa,
        first_check=found.first_check,
        first_by=found.first_by,
        first_person_id=found.first_person_id,
        ordered_at=scene.at,
    )


def two_reserve_cards(scene: Scene) -> Act:
    a_hand_out(scene)
    ordinary = CardOrder.objects.filter(pk=a_pending_order(scene).pk)
    return lambda: ordinary.update(from_stock=True)


STOCK_VIOLATIONS: list[tuple[str, Callable[[Scene], Act]]] = [
    (
        "one_stock_place_per_organization_and_name",
        lambda s: place(s, name=a_place(s, "Ward 3").name),
    ),
    ("a_stock_place_has_a_name", lambda s: place(s, name="")),
    ("a_stock_box_holds_cards", lambda s: box(s, listed=0)),
    ("stock_transfer_state_is_known", lambda s: transfer(s, state="STOLEN")),
    ("a_stock_transfer_goes_between_two_places", to_itself),
    ("a_stock_transfer_is_received_iff_when_and_by_whom", lambda s: received(s, received_at=None)),
    ("a_stock_transfer_is_received_iff_when_and_by_whom", lambda s: received(s, received_by="")),
    ("a_stock_transfer_is_received_iff_when_and_by_whom", lambda s: transfer(s, received_by="x")),
    (
        "a_stock_transfer_is_received_iff_when_and_by_whom",
        lambda s: transfer(s, missing=1, note="x"),
    ),
    ("a_stock_transfer_that_lacks_cards_says_why", lambda s: received(s, missing=1)),
    ("stock_card_state_is_known", lambda s: card(s, state="EATEN")),
    ("stock_card_in_transit_iff_in_a_transfer", lambda s: card(s, state="IN_TRANSIT")),
    ("stock_card_in_transit_iff_in_a_transfer", under_way),
    ("stock_card_lost_iff_why", lambda s: card(s, state="LOST")),
    ("stock_card_lost_iff_why", lambda s: card(s, loss_reason="lost")),
    ("a_stock_count_that_differs_says_why", lambda s: count(s, missing="1")),
    ("a_stock_count_that_differs_says_why", lambda s: count(s, unexpected="1")),
    ("reserve_hand_out_state_is_known", lambda s: handed_out(s, loa=2, state="EATEN")),
    ("a_reserve_card_at_level_three_is_handed_out_by_two", lambda s: handed_out(s, state="READY")),
    (
        "a_reserve_card_at_level_three_is_handed_out_by_two",
        lambda s: handed_out(s, loa=2, state="AWAITING_SECOND"),
    ),
    ("a_reserve_card_at_level_three_is_handed_out_by_two", lambda s: approved(s, second_check=None)),
    ("a_reserve_card_at_level_three_is_handed_out_by_two", lambda s: approved(s, second_by="")),
    ("a_reserve_card_is_handed_out_by_two_different_people", by_one_person),
    ("one_reserve_card_under_way_per_person_and_organization", two_reserve_cards),
    ("reserve_refill_state_is_known", lambda s: refill(s, loa=2, state="EATEN", ended_at=s.at)),
    ("one_open_reserve_refill_per_card", second_refill),
    ("reserve_refill_ended_iff_when", lambda s: refill(s, state="ENDED")),
    ("reserve_refill_ended_iff_when", lambda s: refill(s, ended_at=s.at)),
    ("a_reserve_refill_at_level_three_is_ordered_by_two", lambda s: refill(s, state="READY")),
    (
        "a_reserve_refill_at_level_three_is_ordered_by_two",
        lambda s: refill(s, loa=2, state="AWAITING_SECOND"),
    ),
    (
        "a_reserve_refill_is_ordered_by_two_different_people",
        lambda s: refill(s, second_person_id=s.cast.alva.person_id),
    ),
]
