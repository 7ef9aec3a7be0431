"""Login by two-way TLS: the portal, the login host and the names that ask, each trusting only what it saw."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from django.test import Client
from pytest_django import Settings

from authn.checks import Requirement
from authn.models import MtlsAttempt, MtlsEvidence
from authn.mtls import attempts, showing
from authn.mtls.states import MOST_TRIES
from journal.models import Entry
from portal.accounts import means
from portal.accounts.errors import LoginFailed
from portal.accounts.models import PortalSession
from portal.accounts.own_pages import own_page
from portal.accounts.providers import Done, Failed, MtlsProvider, Pending
from portal.accounts.relying_party import rp_actor, rp_id
from portal.accounts.second_check import shown_result
from portal.mtls.views import COUNTER
from portal.pages.mine import history
from tests.authn import card_register
from tests.authn.pki import NUMBER, Holder
from tests.portal.accounts.conftest import NOW, Cast, Desk, failed_with
from tests.portal.mtls.conftest import LOGIN_HOST, Tour

LOA2_CARD = Holder(label="loa2", policies=("2.25.1234567.4",))


def slot_of(address: str) -> str:
    return (urlsplit(address).hostname or "").partition(".")[0]


def test_a_person_logs_in_with_the_browser_alone(tour: Tour, cast: Cast) -> None:
    """AUT-5, APP-5: no client of ours; the role of the person opens, and the session says by what."""
    back = tour.follow(tour.start())
    assert tour.back(back) == "/"
    assert tour.desk.is_in()
    row = tour.desk.row()
    assert row.amr == ["sc", "pin", "mtls"]
    assert (row.role, row.carrier, row.organization_id) == ("id_administrator", "card", str(cast.norr.pk))
    assert row.evidence_id == str(MtlsEvidence.objects.get().pk)
    assert NUMBER not in "".join(Entry.objects.values_list("content", flat=True))


def test_the_own_pages_say_by_what_one_logged_in(tour: Tour) -> None:
    """Who looks there for a login that was not theirs must not be told of another way."""
    tour.back(tour.follow(tour.start()))
    row = tour.desk.row()
    assert history.tested(row)[-1].value == "Webbläsarens certifikat, utan kortklienten"
    assert own_page(row, at=datetime.now(UTC)).sessions[0].is_shown


def test_the_way_there_leads_over_the_login_host_to_the_first_name(tour: Tour) -> None:
    started = tour.start()
    assert started.startswith(f"{LOGIN_HOST}/mtls/start?tx=")
    answer = tour.go(started)
    assert answer.headers["Location"].startswith("https://secure0.login.test/mtls/auth?tx=")
    cookie = tour.outside.cookies[COUNTER]
    assert (cookie.value, cookie["secure"], cookie["httponly"], cookie["path"]) == ("1", True, True, "/")
    assert (cookie["max-age"], cookie["expires"], cookie["domain"]) == ("", "", "")


def test_each_try_goes_to_another_name(tour: Tour) -> None:
    """AUT-6: the browser keeps to what it chose for a name, so each try has a new one."""
    slots = [slot_of(tour.go(tour.start()).headers["Location"]) for _ in range(4)]
    assert slots == ["secure0", "secure1", "secure2", "secure3"]


def test_when_the_names_are_used_up_the_browser_must_be_closed_and_it_begins_anew(
    tour: Tour, settings: Settings
) -> None:
    """AUT-6, AUT-8: the counter is a cookie of the browser's session; told so, also why it may come early."""
    settings.SIGILL_MTLS_HIGHEST_SLOT = 1
    first = tour.start()
    assert [slot_of(tour.go(first).headers["Location"]) for _ in range(2)] == ["secure0", "secure1"]
    page = tour.go(first)
    text = page.content.decode()
    assert page.status_code == 200
    assert "Stäng webbläsaren" in text
    assert "öppnar sina gamla flikar igen" in text
    assert slot_of(tour.go(first).headers["Location"]) == "secure0"


