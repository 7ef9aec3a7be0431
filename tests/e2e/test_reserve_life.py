"""A reserve card of level 3 from the factory's box to its end, with the card client and signatures."""

import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.cast import ALVA, FRIDA, Member
from portal.pages.parts import grouped
from tests.running.desk import Desk
from tests.running.envelopes import Envelope, envelope_in_stock
from tests.running.installation import Installation, eventually
from tests.running.visitor import Visitor, visiting
from tests.running.words import Words, in_language

pytestmark = pytest.mark.browser

RESERVE_PIN = "527093"


def test_two_administrators_sign_the_holder_fetches_and_extends_and_it_comes_back_in_swedish(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member
) -> None:
    """Three steps by three people; tests/portal walks each page of it in both languages."""
    say = in_language("sv")
    envelope, person = envelope_in_stock(installation), alva.person(holder)
    with visiting(chromium, installation) as first:
        first.log_in(ALVA)
        first.go(person.path)
        _hand_out(first, say, envelope)
        with visiting(chromium, installation) as second:
            second.log_in(FRIDA)
            _approve(second, say, envelope)
        with visiting(chromium, installation) as own:
            _activate(own, say, envelope)
            _log_in(own, say, envelope)
            _extend_once(own, say, envelope)
        _take_back_and_destroy(first, say, envelope)
    order = installation.ask("orders", hsa_id=holder.hsa_id)[-1]
    assert (order["card_number"], order["card_state"]) == (envelope.card_number, "BLOCKED")

    def is_revoked() -> bool:
        certificates = installation.ask("card", card_id=order["card_id"])["certificates"]
        return bool(certificates) and all(one["is_revoked"] for one in certificates)

    eventually(is_revoked)


def _hand_out(desk: Visitor, say: Words, envelope: Envelope) -> None:
    """Step one: the seven steps and a signature, and the envelope is given."""
    page = desk.page
    page.get_by_role("link", name=say("Hand out a reserve card")).click()
    page.get_by_label(say("Number on the envelope")).fill(envelope.card_number)
    desk.checks_identity(act="go")
    desk.sign(ALVA)
    page.wait_for_url("**/people/*-*/")
    told = "Give the sealed envelope to the person. Another administrator approves before it is of use."
    expect(page.get_by_role("status").first).to_contain_text(say(told))


def _approve(desk: Visitor, say: Words, envelope: Envelope) -> None:
    """Step two: somebody else, in a session of their own, with the seven steps and a signature again."""
    page = desk.page
    waiting = page.locator("a[href^='/reserve/']").first
    waiting.click()
    expect(page.locator("main")).to_contain_text(grouped(envelope.card_number))
    desk.checks_identity(act="go")
    desk.sign(FRIDA)
    page.wait_for_url("**/people/*-*/")
    told = say("Approved. The holder can activate the card on the own pages.")
    expect(page.get_by_role("status").first).to_contain_text(told)


def _activate(own: Visitor, say: Words, envelope: Envelope) -> None:
    """Step three: the holder, with the code in the envelope and the card in the reader."""
    page = own.page
    own.go("/mine/reserve/")
    page.get_by_label(say("Number on the card")).fill(envelope.card_number)
    page.get_by_label(say("Security code in the envelope")).fill(envelope.code)
    page.get_by_role("button", name=say("Go on to the card")).click()
    client = own.opens_client(heading=say.client("activation.title"))
    client.insert(envelope.card_number)
    client.page.locator("#again").wait_for()
    client.page.locator("#pin").fill(RESERVE_PIN)
    client.page.locator("#again").fill(RESERVE_PIN)
    client.page.get_by_role("checkbox").check()
    client.page.get_by_role("button", name=say.client("activation.submit")).click()
    client.page.get_by_role("heading", name=say.client("activation.done")).wait_for()
    client.page.close()
    expect(page.locator("#visit h2").first).to_have_text(say("The card is ready"))


def _log_in(own: Visitor, say: Words, envelope: Envelope) -> None:
    """With the new card itself, which opens all own pages: it is of level 3."""
    own.start_login()
    own.insert(envelope.card_number)
    own.choose_certificate_of(envelope.card_number)
    own.type_pin(RESERVE_PIN)
    own.page.wait_for_url("**/role/")
    own.go("/mine/")
    expect(own.page.get_by_role("heading", name=say("Own pages"), level=1)).to_be_visible()


def _extend_once(own: Visitor, say: Words, envelope: Envelope) -> None:
    page = own.page
    row = page.locator("li.own-row", has_text=grouped(envelope.card_number))
    row.get_by_role("button", name=say("Extend by half a year")).click()
    expect(row.get_by_role("button", name=say("Extend by half a year"))).to_be_disabled()
    expect(row.locator(".why")).to_contain_text(say("It was extended before."))
    own.look()


def _take_back_and_destroy(desk: Visitor, say: Words, envelope: Envelope) -> None:
    page = desk.page
    desk.go("/stock/")
    page.get_by_role("link", name=envelope.box).click()
    page.get_by_role("link", name=say("Cards that come back")).click()
    page.get_by_label(say("Card numbers")).fill(envelope.card_number)
    page.get_by_role("button", name=say("Register these cards")).click()
    page.get_by_role("link", name=say("They are destroyed")).click()
    expect(page.get_by_label(say("Card numbers"))).to_have_value(envelope.card_number)
    page.get_by_role("button", name=say("Register these cards")).click()
    told = say.several("%(count)d card is destroyed.", "%(count)d cards are destroyed.", 1, count=1)
    expect(page.get_by_role("status").first).to_contain_text(told)
