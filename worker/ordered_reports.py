"""Makes the reports that people ordered: first the file and its journal entry, then proof and seal."""

import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from journal.actor import Actor
from journal.errors import DomainError
from journal.models import Checkpoint
from journal.proofs import receipt_proof
from journal.sequencing import SequencedEntry
from reports import vault
from reports.lifecycle import fail_report, head_of, keep_made, keep_proved, tell_progress
from reports.models import ReportFormat
from reports.question import Question
from reports.rendering import MOST_ROWS_IN_PDF, Heading, write_pdf, write_xlsx
from reports.selectors import ordered_report
from reports.states import ReportState
from reports.summary import summary_of
from reports.tables import first_rows, typed_rows, write_csv
from worker.errors import NotYet
from worker.sealing import sealed

ATTACHMENT = "journal-proof.jsonl"
_ACTOR = Actor.system("reports")


def make_ordered(entry: SequencedEntry) -> None:
    """report.ordered: write the file under the first head that was signed since its moment."""
    ordered = ordered_report(entry.text("ordered_report_id"))
    if ordered is None or ordered.state != ReportState.ORDERED.value:
        return
    question = Question.read(ordered.question)
    head = head_of(question)
    if head is None:
        raise NotYet("no head is signed yet since the report's moment")
    file = vault.VaultWriter(f"{ordered.pk}.made")
    try:
        rows = write_report(
            question, ReportFormat(ordered.format), head=head, handle=file,
            progress=lambda count: tell_progress(ordered, count),
        )  # fmt: skip
        file.finish()
    except DomainError as error:
        file.discard()
        fail_report(ordered, failure=error.code, actor=_ACTOR, at=timezone.now())
        return
    except BaseException:
        file.discard()
        raise
    keep_made(ordered, file, rows=rows, head=head, actor=_ACTOR, at=timezone.now())


def prove_ordered(entry: SequencedEntry) -> None:
    """report.made: when a head covers the entry, add its proof, and seal a document with it inside."""
    # A report made by command was ordered by nobody, and entries of version 1 know no orders.
    ordered = ordered_report(entry.text("ordered_report_id")) if entry.version > 1 else None
    if ordered is None or ordered.state != ReportState.MADE.value:
        return
    is_pdf = ordered.format == ReportFormat.PDF.value
    proof = receipt_proof([entry.entry_id], octets=ordered.octets if is_pdf else 0)
    if proof is None:
        raise NotYet("no signed head covers the report yet")
    if not is_pdf:
        keep_proved(ordered, proof=proof.bundle, sealed=None, actor=_ACTOR, at=timezone.now())
        return
    made = b"".join(vault.read(ordered.file_name, bytes(ordered.wrapped_key)))
    document = sealed(made, carried={ATTACHMENT: proof.bundle.encode()})
    file = vault.VaultWriter(f"{ordered.pk}.sealed")
    file.write(document)
    file.finish()
    if keep_proved(ordered, proof=proof.bundle, sealed=file, actor=_ACTOR, at=timezone.now()):
        vault.remove(f"{ordered.pk}.made")


def write_report(
    question: Question,
    format: ReportFormat,  # noqa: A002 - its name
    *,
    head: Checkpoint | None,
    handle: BinaryIO | vault.VaultWriter,
    progress: Callable[[int], None],
) -> int:
    """Write a report in a format and return its rows; raises ``TooLongForPdf``."""
    if format is ReportFormat.CSV:
        return write_csv(question, handle=handle, progress=progress)  # type: ignore[arg-type] # it is written to, no more
    heading = Heading(
        question=question,
        environment=settings.SIGILL_ENVIRONMENT,
        journal_size=head.size if head else 0,
        journal_root=bytes(head.root_hash).hex() if head else "",
    )
    if format is ReportFormat.PDF:
        summary, table = summary_of(question), BytesIO()
        shown = first_rows(question, MOST_ROWS_IN_PDF)
        write_csv(question, handle=table, progress=progress)
        pdf = BytesIO()
        write_pdf(shown, heading=heading, summary=summary, table=table.getvalue(), handle=pdf)
        handle.write(pdf.getvalue())
        return summary.rows
    with tempfile.TemporaryDirectory(dir=vault.folder(), prefix=".workbook-") as place:
        path = Path(place) / "report.xlsx"
        rows = write_xlsx(
            typed_rows(question), heading=heading, path=path, folder=Path(place), progress=progress
        )
        with path.open("rb") as book:
            while piece := book.read(1 << 20):
                handle.write(piece)
    return rows
