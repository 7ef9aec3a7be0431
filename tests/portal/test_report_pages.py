"""Reports on pages: the role's own, counted and shown at once, ordered, taken and recorded (REP-1, REP-2)."""

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from journal.actor import Actor
from journal.models import Checkpoint, Entry
from journal.personal import whole_contents
from portal import moments
from portal.pages.reports import report
from reports import lifecycle, tables
from reports.columns import PROTECTED
from reports.lifecycle import delete_due, keep_made, keep_proved
from reports.models import OrderedReport, ReportSchedule
from reports.old_reports import OldFile, keep_old_report
from reports.question import Question
from reports.vault import VaultWriter
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, an_active_card


@pytest.fixture(autouse=True)
def _home(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_HOME = tmp_path


def finish(row: OrderedReport) -> bytes:
    """Make the file as the worker does, and return it."""
    at = datetime.now(tz=UTC)
    head = Checkpoint.objects.create(size=7, root_hash=b"r" * 32, note="a head", at=at)
    table, file = io.BytesIO(), VaultWriter(f"{row.pk}.made")
    rows = tables.write_csv(Question.read(row.question), handle=table)
    file.write(table.getvalue())
    file.finish()
    assert keep_made(row, file, rows=rows, head=head, actor=Actor.system("reports"), at=at)
    assert keep_proved(row, proof="{}\n", sealed=None, actor=Actor.system("reports"), at=at)
    return table.getvalue()


def catalogue(browser: Client) -> str:
    return browser.get("/reports/").content.decode()


def test_each_role_sees_its_own_reports(scene: Scene, log_in: LogIn) -> None:
    """domain.md 1.2, the row of reports."""
    shown = {
        name: set(
            re.findall(
                r'href="/reports/(\w\d)/"',
                log_in(getattr(scene.cast, name)).get("/reports/").content.decode(),
            )
        )
        for name in ("alva", "bo", "cia")
    }
    assert shown["bo"] == {"s5", "h5"}
    assert {"s1", "s4", "s9", "h1", "h8"} <= shown["alva"]
    assert not shown["alva"] & {"s5", "s6", "h5", "h6"}
    assert len(shown["cia"]) == 17


def test_the_count_and_the_first_rows_are_shown_and_recorded(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser = log_in(scene.cast.alva)
    page = browser.post("/reports/s1/", {"show": "count"}).content.decode()
    assert "1 rad" in page
    assert str(card.card_number) in page
    assert ">Aktivt<" in page
    assert Entry.objects.filter(type="report.pulled", actor_identifier=scene.cast.alva.person_id).count() == 1
    before = (card.ordered_at - timedelta(days=2)).date().isoformat()
    assert "0 rader" in browser.post("/reports/s1/", {"until": before}).content.decode()


def test_personal_numbers_are_shown_to_those_who_may_have_them_and_ask(scene: Scene, log_in: LogIn) -> None:
    """domain.md 6: a column only for roles with the right; that it was asked for is kept."""
    card = an_active_card(scene)
    number = card.person.personal_identity_number
    browser, form = log_in(scene.cast.alva), {"show": "count", "numbers": "yes"}
    assert number not in browser.post("/reports/s1/", {"show": "count"}).content.decode()
    assert number in browser.post("/reports/s1/", form).content.decode()
    pulled = Entry.objects.filter(type="report.pulled").order_by("id")
    assert ['"with_numbers":true' in one.content for one in pulled] == [False, True]
    auditor = log_in(scene.cast.cia)
    assert 'name="numbers"' not in auditor.get("/reports/s1/").content.decode()
    assert auditor.post("/reports/s1/", form).status_code == 403
    assert browser.post("/reports/s2/", form).status_code == 403


def test_doris_counts_nothing_of_region_norr(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    page = (
        log_in(scene.cast.doris)
        .post("/reports/s1/", {"organization": str(scene.cast.norr.pk)})
        .content.decode()
    )
    assert "0 rader" in page
    assert str(card.card_number) not in page


def test_a_protected_person_is_masked_on_the_page_too(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    type(card.person).objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    page = log_in(scene.cast.alva).post("/reports/s1/").content.decode()
    assert PROTECTED in page
    assert card.hsa_id not in page
    assert str(card.card_number) not in page


def test_a_protected_person_is_named_for_a_reason_and_told_of(scene: Scene, log_in: LogIn) -> None:
    """Without a reason the right alone masks; with one, count, order and file are each a look at them."""
    card = an_active_card(scene)
    type(card.person).objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    browser = log_in(replace(scene.cast.alva, may_see_protected=True))
    looks = Entry.objects.filter(type="person.protected_opened", references__value=str(card.person_id))
    page = browser.post("/reports/s1/").content.decode()
    assert str(card.card_number) not in page
    assert looks.count() == 0
    page = browser.post("/reports/s1/", {"why": "yearly review"}).content.decode()
    assert str(card.card_number) in page
    assert looks.count() == 1
    browser.post("/reports/s1/", {"order": "csv"})
    browser.post("/reports/s1/", {"order": "csv", "why": "yearly review"})
    masked, named = OrderedReport.objects.order_by("ordered_at")
    assert [one.question["protected"] for one in (masked, named)] == [False, True]
    assert looks.count() == 2
    told = [whole_contents([one])[one.pk]["event"] for one in looks.order_by("pk")]
    assert [(one["page"], one["reason"]) for one in told] == [("report", "yearly review")] * 2


def test_filters_narrow_the_answer(scene: Scene, log_in: LogIn) -> None:
    an_active_card(scene)
    browser = log_in(scene.cast.alva)
    for field, inside, outside in (
        ("state", "AKTIVT", "SPÄRRAT"), ("product", "7C1", "7T1"), ("loa", "3", "2"),
        ("organization", str(scene.cast.norr.pk), str(scene.cast.syd.pk)), ("organization", "", "x"),
        ("area", "Region Norr", "Region Syd"),
    ):  # fmt: skip
        assert "1 rad<" in browser.post("/reports/s1/", {field: inside}).content.decode(), field
        assert "0 rader<" in browser.post("/reports/s1/", {field: outside}).content.decode(), field
    mine = scene.cast.alva.identifier
    assert "1 rad<" in browser.post("/reports/h2/", {"operator": mine.lower()}).content.decode()
    assert "0 rader<" in browser.post("/reports/h2/", {"operator": "SE1-X"}).content.decode()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"until": "igår"}, "ÅÅÅÅ-MM-DD"),
        ({"until": "2999-01-01"}, "ligger framåt"),
        ({"until": "2026-01-01", "clock": "99:99"}, "TT:MM"),
    ],
)
def test_a_moment_that_is_none_is_explained(
    scene: Scene, log_in: LogIn, form: dict[str, str], text: str
) -> None:
    answer = log_in(scene.cast.alva).post("/reports/s1/", form)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()


