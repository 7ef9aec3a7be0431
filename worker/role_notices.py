"""Tells by mail those who confirm an organization's roles that some lapse soon; it names nobody."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from directory.role_selectors import confirmers_mail
from journal.sequencing import SequencedEntry
from worker.errors import NotYet

_TEXT = """\
Roller i portalen upphör snart om ingen bekräftar att de fortfarande behövs. Bekräfta dem på sidan Roller:

{address}/roles/confirm/

Roles in the portal lapse soon unless somebody confirms that they are still needed. Confirm them on the page
Roles.
"""


def remind(entry: SequencedEntry) -> None:
    """role.reminded: write to those who may confirm, one mail each; nothing without a mail server."""
    if not settings.EMAIL_HOST:
        return
    addresses = confirmers_mail(entry.text("organization_id"), at=timezone.now())
    if not addresses:
        return
    try:
        with get_connection() as connection:
            connection.send_messages([_notice(address) for address in addresses])
    except (SMTPException, OSError) as error:
        raise NotYet(f"the mail server takes nothing: {error}") from error


def _notice(address: str) -> EmailMessage:
    return EmailMessage(
        subject="Sigill: roller att bekräfta / roles to confirm",
        body=_TEXT.format(address=settings.SIGILL_PORTAL_URL),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
    )
