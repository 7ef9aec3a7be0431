"""Recurring reports: due in the first night of a period, made up when missed, for a role (REP-3)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.models import Role, RoleAssignment, Unit
from directory.swedish_time import SWEDEN
from journal.actor import Actor
from journal.models import Entry
from reports.catalogue import report_kind
from reports.errors import ReportNotFound, ReportRefused
from reports.models import OrderedReport, ReportFormat, ReportSchedule
from reports.periods import Period, covered, next_run
from reports.question import Question
from reports.schedules import end_schedule, recipients, run_due, schedule_report
from reports.selectors import get_schedule, list_ordered, list_schedules
from tests.cast import Cast, actor_of, the_cast

JOB = Actor.system("report_schedules")
AT = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 - hypothesis wants naive bounds
)  # fmt: skip


@pytest.fixture
def cast(db: None) -> Cast:
    return the_cast()


def swedish(moment: datetime) -> str:
    return f"{moment.astimezone(SWEDEN):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("period", "run", "since"),
    [
        (Period.WEEKLY, "2026-11-23 02:00", "2026-11-16 00:00"),
        (Period.MONTHLY, "2026-12-01 02:00", "2026-11-01 00:00"),
        (Period.QUARTERLY, "2027-01-01 02:00", "2026-10-01 00:00"),
        (Period.YEARLY, "2027-01-01 02:00", "2026-01-01 00:00"),
    ],
)
def test_a_period_is_reported_in_the_night_after_it(period: Period, run: str, since: str) -> None:
    run_at = next_run(period, AT)
    assert swedish(run_at) == run
    assert swedish(covered(period, run_at)[0]) == since
    assert covered(period, run_at)[1] == datetime.fromisoformat(run.split(" ", maxsplit=1)[0]).replace(
        tzinfo=SWEDEN
    ).astimezone(UTC) - timedelta(microseconds=1)


@given(after=MOMENTS, period=st.sampled_from(Period))
def test_runs_go_on_and_their_periods_meet_without_a_gap(after: datetime, period: Period) -> None:
    first = next_run(period, after)
    second = next_run(period, first)
    assert after < first < second
    assert covered(period, second)[0] - covered(period, first)[1] == timedelta(microseconds=1)


def a_schedule(cast: Cast, code: str = "H1", period: Period = Period.WEEKLY) -> ReportSchedule:
    return schedule_report(report_kind(code), period=period, format=ReportFormat.CSV, actor=cast.alva, at=AT)


def test_nothing_is_ordered_before_its_time_and_everything_once(cast: Cast) -> None:
    schedule = a_schedule(cast)
    due = schedule.next_run_at
    assert run_due(actor=JOB, at=due - timedelta(seconds=1)) == 0
    assert run_due(actor=JOB, at=due) == 1
    assert run_due(actor=JOB, at=due) == 0
    ordered = OrderedReport.objects.get()
    question = Question.read(ordered.question)
    assert (swedish(question.since or AT), swedish(question.as_of)) == (
        "2026-11-16 00:00",
        "2026-11-22 23:59",
    )
    assert question.organization_ids == (str(cast.norr.pk),)
    assert question.may_see_protected is False
    assert Entry.objects.filter(type="report.ordered").count() == 1


def test_missed_periods_are_made_up_each_as_of_its_own_end(cast: Cast) -> None:
    schedule = a_schedule(cast)
    assert run_due(actor=JOB, at=schedule.next_run_at + timedelta(weeks=3, hours=5)) == 4
    ends = [Question.read(one.question).as_of for one in OrderedReport.objects.order_by("scheduled_for")]
    steps = {later - earlier for earlier, later in pairwise(ends)}
    assert steps == {timedelta(weeks=1)}
    schedule.refresh_from_db()
    assert schedule.next_run_at > AT + timedelta(weeks=4)


def test_it_is_for_everybody_with_the_role_there_and_nobody_else(cast: Cast) -> None:
    schedule = a_schedule(cast)
    run_due(actor=JOB, at=schedule.next_run_at)
    for mine in (cast.alva, cast.another_administrator):
        assert [one.pk for one in list_schedules(actor=mine)] == [schedule.pk]
        assert len(list_ordered(actor=mine)) == 1
    for other in (cast.doris, cast.cia, cast.bo):
        assert list_schedules(actor=other) == ()
        assert list_ordered(actor=other) == ()
        with pytest.raises(ReportNotFound):
            get_schedule(schedule.pk, actor=other)
    ordered = OrderedReport.objects.get()
    assert recipients(ordered, at=AT) == ["a001@regionnorr.test", "a002@regionnorr.test"]


def test_an_ended_one_orders_nothing_more(cast: Cast) -> None:
    schedule = a_schedule(cast)
    end_schedule(schedule, actor=cast.alva, at=AT)
    end_schedule(schedule, actor=cast.alva, at=AT)
    assert run_due(actor=JOB, at=schedule.next_run_at + timedelta(days=90)) == 0
    assert list_schedules(actor=cast.alva) == ()
    assert Entry.objects.filter(type="report.schedule_ended").count() == 1


def test_a_role_lets_only_its_own_reports_recur_and_an_auditor_none(cast: Cast) -> None:
    officer = actor_of(cast.asa, Role.REVOCATION_OFFICER)
    for actor, code in ((cast.alva, "S6"), (cast.cia, "S1"), (officer, "S1"), (cast.bo, "S1")):
        with pytest.raises(ReportRefused):
            schedule_report(
                report_kind(code), period=Period.WEEKLY, format=ReportFormat.CSV, actor=actor, at=AT
            )


def test_a_manager_lets_it_recur_for_another_role_that_gets_it_and_sees_it_nowhere_else(cast: Cast) -> None:
    """REP-3: recipients by role; nobody arranges for a role that does not pull the report."""
    manager = actor_of(cast.asa, Role.ISSUANCE_MANAGER)
    kind, auditor = report_kind("S6"), Role.AUDITOR.value
    arranged = schedule_report(
        kind, period=Period.WEEKLY, format=ReportFormat.CSV, role=auditor, actor=manager, at=AT
    )
    run_due(actor=JOB, at=arranged.next_run_at)
    assert [one.role for one in list_ordered(actor=cast.cia)] == [auditor]
    assert list_ordered(actor=manager) == ()
    assert (
        list_schedules(actor=manager)
        == list_schedules(actor=cast.cia)
        == (get_schedule(arranged.pk, actor=manager),)
    )
    assert list_schedules(actor=cast.alva) == list_schedules(actor=cast.doris) == ()
    assert recipients(OrderedReport.objects.get(), at=AT) == ["a004@regionnorr.test"]
    with pytest.raises(ReportRefused):  # an auditor gets it and changes nothing
        end_schedule(arranged, actor=cast.cia, at=AT)
    unit = Unit.objects.create(organization=cast.norr, name="Kliniken", hsa_id="SE2321000016-K")
    RoleAssignment.objects.filter(role=auditor).update(unit=unit)
    assert recipients(OrderedReport.objects.get(), at=AT) == []
    end_schedule(arranged, actor=manager, at=AT)
    assert list_schedules(actor=cast.cia) == ()
    for role, actor in (
        (Role.ID_ADMINISTRATOR, manager), (Role.CENTRAL_ADMINISTRATOR, manager), (Role.AUDITOR, cast.alva),
    ):  # fmt: skip
        with pytest.raises(ReportRefused):
            schedule_report(
                kind, period=Period.WEEKLY, format=ReportFormat.CSV, role=role.value, actor=actor, at=AT
            )
