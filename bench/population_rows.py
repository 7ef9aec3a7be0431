"""Rows over a region's worth of people, cards and certificates: search, the list page, reports."""

import resource
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import xlsxwriter
from django.db import connection
from django.test import Client

from bench import population
from bench.certificates import now
from bench.installation import Installation
from bench.journal_row import with_database
from bench.measuring import NotMeasured, Result, Work, interleaved, own_work, percentile, ratio
from bench.place import Place
from bench.population import Population
from directory.identifiers import luhn_digit
from directory.models import Employment, Role, RoleAssignment
from journal.actor import Actor, ActorKind
from portal.accounts.models import PortalSession
from portal.accounts.sessions import SESSION_ID
from portal.pages.desk.asked_for import read
from portal.pages.desk.finding import find
from reports.queries import Row, rows
from reports.question import Question
from reports.rendering import Heading, write_xlsx
from reports.tables import typed_rows, write_csv

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_SYSTEM = Actor.system("bench")


_FILLED: dict[Path, Population] = {}


def _population(place: Place) -> Population:
    """Fill the run's database at first need."""
    if place.folder not in _FILLED:
        _FILLED[place.folder] = population.people(place, place.size(1_000_000, 30_000))
        population.cards(place, place.size(100_000, 5000))
    return _FILLED[place.folder]


def _administrator(filled: Population) -> Actor:
    employment = Employment.objects.filter(organization_id=filled.organization_ids[0]).order_by("pk")[0]
    RoleAssignment.objects.get_or_create(
        employment=employment,
        role=Role.ID_ADMINISTRATOR.value,
        organization=employment.organization,
        defaults={"valid_from": LONG_AGO, "granted_at": now(), "granted_by": "bench"},
    )
    return Actor(
        kind=ActorKind.PERSON,
        identifier=employment.hsa_id,
        role=Role.ID_ADMINISTRATOR.value,
        organization_ids=filled.organization_ids,
        person_id=str(employment.person_id),
        loa=3,
    )


_CERTIFIED: dict[Path, int] = {}


def _certificates(place: Place, filled: Population) -> int:
    """Write a million and a half certificates at first need, and return how many there are."""
    if place.folder not in _CERTIFIED:
        count = place.size(1_500_000, 45_000)
        population.certificates(place, count, filled.organization_ids)
        _CERTIFIED[place.folder] = count
    return _CERTIFIED[place.folder]


def search(place: Place, _: Installation) -> Result:
    """Search as the page does, one kind after the other; the worst kind's p95 counts."""
    filled = _population(place)
    certified = _certificates(place, filled)
    actor = _administrator(filled)
    kinds = _kinds_of_search(filled)
    p95: dict[str, float] = {}
    for kind, queries in kinds.items():
        taken: list[float] = []
        for query in queries[: place.size(100, 20)]:
            started = time.perf_counter()
            found = find(read(query), actor=actor, limit=20).hits
            taken.append(1e3 * (time.perf_counter() - started))
            if bool(found) is kind.startswith("nobody"):
                raise NotMeasured(f"a search by {kind} found {len(found)}")
        p95[kind] = percentile(taken, 0.95)
        place.say(f"{kind}: p50 {median(taken):.1f} ms, p95 {p95[kind]:.1f} ms")
    worst = max(p95, key=lambda kind: p95[kind])
    told = ", ".join(f"{kind} {value:.0f}" for kind, value in p95.items())
    return Result(
        value=p95[worst],
        of="wall time of portal.pages.desk.finding.find, PostgreSQL, actor's scope all organizations",
        note=f"{filled.people:,} people, {certified:,} certificates; worst is {worst}; p95 in ms: {told}",
    )


def _kinds_of_search(filled: Population) -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM cards_card TABLESAMPLE SYSTEM (50) LIMIT 100")
        ids = cursor.fetchall()
        cards = [f"9752{at:014d}{luhn_digit(f'9752{at:014d}')}" for at in range(len(ids))]
        for number, (card_id,) in zip(cards, ids, strict=True):
            cursor.execute("UPDATE cards_card SET card_number = %s WHERE id = %s", [number, card_id])
        cursor.execute("SELECT serial_hex FROM ca_certificate WHERE carrier_kind = 'card' LIMIT 100")
        serials = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT email FROM directory_employment TABLESAMPLE SYSTEM (1) LIMIT 100")
        emails = [str(row[0]) for row in cursor.fetchall()]
    colons = [":".join(one[at : at + 2] for at in range(0, len(one), 2)) for one in serials]
    return {
        "number": filled.numbers,
        "number, ten digits": [f"{number[2:8]}-{number[8:]}" for number in filled.numbers],
        "HSA-id": filled.hsa_ids,
        "surname": [surname for _, surname in filled.names],
        "given name": [given for given, _ in filled.names],
        "both names": [f"{given} {surname}" for given, surname in filled.names],
        "beginnings": [f"{given[:3]} {surname[:4]}" for given, surname in filled.names],
        "two letters": [surname[:2] for _, surname in filled.names],
        "nobody": [f"{surname}qx" for _, surname in filled.names],
        "nobody of two common names": [f"{given} {given[0]}x" for given, _ in filled.names],
        "card number": cards,
        "serial number": colons,
        "e-mail": emails,
        "unit": [population.ward(at) for at in range(100)],
    }


