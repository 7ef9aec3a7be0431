"""Tells by mail that the proof of a name runs out: the owner's orderers, and the specialists who validate."""

from smtplib import SMTPException
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from functioncerts.models import NameValidation
from functioncerts.validation_reminders import told_of
from journal.sequencing import SequencedEntry
from worker.errors import NotYet

_SWEDEN = ZoneInfo("Europe/Stockholm")
_TEXT = """\
Beviset för {name} ({organization}) gäller till {day}. Därefter kan inget funktionscertifikat beställas eller
förnyas för namnet. En valideringsspecialist gör en ny validering:

{address}/functions/validations/

The proof of {name} runs out on {day}. After that no function certificate is ordered or renewed for the name.
A validation specialist validates it again.
"""


def remind(entry: SequencedEntry) -> None:
    """name_validation.reminded: write one mail to each; nothing without a mail server."""
    one = NameValidation.objects.select_related("organization").filter(pk=entry.text("validation_id")).first()
    if not settings.EMAIL_HOST or one is None or one.valid_to is None:
        return
    mails = [_notice(one, address) for address in told_of(one, at=timezone.now())]
    if not mails:
        return
    try:
        with get_connection() as connection:
            connection.send_messages(mails)
    except (SMTPException, OSError) as error:
        raise NotYet(f"the mail server takes nothing: {error}") from error


def _notice(one: NameValidation, address: str) -> EmailMessage:
    return EmailMessage(
        subject=f"Sigill: valideringen av {one.name} går ut",
        body=_TEXT.format(
            name=one.name,
            organization=one.organization.name,
            day=one.valid_to.astimezone(_SWEDEN).date().isoformat() if one.valid_to else "",
            address=settings.SIGILL_PORTAL_URL,
        ),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
    )