def test_a_period_ends_after_it_begins(scene: Scene, log_in: LogIn) -> None:
    answer = log_in(scene.cast.alva).post("/reports/h1/", {"since": "2026-02-01", "until": "2026-01-01"})
    assert (answer.status_code, "slutar innan" in answer.content.decode()) == (422, True)


def test_the_last_day_of_the_calendar_lies_ahead(scene: Scene, log_in: LogIn) -> None:
    assert log_in(scene.cast.alva).post("/reports/h1/", {"until": "9999-12-31"}).status_code == 422


@pytest.mark.usefixtures("in_one_minute")
def test_one_person_does_not_keep_the_worker_to_themselves(
    scene: Scene, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "ORDERS_PER_MINUTE", 1)
    monkeypatch.setattr(report, "COUNTS_PER_MINUTE", 1)
    browser = log_in(scene.cast.alva)
    for sent, fine in (({"order": "csv"}, 302), ({"show": "count"}, 200)):
        answers = [browser.post("/reports/s1/", sent).status_code for _ in range(2)]
        assert answers == [fine, 429]
    assert log_in(scene.cast.doris).post("/reports/s1/", {"order": "csv"}).status_code == 302


def test_what_recurs_already_does_not_recur_twice(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.alva)
    form = {"report": "H1", "period": "monthly", "format": "xlsx"}
    for _ in range(2):
        assert browser.post("/reports/schedules/", form).status_code == 302
    browser.post("/reports/schedules/", {**form, "period": "weekly"})
    assert ReportSchedule.objects.count() == 2
    assert Entry.objects.filter(type="report.scheduled").count() == 2


