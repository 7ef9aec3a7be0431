"""Tells by mail, without the file, those who get a recurring report that it is there."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from journal.actor import Actor
from journal.recording import record
from journal.sequencing import SequencedEntry
from reports.events import ReportAnnounced
from reports.models import OrderedReport
from reports.question import Question
from reports.schedules import recipients
from reports.selectors import ordered_report
from worker.errors import NotYet

_TEXT = """\
{name} är klar och ligger på sidan Rapporter i portalen:

{address}/reports/

Den sparas där i 30 dagar. Det här brevet har ingen bilaga, och rapportens innehåll skickas aldrig med e-post.

{name} is ready and lies on the page Reports in the portal. It is kept there for 30 days. This mail has no
attachment, and what a report holds is never sent by mail.
"""


def announce(entry: SequencedEntry) -> None:
    """report.ready: write to each recipient of a recurring report, one mail each; recorded with the count."""
    ordered = ordered_report(entry.text("ordered_report_id"))
    if ordered is None or ordered.schedule_id is None or not settings.EMAIL_HOST:
        return
    at = timezone.now()
    addresses = recipients(ordered, at=at)
    if not addresses:
        return
    try:
        with get_connection() as connection:
            connection.send_messages([_notice(ordered, address) for address in addresses])
    except (SMTPException, OSError) as error:
        raise NotYet(f"the mail server takes nothing: {error}") from error
    event = ReportAnnounced(
        ordered_report_id=str(ordered.pk), report=ordered.code, recipients=len(addresses),
        organization_id=ordered.organization_id,
    )  # fmt: skip
    with transaction.atomic():
        record(event, actor=Actor.system("report_notices"), at=at)


def _notice(ordered: OrderedReport, address: str) -> EmailMessage:
    kind = Question.read(ordered.question).kind
    name = f"{kind.code} {kind.name[0]}"
    return EmailMessage(
        subject=f"Sigill: rapporten {name} är klar",
        body=_TEXT.format(name=name, address=settings.SIGILL_PORTAL_URL),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
    )
