"""What people do wrong, twice or at the same time: a clear word, nothing half done, a second try works."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from deploy.demo.browser import PageRefused
from deploy.demo.cast import ALVA, DORIS, FRIDA, Member
from deploy.demo.main_job import LOST
from tests.running.aftermath import Aftermath
from tests.running.desk import PRODUCT, Desk, links_of
from tests.running.installation import Installation
from tests.running.visitor import Visitor, visiting

pytestmark = pytest.mark.browser
WRONG = "000111"


# --- the PIN, the card, the reader ------------------------------------------------------------------


def test_a_wrong_pin_is_told_with_the_tries_left_and_the_right_one_opens(
    installation: Installation, chromium: Browser, aftermath: Aftermath
) -> None:
    """POR-1: one mistake costs one try of this card, and none of the one that lies in the other reader."""
    with visiting(chromium, installation) as alva:
        alva.start_login()
        alva.take_out_everything()
        alva.insert(installation.member_card(DORIS))
        alva.insert(installation.member_card(ALVA))
        alva.choose_certificate_of(installation.member_card(ALVA))
        alva.type_pin(WRONG)
        expect(alva.page.get_by_role("alert")).to_contain_text("Fel PIN-kod. 4 försök kvar.")
        other = alva.page.get_by_role("article", name="Läsare 1: Doris Strand")
        expect(other).to_contain_text("Redo")
        alva.look()
        alva.type_pin(ALVA.pin)
        alva.page.wait_for_url(f"{installation.portal}/")


def test_the_fifth_wrong_pin_locks_the_card_and_the_portal_says_so(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """CARD-3: locked means locked, also for the right PIN, and the login page says what happened."""
    alva.makes_active_card(holder)
    card = str(aftermath.card_of_latest_order(holder)["number"])
    with visiting(chromium, installation) as visitor:
        visitor.start_login()
        visitor.insert(card)
        for left in ("4 försök", "3 försök", "2 försök", "Ett försök"):
            visitor.choose_certificate_of(card)
            visitor.type_pin(WRONG)
            expect(visitor.page.get_by_role("alert")).to_contain_text(left)
        visitor.choose_certificate_of(card)
        visitor.type_pin(WRONG)
        expect(visitor.page.get_by_role("heading", name="Kortet är låst")).to_be_visible()
        visitor.look()
        visitor.go("/login/")
        expect(visitor.page.get_by_role("alert")).to_contain_text("låst")
        visitor.look()

        visitor.start_login()
        visitor.take_out_everything()
        visitor.insert(card)
        expect(visitor.page.get_by_role("heading", name="Kortet är låst")).to_be_visible()
        assert visitor.page.locator("#pin").count() == 0
        visitor.take_out_everything()


def test_a_login_without_a_card_waits_for_one_and_may_be_cancelled(
    installation: Installation, chromium: Browser, aftermath: Aftermath
) -> None:
    """POR-1: cancelled in the client, told in the portal, begun again at once."""
    with visiting(chromium, installation) as alva:
        alva.start_login()
        alva.take_out_everything()
        expect(alva.page.get_by_role("heading", name="Sätt i ditt kort")).to_be_visible()
        alva.look()
        alva.page.get_by_role("button", name="Avbryt").click()
        expect(alva.page.get_by_role("heading", name="Avbrutet")).to_be_visible()
        alva.go("/login/")
        expect(alva.page.get_by_role("alert")).to_contain_text("Du är inte inloggad")
        alva.look()
        alva.log_in(ALVA)


def test_a_pin_that_is_too_easy_or_mistyped_is_refused_before_anything_is_made(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """CARD-3: the holder is told which rule; the card is as it was."""
    link, card = _opened_activation(alva, holder, aftermath)
    with visiting(chromium, installation) as visitor:
        visitor.page.goto(_client_url(installation, link))
        visitor.insert(card)
        for first, second, told in (  # no answer like the one before: it would be seen before it came
            ("123456", "123456", "för lätt att gissa"),
            ("482905", "482906", "De två PIN-koderna är olika"),
            (holder.number[2:8], holder.number[2:8], "för lätt att gissa"),
        ):
            _choose_pin(visitor.page, first, second)
            expect(visitor.page.get_by_role("alert")).to_contain_text(told)
        visitor.look()
        assert aftermath.card_of_latest_order(holder)["keys"] == []
        _choose_pin(visitor.page, holder.pin, holder.pin)
        expect(visitor.page.get_by_role("heading", name="Kortet är aktivt")).to_be_visible()
    aftermath.one_certificate_for_each_key(holder)


def test_the_wrong_card_at_activation_is_named_and_the_right_one_goes_on(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """CARD-4: nothing is done to a card that lies in the reader by mistake."""
    link, card = _opened_activation(alva, holder, aftermath)
    with visiting(chromium, installation) as visitor:
        visitor.page.goto(_client_url(installation, link))
        visitor.page.locator("aside").wait_for()
        visitor.take_out_everything()
        visitor.insert(installation.member_card(FRIDA))
        expect(visitor.page.locator("main")).to_contain_text("Fel kort: aktiveringen gäller kort")
        assert visitor.page.locator("#pin").count() == 0
        visitor.look()
        visitor.take_out_everything()
        visitor.insert(card)
        _choose_pin(visitor.page, holder.pin, holder.pin)
        expect(visitor.page.get_by_role("heading", name="Kortet är aktivt")).to_be_visible()
    aftermath.one_certificate_for_each_key(holder)
    aftermath.everything_once(holder, is_blocked=False)


def test_a_card_taken_out_in_mid_activation_goes_on_where_it_stopped(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: out of the reader while the certificates are made; back in, the old PIN, and done."""
    link, card = _opened_activation(alva, holder, aftermath)
    with visiting(chromium, installation) as visitor:
        page = visitor.page
        page.goto(_client_url(installation, link))
        visitor.insert(card)
        page.locator("#again").wait_for()
        with installation.stopped("signer"):
            _choose_pin(page, holder.pin, holder.pin)
            expect(page.locator(".steps .now")).to_contain_text("Certifikat utfärdade")
            visitor.take_out_everything()
        expect(page.get_by_role("heading", name="Sätt i ditt kort")).to_be_visible()
        expect(page.locator("main")).to_contain_text(
            re.sub(r"(\d{4})", "\\1\N{NO-BREAK SPACE}", card[:4]).strip()
        )
        visitor.look()
        visitor.insert(card)
        expect(page.get_by_text("Skriv PIN-koden du valde")).to_be_visible()
        visitor.look()
        page.locator("#pin").fill(holder.pin)
        page.get_by_role("button", name="Fortsätt").click()
        expect(page.get_by_role("heading", name="Kortet är aktivt")).to_be_visible()
    aftermath.one_certificate_for_each_key(holder)
    aftermath.everything_once(holder, is_blocked=False)


