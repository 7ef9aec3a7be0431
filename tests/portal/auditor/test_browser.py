"""The auditor's main path in a real browser: search by keyboard, an event, its proof, the log's state."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer  # noqa: TC002 - as every annotation here

from journal import append_only
from journal.actor import Actor
from journal.audit_key import audit_key
from journal.models import Checkpoint, IntegrityWatch, Leaf
from journal.watching import watch
from tests.portal.auditor.conftest import Notary
from tests.portal.conftest import LogIn
from tests.running.chromium import launched
from tests.scenarios import Scene, a_blocked_card

pytestmark = pytest.mark.browser


@pytest.fixture
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


def beside(work: Callable[[], object]) -> object:
    """Ask the database from another thread: the browser's event loop runs in this one."""

    def closing() -> object:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result()


def test_an_auditor_finds_an_event_takes_its_proof_home_and_sees_the_log_break(
    transactional_db: None, scene: Scene, notary: Notary, log_in: LogIn, request: pytest.FixtureRequest
) -> None:
    live_server: LiveServer = request.getfixturevalue("live_server")  # not before there is a static folder
    a_blocked_card(scene)
    notary.sign()
    job = Actor.system("journal.watch")

    def look() -> str:
        return watch(key=audit_key(notary.home), outside=notary.outside, actor=job, at=timezone.now())

    look()
    cookie = log_in(scene.cast.cia).cookies["sigill"].value
    number = scene.cast.asa.person.personal_identity_number
    size = Checkpoint.objects.latest("size").size
    browser: Browser = request.getfixturevalue("browser")
    context = browser.new_context(locale="sv-SE", reduced_motion="reduce", accept_downloads=True)
    context.add_cookies([{"name": "sigill", "value": cookie, "url": live_server.url}])
    page = context.new_page()

    page.goto(f"{live_server.url}/")
    expect(page.locator("h1")).to_have_text("Logg")
    expect(page.locator("details.explained[open]")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    page.wait_for_url("**/journal/?person=*")
    assert number not in page.url
    expect(page.locator(".in-force .tag")).to_have_text("Åsa Lindqvist ta bort")
    page.click(".entries a:has-text('spärrade kort')")
    expect(page.locator("h1")).to_have_text("Kort spärrat")
    expect(page.locator(".tree rect.root")).to_be_visible()
    with page.expect_download() as download:
        page.click("a[href$='/proof.jsonl']")
    proof = notary.home / download.value.suggested_filename
    download.value.save_as(proof)
    done = subprocess.run(
        [
            sys.executable,
            django_settings.BASE_DIR / "journal" / "verify.py",
            proof,
            "--key",
            notary.certificate,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    page.goto(f"{live_server.url}/journal/intact/")
    expect(page.locator("#h-standing")).to_have_text("Loggen är hel")

    def tamper() -> None:
        append_only.run(connection, append_only.remove_statements(connection.vendor))
        Leaf.objects.filter(position=3).delete()
        append_only.run(connection, append_only.install_statements(connection.vendor))

    beside(tamper)
    beside(_forget_the_round)
    beside(look)
    expect(page.locator("#h-standing")).to_have_text("Loggen är bruten")
    expect(page.locator("main [role=alert]")).to_contain_text("Första felaktiga raden är 3")
    page.goto(f"{live_server.url}/journal/compare/?old={size}")
    expect(page.locator("#verdict")).to_contain_text("Samma huvud")
    context.close()


def _forget_the_round() -> None:
    """Let the reading of everything begin now, not after its pause."""
    IntegrityWatch.objects.update(round_position=0, round_size=0, round_peaks="", whole_at=None)
