"""Worker only: files from the factory are fetched, opened and applied, each once and each whole."""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from cards.errors import FactoryUnavailable
from cards.factory import CardFactory
from cards.manufacturing.assembling import locked_cursor
from cards.manufacturing.events import (
    FactoryFileSetAside,
    ProductionBatchAcknowledged,
    ProductionBatchSent,
)
from cards.manufacturing.factory_file import FileContent, FileInvalid, FileKind, read_file
from cards.manufacturing.models import FactoryCursor, FactoryFile, FactoryReport, ProductionBatch
from cards.manufacturing.reports import QUIET, apply_report
from cards.manufacturing.sealing import Sealing
from cards.manufacturing.states import BatchAction, BatchState, FactoryFileAction, FactoryFileState
from cards.manufacturing.transitions import batch_after, file_after
from cards.models import Card
from cards.transitions import demand_moved
from journal.actor import Actor
from journal.recording import record

MOST_AT_ONCE: Final = 200


def poll_factory_files(*, factory: CardFactory, sealing: Sealing, actor: Actor, at: datetime) -> int:
    """Fetch and apply the factory's files from the stored position on, and return how many were new.

    Each file and the position move in one transaction, so that a killed worker goes on where it stopped.
    What cannot be applied is kept as it came, for a person to look at, and stops nothing. Raises
    FactoryUnavailable after noting it for the operators' page.
    """
    cursor, _ = FactoryCursor.objects.get_or_create(pk=1)
    fresh = 0
    try:
        for number in sorted(set(factory.files_after(cursor.file_position)))[:MOST_AT_ONCE]:
            message = factory.file(number)
            fresh += receive_file(number, message, sealing=sealing, actor=actor, at=at)
    except FactoryUnavailable as error:
        FactoryCursor.objects.filter(pk=1).update(failed_at=at, problem=error.problem)
        raise
    if fresh or cursor.reached_at is None or cursor.failed_at is not None or cursor.problem:
        FactoryCursor.objects.filter(pk=1).update(reached_at=at, failed_at=None, problem="")
    return fresh


def receive_file(number: int, message: bytes, *, sealing: Sealing, actor: Actor, at: datetime) -> bool:
    """Open and apply one file and tell whether it was new."""
    content, problem = _opened(number, message, sealing=sealing, at=at)
    with transaction.atomic():
        cursor = locked_cursor()
        if cursor.file_position >= number:
            return False
        FactoryCursor.objects.filter(pk=1).update(file_position=number)
        batch = _batch_of(content)
        problem = problem or _objection(content, batch)
        kept = _keep(number, message, content=content, problem=problem, at=at)
        if content is None or problem:
            _tell_set_aside(kept, actor=actor, at=at)
            return True
        _lock_cards(content)
        for report in content.reports:
            apply_report(report, file=kept, actor=actor, at=at)
        if batch is not None:
            _acknowledge(batch, actor=actor, at=at)
        if FactoryReport.objects.filter(file=kept).exclude(outcome__in=[one.value for one in QUIET]).exists():
            FactoryFile.objects.filter(pk=number).update(state=_aside(), problem="rows_set_aside")
            kept.problem = "rows_set_aside"
            _tell_set_aside(kept, actor=actor, at=at)
        return True


def _opened(number: int, message: bytes, *, sealing: Sealing, at: datetime) -> tuple[FileContent | None, str]:
    """Return the file's content, or None and why it has none that counts."""
    try:
        return read_file(sealing.open(message, at=at), number=number), ""
    except FileInvalid as error:
        return None, error.problem


def _batch_of(content: FileContent | None) -> ProductionBatch | None:
    if content is None or content.batch is None:
        return None
    return ProductionBatch.objects.select_for_update().filter(pk=content.batch).first()


def _objection(content: FileContent | None, batch: ProductionBatch | None) -> str:
    """Return why an acknowledgement is not of anything that left here, or nothing."""
    if content is None or content.kind is not FileKind.ACKNOWLEDGEMENT:
        return ""
    if batch is None:
        return "unknown_batch"
    if content.content_sha256 not in batch.content_hashes:
        return "content_differs"
    ours = {str(pk) for pk in batch.rows.values_list("order_id", flat=True)}
    if any(report.order_id not in ours for report in content.reports):
        return "row_of_another_batch"
    return ""


def _keep(
    number: int, message: bytes, *, content: FileContent | None, problem: str, at: datetime
) -> FactoryFile:
    action = FactoryFileAction.SET_ASIDE if problem else FactoryFileAction.APPLY
    return FactoryFile.objects.create(
        number=number,
        state=file_after(FactoryFileState.RECEIVED, action),
        kind=content.kind.value if content else "",
        batch_number=content.batch if content else None,
        content=message,
        sha256=hashlib.sha256(message).hexdigest(),
        received_at=at,
        problem=problem,
    )


def _aside() -> str:
    return file_after(FactoryFileState.RECEIVED, FactoryFileAction.SET_ASIDE)


def _tell_set_aside(kept: FactoryFile, *, actor: Actor, at: datetime) -> None:
    event = FactoryFileSetAside(file_number=kept.pk, problem=kept.problem, content_sha256=kept.sha256)
    record(event, actor=actor, at=at)


def _lock_cards(content: FileContent) -> None:
    """Lock the cards of all rows in one order, before any: two that lock many never wait for each other."""
    wanted = {found for report in content.reports if (found := _uuid(report.order_id)) is not None}
    list(Card.objects.select_for_update().filter(order_id__in=wanted).order_by("pk").values_list("pk"))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _acknowledge(batch: ProductionBatch, *, actor: Actor, at: datetime) -> None:
    """Note that every order of a batch is answered; while one is not, the batch is sent again in its time."""
    rows = batch.rows.filter(withdrawn_at__isnull=True)
    if rows.filter(accepted_at__isnull=True, rejected_at__isnull=True).exists():
        return
    if batch.state == BatchState.ASSEMBLED.value:  # the answer was faster than the sender's note
        batch.state = _sent(batch, actor=actor, at=at)
    if batch.state != BatchState.SENT.value:
        return
    moved = ProductionBatch.objects.filter(pk=batch.pk, state=batch.state).update(
        state=batch_after(batch.state, BatchAction.ACKNOWLEDGE),
        acknowledged_at=at,
        next_attempt_at=None,
        leased_until=None,
        last_problem="",
    )
    demand_moved(moved, thing="production_batch", state=batch.state, action=BatchAction.ACKNOWLEDGE)
    accepted = rows.filter(accepted_at__isnull=False, rejected_at__isnull=True).count()
    rejected = rows.filter(rejected_at__isnull=False).count()
    event = ProductionBatchAcknowledged(batch_number=batch.pk, accepted=accepted, rejected=rejected)
    record(event, actor=actor, at=at)


def _sent(batch: ProductionBatch, *, actor: Actor, at: datetime) -> str:
    following = batch_after(batch.state, BatchAction.SEND)
    moved = ProductionBatch.objects.filter(pk=batch.pk, state=batch.state).update(
        state=following, sent_at=at, last_problem=""
    )
    demand_moved(moved, thing="production_batch", state=batch.state, action=BatchAction.SEND)
    event = ProductionBatchSent(
        batch_number=batch.pk,
        rows=batch.rows.filter(withdrawn_at__isnull=True).count(),
        content_sha256=batch.content_hashes[-1],
        recipient_serial="",
    )
    record(event, actor=actor, at=at)
    return following
