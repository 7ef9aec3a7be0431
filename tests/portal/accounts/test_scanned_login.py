"""Login by a scanned code: for the holder's own pages, never for a role; and the list of one's logins."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from authn.models import AuthnOrder
from authn.trust import LOA2
from portal.accounts import sessions
from portal.accounts.errors import RoleNotHeld
from portal.accounts.models import PortalSession
from portal.accounts.people import role_choices
from portal.accounts.providers import OobProvider
from tests.authn.conftest import ACTOR
from tests.authn.pki import ARC, Holder
from tests.authn.robot import Robot
from tests.portal.accounts.conftest import Cast, Desk


def scan(desk: Desk) -> str:
    """Start by code in the browser and return what its frame says now."""
    desk.browser.post("/login/oob/scan")
    text = OobProvider().frame(desk.browser.session, at=datetime.now(UTC))
    assert text is not None
    return text


def log_in_by_code(desk: Desk) -> None:
    robot = Robot(http=Client())
    assert robot.claim(scan(desk), member="qr")[0] == 200
    assert robot.respond(desk.pki.holder(desk.holder))[0] == 200
    assert desk.browser.post("/login/oob/finish").headers["Location"] == "/mine/"


def test_a_holder_scans_and_sees_their_own_pages(desk: Desk, cast: Cast) -> None:
    """AUT-3, MIN-1: the picture has a text, the status says when to go on, and the login is marked."""
    desk.browser.post("/login/oob/start", {"flow": "other-device"})
    page = desk.browser.get("/login/").content.decode()
    assert "<title>QR-kod för kortklienten på en annan enhet</title>" in page
    assert "siths://" not in page, "what is scanned stands in the picture alone"
    picture = desk.browser.get("/login/oob/qr.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert "no-store" in picture.headers["Cache-Control"]
    text = OobProvider().frame(desk.browser.session, at=datetime.now(UTC))
    robot = Robot(http=Client())
    assert robot.claim(str(text), member="qr")[0] == 200
    assert desk.browser.get("/login/oob/qr.svg").status_code == 410
    shown = desk.browser.get("/login/oob/qr.svg", headers={"HX-Request": "true"})
    assert (shown.status_code, shown.content) == (286, b""), "the page takes the dead code away and is quiet"
    assert robot.respond(desk.pki.holder(desk.holder))[0] == 200
    assert "/login/oob/finish" in desk.browser.get("/login/oob/status").content.decode()
    before = desk.browser.session.session_key
    assert desk.browser.post("/login/oob/finish").headers["Location"] == "/mine/"
    assert desk.browser.session.session_key != before
    assert desk.row().amr == ["sc", "pin", "oob", "qr"]
    own = desk.browser.get("/mine/").content.decode()
    assert "Alva Berg" in own
    assert "via QR-kod" in own


def test_roles_refuse_who_scanned(desk: Desk, cast: Cast) -> None:
    """authn.md section 1: a code can be relayed live, so it opens no role, by no address."""
    log_in_by_code(desk)
    for path in ("/", "/role/"):
        assert desk.browser.get(path).headers["Location"].startswith("/mine/")
    desk.browser.post("/role/", {"role": str(cast.assignment.pk)})
    assert desk.row().role == ""
    row, at = desk.row(), datetime.now(UTC)
    choice = role_choices(cast.alva, certificate_hsa_id="", at=at)[0]
    with pytest.raises(RoleNotHeld):
        sessions.choose_role(desk.browser.session, row, choice, actor=ACTOR, at=at)


def test_a_card_of_level_two_opens_the_own_pages_and_no_role(desk: Desk, cast: Cast) -> None:
    """MIN-4: a role takes level 3, by no address less; the holder's own pages open (authn.md section 9)."""
    desk.holder = Holder(policies=(f"{ARC}.4",))
    assert desk.log_in() == "/role/"
    assert desk.row().loa == LOA2
    for path in ("/", "/role/"):
        assert desk.browser.get(path).headers["Location"].startswith("/mine/")
    desk.browser.post("/role/", {"role": str(cast.assignment.pk)})
    assert desk.row().role == ""
    assert desk.browser.get("/mine/").status_code == 200
    row, at = desk.row(), datetime.now(UTC)
    choice = role_choices(cast.alva, certificate_hsa_id="", at=at)[0]
    with pytest.raises(RoleNotHeld):
        sessions.choose_role(desk.browser.session, row, choice, actor=ACTOR, at=at)


def test_polling_or_a_link_finishes_no_scanned_login(desk: Desk) -> None:
    """T4, T16: only the browser that started, only by its own form."""
    robot = Robot(http=Client())
    robot.claim(scan(desk), member="qr")
    _, answer = robot.respond(desk.pki.holder(desk.holder))
    desk.browser.get("/login/oob/status")
    assert not desk.is_in()
    other = Client()
    assert "failed=expired" in other.post("/login/oob/finish").headers["Location"]
    back = desk.browser.get("/login/oob/return", {"d": str(answer["d"]), "u": robot.u})
    assert "failed=returnMismatch" in back.headers["Location"]
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = desk.browser.cookies
    assert guarded.post("/login/oob/finish").status_code == 403
    assert desk.browser.post("/login/oob/finish").headers["Location"] == "/mine/"


def test_an_unscanned_code_starts_over_five_times_by_itself(desk: Desk) -> None:
    desk.browser.post("/login/oob/start", {"flow": "other-device"})
    refs = set()
    for restarts in range(7):
        refs.add(desk.browser.session["oob"]["order_ref"])
        long_ago = datetime.now(UTC) - timedelta(seconds=61)
        AuthnOrder.objects.filter(pk=desk.browser.session["oob"]["order_ref"]).update(state_since=long_ago)
        status = desk.browser.get("/login/oob/status", headers={"HX-Request": "true"})
        assert status.headers.get("HX-Refresh") == ("true" if restarts < 5 else None)
    assert len(refs) == 6
    assert "startade inte" in desk.browser.get("/login/").content.decode()


def test_ones_own_logins_are_listed_and_ended(desk: Desk, cast: Cast) -> None:
    """authn.md section 9: concurrent sessions, each with an end; nobody else's."""
    log_in_by_code(desk)
    second = Desk(desk.pki)
    second.log_in()
    page = desk.browser.get("/mine/").content.decode()
    ids = re.findall(r"/mine/sessions/([0-9a-f-]{36})/end/", page)
    assert set(ids) == {str(desk.row().pk), str(second.row().pk)}
    other = PortalSession.objects.get(pk=second.row().pk)
    assert desk.browser.post(f"/mine/sessions/{other.pk}/end/").headers["Location"] == "/mine/"
    assert not second.is_in()
    PortalSession.objects.filter(pk=other.pk).update(
        ended_at=None, end_reason="", person_id=str(cast.doris.pk)
    )
    assert desk.browser.post(f"/mine/sessions/{other.pk}/end/").status_code == 404
    here = desk.browser.post(f"/mine/sessions/{desk.row().pk}/end/")
    assert here.headers["Location"].startswith("/login/")


def test_own_pages_last_twenty_minutes_and_roles_fifteen(desk: Desk) -> None:
    log_in_by_code(desk)
    row = desk.row()
    for minutes, is_over in ((16, False), (21, True)):
        at = row.last_seen_at + timedelta(minutes=minutes)
        assert (sessions.why_over(row, at=at) is not None) is is_over
    assert sessions.end_overdue_sessions(actor=ACTOR, at=row.last_seen_at + timedelta(minutes=16)) == 0
    assert sessions.end_overdue_sessions(actor=ACTOR, at=row.last_seen_at + timedelta(minutes=21)) == 1
