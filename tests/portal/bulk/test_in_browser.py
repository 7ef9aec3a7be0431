"""Cards for several in a browser, in both languages: unit, file, cards that end (POR-17, POR-16)."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect
from pytest_django import Settings

from cards.bulk.models import BulkOrder
from cards.bulk.placing import carry_on, place_rows
from cards.lifecycle import stop_ordering
from cards.models import Card, CardOrder
from directory.models import Unit
from journal.actor import Actor
from portal.pages.parts import grouped
from tests.cards.bulk.conftest import JOB, employ
from tests.portal.conftest import LogIn
from tests.portal.in_browser import button, is_told, link, sees
from tests.portal.seats import Room, Seat
from tests.scenarios import Scene, an_active_card

pytestmark = pytest.mark.browser
NOBODY = "191212121212"
"""The Tax Agency's example of a number, which no register here has."""
ONE_ENDS = "%(count)d card ends: it works until the new one is activated and is blocked in that moment."
MANY_END = "%(count)d cards end: each works until its new one is activated and is blocked in that moment."


def now() -> datetime:
    return datetime.now(tz=UTC)


def work() -> None:
    """Do what the worker does every few seconds, until nothing is left."""
    carry_on(actor=JOB, clock=now, patience=timedelta(minutes=5))


def test_a_units_cards_wait_for_a_second_person_and_are_paused_and_let_go_on(
    room: Room, scene: Scene, log_in: LogIn, settings: Settings
) -> None:
    """POR-17: chosen by a unit, looked at, approved by another person, done row by row, paused, resumed."""
    settings.SIGILL_BULK_ORDER_ALONE = 2
    say = room.say
    ward = Unit.objects.create(organization=scene.cast.norr, name="Ögonkliniken", hsa_id="SE2321000016-E9")
    for place in range(3):
        employ(scene.cast.norr, 700 + place, unit=ward)
    hers, his = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    with room.seat(hers) as alva, room.seat(his) as gun:
        alva.go("orders")
        link(alva, say("Order for several people")).click()
        link(alva, say("From a unit")).click()
        alva.page.get_by_label(say("Unit"), exact=True).select_option(label="Ögonkliniken")
        alva.look()
        button(alva, say("Look at the rows")).click()
        alva.page.wait_for_url("**/orders/bulk/*-*/")
        rows = alva.page.locator("#bulk-result tbody tr")
        expect(rows).to_have_count(3)
        sees(
            alva,
            say("The unit %(unit)s with all below it", unit="Ögonkliniken"),
            say("It is so many that a second person must approve it first."),
        )
        alva.look()
        button(alva, say.several("Order %(count)d card", "Order %(count)d cards", 3, count=3)).click()
        sees(alva, say("Waits for a second person"))
        approve = say.several("Approve %(count)d card", "Approve %(count)d cards", 3, count=3)
        expect(button(alva, approve)).to_be_disabled()
        sees(alva, say("Whoever placed the order cannot approve it as well."))
        bulk_id = BulkOrder.objects.get().pk
        work()
        assert CardOrder.objects.count() == 0, "nothing is ordered before the second person"

        gun.go("orders")
        link(gun, say("Orders for several")).click()
        gun.page.locator("main tbody th a").click()
        gun.look()
        button(gun, approve).click()
        is_told(gun, say("Approved. Each row gets its result here."))
        place_rows(bulk_id, actor=JOB, at=now(), limit=1)
        sees(gun, say("%(done)d of %(total)d cards ordered", done=1, total=3))  # by itself
        button(gun, say("Pause")).click()
        is_told(gun, say("Paused. Nothing more is ordered until somebody lets it go on."))
        work()
        assert CardOrder.objects.count() == 1

        alva.go("bulk-order", bulk_id)
        button(alva, say("Go on")).click()
        is_told(alva, say("It goes on where it stopped."))
        work()
        sees(alva, say("%(done)d of %(total)d cards ordered", done=3, total=3), say("Finished"))
        expect(rows.get_by_role("link", name=say("The order"))).to_have_count(3)
        alva.look()
    bulk = BulkOrder.objects.get()
    assert (bulk.state, bulk.ordered) == ("FINISHED", 3)
    assert bulk.approved_by == scene.cast.another_administrator.identifier
    assert {one.placed_by for one in CardOrder.objects.all()} == {scene.cast.alva.identifier}


