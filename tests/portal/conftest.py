"""Browsers that are logged in as somebody of the cast, without the card client."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from playwright.sync_api import Browser

from directory.models import RoleAssignment
from journal.actor import Actor
from portal.accounts.models import PortalSession
from portal.accounts.sessions import SESSION_ID
from tests.portal.seats import Room
from tests.running.chromium import launched
from tests.running.words import LANGUAGES, in_language
from tests.scenarios import Scene, a_scene

LogIn = Callable[[Actor], Client]


@pytest.fixture(scope="session", autouse=True)
def _static_root() -> None:
    """WhiteNoise warns when nothing was collected; the tests read static files where they lie.

    Of the session, as the server that a browser is shown.
    """
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)


@pytest.fixture
def scene(db: None) -> Scene:
    """Return a stage whose clock begins nine days ago, so that all that happens lies in the pages' past."""
    return a_scene(at=datetime.now(tz=UTC) - timedelta(days=9))


@pytest.fixture(scope="module")
def _chromium() -> Iterator[Browser]:
    """A browser for one module, whose tests ask the database between its acts.

    Its loop in this thread, of which Django warns, waits for none of that.
    """
    with pytest.MonkeyPatch.context() as patch, launched() as chromium:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield chromium


@pytest.fixture(params=LANGUAGES)
def room(request: pytest.FixtureRequest, _chromium: Browser, transactional_db: None) -> Room:
    """Return a server of this test's own and a Chromium that visits it, once in each language."""
    address: str = request.getfixturevalue("live_server").url
    return Room(address=address, chromium=_chromium, say=in_language(request.param))


def told(response: HttpResponse) -> str:
    """Return a page without the tokens of its forms: random letters spell a short name now and then."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode(errors="replace"))


@pytest.fixture
def log_in(db: None) -> LogIn:
    """Return a function that opens a session for an actor, in the actor's role."""
    return logged_in


def logged_in(actor: Actor, client: Client | None = None) -> Client:
    """Return a browser with an open login in the actor's role."""
    browser = client or Client()
    session = browser.session
    session.create()
    assignment = RoleAssignment.objects.get(employment__hsa_id=actor.identifier, role=actor.role)
    now = datetime.now(tz=UTC)
    row = PortalSession.objects.create(
        session_key=session.session_key or "",
        person_id=actor.person_id,
        evidence_id="",
        certificate_der=b"",
        certificate_sha256="0" * 64,
        loa="http://id.sambi.se/loa/loa3",
        amr=["sc", "pin"],
        auth_time=now,
        last_seen_at=now,
        status_checked_at=now,
        role_assignment_id=str(assignment.pk),
        hsa_id=actor.identifier,
        role=actor.role,
        organization_id=str(assignment.organization_id),
        organization_ids=list(actor.organization_ids),
        unit_id=actor.unit_id,
        unit_ids=list(actor.unit_ids),
        may_see_protected=actor.may_see_protected,
    )
    session[SESSION_ID] = str(row.pk)
    session.save()
    browser.cookies["sigill"] = session.session_key or ""
    return browser
