"""Tells by mail those responsible that a place has few reserve cards left; it names nobody."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from directory.role_selectors import confirmers_mail
from journal.sequencing import SequencedEntry
from worker.errors import NotYet

_TEXT = """\
En plats har {left} reservkort kvar, färre än {threshold}. Se vilken på sidan Reservkort, och beställ fler:

{address}/stock/

A place has {left} reserve cards left, fewer than {threshold}. See which on the page Reserve cards, and order
more.
"""


def tell(entry: SequencedEntry) -> None:
    """stock.running_low: write to the organization's managers, one mail each, if there is a server."""
    if not settings.EMAIL_HOST:
        return
    addresses = confirmers_mail(entry.text("organization_id"), at=timezone.now())
    if not addresses:
        return
    try:
        with get_connection() as connection:
            connection.send_messages([_notice(entry, address) for address in addresses])
    except (SMTPException, OSError) as error:
        raise NotYet(f"the mail server takes nothing: {error}") from error


def _notice(entry: SequencedEntry, address: str) -> EmailMessage:
    facts = {"left": entry.text("left"), "threshold": entry.text("threshold")}
    return EmailMessage(
        subject="Sigill: reservkorten börjar ta slut / reserve cards running low",
        body=_TEXT.format(address=settings.SIGILL_PORTAL_URL, **facts),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
    )