def test_a_browser_that_was_closed_begins_at_the_first_name(tour: Tour) -> None:
    tour.go(tour.start())
    del tour.outside.cookies[COUNTER]
    assert slot_of(tour.go(tour.start()).headers["Location"]) == "secure0"


@pytest.mark.parametrize("written", ["-1", "x", "99999999999999999999", "1e1", ""])
def test_a_counter_that_somebody_wrote_counts_as_none(tour: Tour, written: str) -> None:
    tour.outside.cookies[COUNTER] = written
    assert slot_of(tour.go(tour.start()).headers["Location"]) == "secure0"


def test_without_a_certificate_a_page_says_so_and_leads_to_the_next_name(tour: Tour) -> None:
    """AUT-7: no card, or Cancel in the picker."""
    tour.card = None
    refused = tour.follow(tour.start())
    assert refused.startswith(f"{LOGIN_HOST}/mtls/refused?tx=")
    page = tour.go(refused).content.decode()
    assert "Inget certifikat kom fram" in page
    assert "Försök igen" in page
    again = page.split('class="btn btn-primary btn-lg0" href="')[1].split('"')[0]
    tour.card = Holder()
    answer = tour.go(again)
    assert slot_of(answer.headers["Location"]) == "secure1"
    assert tour.back(tour.follow(answer.headers["Location"])) == "/"


def test_the_page_speaks_the_language_that_the_person_chose(tour: Tour) -> None:
    tour.desk.browser.cookies["sigill-language"] = "en"
    tour.card = None
    page = tour.go(tour.follow(tour.start()))
    assert page.headers["Content-Language"] == "en"
    assert "No certificate came" in page.content.decode()
    assert 'lang="en"' in page.content.decode()


@pytest.mark.parametrize(
    ("card", "says"),
    [
        (Holder(usages=("content_commitment",), extended=()), "Välj kortets andra certifikat"),
        (Holder(card_number="9752278900000000099"), "Kortet är inte aktivt"),
    ],
)
def test_the_page_says_what_to_do_about_the_certificate(tour: Tour, card: Holder, says: str) -> None:
    tour.card = card
    assert says in tour.go(tour.follow(tour.start())).content.decode()


def test_who_gives_up_goes_back_to_the_login_page(tour: Tour) -> None:
    tour.card = None
    page = tour.go(tour.follow(tour.start())).content.decode()
    back = page.split('class="btn btn-line" href="')[1].split('"')[0]
    assert "Tillbaka till Sigill" in page
    assert tour.back(back) == "/login/?failed=rpCancel"


def test_a_code_in_another_browser_logs_in_neither(tour: Tour, desk: Desk) -> None:
    """T4: a link that is sent on brings its code to the portal in a browser that started nothing."""
    back = tour.follow(tour.start())
    victim = Client()
    parts = urlsplit(back)
    answer = victim.get(f"{parts.path}?{parts.query}")
    assert failed_with(answer.headers["Location"]) == "returnMismatch"
    assert not PortalSession.objects.exists()
    assert victim.get("/").status_code == 303


def test_a_planted_code_logs_nobody_in_and_ends_nothing(tour: Tour) -> None:
    """T16: the attacker's code in a browser that is logging in itself."""
    attacker = Tour(Desk(tour.pki))
    planted = attacker.follow(attacker.start())
    mine = tour.follow(tour.start())
    assert failed_with(tour.back(planted)) == "returnMismatch"
    assert failed_with(tour.back("http://testserver/login/mtls/return?failed=expired")) == "expired"
    assert tour.back(mine) == "/"


def test_a_code_is_good_once(tour: Tour) -> None:
    back = tour.follow(tour.start())
    assert tour.back(back) == "/"
    tour.desk.browser.post("/logout/")
    assert failed_with(tour.back(back)) == "returnMismatch"


def test_whoever_is_not_known_here_is_told_so(tour: Tour) -> None:
    tour.card = Holder(serial_number="191212121212")
    assert failed_with(tour.back(tour.follow(tour.start()))) == "unknownPerson"
    assert MtlsProvider().poll(tour.desk.browser.session, at=datetime.now(UTC)) is None, (
        "what was collected is used up"
    )
    (entry,) = Entry.objects.filter(type="session.login_refused")
    assert str(MtlsAttempt.objects.get().pk) in entry.content


