"""The only writer of ordered reports: ordered by a person, made and proved by the worker, deleted on time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Min

from journal.actor import Actor
from journal.models import Checkpoint
from journal.recording import record, rfc3339
from reports import vault
from reports.errors import ReportNotFound, TooManyKept
from reports.events import ReportDeleted, ReportFailed, ReportMade, ReportOrdered, ReportPulled, ReportReady
from reports.models import OrderedReport, ReportFormat
from reports.question import Question
from reports.states import REPORT_MOVES, ReportAction, ReportState

KEPT: Final = timedelta(days=30)
"""How long a report's file is kept (domain.md 6)."""
MOST_KEPT: Final = 50
"""Files of one person at a time, those under way included: as many as the page lists."""


def order_report(
    question: Question, *, format: ReportFormat, expected: int = 0, actor: Actor, at: datetime  # noqa: A002 - its name
) -> OrderedReport:  # fmt: skip
    """Order a report; the worker makes it. The actor asked the question, so the rights are checked.

    Raises ``TooManyKept`` for a person who has as many as are kept for one.
    """
    _demand_room(actor, at=at)
    with transaction.atomic():
        ordered = OrderedReport.objects.create(
            code=question.code,
            format=format.value,
            question=question.as_stored(),
            person_id=actor.person_id,
            role=actor.role,
            organization_id=actor.acting_for,
            ordered_at=at,
            expected=expected,
        )
        record(_ordered(ordered, question), actor=actor, at=at)
    return ordered


def _demand_room(actor: Actor, *, at: datetime) -> None:
    """Raise ``TooManyKept`` when no more can be kept for the actor, with the day on which the first goes."""
    if not actor.person_id:
        return
    lying = (ReportState.ORDERED.value, ReportState.MADE.value, ReportState.READY.value)
    kept = OrderedReport.objects.filter(person_id=actor.person_id, state__in=lying)
    if kept.count() < MOST_KEPT:
        return
    first = kept.filter(expires_at__isnull=False).aggregate(first=Min("expires_at"))["first"]
    raise TooManyKept(
        f"{MOST_KEPT} reports are kept already",
        facts={"most": str(MOST_KEPT), "first_goes_at": rfc3339(first or at + KEPT)},
    )


def _ordered(ordered: OrderedReport, question: Question) -> ReportOrdered:
    return ReportOrdered(
        ordered_report_id=str(ordered.pk),
        report=ordered.code,
        format=ordered.format,
        as_of=rfc3339(question.as_of),
        with_numbers=question.with_numbers,
        organization_id=ordered.organization_id,
    )


def head_of(question: Question) -> Checkpoint | None:
    """Return the first head that was signed when the question's moment had come; None until there is one.

    It is the same however late the question is asked, so a report can name it and stay the same.
    """
    return Checkpoint.objects.filter(at__gte=question.as_of).order_by("size").first()


def tell_progress(ordered: OrderedReport, rows: int) -> None:
    """Keep how many rows are written."""
    OrderedReport.objects.filter(pk=ordered.pk, state=ReportState.ORDERED.value).update(progress=rows)


def keep_made(
    ordered: OrderedReport,
    file: vault.VaultWriter,
    *,
    rows: int,
    head: Checkpoint,
    actor: Actor,
    at: datetime,
) -> bool:
    """Keep the file that was made, once; return whether it was this one."""
    question, root = Question.read(ordered.question), bytes(head.root_hash).hex()
    with transaction.atomic():
        moved = _move(
            ordered, ReportAction.MAKE,
            evidence={
                "rows": rows, "progress": rows, "octets": file.octets, "sha256": file.sha256,
                "journal_size": head.size, "journal_root": root, "wrapped_key": file.wrapped_key,
                "file_name": f"{ordered.pk}.made", "made_at": at,
            },
        )  # fmt: skip
        if moved:
            event = made_event(
                question, format=ordered.format, rows=rows, sha256=file.sha256, head=head,
                ordered_report_id=str(ordered.pk), organization_id=ordered.organization_id,
            )  # fmt: skip
            record(event, actor=actor, at=at)
    return moved


