"""Makes a report: manage.py report CODE --format csv|xlsx|pdf [--as-of TIME] [--since TIME] --out FILE."""

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from ca.errors import SigningUnavailable
from journal.actor import Actor
from journal.errors import DomainError
from journal.models import Checkpoint
from journal.proofs import ReceiptProof, receipt_proof
from journal.recording import record, rfc3339
from reports.lifecycle import head_of, made_event
from reports.models import ReportFormat
from reports.protected_reads import record_protected_in
from reports.question import Question
from reports.tables import no_progress
from worker.errors import NotYet
from worker.models import JobStatus
from worker.ordered_reports import ATTACHMENT, write_report
from worker.sealing import sealed

_PATIENCE: Final = 10.0
"""Seconds for a head that covers the report's own entry; the worker signs one every other second."""
_LIVING: Final = timedelta(seconds=30)


class Command(BaseCommand):
    """Write one report to a file, and the fact to the journal."""

    help = "Make a report: status reports S1 to S9, event reports H1 to H8."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the report's code, its format, the moment it tells of and the file."""
        parser.add_argument("code", metavar="CODE")
        parser.add_argument("--format", choices=["csv", "xlsx", "pdf"], required=True)
        parser.add_argument("--as-of", metavar="TIME", help="ISO 8601 with offset; default now")
        parser.add_argument("--since", metavar="TIME", help="an event report's first moment; default all")
        parser.add_argument(
            "--reason",
            default="",
            metavar="TEXT",
            help="why protected people are to be named; without it they are masked, with it each is recorded",
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")

    def handle(
        self,
        *_: object,
        code: str,
        format: str,  # noqa: A002 - the option's name is given
        as_of: str | None,
        since: str | None,
        reason: str,
        out: Path,
        **__: object,
    ) -> None:
        """Make the file beside its place and move it there whole; say what it holds."""
        now = timezone.now()
        moment = self._moment(as_of, now, "--as-of")
        first = self._moment(since, now, "--since") if since else None
        if first is not None and first > moment:
            raise CommandError("the period ends before it begins")
        actor, reason = Actor.system("report"), reason.strip()
        try:
            question = replace(
                Question.of(code, actor=actor, as_of=moment, since=first), may_see_protected=bool(reason)
            )
            record_protected_in(question, reason=reason, page="report-command", actor=actor, at=now)
            kind, head = question.kind, self._head(question)
            out.parent.mkdir(parents=True, exist_ok=True)
            draft = out.with_name(f".{out.name}.draft")
            with draft.open("wb") as handle:
                count = write_report(
                    question, ReportFormat(format), head=head, handle=handle, progress=no_progress
                )
        except (DomainError, OSError) as error:
            raise CommandError(f"no report was made: {error}") from error
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()
        with transaction.atomic():
            entry = record(
                made_event(question, format=format, rows=count, sha256=digest, head=head),
                actor=actor,
                at=now,
            )
        try:
            told = self._prove(entry.pk, draft, out, is_pdf=format == "pdf")
        except (DomainError, NotYet, SigningUnavailable, OSError) as error:
            raise CommandError(f"the report was not sealed: {error}") from error
        draft.replace(out)
        self.stdout.write(
            f"{kind.code} {kind.name[1]}: {count} rows as of {rfc3339(moment)} in {out}, SHA-256 {digest}. "
            f"{told}"
        )

    @staticmethod
    def _prove(entry_id: int, draft: Path, out: Path, *, is_pdf: bool) -> str:
        """Give the report its proof: inside a sealed PDF, beside any other file; say where it is."""
        octets = draft.read_bytes() if is_pdf else b""
        proof = _await_proof(entry_id, octets=len(octets))
        if is_pdf:
            carried = {ATTACHMENT: proof.bundle.encode()} if proof else {}
            draft.write_bytes(sealed(octets, carried=carried))
        beside = out.with_name(f"{out.name}.proof.jsonl")
        if proof is None:
            beside.unlink(missing_ok=True)
            return "No signed head covers its journal entry yet: it carries no proof"
        if is_pdf:
            return f"Its proof is inside: row {proof.positions[0]} of {proof.size}"
        beside.write_text(proof.bundle)
        return f"Its proof is {beside.name}: row {proof.positions[0]} of {proof.size}"

    @staticmethod
    def _head(question: Question) -> Checkpoint | None:
        """Return the first head since the moment, or the newest where there is none yet."""
        return head_of(question) or Checkpoint.objects.order_by("-size").first()

    @staticmethod
    def _moment(text: str | None, now: datetime, option: str) -> datetime:
        if text is None:
            return now
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise CommandError(f"{option} {text} is not an ISO 8601 moment") from error
        if moment.tzinfo is None:
            raise CommandError(f"{option} {text} has no offset: write 2026-11-21T09:41+01:00, or Z for UTC")
        if moment > now:
            raise CommandError(f"{option} {text} lies ahead: nobody knows yet")
        return moment.astimezone(UTC)


def _await_proof(entry_id: int, *, octets: int) -> ReceiptProof | None:
    """Return the proof of an entry as soon as a head covers it; None when no worker signs heads."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        proof = receipt_proof([entry_id], octets=octets)
        signs = JobStatus.objects.filter(name="sign_head", started_at__gt=timezone.now() - _LIVING).exists()
        if proof is not None or not signs or time.monotonic() > deadline:
            return proof
        time.sleep(0.1)
