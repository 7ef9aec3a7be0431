"""New certificates on a card in use and new cards in its place, in a browser, in both languages."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from deploy.demo.cast import ALVA, Member
from portal.pages.parts import grouped
from tests.running.acts import fetch_to_card
from tests.running.desk import Desk
from tests.running.installation import Installation
from tests.running.visitor import Visitor, visiting
from tests.running.words import LANGUAGES

pytestmark = pytest.mark.browser

LINNEA = Member(
    name="Linnéa Öhman",
    number="198202289800",
    hsa_id="SE2321009801-P015",
    organization="Region Norr",
    roles=(),
    pin="750284",
)
"""Somebody whom no other running test has anything to do with: what the registers say of her changes here."""
OTHER_HSA_ID = "SE2321009801-P031"
OTHER_EMPLOYMENT = f"""
[[person.employment]]
hsa_id = "{OTHER_HSA_ID}"
unit = "SE2321009801-1005"
title = "Överläkare"
mail = "linnea.ohman@norr.example"
"""
LAST_LINE = 'mail = "linnea.ohman@syd.example"\n'
GIVEN_NAME = 'given_name = "Linnéa"\ngiven_name_indicator = 10\n'
SURNAMES = ("Öhman", "Öhman Ek")
LOOKED_AT = "en"
"""Axe judges what is built, which is the same in both languages."""
LOST_AS = {"sv": "lost", "en": "stolen"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_puts_new_certificates_on_a_card_and_new_cards_in_its_place(
    installation: Installation, chromium: Browser, alva: Desk, language: str
) -> None:
    """POR-2, POR-7, CRD-4: renewal and an extra pair at the desk, one certificate, new name, lost card."""
    _works_at_two_places(installation)
    person = alva.makes_active_card(LINNEA)
    first = _newest(installation)["number"]
    with visiting(
        chromium, installation, language=language, may_be_refused=True, is_looked_at=language == LOOKED_AT
    ) as desk:
        desk.log_in(ALVA)
        desk.go(person)
        _read_again(desk)
        _renew(desk, first)
        assert _reasons(installation) == ["SUPERSEDED"] * 2 + [None] * 2
        _add_pair(desk, first)
        assert _reasons(installation) == ["SUPERSEDED"] * 2 + [None] * 4
        _block_one_of_the_pair(desk)
        held = [one["reason"] for one in _newest(installation)["certificates"] if one["is_extra"]]
        assert sorted(map(str, held)) == ["CESSATION_OF_OPERATION", "None"]
        assert _newest(installation)["state"] == "ACTIVE"

        _is_called_otherwise(installation)
        _read_again(desk)
        _order_for_the_new_name(desk, first)
        old = _card_before_the_newest(installation)
        assert (old["number"], old["state"]) == (first, "ACTIVE")
        alva.activates(person, pin=LINNEA.pin)
        old = _card_before_the_newest(installation)
        assert (old["number"], old["state"]) == (first, "BLOCKED")
        ends = [one["reason"] for one in old["certificates"]]
        assert ends.count("AFFILIATION_CHANGED") == 3  # the rest had ended before, each for its own reason
        assert set(ends) == {"SUPERSEDED", "CESSATION_OF_OPERATION", "AFFILIATION_CHANGED"}

        second = _newest(installation)["number"]
        desk.go(person)
        expect(_card(desk, first)).to_contain_text(desk.say("replaced by …%(number)s", number=second[-3:]))
        _replace_at_once(desk, second, reason=LOST_AS[language])
        old = _card_before_the_newest(installation)
        assert (old["number"], old["state"]) == (second, "BLOCKED")
        assert {one["reason"] for one in old["certificates"]} == {"KEY_COMPROMISE"}
        desk.page.locator("#next-act").wait_for()


# --- what the administrator does --------------------------------------------------------------------


def _read_again(desk: Visitor) -> None:
    """Ask HSA and PU anew from the person's page."""
    desk.page.get_by_role("button", name=desk.say("Read again")).click()
    read = desk.say("%(name)s is read from HSA and PU.", name="")
    expect(desk.page.get_by_role("status").first).to_contain_text(read.strip())


def _renew(desk: Visitor, card_number: str) -> None:
    """Check the identity, sign for it, let the holder fetch to the card, and see the receipt."""
    page, say = desk.page, desk.say
    _card(desk, card_number).locator("a[href$='/renew/']").click()
    expect(page.get_by_role("heading", name=say("Renew the certificates"), level=1)).to_be_visible()
    expect(page.get_by_role("heading", name=say("Another employment"))).to_be_visible()
    desk.checks_identity(act="open")
    desk.sign(ALVA)
    page.wait_for_url("**/renewals/*/")
    desk.look()
    fetch_to_card(desk, card_number, pin=LINNEA.pin)
    expect(page.locator("#visit .steps li.done")).to_have_count(6)
    desk.look()
    page.get_by_role("link", name=say("Show the receipt")).click()
    expect(page.get_by_role("heading", name=say("Receipt for new certificates"))).to_be_visible()
    expect(page.locator("article.document")).to_contain_text(card_number)
    desk.look()
    page.get_by_role("link", name=say("To the person"), exact=True).click()
    page.wait_for_url("**/people/*-*/")


