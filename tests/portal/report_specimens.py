"""Made-up reports, so that their pages can be looked at without a database."""

from datetime import UTC, datetime, timedelta

from portal.pages.parts import Choice, Crumb
from portal.pages.reports.asked import AskedReport
from portal.pages.reports.catalogue import CataloguePage, KindRow, OrderedPart, ordered_row
from portal.pages.reports.dashboard import DashboardPage, Panel
from portal.pages.reports.picture import bars
from portal.pages.reports.recurring import PERIODS, ScheduleRow, SchedulesPage
from portal.pages.reports.report import FilterField, ReportPage, Told
from reports.catalogue import CATALOGUE, ReportNature
from reports.models import OrderedReport
from reports.periods import Period
from reports.question import Question

AT = datetime.now(tz=UTC).replace(hour=8, minute=41)
_CRUMB = Crumb(label="Rapporter", url="/reports/")


def _ordered(code: str, state: str, form: str = "csv", **facts: object) -> OrderedReport:
    question = Question(code=code, as_of=AT - timedelta(hours=2)).as_stored()
    return OrderedReport(
        code=code, state=state, format=form, question=question, ordered_at=AT, expected=90_000, **facts
    )


def catalogue(*, is_empty: bool = False) -> dict[str, object]:
    """Return the catalogue, with reports in every state, or none ordered."""
    rows = [
        _ordered("S1", "ORDERED", progress=34_000),
        _ordered("S2", "MADE", progress=90_000),
        _ordered("H3", "READY", "pdf", rows=311, expires_at=AT + timedelta(days=30)),
        _ordered("S8", "FAILED", "pdf", failure="report_too_long_for_pdf"),
        _ordered("H1", "DELETED", "xlsx", rows=1),
    ]
    kinds = {
        nature: [
            KindRow(code=kind.code, name=kind.name[0], url=f"/reports/{kind.code.lower()}/")
            for kind in CATALOGUE.values()
            if kind.nature is nature
        ]
        for nature in ReportNature
    }
    return {
        "page": CataloguePage(
            status=kinds[ReportNature.STATUS],
            events=kinds[ReportNature.EVENT],
            ordered=OrderedPart(
                rows=[] if is_empty else [ordered_row(one, now=AT) for one in rows], is_awaited=False
            ),
        )
    }


def report(*, has_error: bool = False) -> dict[str, object]:
    """Return the page of one report, counted, or with a moment that is none."""
    kind = CATALOGUE["S1"]
    columns = [swedish for swedish, _ in kind.columns]
    row = [
        "9752278900000000018", "7C1", "AKTIVT", "2026-11-12 13:00", "2026-11-15 13:00", "2026-11-21 13:00",
        "", "2031-11-12", "3", "SE2321000016-A100", "Akutmottagningen",
        "Region Norr", "PROD",
    ]  # fmt: skip
    told = Told(
        rows=2,
        when="i dag 09:41",
        pictures=[
            bars([("AKTIVT", 1612), ("SPÄRRAT", 204), ("SKICKAT", 3)], title="Läge", key="b0"),
            bars([("Region Norr", 1815), ("Region Syd", 4)], title="Organisation", key="b1", others=12),
        ],
        columns=columns,
        first=[list(zip(columns, row, strict=True))] * 2,
    )
    return {
        "page": ReportPage(
            code="S1",
            title="Kort",
            url="/reports/s1/",
            is_event=False,
            asked=AskedReport(until="igår" if has_error else "", filters={}),
            filters=[
                FilterField(name="state", label="Läge", value="", choices=[Choice(value="A", name="AKTIVT")]),
                FilterField(name="operator", label="Utfört av (HSA-id)", value=""),
            ],
            crumbs=(_CRUMB, Crumb(label="Kort")),
            error="Skriv dagar som ÅÅÅÅ-MM-DD och tider som TT:MM." if has_error else "",
            told=None if has_error else told,
        )
    }


def recurring(*, is_empty: bool = False) -> dict[str, object]:
    """Return the recurring reports, or none for a role that changes nothing."""
    row = ScheduleRow(
        name="H1 Beställningar",
        role="ID-administratör",
        period=PERIODS[Period.MONTHLY],
        format="XLSX",
        last=AT - timedelta(days=21),
        next=AT + timedelta(days=9),
        end_url="/reports/schedules/1/end/",
    )
    return {
        "page": SchedulesPage(
            rows=[] if is_empty else [row, row],
            kinds=[] if is_empty else [Choice(value="H1", name="H1 Beställningar")],
            roles=[]
            if is_empty
            else [Choice(value="a", name="Ansvarig utgivare"), Choice(value="b", name="Revisor")],
            periods=[Choice(value=period.value, name=name) for period, name in PERIODS.items()],
            crumbs=(_CRUMB, Crumb(label="Återkommande rapporter")),
        )
    }


def dashboard() -> dict[str, object]:
    """Return the overview, one picture of it empty."""
    counts = [("Aktivt", 1612), ("Skickat, inte aktiverat", 41), ("Spärrat", 204), ("Utgånget", 0)]
    return {
        "page": DashboardPage(
            panels=[
                Panel(
                    picture=bars(counts, title="Kort efter läge", key="s1"), url="/reports/s1/",
                    link="Rapporten",
                ),
                Panel(picture=bars([], title="Ett års spärrar efter orsak", key="h3")),
                Panel(picture=bars([("sync_hsa, done", 7)], title="En veckas jobb", key="jobs")),
            ]
        )
    }  # fmt: skip
