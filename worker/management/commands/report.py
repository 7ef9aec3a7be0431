"""Makes a report: manage.py report CODE --format csv|xlsx|pdf [--as-of TIME] --out FILE."""

import hashlib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from journal.actor import Actor
from journal.errors import DomainError
from journal.models import Checkpoint
from journal.recording import record, rfc3339
from reports.catalogue import report_kind
from reports.events import ReportMade
from reports.queries import rows
from reports.rendering import Heading, write_csv, write_pdf, write_xlsx
from worker.sealing import sealed


class Command(BaseCommand):
    """Write one report to a file, and the fact to the journal."""

    help = "Make a report: status reports S1 S2 S3 S5, event reports H1 H2 H3."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the report's code, its format, the moment it tells of and the file."""
        parser.add_argument("code", metavar="CODE")
        parser.add_argument("--format", choices=["csv", "xlsx", "pdf"], required=True)
        parser.add_argument("--as-of", metavar="TIME", help="ISO 8601 with offset; default now")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")

    def handle(self, *_: object, code: str, format: str, as_of: str | None, out: Path, **__: object) -> None:  # noqa: A002 - the option's name is given
        """Make the file beside its place and move it there whole; say what it holds."""
        now = timezone.now()
        moment = self._moment(as_of, now)
        actor = Actor.system("report")
        try:
            kind = report_kind(code)
            head = Checkpoint.objects.order_by("-size").first()
            heading = Heading(
                kind=kind,
                as_of=moment,
                made_at=now,
                made_by=actor.identifier,
                environment=settings.SIGILL_ENVIRONMENT,
                journal_size=head.size if head else 0,
                journal_root=bytes(head.root_hash).hex() if head else "",
            )
            out.parent.mkdir(parents=True, exist_ok=True)
            draft = out.with_name(f".{out.name}.draft")
            table = rows(kind.code, actor=actor, as_of=moment)
            if format == "csv":
                with draft.open("w", encoding="utf-8", newline="") as handle:
                    count = write_csv(table, kind=kind, handle=handle)
            elif format == "xlsx":
                count = write_xlsx(table, heading=heading, path=draft)
            else:
                buffer = BytesIO()
                count = write_pdf(list(table), heading=heading, handle=buffer)
                draft.write_bytes(sealed(buffer.getvalue()))
        except (DomainError, OSError) as error:
            raise CommandError(f"no report was made: {error}") from error
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()
        with transaction.atomic():
            record(
                ReportMade(
                    report=kind.code,
                    format=format,
                    as_of=rfc3339(moment),
                    rows=count,
                    sha256=digest,
                    organization_id="",
                ),
                actor=actor,
                at=now,
            )
        draft.replace(out)
        self.stdout.write(
            f"{kind.code} {kind.name[1]}: {count} rows as of {rfc3339(moment)} in {out}, SHA-256 {digest}"
        )

    @staticmethod
    def _moment(text: str | None, now: datetime) -> datetime:
        if text is None:
            return now
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise CommandError(f"--as-of {text} is not an ISO 8601 moment") from error
        if moment.tzinfo is None:
            raise CommandError(f"--as-of {text} has no offset: write 2026-11-21T09:41+01:00, or Z for UTC")
        if moment > now:
            raise CommandError(f"--as-of {text} lies ahead: nobody knows yet")
        return moment.astimezone(UTC)