def test_a_card_of_level_2_opens_the_own_pages_and_no_role(tour: Tour) -> None:
    """MIN-4, by this way too."""
    tour.card = LOA2_CARD
    assert tour.back(tour.follow(tour.start())) == "/mine/"
    assert not tour.desk.is_in()


def test_doris_logs_in_as_herself_and_reaches_her_own_organization_alone(tour: Tour, cast: Cast) -> None:
    tour.card = Holder(serial_number=cast.doris.personal_identity_number)
    assert tour.back(tour.follow(tour.start())) == "/"
    assert tour.desk.row().organization_ids == [str(cast.syd.pk)]


def test_a_card_blocked_during_the_session_ends_it(tour: Tour) -> None:
    """T15."""
    tour.back(tour.follow(tour.start()))
    card_register.ACTIVE.clear()
    assert not tour.desk.is_in()
    assert PortalSession.objects.get().end_reason == "card_not_active"


def test_where_the_person_wanted_to_go_is_remembered(tour: Tour) -> None:
    assert tour.back(tour.follow(tour.start(next="/people/"))) == "/people/"
    tour.desk.browser.post("/logout/")
    assert tour.back(tour.follow(tour.start(next="//evil.test/"))) == "/"


def test_one_login_at_a_time(tour: Tour) -> None:
    """Starting one way drops the other, and log-out drops both."""
    token = tour.desk.start()
    first = tour.start()
    assert tour.desk.robot.claim(token)[0] == 409
    third = tour.start()
    tour.desk.start()
    assert tour.go(third).headers["Location"] == "http://testserver/login/mtls/return?failed=rpCancel"
    second = tour.start()
    assert tour.go(first).headers["Location"] == "http://testserver/login/mtls/return?failed=rpCancel"
    tour.desk.browser.post("/logout/")
    assert tour.go(second).headers["Location"] == "http://testserver/login/mtls/return?failed=rpCancel"


def test_the_button_is_there_only_where_it_works(tour: Tour, settings: Settings) -> None:
    """POR-3: out of the box the portal logs in out of band only."""
    assert "utan kortklienten" in tour.desk.browser.get("/login/").content.decode()
    settings.SIGILL_MTLS_URL = ""
    page = tour.desk.browser.get("/login/").content.decode()
    assert "utan kortklienten" not in page
    assert "/login/mtls/start" not in page
    assert tour.desk.browser.post("/login/mtls/start").status_code == 404
    assert tour.desk.browser.get("/login/mtls/start").status_code == 405


def test_a_phone_is_not_offered_what_no_phone_can(tour: Tour) -> None:
    """APP-2, APP-3: out of band only."""
    android = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
    page = tour.desk.browser.get("/login/", headers={"User-Agent": android}).content.decode()
    assert "utan kortklienten" not in page
    assert "/login/oob/start" in page