def list_page(place: Place, _: Installation) -> Result:
    """Ask the portal for the list of orders, logged in, in this process."""
    filled = _population(place)
    actor = _administrator(filled)
    browser = _browser(actor)
    count = place.size(60, 15)
    taken: list[float] = []
    database: list[float] = []
    for number in range(count + 5):
        work: Work = with_database(lambda: _ask(browser))
        own = own_work(lambda: _ask(browser))
        if number >= 5:
            taken.append(1e3 * own.cpu)
            database.append(1e3 * work.cpu)
    total = sum(database) / len(database) - sum(taken) / len(taken)
    return Result(
        value=median(taken),
        of="CPU of the portal's process for one GET of /orders/ with 30 rows, logged in",
        note=f"{count} requests in one process through Django's test client, Swedish; PostgreSQL's part is "
        f"about {max(total, 0):.1f} ms more",
    )


def _ask(browser: Client) -> int:
    answer = browser.get("/orders/", headers={"host": "127.0.0.1"})
    if answer.status_code != 200 or answer.content.count(b"/orders/") < 20:
        raise NotMeasured(f"the list of orders answers {answer.status_code} or is empty")
    return 1


def _browser(actor: Actor) -> Client:
    browser = Client()
    session = browser.session
    session.create()
    assignment = RoleAssignment.objects.get(employment__hsa_id=actor.identifier, role=actor.role)
    at = now()
    row = PortalSession.objects.create(
        session_key=session.session_key or "",
        person_id=actor.person_id,
        evidence_id="",
        certificate_der=b"",
        certificate_sha256="0" * 64,
        loa="http://id.sambi.se/loa/loa3",
        amr=["sc", "pin"],
        auth_time=at,
        last_seen_at=at,
        status_checked_at=at,
        role_assignment_id=str(assignment.pk),
        hsa_id=actor.identifier,
        role=actor.role,
        organization_id=str(assignment.organization_id),
        organization_ids=list(actor.organization_ids),
        may_see_protected=False,
    )
    session[SESSION_ID] = str(row.pk)
    session.save()
    browser.cookies["sigill"] = session.session_key or ""
    return browser


_COPY = """\\copy (SELECT c.serial_hex, i.key, c.profile, c.carrier_kind,
 to_char(c.not_before AT TIME ZONE 'Europe/Stockholm', 'YYYY-MM-DD HH24:MI'),
 to_char(c.not_after AT TIME ZONE 'Europe/Stockholm', 'YYYY-MM-DD HH24:MI'),
 CASE WHEN c.revoked_at IS NOT NULL THEN 'SPÄRRAT' WHEN c.not_after < now() THEN 'UTGÅNGET' ELSE 'AKTIVT' END,
 o.name, c.environment FROM ca_certificate c JOIN ca_issuer i ON i.key = c.issuer_id
 LEFT JOIN directory_organization o ON o.id::text = c.organization_id
 WHERE c.carrier_kind = 'card' ORDER BY c.issued_at, c.id) TO '{file}' CSV DELIMITER ';'"""


def csv_report(place: Place, _: Installation) -> Result:
    """Write report S2 as CSV, against psql copying the same rows in the same order."""
    filled = _population(place)
    count = _certificates(place, filled)
    file = place.folder / "report.csv"

    def ours() -> float:
        started = time.monotonic()
        with file.open("wb") as handle:
            written = write_csv(_question("S2", now()), handle=handle)
        if written < count:
            raise NotMeasured(f"the report has {written:,} rows, not {count:,}")
        return time.monotonic() - started

    def theirs() -> float:
        started = time.monotonic()
        _psql(_COPY.replace("\n", "").format(file=place.folder / "psql.csv"))
        return time.monotonic() - started

    seconds: dict[str, list[float]] = {"report": [], "psql": []}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(2):
        seconds["report"].append(ours())
        seconds["psql"].append(theirs())
        place.say(
            f"round {number + 1}: report {seconds['report'][-1]:.1f} s, psql {seconds['psql'][-1]:.1f} s"
        )
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    if (place.folder / "psql.csv").read_bytes().count(b"\n") < count:
        raise NotMeasured("psql copied fewer rows")
    mine, reference = median(seconds["report"]), median(seconds["psql"])
    return Result(
        value=mine / reference,
        of="psql \\copy of the same joined rows in the same order, wall time",
        note=f"report S2, {count:,} rows: {mine:.1f} s against {reference:.1f} s, two turns each; "
        f"this process's memory grew by {grown} MB",
    )


def _question(code: str, at: datetime) -> Question:
    return Question.of(code, actor=_SYSTEM, as_of=at)


def _psql(command: str) -> None:
    found = connection.settings_dict
    done = subprocess.run(
        ["psql", "-h", found["HOST"], "-U", found["USER"], "-d", found["NAME"], "-X", "-q", "-c", command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotMeasured(f"psql failed: {done.stderr.strip()[-300:]}")


def xlsx_report(place: Place, _: Installation) -> Result:
    """Write report S1 as XLSX from the database, against xlsxwriter with the same rows in memory."""
    _population(place)
    at = now()
    ready = list(rows("S1", actor=_SYSTEM, as_of=at))
    heading = Heading(question=_question("S1", at), environment="TEST", journal_size=0, journal_root="")

    def ours() -> int:
        return write_xlsx(typed_rows(heading.question), heading=heading, path=place.folder / "ours.xlsx")

    rates = interleaved(
        {
            "report": lambda: own_work(ours),
            "xlsxwriter": lambda: own_work(lambda: _bare_xlsx(ready, place.folder / "theirs.xlsx")),
        },
        rounds=place.size(3, 2),
        say=place.say,
    )
    value, note = ratio(rates, "report", "xlsxwriter")
    return Result(
        value=value,
        of="xlsxwriter alone (constant_memory), the same rows ready in memory",
        note=f"report S1, {len(ready):,} rows of 12 columns, days and moments typed; {note}",
    )


def _bare_xlsx(ready: list[Row], path: Path) -> int:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(ready):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, cell)
    return len(ready)
