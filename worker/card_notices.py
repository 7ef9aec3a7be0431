"""Tells holders by mail that their card ends; it names nobody, and no card number."""

from datetime import date
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from cards.reminders import holder_mail
from journal.sequencing import SequencedEntry
from worker.errors import NotYet

_TEXT = """\
Ditt eID-kort gäller till och med {day}. Be din ID-administratör om ett nytt i god tid: det tar omkring två \
veckor att tillverka och skicka. Efter sista dagen kan du inte logga in med kortet.

Your eID card is valid up to and including {day}. Ask your ID administrator for a new one in good time: it \
takes about two weeks to make and post. After that day you cannot log in with the card.
"""


def remind_holder(entry: SequencedEntry) -> None:
    """card.holder_reminded: write to the holder; nothing without mail server, address or card in use."""
    if not settings.EMAIL_HOST:
        return
    address = holder_mail(entry.text("card_id"))
    if not address:
        return
    try:
        with get_connection() as connection:
            connection.send_messages([_notice(address, date.fromisoformat(entry.text("valid_until")))])
    except (SMTPException, OSError) as error:
        raise NotYet(f"the mail server takes nothing: {error}") from error


def _notice(address: str, day: date) -> EmailMessage:
    return EmailMessage(
        subject=f"Ditt eID-kort går ut {day} / Your eID card ends {day}",
        body=_TEXT.format(day=day),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
    )