def test_the_provider_says_how_it_goes(tour: Tour) -> None:
    """One interface for every way of logging in."""
    provider, session = MtlsProvider(), tour.desk.browser.session
    assert provider.poll(session, at=datetime.now(UTC)) is None
    errand = provider.start(session, language="sv", address="127.0.0.1", at=datetime.now(UTC))
    assert provider.poll(session, at=datetime.now(UTC)) == Pending(hint="outstanding")
    tour.follow(errand.start_url)
    assert provider.poll(session, at=datetime.now(UTC)) == Done()
    provider.cancel(session, at=datetime.now(UTC))
    assert provider.poll(session, at=datetime.now(UTC)) is None
    provider.start(session, language="sv", address="127.0.0.1", at=datetime.now(UTC))
    MtlsAttempt.objects.filter(state="open").update(state="failed", failure="riskBlocked")
    assert provider.poll(session, at=datetime.now(UTC)) == Failed(hint="riskBlocked")


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"checked_at": NOW - timedelta(minutes=6)}, "expired"),
        ({"ocsp_der": b""}, "revocationUnavailable"),
    ],
)
def test_the_portal_believes_no_answer_that_does_not_stand_by_itself(
    tour: Tour, changes: dict[str, object], hint: str
) -> None:
    """Section 2: a fault in authn alone logs nobody in whose certificate is not proved again here."""
    errand = MtlsProvider().start(
        tour.desk.browser.session, language="sv", address="127.0.0.1", at=datetime.now(UTC)
    )
    tx = parse_qs(urlsplit(errand.start_url).query)["tx"][0]
    code = parse_qs(urlsplit(tour.follow(errand.start_url)).query)["code"][0]
    redeemed = attempts.redeem(rp_id(), tx, code, actor=rp_actor(), at=datetime.now(UTC))
    at = datetime.now(UTC)
    assert shown_result(redeemed, amr=means.BY_MTLS, at=at).personal_identity_number == NUMBER
    with pytest.raises(LoginFailed) as caught:
        shown_result(replace(redeemed, **changes), amr=means.BY_MTLS, at=at)  # type: ignore[arg-type]
    assert caught.value.hint == hint


def test_the_portal_takes_a_card_and_no_phone_whatever_authn_took(tour: Tour) -> None:
    """POR-3: a phone logs in by a scanned code, to the own pages alone."""
    MtlsProvider().start(
        tour.desk.browser.session, language="sv", address="", at=datetime.now(UTC)
    )  # registers the portal
    request = attempts.MtlsRequest(
        return_url="http://testserver/login/mtls/return", requirement=Requirement(carriers=("mobile",))
    )
    started = attempts.start(rp_id(), request, actor=rp_actor(), at=datetime.now(UTC))
    phone = tour.pki.holder(Holder(policies=("2.25.1234567.3",), card_number=""))
    card_register.ACTIVE_MOBILES.add(hashlib.sha256(phone).hexdigest())
    pem = load_der_x509_certificate(phone).public_bytes(Encoding.PEM)
    shown = showing.Shown(verdict="SUCCESS", escaped_pem=quote(pem), slot=0, address="")
    code = showing.show(started.tx, shown, at=datetime.now(UTC)).code
    redeemed = attempts.redeem(rp_id(), started.tx, code, actor=rp_actor(), at=datetime.now(UTC))
    with pytest.raises(LoginFailed) as caught:
        shown_result(redeemed, amr=means.BY_MTLS, at=datetime.now(UTC))
    assert caught.value.hint == "wrongCarrier"


@pytest.mark.parametrize("dest", ["image", "iframe", "empty", "script", "object", "frame"])
def test_what_another_page_fetches_or_frames_shows_nothing(tour: Tour, dest: str) -> None:
    """A browser keeps to a certificate it once showed: it must not do so behind its holder's back."""
    started = tour.start()
    assert tour.go(started, Sec_Fetch_Dest=dest).status_code == 403
    asks = tour.go(started, Sec_Fetch_Dest="document").headers["Location"]
    assert tour.go(asks, Sec_Fetch_Dest=dest).status_code == 403
    row = MtlsAttempt.objects.get()
    assert (row.state, row.tries) == ("open", 0)
    assert tour.back(tour.follow(asks)) == "/"


def test_a_name_takes_only_whom_the_login_host_sent_there(tour: Tour) -> None:
    """AUT-6: not another name than the new one, not another login, not a browser that was sent nowhere."""
    asks = tour.go(tour.start()).headers["Location"]
    tx = parse_qs(urlsplit(asks).query)["tx"][0]
    elsewhere = asks.replace("secure0.", "secure7.")
    other = parse_qs(urlsplit(tour.desk.browser.post("/login/mtls/start").headers["Location"]).query)["tx"][0]
    for address in (elsewhere, asks.replace(tx, other)):
        assert tour.go(address).headers["Location"].startswith(f"{LOGIN_HOST}/mtls/refused?tx=")
    stranger = Tour(tour.desk)
    refused = stranger.go(asks.replace(tx, other)).headers["Location"]
    assert "kom inte från inloggningen" in stranger.go(refused).content.decode()
    assert set(MtlsAttempt.objects.values_list("state", "tries")) == {("open", 0), ("failed", 0)}
    assert not MtlsEvidence.objects.exists()