def made_event(
    question: Question, *, format: str, rows: int, sha256: str, head: Checkpoint | None,  # noqa: A002 - its name
    ordered_report_id: str = "", organization_id: str = "",
) -> ReportMade:  # fmt: skip
    """Return what the journal keeps of a file that was made."""
    return ReportMade(
        ordered_report_id=ordered_report_id,
        report=question.code,
        format=format,
        as_of=rfc3339(question.as_of),
        since_at=rfc3339(question.since) if question.since else "",
        rows=rows,
        sha256=sha256,
        journal_size=head.size if head else 0,
        journal_root_hash=bytes(head.root_hash).hex() if head else "",
        organization_id=organization_id,
    )


def keep_proved(
    ordered: OrderedReport, *, proof: str, sealed: vault.VaultWriter | None, actor: Actor, at: datetime
) -> bool:
    """Give the report its proof, and a sealed file in place of the made one; return whether it was this."""
    evidence: dict[str, Any] = {"proof": proof, "ready_at": at, "expires_at": at + KEPT}
    if sealed is not None:
        evidence |= {"wrapped_key": sealed.wrapped_key, "file_name": f"{ordered.pk}.sealed"}
    event = ReportReady(
        ordered_report_id=str(ordered.pk), report=ordered.code, organization_id=ordered.organization_id
    )
    with transaction.atomic():
        moved = _move(ordered, ReportAction.PROVE, evidence=evidence)
        if moved:
            record(event, actor=actor, at=at)
    return moved


def fail_report(ordered: OrderedReport, *, failure: str, actor: Actor, at: datetime) -> None:
    """Say that the report could not be made, and why."""
    event = ReportFailed(
        ordered_report_id=str(ordered.pk), report=ordered.code, failure=failure,
        organization_id=ordered.organization_id,
    )  # fmt: skip
    with transaction.atomic():
        if _move(ordered, ReportAction.FAIL, evidence={"failure": failure}):
            record(event, actor=actor, at=at)


def delete_due(*, actor: Actor, at: datetime) -> int:
    """Destroy the keys of the files whose days are over, remove the files, and return how many."""
    deleted = 0
    for ordered in OrderedReport.objects.filter(state=ReportState.READY.value, expires_at__lte=at):
        event = ReportDeleted(
            ordered_report_id=str(ordered.pk), report=ordered.code, organization_id=ordered.organization_id
        )
        with transaction.atomic():
            moved = _move(ordered, ReportAction.DELETE, evidence={"deleted_at": at, "wrapped_key": b""})
            if moved:
                record(event, actor=actor, at=at)
        vault.remove(ordered.file_name)
        deleted += moved
    return deleted


def pull_file(ordered: OrderedReport, *, actor: Actor, at: datetime) -> None:
    """Record that the file is taken, before its first octet leaves; raises ``ReportNotFound``."""
    if ordered.state != ReportState.READY.value:
        raise ReportNotFound("the report is not there to be taken")
    tell_pulled(
        Question.read(ordered.question), format=ordered.format, rows=ordered.rows or 0,
        ordered_report_id=str(ordered.pk), actor=actor, at=at,
    )  # fmt: skip


def tell_pulled(
    question: Question, *, format: str, rows: int, ordered_report_id: str = "",  # noqa: A002 - its name
    actor: Actor, at: datetime,
) -> None:  # fmt: skip
    """Record that somebody was told what a report says."""
    event = ReportPulled(
        ordered_report_id=ordered_report_id, report=question.code, format=format,
        as_of=rfc3339(question.as_of), rows=rows, with_numbers=question.with_numbers,
        organization_id=actor.acting_for,
    )  # fmt: skip
    with transaction.atomic():
        record(event, actor=actor, at=at)


def _move(ordered: OrderedReport, action: ReportAction, *, evidence: Mapping[str, Any]) -> bool:
    """Move by compare-and-swap; False when the report is in no state from which the action leads on."""
    for (state, by), following in REPORT_MOVES.items():
        if by is action:
            found = OrderedReport.objects.filter(pk=ordered.pk, state=state.value)
            if found.update(state=following.value, **evidence):
                ordered.refresh_from_db()
                return True
    return False
