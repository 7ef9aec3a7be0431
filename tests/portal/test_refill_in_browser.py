"""A reserve card filled again in a real browser, in both languages: two administrators and its holder."""

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django import Settings

from cards.renewal.models import Renewal
from cards.renewal.renewing import OpenedRenewal
from cards.reserve_models import ReserveRefill
from tests.cards.refills import a_spent_card, registered
from tests.cards.renewal.steps import Chip, claimed, signed, working, written
from tests.portal.conftest import LogIn
from tests.portal.seats import Room, Seat
from tests.portal.test_reserve_in_browser import (
    _check_identity,
    _rest_while_the_client_works,
    _says,
    _types_the_code,
)
from tests.scenarios import Scene

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _master_key(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")


def test_two_administrators_order_and_the_holder_fetches_with_the_code(
    scene: Scene, log_in: LogIn, room: Room
) -> None:
    """domain.md 2.5: an active reserve card without a valid certificate, by an order and the card itself."""
    card = a_spent_card(scene, loa=3)
    alva, gun = (log_in(who) for who in (scene.cast.alva, scene.cast.another_administrator))
    with room.seat(alva) as first, room.seat(gun) as second, room.seat() as holder:
        _order(first, str(card.person_id))
        assert ReserveRefill.objects.get().state == "AWAITING_SECOND"
        _types_the_code(holder)
        expect(holder.page.get_by_role("alert")).to_contain_text(
            room.say("Number and code do not go together")
        )
        _approve(second, name=card.person.full_name)
        assert ReserveRefill.objects.get().state == "READY"
        _fetch(holder, scene)
    assert ReserveRefill.objects.get().state == "FETCHED"
    assert len(working(card)) == 2


def _order(seat: Seat, person_id: str) -> None:
    """From the card on the person's page; afterwards that says what is waited for."""
    page, say = seat.page, seat.say
    seat.go("person", person_id)
    page.get_by_role("link", name=say("Order new certificates")).click()
    _check_identity(seat)
    seat.look()
    page.get_by_role("button", name=say("Order new certificates"), exact=True).click()
    _says(
        page,
        say("New certificates are ordered. Another administrator approves before they can be fetched."),
    )
    expect(page.get_by_role("button", name=say("Approve as the second person"))).to_be_disabled()
    expect(page.locator("main")).to_contain_text(say("It takes another person."))
    seat.look()


def _approve(seat: Seat, *, name: str) -> None:
    page, say = seat.page, seat.say
    seat.go("today")
    page.get_by_role("link", name=say("Approve a reserve card: %(name)s", name=name)).click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(say("Approve new certificates to a reserve card"))
    _check_identity(seat)
    seat.look()
    page.get_by_role("button", name=say("Approve"), exact=True).click()
    _says(page, say("Approved. The holder can fetch the certificates on the own pages."))


def _fetch(seat: Seat, scene: Scene) -> None:
    """Begin with the code; the page waits while the client works on the card, and then says it is done."""
    _rest_while_the_client_works(seat)
    _types_the_code(seat)
    expect(seat.page.locator("#open-client")).to_be_visible()
    start = seat.page.locator("#open-installed").get_attribute("href") or ""
    assert start.startswith("siths://renew/1/")
    seat.look()
    opened = OpenedRenewal(renewal=Renewal.objects.get(), token=start.rpartition("/")[2])
    scene.at = opened.renewal.opened_at
    chip = Chip()
    signed(scene, written(scene, registered(scene, claimed(scene, opened), chip)), chip)
    seat.page.unroute("**" + reverse("own-reserve-status"))
    done = seat.page.get_by_text(seat.say("The new certificates are on the card")).first
    expect(done).to_be_visible()
    seat.look()