def test_a_report_is_ordered_shown_under_way_and_taken(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser = log_in(scene.cast.alva)
    assert browser.post("/reports/s1/", {"order": "csv"}).headers["Location"] == "/reports/"
    row = OrderedReport.objects.get()
    assert Entry.objects.filter(type="report.ordered").count() == 1
    under_way = browser.get("/reports/ordered/status/").content.decode()
    assert "<progress" in under_way
    assert 'hx-trigger="every 2s"' in under_way
    assert browser.get(f"/reports/ordered/{row.pk}/file").status_code == 404
    made = finish(row)
    ready = browser.get("/reports/ordered/status/").content.decode()
    assert f"/reports/ordered/{row.pk}/file" in ready
    assert "hx-get" not in ready
    answer = browser.get(f"/reports/ordered/{row.pk}/file")
    assert b"".join(answer.streaming_content) == made
    assert str(card.card_number).encode() in made
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="S1-')
    assert browser.get(f"/reports/ordered/{row.pk}/proof.jsonl").content == b"{}\n"
    assert Entry.objects.filter(type="report.pulled").count() == 1
    for other in (scene.cast.doris, scene.cast.another_administrator, scene.cast.cia):
        assert log_in(other).get(f"/reports/ordered/{row.pk}/file").status_code == 404
        assert log_in(other).get(f"/reports/ordered/{row.pk}/proof.jsonl").status_code == 404
        assert str(row.pk) not in log_in(other).get("/reports/").content.decode()


def test_a_page_of_reports_is_in_both_languages(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.alva)
    assert "Kort som inte aktiverats" in browser.get("/reports/").content.decode()
    browser.post("/language/", {"language": "en"})
    page = browser.get("/reports/").content.decode()
    assert "Cards not activated" in page
    assert "How things stand" in page


def test_a_role_lets_a_report_recur_and_ends_it(scene: Scene, log_in: LogIn) -> None:
    """REP-3: the page shows last and next run; nobody of another role or organization sees or ends it."""
    browser = log_in(scene.cast.alva)
    browser.post("/reports/schedules/", {"report": "H1", "period": "monthly", "format": "xlsx"})
    schedule = ReportSchedule.objects.get()
    page = browser.get("/reports/schedules/").content.decode()
    assert "H1 Beställningar" in page
    assert "Varje månad" in page
    assert "inte än" in page
    end = f"/reports/schedules/{schedule.pk}/end/"
    for other in (scene.cast.doris, scene.cast.cia):
        assert end not in log_in(other).get("/reports/schedules/").content.decode()
        assert log_in(other).post(end).status_code == 404
    assert end in log_in(scene.cast.another_administrator).get("/reports/schedules/").content.decode()
    browser.post(end)
    assert end not in browser.get("/reports/schedules/").content.decode()
    assert Entry.objects.filter(type="report.schedule_ended").count() == 1


def test_an_auditor_lets_nothing_recur(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.cia)
    assert "Låt den återkomma" not in browser.get("/reports/schedules/").content.decode()
    form = {"report": "S1", "period": "weekly", "format": "csv"}
    assert browser.post("/reports/schedules/", form).status_code == 403
    assert not ReportSchedule.objects.exists()


def figures(page: str) -> list[str]:
    """Return what the plots say, each name with its figure."""
    said = re.findall(r'<text x="0"[^>]*>([^<]+)</text><text class="value"[^>]*>([^<]+)</text>', page)
    return [f"{name}: {count}" for name, count in said]


def test_the_overview_shows_what_the_role_works_with_and_a_table_behind(scene: Scene, log_in: LogIn) -> None:
    an_active_card(scene)
    page = log_in(scene.cast.alva).get("/reports/overview/").content.decode()
    assert "Aktivt: 1" in figures(page)
    assert '<th scope="row">Aktivt</th><td>1</td>' in page
    assert any(one.endswith(": 1") and one.startswith("veckan") for one in figures(page))
    assert 'id="h-s5"' not in page
    assert 'id="h-jobs"' not in page
    hers = figures(log_in(scene.cast.doris).get("/reports/overview/").content.decode())
    assert hers
    assert all(one.endswith(": 0") for one in hers)
    assert 'id="h-s1"' not in (bo := log_in(scene.cast.bo).get("/reports/overview/").content.decode())
    assert 'id="h-s5"' in bo
    cia = log_in(scene.cast.cia).get("/reports/overview/").content.decode()
    assert all(f'id="h-{key}"' in cia for key in ("s1", "h2", "s4", "h3", "s5", "jobs"))


def test_no_more_files_are_kept_for_one_person_than_the_page_lists(
    scene: Scene, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal says how many, and when the first goes; another person has room."""
    monkeypatch.setattr(lifecycle, "MOST_KEPT", 2)
    browser = log_in(scene.cast.alva)
    for _ in range(2):
        assert browser.post("/reports/s1/", {"order": "csv"}).status_code == 302
    finish(OrderedReport.objects.latest("ordered_at"))
    refused = browser.post("/reports/s1/", {"order": "csv"})
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "2 filer ligger redan där" in text
    assert moments.day(datetime.now(tz=UTC) + lifecycle.KEPT) in text
    assert OrderedReport.objects.count() == 2
    assert log_in(scene.cast.cia).post("/reports/s1/", {"order": "csv"}).status_code == 302
    delete_due(actor=Actor.system("delete_reports"), at=datetime.now(tz=UTC) + timedelta(days=31))
    assert browser.post("/reports/s1/", {"order": "csv"}).status_code == 302


def test_the_old_portals_reports_are_listed_and_taken(
    scene: Scene, log_in: LogIn, settings: Settings
) -> None:
    """REP-4: as they were, for who reads all of the organization; the page says until when."""
    settings.SIGILL_OLD_REPORTS_UNTIL = date(2030, 6, 30)
    old = OldFile(
        name="Kort, årsrapport 2025", made_on=date(2025, 12, 31), organization_id=str(scene.cast.norr.pk),
        names_protected=False, original_name="kort 2025.csv", content=b"kortnr;status\r\n",
    )  # fmt: skip
    assert keep_old_report(old, actor=Actor.system("import_old_reports"), at=scene.at)
    browser = log_in(scene.cast.cia)
    page = catalogue(browser)
    assert "Kort, årsrapport 2025" in page
    assert "till och med 2030-06-30" in page
    (address,) = re.findall(r'href="(/reports/old/[^"]+)"', page)
    answer = browser.get(address)
    assert b"".join(answer.streaming_content) == b"kortnr;status\r\n"  # type: ignore[arg-type] # not async
    assert answer["Content-Type"] == "text/csv"
    assert "kort%202025.csv" in answer["Content-Disposition"]
    for other in (scene.cast.alva, scene.cast.doris):
        stranger = log_in(other)
        assert "årsrapport" not in catalogue(stranger)
        assert stranger.get(address).status_code == 404
