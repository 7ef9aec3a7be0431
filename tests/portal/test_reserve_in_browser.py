"""A reserve card in a real browser, in both languages: two administrators, its holder, its end (CRD-4)."""

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect
from pytest_django import Settings

from cards.activation import OpenedActivation
from cards.card_number import grouped
from cards.envelope_code import envelope_code
from cards.models import Activation, Card
from cards.reserve_models import ReserveHandOut
from cards.stock_models import StockCard
from tests.cards.stock_violations import a_box, a_hand_out, a_place, an_approved_hand_out
from tests.cards.test_reserve_cards import in_use
from tests.portal.conftest import LogIn
from tests.portal.seats import Room, Seat
from tests.portal.test_own_pages import inside
from tests.portal.test_pages import IDENTITY
from tests.scenarios import (
    Scene,
    a_claimed_activation,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    card_number,
)

pytestmark = pytest.mark.browser

ONE = card_number(500)


@pytest.fixture(autouse=True)
def _master_key(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")


def test_at_level_three_two_administrators_and_the_holder_each_do_a_step_of_their_own(
    scene: Scene, log_in: LogIn, room: Room
) -> None:
    """DIGG K3.4, domain.md 2.5: nobody alone, whoever they are."""
    a_box(scene, a_place(scene))
    alva, gun, doris = (
        log_in(who) for who in (scene.cast.alva, scene.cast.another_administrator, scene.cast.doris)
    )
    with room.seat(alva) as first, room.seat(gun) as second, room.seat() as holder:
        _hand_out(first, scene, loa=3)
        hand_out = ReserveHandOut.objects.get()
        assert (hand_out.state, hand_out.card.state) == ("AWAITING_SECOND", "SHIPPED")
        _is_refused_as_second(first, hand_out)
        _types_the_code(holder)
        expect(holder.page.get_by_role("alert")).to_contain_text(
            room.say("Number and code do not go together")
        )
        assert ReserveHandOut.objects.get().state == "AWAITING_SECOND"

        with room.seat(doris) as stranger:
            stranger.go("reserve-approve", hand_out.pk)
            told = room.say("The reserve card was not found")
            expect(stranger.page.get_by_role("heading", level=1)).to_have_text(told)
        _approve(second, scene)
        hand_out.refresh_from_db()
        assert (hand_out.state, hand_out.first_by, hand_out.second_by) == (
            "READY", scene.cast.alva.identifier, scene.cast.another_administrator.identifier,
        )  # fmt: skip
        _fetch(holder, scene)
    assert Card.objects.get().state == "ACTIVE"


def test_at_level_two_one_administrator_hands_out_and_the_holder_goes_on_to_the_card(
    scene: Scene, log_in: LogIn, room: Room
) -> None:
    """domain.md 2.5: no second person, and the holder needs no login."""
    a_box(scene, a_place(scene))
    with room.seat(log_in(scene.cast.alva)) as desk:
        _hand_out(desk, scene, loa=2)
    assert ReserveHandOut.objects.get().state == "READY"
    with room.seat() as holder:
        _rest_while_the_client_works(holder)
        _types_the_code(holder)
        expect(holder.page.get_by_role("link", name=room.say("Open the card client"))).to_be_visible()
        holder.look()
    assert Activation.objects.get().state == "OPENED"


def test_a_second_administrator_who_does_not_approve_ends_it(scene: Scene, log_in: LogIn, room: Room) -> None:
    hand_out = a_hand_out(scene)
    with room.seat(log_in(scene.cast.another_administrator)) as second:
        second.go("reserve-approve", hand_out.pk)
        second.page.get_by_role("button", name=room.say("I do not approve")).click()
        _says(second.page, room.say("The reserve card is not approved. It is of no use to anybody."))
    hand_out.refresh_from_db()
    assert (hand_out.state, hand_out.card.state) == ("REFUSED", "DISCARDED")


def test_its_holder_extends_it_once_and_in_the_end_it_comes_back_and_is_destroyed(
    scene: Scene, log_in: LogIn, room: Room
) -> None:
    """domain.md 2.1 and 2.5: half a year, once; and never another person's."""
    hand_out = an_approved_hand_out(scene)
    card = in_use(scene)
    first_day = card.valid_until
    with room.seat(inside(card)) as own:
        _extend_once(own, card)
    card.refresh_from_db()
    assert 180 < (card.valid_until - first_day).days < 186
    assert ReserveHandOut.objects.get().extended_at is not None

    with room.seat(log_in(scene.cast.alva)) as desk:
        desk.go("stock-place", hand_out.stock_card.place_id)
        _take_back(desk)
        card.refresh_from_db()
        assert (card.state, card.block_reason) == ("BLOCKED", "replaced")
        assert StockCard.objects.get(card_number=ONE).state == "RETURNED"
        _destroy(desk)
    assert StockCard.objects.get(card_number=ONE).state == "DESTROYED"


# --- what the administrators do ---------------------------------------------------------------------


def _hand_out(seat: Seat, scene: Scene, *, loa: int) -> None:
    """Hand out the envelope from the person's page, identified by the seven steps."""
    page, say = seat.page, seat.say
    seat.go("person", scene.cast.asa.person_id)
    page.get_by_role("link", name=say("Hand out a reserve card")).click()
    page.get_by_role("link", name=say("Assurance level %(loa)s", loa=loa)).click()
    page.wait_for_url(f"**?loa={loa}")
    page.get_by_label(say("Number on the envelope")).fill(grouped(ONE))
    page.get_by_label(say("Holds for")).select_option("6")
    _check_identity(seat)
    seat.look()
    page.get_by_role("button", name=say("Hand out"), exact=True).click()
    told = {
        2: "Give the sealed envelope to the person, who activates the card on the own pages.",
        3: "Give the sealed envelope to the person. Another administrator approves before it is of use.",
    }
    _says(page, say(told[loa]))


def _is_refused_as_second(seat: Seat, hand_out: ReserveHandOut) -> None:
    """Whoever handed it out is not asked to approve it, and cannot by the address either."""
    page, say = seat.page, seat.say
    seat.go("stock")
    waiting = page.locator(
        "section", has=page.get_by_role("heading", name=say("Wait for a second administrator"))
    )
    expect(waiting.get_by_role("link")).to_contain_text(say("Look"))
    seat.go("today")
    line = say("Approve a reserve card: %(name)s", name=hand_out.card.person.full_name)
    expect(page.get_by_role("heading", name=say("Need your decision"))).to_be_visible()
    expect(page.get_by_role("link", name=line)).to_have_count(0)
    seat.go("reserve-approve", hand_out.pk)
    expect(page.get_by_role("heading", level=1)).to_have_text(say("It takes another person."))
    expect(page.locator("main")).to_contain_text(
        say("Somebody else with your role can do it, not you yourself.")
    )
    seat.look()


def _approve(seat: Seat, scene: Scene) -> None:
    """Find it on the start page; nothing is approved before all steps are ticked."""
    page, say = seat.page, seat.say
    seat.go("today")
    name = scene.cast.asa.person.full_name
    page.get_by_role("link", name=say("Approve a reserve card: %(name)s", name=name)).click()
    page.get_by_role("button", name=say("Approve"), exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(say("Something needs your attention"))
    assert ReserveHandOut.objects.get().state == "AWAITING_SECOND"
    _check_identity(seat)
    page.get_by_role("button", name=say("Approve"), exact=True).click()
    _says(page, say("Approved. The holder can activate the card on the own pages."))


def _check_identity(seat: Seat) -> None:
    page, say = seat.page, seat.say
    boxes = page.locator("input[name=steps]")
    expect(boxes).to_have_count(7)
    for place in range(7):
        boxes.nth(place).check()
    page.locator("select[name=document_kind]").select_option(str(IDENTITY["document_kind"]))
    page.get_by_role("textbox", name=say("Document number")).fill(str(IDENTITY["document_number"]))
    page.locator("input[name=document_valid_to]").fill(str(IDENTITY["document_valid_to"]))


def _take_back(seat: Seat) -> None:
    page, say = seat.page, seat.say
    page.get_by_role("link", name=say("Cards that come back")).click()
    expect(page.get_by_label(say("Taken back from people, and blocked"))).to_be_checked()
    page.get_by_label(say("Card numbers")).fill(grouped(ONE))
    page.get_by_role("button", name=say("Register these cards")).click()
    _says(page, say.several("%(count)d card is taken back.", "%(count)d cards are taken back.", 1, count=1))


def _destroy(seat: Seat) -> None:
    """From the list of what came back: the numbers stand there already."""
    page, say = seat.page, seat.say
    expect(page.get_by_role("heading", name=say("Cards that came back"))).to_be_visible()
    seat.look()
    page.get_by_role("link", name=say("They are destroyed")).click()
    expect(page.get_by_label(say("Destroyed, after they came back"))).to_be_checked()
    expect(page.get_by_label(say("Card numbers"))).to_have_value(ONE)
    page.get_by_role("button", name=say("Register these cards")).click()
    _says(page, say.several("%(count)d card is destroyed.", "%(count)d cards are destroyed.", 1, count=1))
    expect(page.get_by_role("heading", name=say("Cards that came back"))).to_have_count(0)


# --- what the holder does ---------------------------------------------------------------------------


def _types_the_code(seat: Seat) -> None:
    page, say = seat.page, seat.say
    seat.go("own-reserve")
    page.get_by_label(say("Number on the card")).fill(grouped(ONE))
    page.get_by_label(say("Security code in the envelope")).fill(envelope_code(ONE))
    page.get_by_role("button", name=say("Go on to the card")).click()


def _fetch(seat: Seat, scene: Scene) -> None:
    """Begin with the code; the page waits while the client works on the card, and then says it is done."""
    _rest_while_the_client_works(seat)
    _types_the_code(seat)
    expect(seat.page.locator("#open-client")).to_be_visible()
    start = seat.page.locator("#open-installed").get_attribute("href") or ""
    _finishes(scene, OpenedActivation(activation=Activation.objects.get(), token=start.rpartition("/")[2]))
    seat.page.unroute("**" + reverse("own-reserve-status"))
    expect(seat.page.get_by_role("heading", name=seat.say("The card is ready"))).to_be_visible()
    seat.look()


def _finishes(scene: Scene, opened: OpenedActivation) -> None:
    """Let the client do its work with the card, from the claim to the signed receipt."""
    scene.at = opened.activation.opened_at
    claimed = a_claimed_activation(scene, opened)
    an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, claimed)))


