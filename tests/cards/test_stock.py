"""Reserve cards in stock (CRD-4): received, handed over, counted, lost, and told of when few are left."""

from dataclasses import replace
from datetime import date

import pytest

from cards.errors import IllegalTransition, Refused
from cards.serial_lists import SerialList, parse_serial_list, written
from cards.stock_boxes import receive_box
from cards.stock_counts import count_place, report_loss
from cards.stock_errors import (
    BoxAlreadyReceived,
    BoxCountDiffers,
    NoReserveCardsNamed,
    NotInStock,
    SerialListUnreadable,
    StockPlaceExists,
    StockPlaceNotFound,
    StockReasonMissing,
    StockTransferNotFound,
)
from cards.stock_models import StockCard, StockPlace
from cards.stock_moves import read_numbers
from cards.stock_places import open_place, set_threshold, tell_of_low_stock
from cards.stock_selectors import get_place, get_transfer, low_standings, standings
from cards.stock_states import LossReason
from cards.stock_transfers import receive_cards, send_cards
from directory.models import Role, Unit
from journal.models import Entry
from journal.selectors import content_of
from tests.cards.stock_violations import a_box, a_list, a_place, a_transfer
from tests.scenarios import WORKER, Scene, a_shipped_card, card_number

pytestmark = pytest.mark.django_db

ONE, TWO, THREE, FOUR = (card_number(500 + place) for place in range(4))


def states(scene: Scene) -> dict[str, tuple[str, str]]:
    """Return where each envelope is: its state and its place's name."""
    rows = StockCard.objects.values_list("card_number", "state", "place__name")
    assert scene.at
    return {number: (state, name) for number, state, name in rows}


def the_only(place: StockPlace, scene: Scene) -> tuple[int, int, int]:
    """Return what the overview says of a place: in stock, coming, missing."""
    (found,) = [one for one in standings(actor=scene.cast.alva) if one.place == place]
    return found.in_stock, found.coming, found.missing


def events(kind: str) -> list[dict[str, object]]:
    """Return the payloads of the events of a kind, oldest first."""
    return [content_of(entry)["event"] for entry in Entry.objects.filter(type=kind).order_by("pk")]


def test_a_box_is_in_stock_once_by_its_serial_list(scene: Scene) -> None:
    """CRD-4."""
    place = a_place(scene)
    box = a_box(scene, place)
    assert (box.listed, the_only(place, scene)) == (4, (4, 0, 0))
    with pytest.raises(BoxAlreadyReceived):
        a_box(scene, place)
    with pytest.raises(BoxAlreadyReceived):
        a_box(scene, place, a_list(box="BOX-2", first=503))
    assert the_only(place, scene) == (4, 0, 0)
    (told,) = events("stock.box_received")
    assert (told["listed"], told["missing_card_ids"]) == (4, [])
    assert ONE not in str(told)


def test_a_card_that_somebody_has_comes_in_no_box(scene: Scene) -> None:
    number = a_shipped_card(scene).card_number
    place = a_place(scene)
    twice = SerialList(
        box="BOX-9", product_code="773", valid_until=date(2031, 1, 1), card_numbers=(number or "",)
    )
    with pytest.raises(BoxAlreadyReceived):
        a_box(scene, place, twice)
    assert not StockCard.objects.exists()


