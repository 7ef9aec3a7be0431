"""Blocks asked for while the portal was away, registered in a browser in both languages (POR-15)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from cards.block_request_models import BlockRequest
from cards.models import Card
from cards.reasons import BlockReason
from directory.swedish_time import SWEDEN
from portal.words import BLOCK_REASONS
from tests.cards.bulk.conftest import employ
from tests.portal.conftest import LogIn
from tests.portal.in_browser import button, is_refused, is_told, sees
from tests.portal.seats import Room, Seat
from tests.scenarios import Scene, a_pending_order, card_number, report, send_to_paper

pytestmark = pytest.mark.browser
HEADER = "datum;tid;innehavare;kortnummer;certifikat;orsak;mottagare;mottagarens id;anteckning"


def posted_cards(scene: Scene, count: int) -> list[Card]:
    """Order cards for so many people and let the factory make and post them, all on one day."""
    orders = [a_pending_order(scene, employ(scene.cast.norr, 700 + place)) for place in range(count)]
    scene.later(seconds=5)
    send_to_paper(scene)
    for place, order in enumerate(orders):
        report(scene, str(order.pk), "accepted")
        report(scene, str(order.pk), "produced", card_number=card_number(place))
        report(scene, str(order.pk), "shipped", card_number=card_number(place))
    return list(Card.objects.order_by("card_number").select_related("person"))


def local(at: datetime) -> tuple[str, str]:
    """Return the day and the clock time of a moment as they are written on paper."""
    there = at.astimezone(SWEDEN)
    return f"{there:%Y-%m-%d}", f"{there:%H:%M}"


def line(card: Card, asked_at: datetime, *, reason: str = "förlorat eller stulet kort") -> str:
    day, clock = local(asked_at)
    return f"{day};{clock};{card.hsa_id};{card.card_number};;{reason};Bo Ek;SE2321000016-B007;ringde"


def test_what_was_asked_for_on_paper_is_registered_with_its_true_time(
    room: Room, scene: Scene, log_in: LogIn
) -> None:
    """POR-15: from the form and from the log's CSV; bad lines are told; Doris and others are refused."""
    by_form, by_text, by_file = posted_cards(scene, 3)
    asked_at = (scene.at + timedelta(days=2)).replace(second=0, microsecond=0)
    cast = scene.cast
    logins = [log_in(one) for one in (cast.alva, cast.doris, cast.cia, cast.bo)]
    with room.seat(logins[0]) as alva:
        _blocks_by_the_form(alva, by_form, asked_at)
        _registers_a_log_with_bad_lines(alva, by_text, asked_at)
        _registers_a_file(alva, by_file, asked_at + timedelta(hours=1))
    with room.seat(logins[1]) as doris:
        _sends(doris, f"{HEADER}\n{line(by_file, asked_at)}")
        sees(doris, doris.say("No such card in your organizations."))
        expect(doris.page.locator("input[name=step][value=register]")).to_have_count(0)
        is_refused(doris, f"/cards/{by_file.pk}/block/", status=404)
    for login in logins[2:]:
        with room.seat(login) as other:
            other.go("today")
            words = other.say("Requests on paper")
            expect(other.page.get_by_role("link", name=words, exact=True)).to_have_count(0)
            is_refused(other, "/paper-log/")
    asked = {card.card_number: card.block_requested_at for card in Card.objects.all()}
    assert asked == {
        by_form.card_number: asked_at,
        by_text.card_number: asked_at,
        by_file.card_number: asked_at + timedelta(hours=1),
    }
    kept = BlockRequest.objects.filter(card__in=[by_text, by_file])
    assert {(one.received_by, one.note, one.had_effect) for one in kept} == {("Bo Ek", "ringde", True)}
    assert {one.block_reason for one in Card.objects.all()} == {BlockReason.LOST_OR_STOLEN}


def _blocks_by_the_form(seat: Seat, card: Card, asked_at: datetime) -> None:
    """Block one card as of the time of the call; a time to come is refused."""
    say = seat.say

    def fill(at: datetime) -> None:
        day, clock = local(at)
        seat.page.get_by_label(say("Why is the card blocked?")).select_option("lost_or_stolen")
        seat.page.get_by_label(say("Day, YYYY-MM-DD")).fill(day)
        seat.page.get_by_label(say("Time, HH:MM")).fill(clock)
        seat.page.get_by_label(say("Note")).fill("ringde")
        seat.page.get_by_label(say("I understand that the block cannot be undone")).check()
        block = re.compile(f"^{say('Block card %(number)s', number='')}")
        seat.page.locator("main").get_by_role("button", name=block).click()

    seat.go("block-card", card.pk)
    seat.look()
    fill(datetime.now(tz=UTC) + timedelta(days=2))
    expect(seat.page.get_by_role("alert").first).to_be_visible()
    card.refresh_from_db()
    assert card.state == "SHIPPED"
    # The script takes the focus to what is wrong: from a field that is being filled in, if it comes late.
    expect(seat.page.locator(":focus")).to_have_attribute("role", "alert")
    fill(asked_at)
    seat.page.wait_for_url(f"**/people/{card.person_id}/")
    card.refresh_from_db()
    assert card.state == "BLOCKED"


def _sends(seat: Seat, text: str) -> None:
    seat.go("paper-log")
    seat.page.get_by_label(seat.say("The list, one request a line")).fill(text)
    button(seat, seat.say("Look at the lines")).click()


def _registers_one(seat: Seat) -> None:
    say = seat.say
    words = ("Register %(count)d request", "Register %(count)d requests")
    button(seat, say.several(*words, 1, count=1)).click()
    words = ("%(count)d request is registered.", "%(count)d requests are registered.")
    is_told(seat, say.several(*words, 1, count=1))
    sees(seat, say("Registered"), "Bo Ek")


def _registers_a_log_with_bad_lines(seat: Seat, card: Card, asked_at: datetime) -> None:
    """Of four lines one is right: the others say what is wrong, and are left out."""
    say, reason = seat.say, str(BLOCK_REASONS[BlockReason.LOST_OR_STOLEN])
    seat.page.goto(f"{seat.address}/")
    menu = seat.page.get_by_role("navigation")
    menu.get_by_role("link", name=say("Requests on paper"), exact=True).click()
    seat.look()
    good = line(card, asked_at, reason=reason)
    stranger = line(card, asked_at).replace(card.hsa_id, "Tolvan Tolvansson")
    unknown = line(card, asked_at).replace(str(card.card_number), "9752278999999999999")
    _sends(seat, "\n".join((HEADER, good, line(card, asked_at, reason="tja"), stranger, unknown)))
    rows = seat.page.locator("section[aria-labelledby=h-lines] tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_contain_text(say("Will be blocked"))
    expect(rows.nth(1)).to_contain_text(say("Write one of the reasons below, in Swedish or English."))
    expect(rows.nth(2)).to_contain_text(say("The holder is somebody else: check name, number and card."))
    expect(rows.nth(3)).to_contain_text(say("No such card in your organizations."))
    seat.look()
    _registers_one(seat)
    seat.look()


def _registers_a_file(seat: Seat, card: Card, asked_at: datetime) -> None:
    say = seat.say
    seat.go("paper-log")
    text = f"\ufeff{HEADER}\r\n{line(card, asked_at)}\r\n"
    seat.page.get_by_label(say("Or a file (CSV, UTF-8)")).set_input_files(
        {"name": "logg.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    button(seat, say("Look at the lines")).click()
    _registers_one(seat)
