"""A session ends when time, the card, the certificate or the role is over, at the very next request."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509 import ocsp
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import Client

from directory.models import Role
from journal.actor import Actor
from journal.models import Entry
from portal.accounts import sessions
from portal.accounts.models import EndReason, PortalSession
from tests.authn import card_register
from tests.authn.status_service import StatusService
from tests.portal.accounts.conftest import Cast, Desk, assign, employ

ACTOR = Actor.system("test")


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def age(desk: Desk, **columns: datetime) -> None:
    PortalSession.objects.filter(pk=desk.row().pk).update(**columns)


def assert_ended(desk: Desk, reason: str) -> None:
    response = desk.browser.get("/")
    assert (response.status_code, response.headers["Location"]) == (303, f"/login/?ended={reason}")
    assert PortalSession.objects.get().end_reason == reason
    assert Entry.objects.filter(type="session.ended").count() == 1
    assert not desk.is_in()


def test_fifteen_idle_minutes_end_a_session(desk: Desk) -> None:
    desk.log_in()
    age(desk, last_seen_at=ago(minutes=14, seconds=50))
    assert desk.is_in()
    age(desk, last_seen_at=ago(minutes=15))
    assert_ended(desk, "idle")


def test_an_hour_ends_a_session_however_busy(desk: Desk) -> None:
    desk.log_in()
    age(desk, auth_time=ago(minutes=59))
    assert desk.is_in()
    age(desk, auth_time=ago(minutes=60))
    assert_ended(desk, "too_long")


def test_work_keeps_a_session_and_a_page_that_polls_does_not(desk: Desk) -> None:
    desk.log_in()
    earlier = ago(minutes=10)
    age(desk, last_seen_at=earlier)
    desk.browser.get("/people/status/", headers={"HX-Request": "true"})
    assert desk.row().last_seen_at == earlier
    desk.browser.post("/session/extend/")
    assert desk.row().last_seen_at > earlier


def test_a_card_blocked_during_a_session_ends_it_at_the_next_request(desk: Desk) -> None:
    """T15: without waiting for any worker."""
    desk.log_in()
    card_register.ACTIVE.clear()
    assert_ended(desk, "card_not_active")


def test_a_role_taken_away_ends_the_session(desk: Desk, cast: Cast) -> None:
    desk.log_in()
    cast.assignment.valid_to = datetime.now(UTC)
    cast.assignment.save()
    assert_ended(desk, "role_lost")


def test_the_certificate_is_checked_again_every_ten_minutes(
    desk: Desk, status_service: StatusService
) -> None:
    desk.log_in()
    asked = status_service.asked
    desk.browser.get("/")
    assert status_service.asked == asked
    age(desk, status_checked_at=ago(minutes=10))
    assert desk.is_in()
    assert status_service.asked == asked + 1
    assert desk.row().status_checked_at > ago(minutes=1)
    status_service.behave(status=ocsp.OCSPCertStatus.REVOKED)
    age(desk, status_checked_at=ago(minutes=10))
    assert_ended(desk, "certificate_revoked")


def test_a_session_outlives_a_short_outage_of_the_responder_only(
    desk: Desk, status_service: StatusService
) -> None:
    desk.log_in()
    status_service.behave(nonce="wrong")
    age(desk, status_checked_at=ago(minutes=19))
    assert desk.is_in()
    age(desk, status_checked_at=ago(minutes=20))
    assert_ended(desk, "status_unknown")


def test_the_name_of_a_session_in_another_browser_session_opens_nothing(desk: Desk) -> None:
    """A row belongs to the browser session that its login opened, whatever another one says."""
    desk.log_in()
    copied = Client()
    copied.get("/login/")
    other = copied.session
    other[sessions.SESSION_ID] = str(desk.row().pk)
    other.save()
    copied.cookies["sigill"] = other.session_key or ""
    assert copied.get("/").status_code == 303
    assert desk.is_in()


def test_overdue_sessions_are_written_down(desk: Desk) -> None:
    desk.log_in()
    at = datetime.now(UTC)
    assert sessions.end_overdue_sessions(actor=ACTOR, at=at) == 0
    assert sessions.end_overdue_sessions(actor=ACTOR, at=at + timedelta(minutes=16)) == 1


def test_expired_browser_sessions_are_removed(desk: Desk) -> None:
    """Also of those who only began to log in: nothing else would ever remove them."""
    desk.start()
    assert Session.objects.count() == 1
    at = datetime.now(UTC)
    sessions.end_overdue_sessions(actor=ACTOR, at=at)
    assert Session.objects.count() == 1
    sessions.end_overdue_sessions(actor=ACTOR, at=at + timedelta(minutes=61))
    assert Session.objects.count() == 0


def test_logging_out_ends_the_session_here_and_for_whoever_copied_the_cookie(desk: Desk) -> None:
    desk.log_in()
    thief = Client()
    thief.cookies["sigill"] = desk.browser.session.session_key or ""
    assert thief.get("/").status_code == 200
    assert desk.browser.post("/logout/").headers["Location"] == "/login/?ended=logged_out"
    assert thief.get("/").status_code == 303
    assert PortalSession.objects.get().end_reason == "logged_out"


def test_a_second_login_in_the_same_browser_replaces_the_first(desk: Desk) -> None:
    desk.log_in()
    desk.log_in()
    reasons = PortalSession.objects.order_by("auth_time").values_list("end_reason", flat=True)
    assert list(reasons) == ["replaced", ""]


def test_of_several_roles_one_is_active_at_a_time_and_may_be_changed(desk: Desk, cast: Cast) -> None:
    other = assign(employ(cast.alva, cast.syd, "ALVA2"), Role.FUNCTION_CERT_ORDERER)
    assert desk.log_in() == "/role/"
    assert desk.browser.get("/").headers["Location"].startswith("/role/")
    assert desk.browser.get("/role/").status_code == 200
    assert desk.browser.post("/role/", {"role": str(cast.assignment.pk)}).headers["Location"] == "/"
    assert b"id_administrator" in desk.browser.get("/").content
    desk.browser.post("/role/", {"role": str(other.pk)})
    text = desk.browser.get("/").content.decode()
    assert text == f"{other.employment.hsa_id} function_cert_orderer {cast.syd.pk}"


def test_nobody_takes_a_role_that_is_not_theirs(desk: Desk, cast: Cast) -> None:
    """Doris's role is not offered to Alva, and not given either."""
    assign(employ(cast.alva, cast.syd, "ALVA2"), Role.FUNCTION_CERT_ORDERER)
    desk.log_in()
    page = desk.browser.get("/role/").content.decode()
    assert str(cast.doris_assignment.pk) not in page
    for role in (str(cast.doris_assignment.pk), "", "x"):
        assert desk.browser.post("/role/", {"role": role}).status_code == 400
    assert not desk.is_in()