def test_what_is_on_the_list_and_not_in_the_box_is_missing(scene: Scene) -> None:
    place = a_place(scene)
    with pytest.raises(BoxCountDiffers) as caught:
        receive_box(
            place_id=str(place.pk), serial_list=a_list(), counted=3, actor=scene.cast.alva, at=scene.at
        )
    assert caught.value.facts == {"counted": "3", "listed": "4", "missing": "0"}
    with pytest.raises(NotInStock):
        receive_box(
            place_id=str(place.pk),
            serial_list=a_list(),
            counted=3,
            missing=[card_number(9)],
            actor=scene.cast.alva,
            at=scene.at,
        )
    receive_box(
        place_id=str(place.pk),
        serial_list=a_list(),
        counted=3,
        missing=[TWO],
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert the_only(place, scene) == (3, 0, 1)


def test_cards_handed_over_are_at_no_place_until_they_are_received(scene: Scene) -> None:
    transfer = a_transfer(scene)
    assert states(scene)[ONE] == ("IN_TRANSIT", "Reception")
    assert the_only(transfer.target, scene) == (0, 1, 0)
    receive_cards(transfer_id=str(transfer.pk), actor=scene.cast.another_administrator, at=scene.at)
    assert states(scene)[ONE] == ("IN_STOCK", "Ward 3")
    assert (the_only(transfer.source, scene), the_only(transfer.target, scene)) == ((3, 0, 0), (1, 0, 0))
    with pytest.raises(IllegalTransition):
        receive_cards(transfer_id=str(transfer.pk), actor=scene.cast.alva, at=scene.at)


def test_what_did_not_come_is_missing_with_a_note(scene: Scene) -> None:
    transfer = a_transfer(scene)
    with pytest.raises(StockReasonMissing):
        receive_cards(transfer_id=str(transfer.pk), missing=[ONE], actor=scene.cast.alva, at=scene.at)
    with pytest.raises(NotInStock):
        receive_cards(
            transfer_id=str(transfer.pk), missing=[TWO], note="x", actor=scene.cast.alva, at=scene.at
        )
    assert states(scene)[ONE] == ("IN_TRANSIT", "Reception")
    receive_cards(
        transfer_id=str(transfer.pk), missing=[ONE], note="torn bag", actor=scene.cast.alva, at=scene.at
    )
    assert states(scene)[ONE] == ("MISSING", "Reception")
    (told,) = events("stock.arrived")
    assert (told["stock_card_ids"], len(told["missing_card_ids"])) == ([], 1)  # type: ignore[arg-type] # a list


def test_what_is_not_in_stock_here_is_sent_nowhere(scene: Scene) -> None:
    transfer = a_transfer(scene)
    for numbers in ([ONE], [card_number(9)], [TWO, ONE]):
        with pytest.raises(NotInStock):
            send_cards(
                source_id=str(transfer.source_id),
                target_id=str(transfer.target_id),
                card_numbers=numbers,
                actor=scene.cast.alva,
                at=scene.at,
            )
    with pytest.raises(NoReserveCardsNamed):
        send_cards(
            source_id=str(transfer.source_id),
            target_id=str(transfer.target_id),
            card_numbers=[],
            actor=scene.cast.alva,
            at=scene.at,
        )
    assert states(scene)[TWO] == ("IN_STOCK", "Reception")


def test_a_count_that_differs_says_why_and_moves_what_it_found(scene: Scene) -> None:
    transfer = a_transfer(scene)
    place_id = str(transfer.source_id)
    with pytest.raises(StockReasonMissing) as caught:
        count_place(place_id=place_id, counted=[TWO, THREE], actor=scene.cast.alva, at=scene.at)
    assert caught.value.facts == {"expected": "3", "missing": "1", "found_again": "0", "unexpected": "0"}
    made = count_place(
        place_id=place_id,
        counted=[TWO, THREE, ONE],
        reason="one was not there",
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert (made.expected, made.found, made.missing, made.unexpected) == (3, 3, FOUR, ONE)
    assert states(scene)[FOUR] == ("MISSING", "Reception")
    assert states(scene)[ONE] == ("IN_TRANSIT", "Reception"), "what is elsewhere is told of, not moved"
    count_place(
        place_id=str(transfer.target_id),
        counted=[FOUR],
        reason="lay here",
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert states(scene)[FOUR] == ("IN_STOCK", "Ward 3")


def test_a_count_that_agrees_needs_no_reason(scene: Scene) -> None:
    place = a_place(scene)
    a_box(scene, place)
    made = count_place(
        place_id=str(place.pk), counted=[ONE, TWO, THREE, FOUR], actor=scene.cast.alva, at=scene.at
    )
    assert (made.expected, made.found, made.missing) == (4, 4, "")


def test_what_is_lost_comes_back_never(scene: Scene) -> None:
    place = a_place(scene)
    a_box(scene, place)

    def lose(*numbers: str) -> int:
        return report_loss(
            place_id=str(place.pk),
            card_numbers=numbers,
            reason=LossReason.STOLEN,
            actor=scene.cast.alva,
            at=scene.at,
        )

    assert lose(ONE, TWO) == 2
    for numbers in ((ONE,), (card_number(9),), (ONE, THREE)):
        with pytest.raises(NotInStock):
            lose(*numbers)
    count_place(
        place_id=str(place.pk),
        counted=[ONE, THREE, FOUR],
        reason="it lay there",
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert states(scene)[ONE] == ("LOST", "Reception")
    assert [one["reason"] for one in events("stock.lost")] == ["stolen"]


def test_few_left_is_told_once_until_there_are_enough_again(scene: Scene) -> None:
    """Low-stock warning per place."""
    place = a_place(scene, threshold=3)
    quiet = a_place(scene, "Ward 3", threshold=0)
    assert [one.place for one in low_standings(actor=scene.cast.alva)] == [place]
    assert quiet not in [one.place for one in low_standings(actor=scene.cast.alva)]
    for _ in range(2):
        tell_of_low_stock(actor=WORKER, at=scene.at)
    assert [(one["left"], one["threshold"]) for one in events("stock.running_low")] == [(0, 3)]
    a_box(scene, place)
    tell_of_low_stock(actor=WORKER, at=scene.at)
    report_loss(
        place_id=str(place.pk),
        card_numbers=[ONE, TWO],
        reason=LossReason.LOST,
        actor=scene.cast.alva,
        at=scene.at,
    )
    tell_of_low_stock(actor=WORKER, at=scene.at)
    assert [one["left"] for one in events("stock.running_low")] == [0, 2]
    set_threshold(place_id=str(place.pk), threshold=1, actor=scene.cast.alva, at=scene.at)
    assert low_standings(actor=scene.cast.alva) == ()


def test_doris_of_another_organization_gets_nothing(scene: Scene) -> None:
    transfer, doris = a_transfer(scene), scene.cast.doris
    place_id = str(transfer.source_id)
    assert standings(actor=doris) == ()
    with pytest.raises(StockPlaceNotFound):
        get_place(place_id, actor=doris)
    with pytest.raises(StockTransferNotFound):
        get_transfer(str(transfer.pk), actor=doris)
    with pytest.raises(StockPlaceNotFound):
        count_place(place_id=place_id, counted=(), reason="x", actor=doris, at=scene.at)
    with pytest.raises(StockTransferNotFound):
        receive_cards(transfer_id=str(transfer.pk), actor=doris, at=scene.at)
    with pytest.raises(Refused) as caught:
        open_place(name="x", threshold=0, organization_id=str(scene.cast.norr.pk), actor=doris, at=scene.at)
    assert caught.value.refusal.code == "outside_scope"
    theirs = open_place(
        name="Theirs", threshold=0, organization_id=str(scene.cast.syd.pk), actor=doris, at=scene.at
    )
    with pytest.raises(StockPlaceNotFound):
        send_cards(
            source_id=place_id,
            target_id=str(theirs.pk),
            card_numbers=[TWO],
            actor=scene.cast.alva,
            at=scene.at,
        )


def test_a_role_for_a_unit_keeps_the_places_of_its_units_alone(scene: Scene) -> None:
    whole = a_place(scene)
    unit = Unit.objects.create(hsa_id="SE2321000016-U777", organization=scene.cast.norr, name="Ward 7")
    keeper = replace(
        scene.cast.alva,
        organization_ids=(),
        organization_id=str(scene.cast.norr.pk),
        unit_id=str(unit.pk),
        unit_ids=(str(unit.pk),),
    )
    norr = str(scene.cast.norr.pk)
    with pytest.raises(Refused):
        open_place(name="All", threshold=0, organization_id=norr, actor=keeper, at=scene.at)
    own = open_place(
        name="Ward 7", threshold=0, organization_id=norr, unit_id=str(unit.pk), actor=keeper, at=scene.at
    )
    assert [one.place for one in standings(actor=keeper)] == [own]
    with pytest.raises(StockPlaceNotFound):
        get_place(str(whole.pk), actor=keeper)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.FUNCTION_CERT_ORDERER, Role.REVOCATION_OFFICER])
def test_other_roles_see_no_stock(scene: Scene, role: Role) -> None:
    place = a_place(scene)
    with pytest.raises(StockPlaceNotFound):
        get_place(str(place.pk), actor=replace(scene.cast.alva, role=role.value))


def test_the_central_administration_looks_and_does_not_touch(scene: Scene) -> None:
    place = a_place(scene)
    central = replace(scene.cast.alva, role=Role.CENTRAL_ADMINISTRATOR.value)
    assert get_place(str(place.pk), actor=central) == place
    with pytest.raises(Refused) as caught:
        count_place(place_id=str(place.pk), counted=(), actor=central, at=scene.at)
    assert caught.value.refusal.code == "role_missing"


def test_two_places_of_one_organization_have_two_names(scene: Scene) -> None:
    a_place(scene)
    with pytest.raises(StockPlaceExists):
        a_place(scene)


def test_a_weak_login_keeps_no_stock(scene: Scene) -> None:
    place = a_place(scene)
    weak = replace(scene.cast.alva, loa=2)
    with pytest.raises(Refused) as caught:
        report_loss(
            place_id=str(place.pk), card_numbers=[ONE], reason=LossReason.LOST, actor=weak, at=scene.at
        )
    assert caught.value.refusal.code == "login_too_weak"


def test_the_list_is_read_as_it_is_written() -> None:
    assert parse_serial_list("\ufeff" + written(a_list())) == a_list()


HEAD = "box;product;valid_until;card_number\n"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", "1", "header"),
        ("box;card\n", "1", "header"),
        (HEAD, "2", "no_cards"),
        (HEAD + f"B1;773;2031-01-01;{ONE}\nB2;773;2031-01-01;{TWO}\n", "3", "another_box"),
        (HEAD + f"B1;773;2031-01-01;{ONE}\nB1;773;2031-01-02;{TWO}\n", "3", "another_box"),
        (HEAD + f"B1;773;2031-01-01;{ONE}\nB1;773;2031-01-01;{ONE}\n", "3", "twice"),
        (HEAD + f"B1;773;2031-01-01;{ONE};x\n", "2", "cells"),
        (HEAD + f"=1+1;773;2031-01-01;{ONE}\n", "2", "box"),
        (HEAD + f"B1;7C1;2031-01-01;{ONE}\n", "2", "product"),
        (HEAD + f"B1;999;2031-01-01;{ONE}\n", "2", "product"),
        (HEAD + f"B1;773;2031-02-30;{ONE}\n", "2", "day"),
        (HEAD + f"B1;773;31/1 2031;{ONE}\n", "2", "day"),
        (HEAD + f"B1;773;2031-01-01;{ONE[:-1]}\n", "2", "number"),
        (HEAD + f"B1;773;2031-01-01;{'9' * 19}\n", "2", "number"),
        (HEAD + f"B1;773;2031-01-01;{ONE}\n" * 1001, "1002", "too_many"),
    ],
)
def test_a_list_that_is_not_right_says_in_which_line(text: str, line: str, problem: str) -> None:
    with pytest.raises(SerialListUnreadable) as caught:
        parse_serial_list(text)
    assert caught.value.facts == {"line": line, "problem": problem}


def test_numbers_are_read_as_people_write_them() -> None:
    grouped = " ".join(TWO[place : place + 4] for place in range(0, 19, 4))
    assert read_numbers(f"{ONE}\r\n\r\n{grouped}, {ONE};{THREE}") == (ONE, TWO, THREE)
    with pytest.raises(NoReserveCardsNamed):
        read_numbers(f"{ONE}\nhello")
