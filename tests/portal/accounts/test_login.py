"""Login in the portal: the browser, the card client and the session are three, and all must agree."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography.x509 import ocsp
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from authn.models import AuthnOrder
from directory.models import Role
from journal.models import Entry
from journal.personal import whole_contents
from portal.accounts.models import PortalSession
from tests.authn.pki import NUMBER, Holder
from tests.authn.robot import Robot
from tests.authn.status_service import StatusService
from tests.portal.accounts.conftest import Cast, Desk, assign, employ, failed_with

JSON = {"Accept": "application/json"}


def test_a_person_with_one_role_is_at_work_at_once(desk: Desk, cast: Cast) -> None:
    """POR-3: out of band, same device; the actor comes from the session."""
    assert desk.log_in() == "/"
    text = desk.browser.get("/").content.decode()
    assert text == f"{cast.employment.hsa_id} id_administrator {cast.norr.pk}"
    types = list(Entry.objects.order_by("pk").values_list("type", flat=True))
    assert types[-2:] == ["session.opened", "session.role_chosen"]
    assert NUMBER not in "".join(Entry.objects.values_list("content", flat=True))


def test_the_answer_to_start_holds_no_secret(desk: Desk) -> None:
    response = desk.browser.post("/login/oob/start", headers=JSON)
    answer = response.json()
    assert set(answer) == {"autostartUrl", "clientUrl", "verificationCode", "claimBefore", "pollInterval"}
    assert answer["clientUrl"] == f"http://127.0.0.1:8100/open?url={quote(answer['autostartUrl'], safe='')}"
    assert response.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_without_a_client_page_there_is_no_link_to_it(desk: Desk, settings: Settings) -> None:
    settings.SIGILL_CLIENT_URL = ""
    assert desk.browser.post("/login/oob/start", headers=JSON).json()["clientUrl"] == ""


def test_the_person_is_asked_in_their_own_language(desk: Desk) -> None:
    desk.robot.claim(desk.start())
    assert desk.robot.claimed["visible"] == {"text": "Logga in i Sigill", "lang": "sv"}
    desk.browser.cookies["sigill-language"] = "en"
    desk.robot.claim(desk.start())
    assert desk.robot.claimed["visible"] == {"text": "Log in to Sigill", "lang": "en"}
    assert desk.browser.get(desk_return(desk)).headers["Location"] == "/"


def desk_return(desk: Desk) -> str:
    status, answer = desk.robot.respond(desk.pki.holder(desk.holder))
    assert status == 200
    return f"/login/oob/return?d={answer['d']}&u={desk.robot.u}"


def test_the_waiting_page_learns_how_it_goes_and_never_who(desk: Desk) -> None:
    def status() -> dict[str, str]:
        response = desk.browser.get("/login/oob/status", headers=JSON)
        assert NUMBER not in response.content.decode()
        answer: dict[str, str] = response.json()
        return answer

    assert status() == {"status": "none", "hint": ""}
    token = desk.start()
    assert status() == {"status": "pending", "hint": "outstanding"}
    desk.robot.claim(token)
    assert status() == {"status": "pending", "hint": "started"}
    address = desk_return(desk)
    assert status() == {"status": "complete", "hint": "complete"}
    assert not desk.is_in()  # polling alone logs nobody in
    desk.browser.get(address)
    assert status() == {"status": "loggedIn", "next": "/"}


def test_the_waiting_page_says_why_it_failed(desk: Desk) -> None:
    desk.robot.claim(desk.start())
    desk.robot.abort("notMe")
    answer = desk.browser.get("/login/oob/status", headers=JSON).json()
    assert answer == {"status": "failed", "hint": "notMe"}


def test_a_link_relayed_to_another_browser_logs_in_neither(desk: Desk) -> None:
    """T4: the attacker starts, the victim signs; the victim's browser has not the attacker's session."""
    attacker, victim = desk.browser, Client()
    address = desk.sign(desk.start())
    assert failed_with(victim.get(address).headers["Location"]) == "expired"
    assert victim.get("/").status_code == 303
    assert not desk.is_in()
    guess = address.split("&u=", maxsplit=1)[0] + "&u=guess"
    assert failed_with(attacker.get(guess).headers["Location"]) == "returnMismatch"
    assert not desk.is_in()


def test_the_right_d_with_a_wrong_u_ends_the_login(desk: Desk) -> None:
    """T5: and the right u afterwards comes too late."""
    address = desk.sign(desk.start())
    wrong = address[:-1] + ("A" if address[-1] != "A" else "B")
    assert failed_with(desk.browser.get(wrong).headers["Location"]) == "returnMismatch"
    assert failed_with(desk.browser.get(address).headers["Location"]) == "expired"
    assert not desk.is_in()


def test_an_attackers_return_address_logs_nobody_in_and_ends_nothing(desk: Desk) -> None:
    """T16: login CSRF; the victim's own login goes on."""
    other = Desk(desk.pki)
    foreign = other.sign(other.start())
    own = desk.sign(desk.start())
    assert failed_with(desk.browser.get(foreign).headers["Location"]) == "returnMismatch"
    assert not desk.is_in()
    assert desk.browser.get(own).headers["Location"] == "/"