def test_an_activation_given_up_half_way_is_taken_up_again_from_the_desk(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: the client was closed after the keys were made; a new identity check, the same keys and PIN."""
    link, card = _opened_activation(alva, holder, aftermath)
    with visiting(chromium, installation) as visitor:
        page = visitor.page
        page.goto(_client_url(installation, link))
        visitor.insert(card)
        page.locator("#again").wait_for()
        with installation.stopped("signer"):
            _choose_pin(page, holder.pin, holder.pin)
            expect(page.locator(".steps .now")).to_contain_text("Certifikat utfärdade")
            visitor.take_out_everything()
        page.get_by_role("button", name="Avbryt").click()
        expect(page.get_by_role("heading", name="Avbrutet")).to_be_visible()
        again = alva.open_activation(links_of(alva.person(holder), "/activate/")[0])
        page.goto(_client_url(installation, again))
        visitor.insert(card)
        page.locator("#pin").wait_for()
        _choose_pin(page, holder.pin, holder.pin)
        expect(page.get_by_role("heading", name="Kortet är aktivt")).to_be_visible()
    assert len(aftermath.one_certificate_for_each_key(holder)) == 2
    events = aftermath.card_of_latest_order(holder)["events"]
    assert events["activation.aborted"] == 1
    aftermath.everything_once(holder, is_blocked=False)


# --- twice, back, and two at once -------------------------------------------------------------------


def test_a_double_click_orders_one_card(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: one press is one act."""
    orders_before = _without_running_order(installation, alva, holder)
    with visiting(chromium, installation) as visitor:
        _as(visitor, alva)
        visitor.page.goto(f"{installation.portal}{alva.person(holder).path}order/")
        visitor.page.get_by_role("button", name="Fortsätt").click()
        visitor.page.wait_for_load_state()  # one press is one act once the script runs
        visitor.page.get_by_role("button", name="Lägg beställningen").dblclick()
        visitor.page.wait_for_url("**/orders/*-*/")
    alva.link(alva.person(holder).path, "/activate/")
    aftermath.one_order_and_one_card(holder, orders_before=orders_before)


def test_two_orders_at_the_same_time_are_one_order_and_the_other_is_told(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: two administrators, or one without a script: one wins, the other is shown the order."""
    orders_before = _without_running_order(installation, alva, holder)
    frida = Desk.of(installation, FRIDA)
    person = alva.person(holder).path
    forms = [
        desk.browser.submit(
            desk.browser.open(f"{person}order/"), {"product": PRODUCT}, button=("step", "confirm")
        )
        for desk in (alva, frida)
    ]

    def place(desk: Desk, number: int) -> str:
        try:
            return desk.browser.submit(forms[number], button=("step", "place")).path
        except PageRefused as refusal:
            return str(refusal)

    with ThreadPoolExecutor() as threads:
        told = sorted(threads.map(place, (alva, frida), (0, 1)), key=len)
    assert told[0].startswith("/orders/")
    assert "409" in told[1]
    assert re.search(r"En beställning är redan på gång\. Den lades i dag \d\d:\d\d och är nu ", told[1])
    alva.link(person, "/activate/")
    aftermath.one_order_and_one_card(holder, orders_before=orders_before)


def test_a_double_click_blocks_once_and_back_shows_that_it_is_done(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """REV-1: the second press changes nothing; the back button leads to no second block."""
    person = alva.makes_active_card(holder)
    with visiting(chromium, installation, may_be_refused=True) as visitor:
        _as(visitor, alva)
        page = visitor.page
        page.goto(f"{installation.portal}{person}")
        page.locator("main a[href$='/block/']").first.click()
        page.locator("select[name=reason]").select_option(LOST)
        page.locator("input[name=confirmed]").check()
        page.wait_for_load_state()
        page.get_by_role("button", name="Spärra kort").dblclick()
        expect(page.get_by_role("status").first).to_contain_text("är spärrat")
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Kortet är spärrat")
        expect(page.locator("main")).to_contain_text("Alva Berg")
        visitor.look()
    aftermath.revoked_everywhere(holder)
    aftermath.everything_once(holder)


def test_two_administrators_block_the_same_card_and_one_is_told_who_did_and_when(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """REV-1: both have the page open; one wins, the other is told by whom and when."""
    person = alva.makes_active_card(holder)
    with visiting(chromium, installation) as visitor:
        visitor.log_in(FRIDA)
        page = visitor.page
        page.goto(f"{installation.portal}{person}")
        page.locator("main a[href$='/block/']").first.click()
        page.locator("select[name=reason]").select_option(LOST)
        page.locator("input[name=confirmed]").check()
        alva.has_blocked(person)
        page.get_by_role("button", name="Spärra kort").click()
        told = page.get_by_role("status").first
        expect(told).to_contain_text("Kortet är redan spärrat")
        expect(told).to_contain_text("Alva Berg")
        expect(told).to_contain_text(re.compile(r"\d\d:\d\d"))
        visitor.look()
    assert aftermath.card_of_latest_order(holder)["blocked_by"] == ALVA.hsa_id
    aftermath.revoked_everywhere(holder)
    aftermath.everything_once(holder)


def test_blocks_pressed_at_the_same_moment_are_one_block(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """REV-1, F15: six presses by two administrators in one moment; one event, no error page."""
    person = alva.makes_active_card(holder)
    frida = Desk.of(installation, FRIDA)
    address = links_of(alva.browser.open(person), "/block/")[0]
    desks = [alva, frida] * 3
    forms = [desk.browser.open(address) for desk in desks]

    def press(number: int) -> str:
        page = desks[number].browser.submit(forms[number], {"reason": LOST, "confirmed": "on"})
        return page.text("//main//*[@role='status']")

    with ThreadPoolExecutor(len(desks)) as threads:
        list(threads.map(press, range(len(desks))))
    aftermath.revoked_everywhere(holder)
    aftermath.everything_once(holder)


# --- somebody else's things -------------------------------------------------------------------------


def test_doris_of_another_region_finds_nothing_at_any_address_of_the_flow(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-6, F16: the same answer as for what does not exist, whatever she asks and however."""
    person = alva.makes_active_card(holder)
    card = aftermath.card_of_latest_order(holder)
    order = installation.ask("orders", hsa_id=holder.hsa_id)[-1]["id"]
    activation = card["activation_ids"][-1]
    doris = Desk.of(installation, DORIS)
    found = doris.browser.submit(doris.browser.open("/"), {"q": holder.number}, action="/people/search/")
    assert "Ingen hittades" in found.text("//main")
    addresses = [
        person, f"{person}order/", f"/orders/{order}/", f"/orders/{order}/status/",
        f"/cards/{card['id']}/activate/", f"/cards/{card['id']}/block/", f"/cards/{card['id']}/landing/",
        f"/activations/{activation}/", f"/activations/{activation}/status/",
        f"/activations/{activation}/receipt/", f"/activations/{activation}/receipt.pdf",
    ]  # fmt: skip
    acts = [
        f"{person}order/", f"{person}refresh/", f"/orders/{order}/cancel/", f"/cards/{card['id']}/activate/",
        f"/cards/{card['id']}/block/", f"/activations/{activation}/cancel/",
    ]  # fmt: skip
    before = installation.ask("journal")["last_entry"]
    session = doris.browser._session
    assert {address: _get(session, installation, address) for address in addresses} == dict.fromkeys(
        addresses, 404
    )
    assert {address: _post(session, installation, address) for address in acts} == dict.fromkeys(acts, 404)
    assert set(installation.ask("acts_since", entry=before)) == {"authorization.refused"}
    assert aftermath.card_of_latest_order(holder)["state"] == "ACTIVE"


def _get(session: requests.Session, installation: Installation, address: str) -> int:
    return session.get(f"{installation.portal}{address}", timeout=60, allow_redirects=False).status_code


def _post(session: requests.Session, installation: Installation, address: str) -> int:
    values = {
        "csrfmiddlewaretoken": session.cookies["sigill-csrf"],
        "step": "place",
        "product": PRODUCT,
        "reason": LOST,
        "confirmed": "on",
    }
    answer = session.post(
        f"{installation.portal}{address}",
        data=values,
        headers={"Origin": installation.portal},
        timeout=60,
        allow_redirects=False,
    )
    return answer.status_code


# --- what they do -----------------------------------------------------------------------------------


def _opened_activation(alva: Desk, holder: Member, aftermath: Aftermath) -> tuple[str, str]:
    """Return the link that the client opens, and the card that it is for."""
    person = alva.person(holder).path
    alva.has_blocked(person)
    alva.has_ordered(person)
    link = alva.open_activation(alva.link(person, "/activate/"))
    return link, str(aftermath.card_of_latest_order(holder)["number"])


def _without_running_order(installation: Installation, alva: Desk, holder: Member) -> int:
    """Block the card that the person may have, and return how many orders there were."""
    alva.has_blocked(alva.person(holder).path)
    return len(installation.ask("orders", hsa_id=holder.hsa_id))


def _client_url(installation: Installation, link: str) -> str:
    return requests.Request("GET", f"{installation.client}/open", params={"url": link}).prepare().url or ""


def _choose_pin(page: Page, first: str, second: str) -> None:
    """Choose a PIN, as often as the client asks for it, accept the terms, and send."""
    pin = page.locator("#pin")
    pin.fill(first)
    again = page.locator("#again")
    if again.count():
        again.fill(second)
        page.get_by_role("checkbox").check()
    page.locator("form.answer button[type=submit]").click()


def _as(visitor: Visitor, desk: Desk) -> None:
    """Sit down in front of a browser that is logged in already."""
    visitor.page.context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value or "", "url": visitor.installation.portal}
            for cookie in desk.browser._session.cookies
        ]
    )
