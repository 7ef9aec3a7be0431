"""While the journal proves nothing, orders and grants get a plain 503, and blocking goes on (issue 5)."""

import pytest
from django.db import connection
from django.urls import reverse
from pytest_django import Settings

from cards.models import CardOrder
from cards.states import CardState
from journal.stops import JournalNotWritable, JournalStopped
from portal import problems
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _block_form, _text
from tests.scenarios import Scene, an_active_card


def test_an_order_is_stopped_with_the_reason_and_nothing_is_changed(
    scene: Scene, log_in: LogIn, settings: Settings
) -> None:
    browser, holder = log_in(scene.cast.alva), scene.cast.asa
    browser.post("/people/search/", {"q": holder.hsa_id})  # recorded, and waits for its place
    settings.SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS = -1
    url = reverse("order-card", args=[holder.person_id])
    chosen = {"product": "7C1", "employment": holder.hsa_id}
    assert browser.get(url).status_code == 200
    answer = browser.post(url, {**chosen, "step": "place"})
    assert answer.status_code == 503
    assert "står stilla" in _text(answer)
    assert "driften" in _text(answer).lower()
    assert answer["Retry-After"]
    assert not CardOrder.objects.exists()


def test_a_card_is_blocked_all_the_same(scene: Scene, log_in: LogIn, settings: Settings) -> None:
    card = an_active_card(scene)
    settings.SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS = -1
    log_in(scene.cast.alva).post(reverse("block-card", args=[card.pk]), _block_form())
    card.refresh_from_db()
    assert card.state == CardState.BLOCKED.value


def test_nothing_is_blocked_that_cannot_be_recorded(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser = log_in(scene.cast.alva)
    if connection.vendor != "sqlite":
        pytest.skip("the same trigger for PostgreSQL stands in tests/journal/test_stops.py")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER test_full BEFORE INSERT ON journal_entry "
            "BEGIN SELECT RAISE(ABORT, 'no room on the disk'); END"
        )
    answer = browser.post(reverse("block-card", args=[card.pk]), _block_form())
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER test_full")
    assert answer.status_code == 503
    assert "ring driften" in _text(answer)
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE.value


@pytest.mark.parametrize("error", [JournalNotWritable("x"), JournalStopped("x")])
def test_both_are_503_with_who_can_repair_it(error: JournalNotWritable | JournalStopped) -> None:
    problem = problems.explain(error)
    assert problem.status == 503
    assert problem.fixer


def test_health_says_that_the_journal_stands_still(scene: Scene, log_in: LogIn, settings: Settings) -> None:
    browser = log_in(scene.cast.alva)
    browser.post("/people/search/", {"q": scene.cast.asa.hsa_id})
    assert browser.get("/healthz").json() == {"status": "ok", "journal": "ok"}
    settings.SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS = -1
    answer = browser.get("/healthz")
    assert answer.status_code == 200  # the pages serve; it is the worker that must be looked at
    assert answer.json() == {"status": "degraded", "journal": "sequencing stands still"}