def _rest_while_the_client_works(seat: Seat) -> None:
    """Keep the page's questions from the server while this thread asks the same database."""

    def later(route: Route) -> None:
        route.fulfill(status=204)

    seat.page.route("**" + reverse("own-reserve-status"), later)


def _extend_once(seat: Seat, card: Card) -> None:
    """Extend it; what was opened before still offers it, and is told why not."""
    page, say = seat.page, seat.say
    seat.go("mine")
    button = page.get_by_role("button", name=say("Extend by half a year"))
    old_tab = page.context.new_page()
    old_tab.goto(page.url)
    expect(old_tab.get_by_role("button", name=say("Extend by half a year"))).to_be_enabled()
    button.click()
    page.wait_for_url("**" + reverse("mine"))
    expect(page.get_by_role("button", name=say("Extend by half a year"))).to_be_disabled()
    expect(page.locator("ul.why")).to_contain_text(say("It was extended before."))
    seat.look()
    day = Card.objects.get(pk=card.pk).valid_until.isoformat()
    expect(page.locator("li.own-row", has_text=grouped(ONE))).to_contain_text(day)
    old_tab.get_by_role("button", name=say("Extend by half a year")).click()
    expect(old_tab.get_by_role("heading", level=1)).to_have_text(say("It was extended before."))
    assert Card.objects.get(pk=card.pk).valid_until.isoformat() == day


def _says(page: Page, told: str) -> None:
    expect(page.get_by_role("status").first).to_contain_text(told)