def test_a_files_bad_rows_say_why_and_cards_that_end_take_the_place_of_the_old_ones(
    room: Room, scene: Scene, log_in: LogIn
) -> None:
    """POR-17, POR-16: each row its reason; the old card is named; an order stop is told row by row."""
    one, two = (employ(scene.cast.norr, 700 + place) for place in range(2))
    old = an_active_card(scene)
    login = log_in(scene.cast.alva)
    with room.seat(login) as alva:
        _orders_from_a_file_with_bad_rows(alva, one.hsa_id)
        _orders_for_those_whose_cards_end(alva, old)
        stop_ordering(starts_at=now(), reason="Byte", actor=Actor.system("test"), at=now())
        _is_told_of_the_order_stop(alva, two.hsa_id)
    ended = CardOrder.objects.get(replaces=old)
    assert (ended.replacement_reason, Card.objects.get(pk=old.pk).state) == ("expiring", "ACTIVE")
    assert not CardOrder.objects.filter(person=two.person).exists()


def _sends_a_file(seat: Seat, text: str) -> None:
    seat.go("bulk-order-new", query="?from=file")
    field = seat.page.get_by_label(seat.say("A file (CSV, UTF-8)"))
    field.set_input_files({"name": "lista.csv", "mimeType": "text/csv", "buffer": text.encode()})
    button(seat, seat.say("Look at the rows")).click()


def _rows(seat: Seat) -> Locator:
    return seat.page.locator("#bulk-result tbody tr")


def _orders_one(seat: Seat) -> None:
    button(seat, seat.say.several("Order %(count)d card", "Order %(count)d cards", 1, count=1)).click()
    is_told(seat, seat.say("Placed. Each row gets its result here."))
    work()
    sees(seat, seat.say("%(done)d of %(total)d cards ordered", done=1, total=1), seat.say("Finished"))


def _orders_from_a_file_with_bad_rows(seat: Seat, hsa_id: str) -> None:
    say, rows = seat.say, _rows(seat)
    _sends_a_file(seat, "namn;stad\nKalle;Ankeborg\n")
    expect(seat.page.get_by_role("alert")).to_contain_text(say("The list cannot be used"))
    seat.look()
    _sends_a_file(seat, f"\ufeffPersonnummer;Produkt\r\n{hsa_id};\r\n{hsa_id};\r\n{NOBODY};\r\nKalle;\r\n")
    seat.page.wait_for_url("**/orders/bulk/*-*/")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text(say("Will be ordered"))
    expect(rows.nth(1)).to_contain_text(say("The same person stands on line %(line)s", line=2))
    expect(rows.nth(2)).to_contain_text(say("Nobody with this number in your organization"))
    expect(rows.nth(3)).to_contain_text(say("Not a personal number or HSA-id"))
    sees(seat, say.several("%(count)d row is left out", "%(count)d rows are left out", 3, count=3))
    seat.look()
    link(seat, say("Not ordered")).click()
    expect(rows).to_have_count(3)
    _orders_one(seat)


def _orders_for_those_whose_cards_end(seat: Seat, old: Card) -> None:
    say, rows = seat.say, _rows(seat)
    seat.go("bulk-order-new")
    link(seat, say("Cards that end")).click()
    seat.page.get_by_label(say("Cards that end before")).fill(
        (old.valid_until + timedelta(days=1)).isoformat()
    )
    seat.look()
    button(seat, say("Look at the rows")).click()
    seat.page.wait_for_url("**/orders/bulk/*-*/")
    expect(rows).to_have_count(1)
    number = grouped(old.card_number or "")
    expect(rows).to_contain_text(say("Takes the place of card %(number)s", number=number))
    sees(seat, say.several(ONE_ENDS, MANY_END, 1, count=1))
    seat.look()
    _orders_one(seat)
    rows.locator("th a").click()
    sees(seat, say("a new card is ordered in its place"))


def _is_told_of_the_order_stop(seat: Seat, hsa_id: str) -> None:
    say = seat.say
    _sends_a_file(seat, f"{hsa_id}\n")
    seat.page.wait_for_url("**/orders/bulk/*-*/")
    expect(_rows(seat)).to_contain_text(say("Ordering is stopped."))
    sees(seat, say("No card can be ordered."))
    expect(button(seat, say("Discard"))).to_be_visible()
    seat.look()