def test_a_return_address_works_once(desk: Desk) -> None:
    address = desk.sign(desk.start())
    assert desk.browser.get(address).headers["Location"] == "/"
    assert failed_with(desk.browser.get(address).headers["Location"]) == "expired"
    assert desk.is_in()


@pytest.mark.parametrize("query", ["", "?d=", "?d=x&u=y", "?d=%00&u=%F0", "?u=x"])
def test_a_return_without_proofs_logs_nobody_in(desk: Desk, query: str) -> None:
    desk.sign(desk.start())
    assert failed_with(desk.browser.get(f"/login/oob/return{query}").headers["Location"]) == "returnMismatch"
    assert not desk.is_in()


def test_returning_before_the_card_signed_logs_nobody_in(desk: Desk) -> None:
    desk.robot.claim(desk.start())
    order = AuthnOrder.objects.get()
    address = f"/login/oob/return?d={order.return_proof}&u=x"
    assert failed_with(desk.browser.get(address).headers["Location"]) == "returnMismatch"
    assert not desk.is_in()


def test_a_broken_authn_cannot_log_anyone_in_without_a_signature_over_our_values(desk: Desk) -> None:
    """Section 2: the portal verifies again, from its own values."""
    address = desk.sign(desk.start())
    AuthnOrder.objects.update(server_random=bytes(32))
    assert failed_with(desk.browser.get(address).headers["Location"]) == "signatureInvalid"
    assert not desk.is_in()


def test_a_login_kept_for_too_long_is_worth_nothing(desk: Desk) -> None:
    address = desk.sign(desk.start())
    session = desk.browser.session
    session["oob"] = session["oob"] | {"started_at": (datetime.now(UTC) - timedelta(minutes=6)).isoformat()}
    session.save()
    assert failed_with(desk.browser.get(address).headers["Location"]) == "expired"