def _add_pair(desk: Visitor, card_number: str) -> None:
    """Begin from the renewal, for the other employment; a second extra pair is not to be had."""
    page, say = desk.page, desk.say
    _card(desk, card_number).locator("a[href$='/renew/']").click()
    page.get_by_role("link", name=OTHER_HSA_ID).click()
    expect(page.get_by_role("heading", name=say("An extra pair of certificates"), level=1)).to_be_visible()
    desk.checks_identity(act="open")
    expect(page.get_by_text(OTHER_HSA_ID).first).to_be_visible()  # in what is signed
    desk.sign(ALVA)
    page.wait_for_url("**/renewals/*/")
    fetch_to_card(desk, card_number, pin=LINNEA.pin)
    expect(page.locator("#visit .steps li.done")).to_have_count(6)
    page.get_by_role("link", name=say("To the person"), exact=True).click()
    page.wait_for_url("**/people/*-*/")
    for purpose in ("Authentication, extra HSA-id", "Signature, extra HSA-id"):
        expect(_certificate(desk, purpose)).to_contain_text(say("Active"))
    desk.look()


def _block_one_of_the_pair(desk: Visitor) -> None:
    """Block the extra pair's certificate for signatures; the card and the other certificates go on."""
    page, say = desk.page, desk.say
    _certificate(desk, "Signature, extra HSA-id").locator("a[href$='/block/']").click()
    purpose = say("Signature, extra HSA-id")
    heading = say("Block the certificate %(purpose)s", purpose=purpose)
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    expect(page.get_by_role("link", name=say("Cancel"))).to_be_focused()  # danger starts at the harmless one
    expect(page.locator("ul.toll")).to_contain_text(say("The card and its other certificates go on working."))
    desk.look()
    page.locator("select[name=reason]").select_option("employment_ended")
    page.locator("input[name=confirmed]").check()
    page.get_by_role("button", name=say("Block the certificate"), exact=True).click()
    page.wait_for_url("**/people/*-*/")
    revoked = say("The certificate is revoked. Everybody who asks learns it within a minute.")
    expect(page.get_by_role("status").first).to_contain_text(revoked)
    expect(_certificate(desk, "Authentication, extra HSA-id")).to_contain_text(say("Active"))


def _order_for_the_new_name(desk: Visitor, card_number: str) -> None:
    """See that no certificate is renewed under a former name, and order the card with the new one."""
    page, say = desk.page, desk.say
    card = _card(desk, card_number)
    expect(card.get_by_role("button", name=say("New certificates"))).to_be_disabled()
    desk.look()
    thought = page.locator(".thought", has_text=say("New name, new card"))
    thought.get_by_role("link", name=say("Order a new one")).click()
    _order(desk)
    page.locator("#next-act").wait_for()


def _replace_at_once(desk: Visitor, card_number: str, *, reason: str) -> None:
    """Say that somebody else may have the card: it is blocked first, and the new one ordered then."""
    page, say = desk.page, desk.say
    _card(desk, card_number).locator("a[href$='/replace/']").click()
    choice = page.locator("label.choice", has=page.locator(f"input[name=reason][value={reason}]"))
    at_once = say("It is blocked at once, also if the new card is never made.")
    expect(choice).to_contain_text(at_once)
    choice.locator("input").check()
    desk.look()
    page.get_by_role("button", name=say("Continue")).click()
    page.wait_for_url(f"**/block/?replace={reason}")
    desk.look()
    page.locator("input[name=confirmed]").check()
    page.get_by_role("button", name=say("Block card %(number)s", number="").strip()).click()
    page.wait_for_url("**/order/?*")
    desk.look()
    _order(desk)


def _order(desk: Visitor) -> None:
    """Choose the product and place the order."""
    page, say = desk.page, desk.say
    page.locator("input[name=product][value='7C1']").check()
    page.get_by_role("button", name=say("Continue")).click()
    page.get_by_role("button", name=say("Place the order")).click()
    page.wait_for_url("**/orders/*-*/")


def _card(desk: Visitor, card_number: str) -> Locator:
    return desk.page.locator("article.kort", has_text=grouped(card_number))


def _certificate(desk: Visitor, purpose: str) -> Locator:
    """Return the row of the certificate for a purpose that the card holds now; what was replaced is below."""
    rows = desk.page.locator("section[aria-labelledby=certificates] tbody tr")
    return rows.filter(has_text=desk.say(purpose)).first


# --- around them ------------------------------------------------------------------------------------


def _works_at_two_places(installation: Installation) -> None:
    """Let HSA say that she works at another unit of the region, too."""
    if OTHER_HSA_ID not in (installation.home / "people.toml").read_text(encoding="utf-8"):
        installation.edit_registers(LAST_LINE, LAST_LINE + OTHER_EMPLOYMENT)


def _is_called_otherwise(installation: Installation) -> None:
    """Let PU say another surname than it says now."""
    content = (installation.home / "people.toml").read_text(encoding="utf-8")
    lines = [f'{GIVEN_NAME}surname = "{surname}"\n' for surname in SURNAMES]
    now, then = lines if lines[0] in content else reversed(lines)
    installation.edit_registers(now, then)


def _cards(installation: Installation) -> list[dict[str, Any]]:
    orders = installation.ask("orders", hsa_id=LINNEA.hsa_id)
    cards = [installation.ask("card", card_id=order["card_id"]) for order in orders]
    for card in cards:
        for one in card["certificates"]:
            one["is_extra"] = one["name"].startswith("extra_")
    return cards


def _newest(installation: Installation) -> dict[str, Any]:
    return _cards(installation)[-1]


def _card_before_the_newest(installation: Installation) -> dict[str, Any]:
    return _cards(installation)[-2]


def _reasons(installation: Installation) -> list[str | None]:
    """Return why each certificate of the newest card was revoked, oldest first; None for one that holds."""
    return [one["reason"] for one in _newest(installation)["certificates"]]
