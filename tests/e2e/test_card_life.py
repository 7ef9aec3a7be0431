"""A card's later life in a browser, each flow through its pages with the card client, in both languages."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.cast import ALVA, Member
from deploy.demo.main_job import LOST
from hsm_sim.factory.ledger import Ledger
from portal.pages.parts import grouped
from tests.running.acts import (
    block_own,
    fetch_to_card,
    lock,
    log_in_to_own_pages,
    opens_the_door,
    type_new_pin,
)
from tests.running.desk import Desk
from tests.running.envelopes import Envelope, envelope_in_stock
from tests.running.installation import Installation, eventually
from tests.running.visitor import Visitor, visiting
from tests.running.words import LANGUAGES

pytestmark = pytest.mark.browser

NOBODY = "191212121212"
"""The Tax Agency's example of a number, which no register here has."""
LOOKED_AT = "sv"
"""Axe judges what is built, which is the same in both languages."""
NEW_PIN = "839164"
PIN_BY_PUK = "640285"
RESERVE_PIN = "527093"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_takes_a_card_from_an_order_for_several_to_its_end(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, language: str
) -> None:
    """POR-2, POR-12, CRD-4: order for several, unlock, PUK letter, replacement, everything blocked."""
    person = alva.person(holder).path
    alva.has_blocked(person)
    orders_before = len(installation.ask("orders", hsa_id=holder.hsa_id))
    with visiting(chromium, installation, language=language, is_looked_at=language == LOOKED_AT) as desk:
        desk.log_in(ALVA)
        _order_for_several(desk, holder)
        alva.activates(person, pin=holder.pin)
        first = _newest_card(installation, holder)

        lock(installation, first)
        desk.go(person)
        _unlock(desk, first)
        opens_the_door(installation, first, pin=NEW_PIN)
        _order_puk_letter(desk)
        puk = _read_letter(installation, holder, first)
        lock(installation, first)
        _unlock_with_puk(desk, first, puk=puk)
        opens_the_door(installation, first, pin=PIN_BY_PUK)
        desk.go(f"{person}?all=1")
        expect(desk.page.get_by_text(desk.say("PUK letter posted")).first).to_be_visible()
        assert puk not in desk.page.content()

        desk.go(person)
        _replace_damaged(desk)
        alva.activates(person, pin=holder.pin)
        second = _newest_card(installation, holder)
        desk.go(person)
        _is_replaced(desk, first, by=second)

        alva.order(person)
        alva.link(person, "/activate/")
        desk.go(person)
        _block_everything(desk, second)
    cards = _cards_of(installation, holder)[orders_before:]
    assert [card["state"] for card in cards] == ["BLOCKED"] * 3
    assert [len(card["certificates"]) for card in cards] == [2, 2, 0]
    reasons = [{one["reason"] for one in card["certificates"]} for card in cards]
    assert reasons == [{"SUPERSEDED"}, {"KEY_COMPROMISE"}, set()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_holder_looks_after_two_cards_on_the_own_pages(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, language: str
) -> None:
    """MIN-1, MIN-2, MIN-4, CRD-4: a reserve card handed out and activated, signatures, renewal, blocks."""
    envelope = envelope_in_stock(installation)
    person = alva.makes_active_card(holder)
    card_number = _newest_card(installation, holder)
    with visiting(chromium, installation, language=language, is_looked_at=language == LOOKED_AT) as desk:
        desk.log_in(ALVA)
        desk.go(person)
        _hand_out(desk, envelope)
    with visiting(
        chromium, installation, language=language, may_be_refused=True, is_looked_at=language == LOOKED_AT
    ) as own:
        _activate_reserve_card(own, envelope)
        log_in_to_own_pages(own, card_number, pin=holder.pin)
        _fetch_for_signatures(own, card_number, pin=holder.pin)
        _holds(installation, holder, card_number, [False] * 4)
        _renew_certificates(own, card_number, pin=holder.pin)
        log_in_to_own_pages(own, card_number, pin=holder.pin)
        _holds(installation, holder, card_number, [True] * 4 + [False] * 4)
        block_own(own, envelope.card_number)
        blocked = own.say("The card …%(number)s is blocked.", number=envelope.card_number[-3:])
        expect(own.page.get_by_role("status").first).to_contain_text(blocked)
        block_own(own, card_number)
        own.page.wait_for_url("**/login/?ended=*")
        own.look()
    cards = {str(card["number"]): card for card in _cards_of(installation, holder)}
    for number in (card_number, envelope.card_number):
        assert cards[number]["state"] == "BLOCKED"
        assert all(one["is_revoked"] for one in cards[number]["certificates"])


# --- what the administrator does --------------------------------------------------------------------


def _order_for_several(desk: Visitor, holder: Member) -> None:
    """Order from a list with one who gets a card, the same again, and nobody; see the result of each row."""
    page, say = desk.page, desk.say
    desk.go("/orders/bulk/new/?from=list")
    page.get_by_label(say("Organization")).select_option(label=holder.organization)
    page.get_by_label(say("Persons, one a line")).fill(f"{holder.hsa_id}\n{holder.hsa_id}\n{NOBODY}\n")
    page.locator("input[name=product][value='7C1']").check()
    desk.look()
    page.get_by_role("button", name=say("Look at the rows")).click()
    page.wait_for_url("**/orders/bulk/*-*/")
    rows = page.locator("#bulk-result tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text(say("The same person stands on line %(line)s", line=1))
    expect(rows.nth(2)).to_contain_text(say("Nobody with this number in your organization"))
    desk.look()
    page.get_by_role(
        "button", name=say.several("Order %(count)d card", "Order %(count)d cards", 1, count=1)
    ).click()
    # By itself: the worker orders row by row while one looks.
    page.get_by_text(say("%(done)d of %(total)d cards ordered", done=1, total=1)).wait_for()
    order = rows.first.get_by_role("link", name=say("The order"))
    order.wait_for()
    expect(rows.filter(has_text=say("Not ordered"))).to_have_count(2)
    page.locator("#bulk-result:not([hx-get])").wait_for()
    desk.look()
    order.click()
    page.locator("#next-act").wait_for()


def _unlock(desk: Visitor, card_number: str) -> None:
    """Check the identity and let the holder choose a new PIN in the client."""
    desk.page.locator("main a[href$='/unlock/']", has_text=card_number).click()
    desk.checks_identity(act="open")
    client = desk.opens_client(heading=desk.say.client("unlock.title"))
    client.insert(card_number)
    client.page.locator("#again").wait_for()
    expect(client.page.get_by_text(desk.say.client("pin.blocked"), exact=True)).to_be_visible()
    client.look()
    type_new_pin(client, NEW_PIN)
    client.page.get_by_role("button", name=desk.say.client("unlock.submit")).click()
    client.page.get_by_role("heading", name=desk.say.client("unlock.done")).wait_for()
    client.page.close()
    expect(desk.page.get_by_role("heading", name=desk.say("The card is unlocked"))).to_be_visible()
    expect(desk.page.locator("#visit .steps li.done")).to_have_count(4)
    desk.look()
    desk.page.get_by_role("link", name=desk.say("To the person")).click()


def _order_puk_letter(desk: Visitor) -> None:
    """Order the letter from where somebody would unlock, and sign for it."""
    page, say = desk.page, desk.say
    page.locator("main a[href$='/unlock/']").click()
    page.get_by_role("link", name=say("The holder cannot come? Order a PUK letter")).click()
    button = page.get_by_role("button", name=say("Order the letter"))
    button.wait_for()
    desk.look()
    button.click()
    desk.sign(ALVA)
    page.wait_for_url("**/people/*-*/")
    ordered = say("The PUK letter is ordered. It is posted within a few days.")
    expect(page.get_by_role("status").first).to_contain_text(ordered)


def _read_letter(installation: Installation, holder: Member, card_number: str) -> str:
    """Wait until the producer has posted the letter, and read in it what nobody here knows."""

    def is_posted() -> bool:
        cards = {card["number"]: card for card in _cards_of(installation, holder)}
        return bool(cards[card_number]["events"].get("puk_letter.posted"))

    eventually(is_posted)
    puk = Ledger(installation.home / "factory" / "factory.sqlite3").puk_of(card_number)
    assert puk
    return puk


def _unlock_with_puk(visitor: Visitor, card_number: str, *, puk: str) -> None:
    """Type the PUK of the letter on the client's page, at home: no portal has a part in it."""
    client = visitor.in_tab(visitor.page.context.new_page())
    client.page.goto(f"{visitor.installation.client}/")
    client.insert(card_number)
    reader = client.page.locator("article", has=client.page.locator(f"[data-card='{card_number}']"))
    reader.get_by_role("link", name=visitor.say.client("puk.open")).click()
    client.page.locator("#puk").fill(puk)
    type_new_pin(client, PIN_BY_PUK)
    client.look()
    client.page.get_by_role("button", name=visitor.say.client("unlock.submit")).click()
    client.page.get_by_role("heading", name=visitor.say.client("unlock.done")).wait_for()
    client.page.close()


def _replace_damaged(desk: Visitor) -> None:
    """Order a card in the place of the damaged one and wait until it has been sent."""
    page, say = desk.page, desk.say
    page.locator("main a[href$='/replace/']").click()
    page.locator("input[name=reason][value=damaged]").check()
    desk.look()
    page.get_by_role("button", name=say("Continue")).click()
    page.locator("input[name=product][value='7C1']").check()
    page.get_by_role("button", name=say("Continue")).click()
    page.get_by_role("button", name=say("Place the order")).click()
    page.wait_for_url("**/orders/*-*/")
    page.locator("#next-act").wait_for()


def _is_replaced(desk: Visitor, first: str, *, by: str) -> None:
    """See that the old card ended when the new one was activated, and its block land by itself."""
    old = desk.page.locator("article.kort", has_text=grouped(first))
    expect(old).to_contain_text(desk.say("Blocked"))
    expect(old).to_contain_text(desk.say("replaced by …%(number)s", number=by[-3:]))
    expect(old.locator(".landing li.done")).to_have_count(4)


def _block_everything(desk: Visitor, card_number: str) -> None:
    """Block the card in use and the one on its way in one act, signed, and see the block land."""
    page, say = desk.page, desk.say
    page.get_by_role("link", name=say("Block everything")).click()
    expect(page.locator("ul.toll li")).to_have_count(3)  # each card, and what it means
    page.locator("select[name=reason]").select_option(LOST)
    page.locator("input[name=confirmed]").check()
    desk.look()
    page.get_by_role("button", name=say("Block everything")).click()
    desk.sign(ALVA)
    page.wait_for_url("**/people/*-*/")
    done = say("All is blocked. Below you see how far the block has come.")
    expect(page.get_by_role("status").first).to_contain_text(done)
    card = page.locator("article.kort", has_text=grouped(card_number))
    expect(card.locator(".landing li.done")).to_have_count(4)
    desk.look()


def _hand_out(desk: Visitor, envelope: Envelope) -> None:
    """Hand out a sealed envelope at level 2, identified and signed for."""
    page, say = desk.page, desk.say
    page.get_by_role("link", name=say("Hand out a reserve card")).click()
    page.get_by_role("link", name=say("Assurance level %(loa)s", loa=2)).click()
    page.wait_for_url("**/reserve/?loa=2")
    page.get_by_label(say("Number on the envelope")).fill(envelope.card_number)
    desk.checks_identity(act="go")
    desk.sign(ALVA)
    page.wait_for_url("**/people/*-*/")
    given = say("Give the sealed envelope to the person, who activates the card on the own pages.")
    expect(page.get_by_role("status").first).to_contain_text(given)


# --- what the holder does ---------------------------------------------------------------------------


def _activate_reserve_card(own: Visitor, envelope: Envelope) -> None:
    """Activate it by the code of the envelope alone: who has only this card cannot log in."""
    page, say = own.page, own.say
    own.go("/mine/reserve/")
    page.get_by_label(say("Number on the card")).fill(envelope.card_number)
    page.get_by_label(say("Security code in the envelope")).fill(envelope.code)
    own.look()
    page.get_by_role("button", name=say("Go on to the card")).click()
    client = own.opens_client(heading=own.say.client("activation.title"))
    client.insert(envelope.card_number)
    type_new_pin(client, RESERVE_PIN)
    client.page.get_by_role("checkbox").check()
    client.look()
    client.page.get_by_role("button", name=say.client("activation.submit")).click()
    client.page.get_by_role("heading", name=say.client("activation.done")).wait_for()
    client.page.close()
    expect(page.locator("#visit h2").first).to_have_text(say("The card is ready"))
    own.look()


def _fetch_for_signatures(own: Visitor, card_number: str, *, pin: str) -> None:
    """Fetch certificates for signatures (MIN-2), which end nothing, and see the receipt and the list."""
    page, say = own.page, own.say
    row = page.locator("li.own-row", has_text=grouped(card_number))
    row.get_by_role("button", name=say("Certificates for signatures")).click()
    fetch_to_card(own, card_number, pin=pin)
    expect(page.locator("#visit .steps li.done")).to_have_count(6)
    own.look()
    page.get_by_role("link", name=say("Show the receipt")).click()
    expect(page.locator("article.document")).to_contain_text(say("Signature, HSA-id"))
    own.look()
    page.get_by_role("link", name=say("To your own pages")).click()
    for purpose in ("Signature, HSA-id", "Signature, personal number"):
        expect(page.locator("section[aria-labelledby=h-certificates]")).to_contain_text(say(purpose))


def _renew_certificates(own: Visitor, card_number: str, *, pin: str) -> None:
    """Begin on the own pages and fetch new certificates to the card."""
    row = own.page.locator("li.own-row", has_text=grouped(card_number))
    row.get_by_role("button", name=own.say("Renew the certificates")).click()
    fetch_to_card(own, card_number, pin=pin)
    # What they replace is revoked, and with it ends the login: the page says either, and then rests.
    own.page.locator("#visit:not([hx-get]), form[action='/login/oob/start']").first.wait_for()


# --- around them ------------------------------------------------------------------------------------


def _newest_card(installation: Installation, holder: Member) -> str:
    return str(installation.ask("orders", hsa_id=holder.hsa_id)[-1]["card_number"])


def _cards_of(installation: Installation, holder: Member) -> list[dict[str, Any]]:
    orders = installation.ask("orders", hsa_id=holder.hsa_id)
    return [installation.ask("card", card_id=order["card_id"]) for order in orders]


def _holds(installation: Installation, holder: Member, card_number: str, revoked: list[bool]) -> None:
    """See which of the card's certificates are revoked, in the order in which they were issued."""

    def is_so() -> bool:
        card = next(one for one in _cards_of(installation, holder) if one["number"] == card_number)
        return [one["is_revoked"] for one in card["certificates"]] == revoked

    eventually(is_so)