def test_a_person_without_any_role_gets_no_further_than_the_choice(desk: Desk, cast: Cast) -> None:
    cast.assignment.delete()
    assert desk.log_in() == "/role/"
    assert desk.browser.get("/role/").status_code == 200
    assert not desk.is_in()


def test_a_role_that_is_over_is_not_offered(desk: Desk, cast: Cast) -> None:
    cast.assignment.valid_to = datetime.now(UTC)
    cast.assignment.save()
    assert desk.log_in() == "/role/"
    assert str(cast.assignment.pk) not in desk.browser.get("/role/").content.decode()


@pytest.mark.parametrize(
    "columns",
    [{"role": "x"}, {"ended_at": datetime.now(UTC)}, {"end_reason": "idle"}, {"organization_id": ""}],
)
def test_the_database_refuses_half_a_session(desk: Desk, columns: dict[str, object]) -> None:
    desk.log_in()
    if columns == {"role": "x"}:
        columns = {"role": ""}
    with pytest.raises(IntegrityError), transaction.atomic():
        PortalSession.objects.update(**columns)


def test_whose_session_was_ended_elsewhere_is_told_why_at_the_next_click(desk: Desk) -> None:
    """T15: whether worker or click was first; another browser, and one an hour later, is told nothing."""
    desk.log_in()
    row = desk.row()
    sessions.end(row, EndReason.CARD_NOT_ACTIVE, actor=Actor.system("test"), at=datetime.now(UTC))
    assert desk.browser.get("/").headers["Location"] == "/login/?ended=card_not_active"
    assert Client().get("/").headers["Location"] == "/login/"
    PortalSession.objects.filter(pk=row.pk).update(ended_at=datetime.now(UTC) - timedelta(minutes=61))
    assert sessions.why_ended(row.session_key, at=datetime.now(UTC)) is None