def test_a_login_that_was_answered_is_said_to_be(tour: Tour) -> None:
    started = tour.start()
    tour.follow(started)
    back = tour.go(started).headers["Location"]
    assert tour.back(back) == "/login/?failed=alreadyAnswered"
    assert "redan besvarad" in tour.desk.browser.get("/login/?failed=alreadyAnswered").content.decode()


def test_what_was_shown_and_never_collected_uses_up_no_logins(tour: Tour, settings: Settings) -> None:
    """Others can make a browser show its certificate; that must not lock its holder out."""
    settings.AUTHN_LOGINS_PER_CERTIFICATE = 1
    held = {tour.card: tour.pki.holder(tour.card or Holder())}
    tour.certificates = held
    for _ in range(3):
        assert "code=" in tour.follow(tour.start())
    assert tour.back(tour.follow(tour.start())) == "/"


# --- the login host by itself ----------------------------------------------------------------------


def test_names_that_ask_serve_one_address_and_the_login_host_never_takes_a_certificate(tour: Tour) -> None:
    """T12: what a browser says of itself on the login host opens nothing, no page stands where it asks."""
    tx = parse_qs(urlsplit(tour.start()).query)["tx"][0]
    assert tour.go(f"{LOGIN_HOST}/mtls/auth?tx={tx}").status_code == 404
    for path in ("mtls/start", "mtls/refused", "mtls/over", "", "login/"):
        assert tour.go(f"https://secure0.login.test/{path}?tx={tx}").status_code == 404
    for host in ("evil.test", "login.test.evil.test", "secure25.login.test"):
        assert tour.go(f"https://{host}/mtls/auth?tx={tx}").status_code == 421
    assert MtlsAttempt.objects.get().tries == 0


def test_the_portal_knows_none_of_its_addresses(tour: Tour) -> None:
    for path in ("/mtls/auth", "/mtls/start", "/mtls/refused"):
        answer = tour.desk.browser.get(path, headers={"X-Client-Verify": "SUCCESS", "X-Client-Cert": "x"})
        assert answer.status_code in {303, 404}
    assert not tour.desk.is_in()


@pytest.mark.parametrize("tx", ["", "x", "a" * 5000, "%00", "é"])
def test_an_unknown_login_is_over(tour: Tour, tx: str) -> None:
    for address in (
        f"{LOGIN_HOST}/mtls/start",
        f"{LOGIN_HOST}/mtls/refused",
        "https://secure3.login.test/mtls/auth",
    ):
        assert tour.follow(f"{address}?tx={tx}") == f"{LOGIN_HOST}/mtls/over"
    page = tour.go(f"{LOGIN_HOST}/mtls/over")
    assert page.status_code == 410
    assert "Inloggningen är över" in page.content.decode()


def test_after_the_last_try_the_service_is_told(tour: Tour) -> None:
    tour.card = None
    started = tour.start()
    for _ in range(MOST_TRIES):
        last = tour.follow(started)
        tour.outside.cookies.clear()
    assert last == "http://testserver/login/mtls/return?failed=riskBlocked"
    assert tour.back(last) == "/login/?failed=riskBlocked"


def test_no_page_of_the_login_host_is_kept_framed_or_told_of(tour: Tour) -> None:
    """What opens a login stands in its address."""
    tour.card = None
    for address in (tour.follow(tour.start()), f"{LOGIN_HOST}/mtls/over", tour.start()):
        answer = tour.go(address)
        headers = answer.headers
        assert "no-store" in headers["Cache-Control"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert "form-action" in headers["Content-Security-Policy"]
        assert "sessionid" not in answer.cookies
        assert "sigill" not in answer.cookies
