"""The page over HTTP: what it shows in each state, and that no other site can drive it."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from authn.evidence import return_code
from client.configuration import Configuration
from client.page import visits
from client.page.server import PageServer
from client.virtual_readers import VirtualReaders
from tests.client.conftest import PIN, CardInHand
from tests.client.fixture_service import FixtureService
from tests.hsm_sim.cards import make_card


class Browser:
    """Sends what a browser sends; `token` is read from the last page, as a form would carry it."""

    def __init__(self, server: PageServer) -> None:
        self.server = server
        self.headers = {"Host": f"127.0.0.1:{server.server_port}"}
        self.token = ""

    def request(
        self, method: str, path: str, *, body: str = "", **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body or None, headers={**self.headers, **named})
        answer = connection.getresponse()
        content = answer.read().decode("utf-8", "replace")
        connection.close()
        if found := re.search(r'name="token" value="([^"]+)"', content):
            self.token = found[1]
        return answer.status, dict(answer.getheaders()), content

    def get(self, path: str, **headers: str) -> str:
        status, _, content = self.request("GET", path, **headers)
        assert status in {200, 400, 403, 404}
        return content

    def post(self, path: str, *, origin: str | None = "", **fields: str) -> tuple[int, dict[str, str], str]:
        own = f"http://127.0.0.1:{self.server.server_port}"
        headers = {"Content_Type": "application/x-www-form-urlencoded"}
        if origin is not None:
            headers["Origin"] = origin or own
        return self.request("POST", path, body=urlencode({"token": self.token, **fields}), **headers)

    def open(self, url: str) -> str:
        status, headers, _ = self.request("GET", f"/open?url={quote(url)}")
        assert status == 303
        return headers["Location"]

    def until(self, path: str, sign: str) -> str:
        deadline = time.monotonic() + 60
        while sign not in (content := self.get(path)):
            assert time.monotonic() < deadline, content
            time.sleep(0.05)
        return content


@pytest.fixture
def browser(configuration: Configuration) -> Iterator[Browser]:
    server = PageServer(replace(configuration, page_port=0))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield Browser(server)
    server.shutdown()
    server.server_close()
    thread.join()


def _answer(browser: Browser, place: str, pin: str, certificate: str = "0") -> None:
    assert browser.post(f"{place}/answer", pin=pin, certificate=certificate)[0] == 303


def test_a_login_shows_who_asks_and_for_what_and_leads_back(
    active_card: CardInHand, browser: Browser, service: FixtureService, readers: VirtualReaders
) -> None:
    readers.insert(active_card.number, reader=0)
    url, order = service.start_login(visible_text="Logga in i <Sigill>\nRegion Norr")
    place = browser.open(url)
    content = browser.until(place, "PIN-kod för legitimering")
    assert "Logga in i &lt;Sigill&gt;\nRegion Norr" in content
    assert service.origin.removeprefix("http://") in content
    _answer(browser, place, PIN)
    content = browser.until(place, "; url=")
    match = re.search(r'http-equiv="refresh" content="1; url=([^"]+)"', content)
    assert match
    assert match[1].startswith(order.return_url)
    assert order.answer


def test_who_comes_back_to_a_done_login_finds_the_return_code(
    active_card: CardInHand,
    browser: Browser,
    service: FixtureService,
    readers: VirtualReaders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """authn.md section 5: the browser that was opened may not be the one that waits; it leaves first."""
    readers.insert(active_card.number, reader=0)
    url, order = service.start_login()
    place = browser.open(url)
    browser.until(place, "PIN-kod för legitimering")
    _answer(browser, place, PIN)
    assert "Returkod" not in browser.until(place, "; url=")
    monkeypatch.setattr(visits, "LEAVING_SECONDS", -1)
    content = browser.get(place)
    assert order.answer
    digits = return_code(order.answer.user_challenge)
    assert f"{digits[:4]} {digits[4:]}" in content
    assert "; url=" not in content
    assert order.return_url in content, "the way back is still there to press"


def test_the_same_link_opens_the_same_question(browser: Browser, service: FixtureService) -> None:
    url, _ = service.start_login()
    assert browser.open(url) == browser.open(url)


def test_wrong_pins_locked_card_removed_card_and_no_card_look_different(
    active_card: CardInHand, browser: Browser, service: FixtureService, readers: VirtualReaders
) -> None:
    url, _ = service.start_login()
    place = browser.open(url)
    browser.until(place, "Sätt i ditt kort")
    readers.insert(active_card.number, reader=0)
    browser.until(place, 'name="pin"')
    for sign in ("4 försök kvar", "3 försök kvar", "2 försök kvar", "Ett försök kvar, sedan låses kortet"):
        _answer(browser, place, "000111")
        browser.until(place, sign)
    readers.remove(reader=0)
    browser.until(place, "Sätt i ditt kort")
    readers.insert(active_card.number, reader=1)
    browser.until(place, 'name="pin"')
    _answer(browser, place, "000111")
    browser.until(place, "Kortet är låst")
    _eventually(lambda: [order.aborted for order in service.orders.values()] == ["pinBlocked"])
    again = browser.open(service.start_login()[0])
    content = browser.until(again, "Kortet är låst")
    assert 'name="pin"' not in content


@pytest.mark.parametrize(("action", "reason"), [("cancel", "userCancel"), ("not-me", "notMe")])
def test_a_person_can_say_no(action: str, reason: str, browser: Browser, service: FixtureService) -> None:
    url, order = service.start_login()
    place = browser.open(url)
    browser.until(place, "Sätt i ditt kort")
    assert browser.post(f"{place}/{action}")[0] == 303
    _eventually(lambda: order.aborted == reason)
    assert browser.post(f"{place}/answer", pin=PIN, certificate="0")[0] == 303
    assert order.answer is None


def test_an_activation_runs_on_the_page(
    card: CardInHand, browser: Browser, service: FixtureService, readers: VirtualReaders
) -> None:
    url, activation = service.start_activation(card.number, card.admin_key)
    place = browser.open(url)
    browser.until(place, "Sätt i kortet med nummer")
    assert browser.post("/insert", card=card.number, reader="1", back=place)[1]["Location"] == place
    browser.until(place, 'name="again"')
    for fields, sign in (
        ({"pin": PIN, "again": "111111", "terms": "yes"}, "De två PIN-koderna är olika"),
        ({"pin": PIN, "again": PIN}, "Villkoren måste godtas"),
        ({"pin": "123456", "again": "123456", "terms": "yes"}, "för lätt att gissa"),
    ):
        browser.post(f"{place}/activate", **fields)
        browser.until(place, sign)
    browser.post(f"{place}/activate", pin=PIN, again=PIN, terms="yes")
    browser.until(place, "Kortet är aktivt")
    assert activation.state == "active"


def test_an_activation_that_stopped_goes_on_with_the_pin_that_was_chosen(
    card: CardInHand, browser: Browser, service: FixtureService, readers: VirtualReaders
) -> None:
    readers.insert(card.number, reader=0)

    def take_out(name: str) -> None:
        if name == "activation/certificates":
            readers.remove(reader=0)

    service.before_call = take_out
    url, activation = service.start_activation(card.number, card.admin_key)
    place = browser.open(url)
    browser.until(place, 'name="again"')
    browser.post(f"{place}/activate", pin=PIN, again=PIN, terms="yes")
    browser.until(place, "Sätt i kortet med nummer")
    service.before_call = lambda _: None
    readers.insert(card.number, reader=0)
    content = browser.until(place, "Skriv PIN-koden du valde")
    assert 'name="again"' not in content
    browser.post(f"{place}/activate", pin=PIN)
    browser.until(place, "Kortet är aktivt")
    assert activation.state == "active"


def test_the_wrong_card_is_named_and_nothing_can_be_typed(  # noqa: PLR0917 - fixtures
    card: CardInHand, active_card: CardInHand, home: Any, module: Any, browser: Browser,
    service: FixtureService, readers: VirtualReaders,
) -> None:  # fmt: skip
    other, _ = make_card(home, module, name="Bo Ek")
    readers.insert(other, reader=0)
    place = browser.open(service.start_activation(card.number, card.admin_key)[0])
    content = browser.until(place, "Fel kort")
    assert 'name="pin"' not in content


# --- other sites --------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.test", "evil.test:8100", "", "127.0.0.1", "127.0.0.1:1"])
def test_another_host_name_is_refused(host: str, browser: Browser) -> None:
    """DNS rebinding: the name in the address bar is another one."""
    assert browser.request("GET", "/", Host=host)[0] == 403
    assert browser.request("GET", "/changes?since=0", Host=host)[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://127.0.0.1:8000", None])
def test_a_form_on_another_site_does_nothing(
    origin: str | None, active_card: CardInHand, browser: Browser, readers: VirtualReaders
) -> None:
    browser.get("/")
    status, _, _ = browser.post("/insert", origin=origin, card=active_card.number, reader="0")
    assert status == 403
    assert readers.inserted() == {}


@pytest.mark.parametrize("token", ["", "guess"])
def test_a_form_without_our_token_does_nothing(
    token: str, active_card: CardInHand, browser: Browser, readers: VirtualReaders
) -> None:
    browser.get("/")
    browser.token = token
    assert browser.post("/insert", card=active_card.number, reader="0")[0] == 403
    assert readers.inserted() == {}


@pytest.mark.parametrize(
    "headers",
    [{"Sec_Fetch_Dest": "image"}, {"Sec_Fetch_Mode": "no-cors"}, {"Sec_Fetch_Dest": "iframe"},
     {"Sec_Purpose": "prefetch"}],
)  # fmt: skip
def test_a_picture_a_frame_or_a_prefetch_opens_no_question(
    headers: dict[str, str], browser: Browser, service: FixtureService
) -> None:
    url, order = service.start_login()
    assert browser.request("GET", f"/open?url={quote(url)}", **headers)[0] == 403
    assert order.client_key is None


@pytest.mark.parametrize("url", ["", "http://evil.test/", "siths://auth/1/<script>", "javascript:alert(1)"])
def test_other_addresses_are_not_opened(url: str, browser: Browser) -> None:
    status, _, content = browser.request("GET", f"/open?url={quote(url)}")
    assert status == 400
    assert "<script>" not in content.replace('<script src="/static/client.js" defer>', "")


def test_every_answer_forbids_foreign_code_and_frames(browser: Browser) -> None:
    for path in ("/", "/nope", "/static/client.css", "/visit/unknown"):
        _, headers, content = browser.request("GET", path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "style=" not in content
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "back", ["//evil.test", "http://evil.test", "/visit//evil", "/visit/\\evil", "/open?url=x"]
)
def test_a_form_leads_back_to_our_own_pages_only(back: str, browser: Browser) -> None:
    browser.get("/")
    assert browser.post("/language", language="en", back=back)[1]["Location"] == "/"


def test_static_files_are_only_those_of_the_page(browser: Browser) -> None:
    for path in ("/static/..%2fserver.py", "/static/../server.py", "/static/", "/static/nothing.css"):
        assert browser.request("GET", path)[0] == 404
    assert (
        browser.request("GET", "/static/source-sans-3-latin-wght-normal.woff2")[1]["Content-Type"]
        == "font/woff2"
    )


def test_the_language_is_chosen_and_kept(browser: Browser) -> None:
    assert "Kortläsare" in browser.get("/")
    assert "Card readers" in browser.get("/", Accept_Language="en-GB,en")
    cookie = browser.post("/language", language="en")[1]["Set-Cookie"]
    assert "SameSite=Strict" in cookie
    content = browser.get("/", Cookie=cookie.split(";")[0])
    assert 'lang="en"' in content
    assert "Card readers" in content


def test_a_form_too_long_and_a_question_that_is_not_there_are_refused(browser: Browser) -> None:
    browser.get("/")
    assert browser.post("/insert", card="9" * 20_000)[0] == 403
    assert browser.post("/visit/unknown/cancel")[0] == 404


def test_a_card_that_comes_wakes_the_waiting_page(
    active_card: CardInHand, browser: Browser, readers: VirtualReaders
) -> None:
    content = browser.get("/")
    version = re.search(r'data-version="(\d+)"', content)
    assert version
    threading.Timer(0.3, lambda: readers.insert(active_card.number, reader=0)).start()
    assert browser.get(f"/changes?since={version[1]}") != f'{{"version": {version[1]}}}'
    assert "Åsa Lindqvist" in browser.get("/")


# --- what another site is told ------------------------------------------------------------------------

ROUTES = ("/", "/open?url=x", "/visit/{visit}", "/changes?since=0", "/static/client.js", "/healthz", "/nope",
          "/insert", "/remove", "/language", "/visit/{visit}/answer", "/visit/{visit}/cancel",
          "/puk/0", "/puk/done")  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
FOREIGN = (
    {"Host": "evil.test:8100"},
    {"Host": "evil.test:8100", "Origin": "http://evil.test:8100", "Referer": "http://evil.test:8100/"},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"origin": "http://evil.test"},
    {"Referer": "http://evil.test/"},
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
)


@pytest.mark.parametrize("foreign", FOREIGN)
def test_another_site_learns_no_name_no_number_and_no_token(  # noqa: PLR0917 - fixtures
    foreign: dict[str, str], active_card: CardInHand, card: CardInHand, browser: Browser,
    service: FixtureService, readers: VirtualReaders,
) -> None:  # fmt: skip
    """DNS rebinding: also what refuses must hold nothing of what it guards."""
    readers.insert(active_card.number, reader=0)
    visit = browser.open(service.start_login()[0]).removeprefix("/visit/")
    own = browser.until("/", "Åsa Lindqvist")
    grouped = re.search(r'class="number">([^<]+)<', own)
    assert grouped
    secrets = ("Lindqvist", "Region Norr", card.number, card.number[-4:], grouped[1], browser.token)
    token = browser.token
    for method in METHODS:
        for route in ROUTES:
            body = urlencode({"token": token, "reader": "0"}) if method == "POST" else ""
            path = route.format(visit=visit)
            status, headers, content = browser.request(method, path, body=body, **foreign)
            assert status == (403 if method in {"GET", "HEAD", "POST"} else 501), (method, path)
            shown = content + str([value for name, value in headers.items() if name != "Date"])
            assert not [secret for secret in secrets if secret in shown], (method, path)
            if status == 403:
                assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert readers.inserted() == {0: active_card.number}


def test_a_refusal_is_the_same_text_whatever_lies_on_the_desk(
    active_card: CardInHand, browser: Browser, readers: VirtualReaders
) -> None:
    empty = browser.request("GET", "/", Host="evil.test")[2]
    readers.insert(active_card.number, reader=0)
    browser.until("/", "Åsa Lindqvist")
    assert browser.request("GET", "/visit/x", Host="evil.test", Accept_Language="en")[2] == empty
    assert "Kortläsare" not in empty


def test_a_link_on_another_site_leads_to_the_page(browser: Browser) -> None:
    """The address bar then shows our page; the site that linked cannot read it."""
    headers = {"Referer": "http://portal.test/", "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate",
               "Sec_Fetch_Dest": "document"}  # fmt: skip
    assert browser.request("GET", "/", **headers)[0] == 200
    assert browser.request("POST", "/remove", body="reader=0", **headers)[0] == 403


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
