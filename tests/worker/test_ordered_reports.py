"""A report is ordered by a person, made and proved by the worker, taken, and deleted on time (REP-2)."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from cryptography.exceptions import InvalidTag
from django.core import mail
from django.core.management import call_command
from pytest_django import Settings

from cards.models import Card
from directory.models import Role
from journal import checkpoints, verify
from journal.actor import Actor
from journal.models import Entry, Leaf
from journal.sequencing import SequencedEntry, entries_from, sequence_committed
from reports import vault
from reports.catalogue import report_kind
from reports.errors import ReportNotFound, ReportRefused
from reports.lifecycle import KEPT, delete_due, order_report, pull_file
from reports.models import OrderedReport, ReportFormat
from reports.periods import Period
from reports.question import Question
from reports.schedules import run_due, schedule_report
from reports.selectors import get_ordered, list_ordered
from reports.states import ReportState
from tests.cast import actor_of
from tests.journal.growing import ORIGIN, grow
from tests.journal.test_verifying import KEY, SPKI, sign
from tests.scenarios import Scene, a_scene, an_active_card
from worker.errors import NotYet
from worker.ordered_reports import make_ordered, prove_ordered
from worker.report_notices import announce

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(settings: Settings, tmp_path: Path) -> Iterator[Scene]:
    settings.SIGILL_HOME = tmp_path
    return a_scene(at=datetime.now(tz=UTC) - timedelta(days=9))


def the_entry(kind: str) -> SequencedEntry:
    """Return the newest entry of a type as the consumers see it."""
    while sequence_committed():
        pass
    leaf = Leaf.objects.get(entry=Entry.objects.filter(type=kind).latest("pk"))
    return next(iter(entries_from(leaf.position, limit=1)))


def head(tmp_path: Path) -> None:
    """Place what was recorded and sign a head over it, as the worker does every other second."""
    while sequence_committed():
        pass
    outside = tmp_path / "heads"
    checkpoints.sign_head(origin=ORIGIN, public_key=SPKI, sign=sign, outside=outside, at=datetime.now(tz=UTC))


def ordered(scene: Scene, form: ReportFormat, code: str = "S1") -> OrderedReport:
    an_active_card(scene)
    asked = Question.of(code, actor=scene.cast.alva, as_of=datetime.now(tz=UTC))
    return order_report(asked, format=form, actor=scene.cast.alva, at=asked.as_of)


def made(scene: Scene, form: ReportFormat, tmp_path: Path) -> OrderedReport:
    row = ordered(scene, form)
    head(tmp_path)
    make_ordered(the_entry("report.ordered"))
    head(tmp_path)
    prove_ordered(the_entry("report.made"))
    row.refresh_from_db()
    return row


def octets(row: OrderedReport) -> bytes:
    return b"".join(vault.read(row.file_name, bytes(row.wrapped_key)))


@pytest.mark.parametrize("form", [ReportFormat.CSV, ReportFormat.XLSX])
def test_an_ordered_report_is_made_proved_and_encrypted(
    scene: Scene, tmp_path: Path, form: ReportFormat
) -> None:
    row = made(scene, form, tmp_path)
    assert (row.state, row.rows, row.progress) == (ReportState.READY.value, 1, 1)
    bundle = verify.verify_bundle(io.StringIO(row.proof), KEY.public_key())
    assert bundle.names(row.sha256)
    assert '"rows":1' in row.proof.replace("\\", "")
    assert row.journal_root in row.proof
    card_number = str(Card.objects.get().card_number).encode()
    lying = (vault.folder() / row.file_name).read_bytes()
    assert card_number not in lying
    if form is ReportFormat.CSV:
        assert card_number in octets(row)
    else:
        assert openpyxl.load_workbook(io.BytesIO(octets(row))).worksheets[0].max_row == 2
    assert [path.name for path in vault.folder().iterdir()] == [row.file_name]


def test_a_report_waits_for_a_head_since_its_moment(scene: Scene, tmp_path: Path) -> None:
    grow(2, outside=tmp_path / "heads")
    row = ordered(scene, ReportFormat.CSV)
    with pytest.raises(NotYet):
        make_ordered(the_entry("report.ordered"))
    assert list(vault.folder().iterdir()) == []
    row.refresh_from_db()
    assert row.state == ReportState.ORDERED.value


def test_a_second_try_makes_nothing_twice(scene: Scene, tmp_path: Path) -> None:
    row = made(scene, ReportFormat.CSV, tmp_path)
    before = octets(row)
    make_ordered(the_entry("report.ordered"))
    prove_ordered(the_entry("report.made"))
    row.refresh_from_db()
    assert octets(row) == before
    assert Entry.objects.filter(type="report.made").count() == 1


def test_only_who_ordered_it_sees_it(scene: Scene, tmp_path: Path) -> None:
    row = made(scene, ReportFormat.CSV, tmp_path)
    assert [one.pk for one in list_ordered(actor=scene.cast.alva)] == [row.pk]
    for other in (scene.cast.doris, scene.cast.another_administrator, scene.cast.cia, scene.cast.bo):
        assert list_ordered(actor=other) == ()
        with pytest.raises(ReportNotFound):
            get_ordered(row.pk, actor=other)


def test_taking_it_is_recorded(scene: Scene, tmp_path: Path) -> None:
    row = made(scene, ReportFormat.CSV, tmp_path)
    pull_file(row, actor=scene.cast.alva, at=datetime.now(tz=UTC))
    assert Entry.objects.filter(type="report.pulled", actor_identifier=scene.cast.alva.person_id).exists()


def test_its_key_and_file_are_gone_when_its_days_are_over(scene: Scene, tmp_path: Path) -> None:
    row = made(scene, ReportFormat.CSV, tmp_path)
    key, name = bytes(row.wrapped_key), row.file_name
    copy = (vault.folder() / name).read_bytes()
    assert row.ready_at is not None
    actor = Actor.system("reports")
    assert delete_due(actor=actor, at=row.ready_at + KEPT - timedelta(seconds=1)) == 0
    assert delete_due(actor=actor, at=row.ready_at + KEPT) == 1
    row.refresh_from_db()
    assert (row.state, bytes(row.wrapped_key)) == (ReportState.DELETED.value, b"")
    assert not (vault.folder() / name).exists()
    with pytest.raises(ReportNotFound):
        pull_file(row, actor=scene.cast.alva, at=datetime.now(tz=UTC))
    (vault.folder() / name).write_bytes(copy)
    with pytest.raises(vault.FileGone):
        list(vault.read(name, b""))
    assert b"".join(vault.read(name, key))


def test_a_changed_cut_or_foreign_file_does_not_open(tmp_path: Path, settings: Settings) -> None:
    settings.SIGILL_HOME = tmp_path
    file = vault.VaultWriter("one.made")
    file.write(b"x" * (3 << 20))
    file.finish()
    whole = (vault.folder() / "one.made").read_bytes()
    assert b"".join(vault.read("one.made", file.wrapped_key)) == b"x" * (3 << 20)
    piece = (1 << 20) + 16
    swapped = whole[piece : 2 * piece] + whole[:piece] + whole[2 * piece :]
    for broken in (whole[:-1], whole[:piece], swapped, whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
        (vault.folder() / "one.made").write_bytes(broken)
        with pytest.raises(vault.FileGone) as gone:
            list(vault.read("one.made", file.wrapped_key))
        assert isinstance(gone.value.__cause__, InvalidTag)
    (vault.folder() / "two.made").write_bytes(whole)
    with pytest.raises(vault.FileGone):
        list(vault.read("two.made", file.wrapped_key))


def test_a_role_pulls_only_its_own_reports(scene: Scene) -> None:
    """domain.md 1.2: orderers those of functions, managers those of roles, revocation officers none."""
    at = datetime.now(tz=UTC)
    officer = actor_of(scene.cast.asa, Role.REVOCATION_OFFICER)
    for actor, code in (
        (scene.cast.bo, "S1"), (scene.cast.alva, "S6"), (scene.cast.alva, "S5"), (officer, "S1"),
    ):  # fmt: skip
        with pytest.raises(ReportRefused):
            Question.of(code, actor=actor, as_of=at)
    assert Question.of("S5", actor=scene.cast.bo, as_of=at).organization_ids == (str(scene.cast.norr.pk),)
    assert Question.of("S6", actor=scene.cast.cia, as_of=at).may_see_protected is False


def test_a_document_that_is_too_long_fails_with_its_reason(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ordered(scene, ReportFormat.PDF)
    head(tmp_path)
    monkeypatch.setattr("reports.rendering.MOST_ROWS_ATTACHED", 0)
    make_ordered(the_entry("report.ordered"))
    row.refresh_from_db()
    assert (row.state, row.failure) == (ReportState.FAILED.value, "report_too_long_for_pdf")
    assert list(vault.folder().iterdir()) == []


def test_those_who_get_a_recurring_report_are_told_by_mail_without_it(
    scene: Scene, tmp_path: Path, settings: Settings
) -> None:
    """REP-3: one mail each, no attachment, nothing of what the report says."""
    settings.EMAIL_HOST = "mail.test"
    card = an_active_card(scene)
    settings.SIGILL_PORTAL_URL = "https://sigill.test"
    schedule = schedule_report(
        report_kind("S1"), period=Period.WEEKLY, format=ReportFormat.CSV, actor=scene.cast.alva,
        at=datetime.now(tz=UTC) - timedelta(days=8),
    )  # fmt: skip
    assert run_due(actor=Actor.system("report_schedules"), at=schedule.next_run_at) == 1
    head(tmp_path)
    make_ordered(the_entry("report.ordered"))
    head(tmp_path)
    prove_ordered(the_entry("report.made"))
    announce(the_entry("report.ready"))
    told = {address for message in mail.outbox for address in message.to}
    assert told == {"a001@regionnorr.test", "a002@regionnorr.test"}
    for message in mail.outbox:
        assert isinstance(message, mail.EmailMessage)
        assert message.attachments == []
        assert "https://sigill.test/reports/" in message.body
        assert str(card.card_number) not in message.body
    assert '"recipients":2' in Entry.objects.get(type="report.announced").content


def test_nobody_is_told_of_what_somebody_ordered_for_themselves(
    scene: Scene, tmp_path: Path, settings: Settings
) -> None:
    settings.EMAIL_HOST = "mail.test"
    made(scene, ReportFormat.CSV, tmp_path)
    announce(the_entry("report.ready"))
    assert mail.outbox == []


def test_a_report_made_by_command_is_nobodys_order(tmp_path: Path, settings: Settings) -> None:
    settings.SIGILL_HOME = tmp_path
    call_command("report", "S1", format="csv", out=tmp_path / "s1.csv")
    entry = the_entry("report.made")
    prove_ordered(entry)
    prove_ordered(replace(entry, version=1, event={}))
    assert not OrderedReport.objects.exists()