def test_the_session_id_is_new_at_login_and_at_the_choice_of_role(desk: Desk, cast: Cast) -> None:
    """Fixation: an id that somebody planted before the login opens nothing after it."""
    assign(employ(cast.alva, cast.syd, "ALVA2"), Role.ID_ADMINISTRATOR)
    address = desk.sign(desk.start())
    before = desk.browser.session.session_key
    planted_data = desk.browser.session
    planted_data["planted"] = "by somebody else"
    planted_data.save()
    assert desk.browser.get(address).headers["Location"] == "/role/"
    assert "planted" not in desk.browser.session
    middle = desk.browser.session.session_key
    desk.browser.post("/role/", {"role": str(cast.assignment.pk)})
    after = desk.browser.session.session_key
    assert len({before, middle, after}) == 3
    for planted in (before, middle):
        thief = Client()
        thief.cookies["sigill"] = planted or ""
        assert thief.get("/").status_code == 303


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(desk: Desk) -> None:
    desk.start()
    cookie = desk.browser.cookies["sigill"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_starting_needs_the_csrf_token(desk: Desk) -> None:
    browser = Client(enforce_csrf_checks=True)
    for path in ("/login/oob/start", "/login/oob/cancel", "/logout/"):
        assert browser.post(path).status_code == 403


def test_cancelling_ends_the_order(desk: Desk) -> None:
    token = desk.start()
    assert desk.browser.post("/login/oob/cancel").headers["Location"] == "/login/"
    assert AuthnOrder.objects.get().failure == "rpCancel"
    assert Robot().claim(token)[0] == 409


def test_starting_again_drops_the_earlier_order(desk: Desk) -> None:
    desk.start()
    desk.start()
    assert list(AuthnOrder.objects.order_by("created_at").values_list("failure", flat=True)) == [
        "rpCancel",
        "",
    ]


def test_a_certificate_of_nobody_we_know_logs_nobody_in(desk: Desk) -> None:
    desk.holder = Holder(serial_number="198003039999")
    assert failed_with(desk.log_in()) == "unknownPerson"
    assert not PortalSession.objects.exists()
    assert Entry.objects.filter(type="session.login_refused").count() == 1


def test_a_return_that_nobody_started_leaves_no_trace(desk: Desk) -> None:
    """A stranger cannot fill the journal."""
    desk.browser.get("/login/oob/return?d=x&u=y")
    assert not Entry.objects.exists()


def test_returning_again_and_again_is_told_once(desk: Desk) -> None:
    """Starting a login is limited; what it leads to must not fill the journal without a limit."""
    desk.start()
    for number in range(10):
        desk.browser.get(f"/login/oob/return?d=x{number}&u=y")
    assert Entry.objects.filter(type="session.login_refused").count() == 1
    desk.start()
    desk.browser.get("/login/oob/return?d=x&u=y")
    assert Entry.objects.filter(type="session.login_refused").count() == 2


def test_an_hsa_id_certificate_leads_to_its_own_employment_only(desk: Desk, cast: Cast) -> None:
    assign(employ(cast.alva, cast.syd, "ALVA2"), Role.ID_ADMINISTRATOR)
    desk.holder = Holder(serial_number=cast.employment.hsa_id)
    assert desk.log_in() == "/"
    assert desk.row().organization_id == str(cast.norr.pk)


def test_next_is_kept_through_the_login_if_it_stays_in_the_portal(desk: Desk) -> None:
    assert desk.browser.get("/people/status/?a=1").headers["Location"] == (
        "/login/?next=%2Fpeople%2Fstatus%2F%3Fa%3D1"
    )
    assert desk.log_in(next="/people/status/?a=1") == "/people/status/?a=1"


@pytest.mark.parametrize(
    "address",
    ["/login/?next=/people/1/", "/login/", "/login/oob/status", "/login/oob/return?d=x&u=y", "/people/1/"],
)
def test_looking_stores_no_session(desk: Desk, address: str) -> None:
    assert Client().get(address).status_code in {200, 303}
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("asked", "kept"), [("/people/status/?a=1", "/people/status/?a=1"), ("//evil.test/", "/")]
)
def test_next_goes_with_the_form_of_the_login_page(
    desk: Desk, settings: Settings, asked: str, kept: str
) -> None:
    settings.ROOT_URLCONF = "portal.urls"
    page = Client().get("/login/", {"next": asked}).content.decode()
    assert f'<input type="hidden" name="next" value="{kept}">' in page


def test_the_journal_knows_who_logged_in_and_as_what(desk: Desk, cast: Cast) -> None:
    desk.holder = Holder(serial_number=cast.employment.hsa_id)
    desk.log_in()
    opened, chosen = (
        whole_contents([entry])[entry.pk]["actor"]
        for name in ("session.opened", "session.role_chosen")
        for entry in [Entry.objects.get(type=name)]
    )
    person = {"kind": "person", "identifier": cast.employment.hsa_id, "person": str(cast.alva.pk), "loa": 3}
    assert opened.items() >= {**person, "role": "", "scope": ""}.items()
    role = {"role": cast.assignment.role, "scope": str(cast.norr.pk)}
    assert chosen.items() >= {**person, **role}.items()


def test_who_logs_in_by_personal_number_is_known_to_the_journal_by_the_persons_id(
    desk: Desk, cast: Cast
) -> None:
    desk.log_in()
    assert Entry.objects.get(type="session.opened").actor_identifier == str(cast.alva.pk)
    chosen = Entry.objects.get(type="session.role_chosen")
    assert chosen.actor_identifier == str(cast.alva.pk)
    assert whole_contents([chosen])[chosen.pk]["actor"]["identifier"] == cast.employment.hsa_id


def test_next_never_leads_out(desk: Desk) -> None:
    assert desk.log_in(next="//evil.test/") == "/"


def test_a_revocation_between_signature_and_role_lets_nobody_in(
    desk: Desk, status_service: StatusService
) -> None:
    """T15: the second check, at the choice of role."""
    address = desk.sign(desk.start())
    status_service.behave(status=ocsp.OCSPCertStatus.REVOKED)
    assert failed_with(desk.browser.get(address).headers["Location"]) == "certificateRevoked"
    assert not desk.is_in()
    assert PortalSession.objects.get().end_reason == "certificate_revoked"


def test_the_login_page_and_its_fragment_open_for_everybody(desk: Desk, settings: Settings) -> None:
    settings.ROOT_URLCONF = "portal.urls"
    browser = Client()
    assert browser.get("/login/").status_code == 200
    browser.post("/login/oob/start")
    page = browser.get("/login/").content.decode()
    assert "siths://auth/1/" in page
    assert browser.get("/login/oob/status", headers={"HX-Request": "true"}).status_code == 200
