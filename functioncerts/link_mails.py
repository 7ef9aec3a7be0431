"""Mails the link that shows the right to a name; its text exists in that mail alone."""

from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage

from functioncerts.errors import LinkNotMailed
from functioncerts.validations import Asked

_TEXT: Final = """\
{organization} vill visa sin rätt till {name} för funktionscertifikat. Stämmer det, bekräfta på sidan:

{portal}{address}

Stämmer det inte: gör ingenting. Länken gäller i 14 dagar.

{organization} wants to show its right to {name} for function certificates. If that is right, confirm on
the page above. If not, do nothing.
"""


def mail_link(asked: Asked, *, address: str) -> None:
    """Send the link; raises LinkNotMailed: another validation is then asked for, with another link."""
    validation = asked.validation
    if not settings.EMAIL_HOST:
        raise LinkNotMailed("no mail server")
    message = EmailMessage(
        subject=f"Sigill: bekräfta {validation.name}",
        body=_TEXT.format(
            organization=validation.organization.name,
            name=validation.name,
            portal=settings.SIGILL_PORTAL_URL,
            address=address,
        ),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[validation.sent_to],
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise LinkNotMailed(type(error).__name__) from error
