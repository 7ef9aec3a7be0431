"""Hands certificates to the mail server as encrypted files, and their passwords to the SMS centre (FC-5)."""

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from functioncerts import certificate_mails
from functioncerts.models import CertificateMail, Fate, Sealing
from functioncerts.sealed_file import sealed_by_password, sealed_to
from functioncerts.sms import SmsGateway, SmsNotSent
from worker.expiry_notices import hand_over

_MOST = 100
_BODY = """\
Här är certifikatet för {name} ({hsa_id}), krypterat (CMS).

{how_sv}

Here is the certificate of {name} ({hsa_id}), encrypted (CMS). {how}
"""
_BY_PASSWORD = (
    (
        "Lösenordet kommer i ett sms till funktionens mobil, märkt {mark}. Öppna filen med:\n"
        "  openssl cms -decrypt -inform DER -in certificate.p7m -pwri_password LÖSENORD"
    ),
    "The password comes by SMS to the function's mobile, marked {mark}.",
)
_BY_KEY = (
    (
        "Öppna filen med nyckeln som certifikatet gäller, eller brevlådans egen:\n"
        "  openssl cms -decrypt -inform DER -in certificate.p7m -inkey NYCKEL.pem"
    ),
    "Open it with the key that the certificate is for, or the mailbox's own.",
)


class MailServerAway(Exception):
    """No mail can be handed over now; the message says why."""


def send_certificates(
    *, gateway: SmsGateway | None, at: datetime, clock: Callable[[], datetime] | None = None
) -> str:
    """Hand over what waits, and say how it went; nothing without a mail server.

    ``clock`` says when each mail's turn comes, since its hold counts from there; without it that is ``at``.
    """
    if not settings.EMAIL_HOST:
        return "no mail server"
    sent, failed, now = 0, 0, clock or (lambda: at)
    while sent + failed < _MOST and (mail := certificate_mails.claim_mail(at=now())) is not None:
        try:
            fate, reply = _sent(mail, gateway=gateway, at=now())
        except certificate_mails.MailTaken:
            failed += 1
            continue
        except MailServerAway as away:  # however long: no mail comes to its last try by it
            certificate_mails.give_back(mail, reply=str(away))
            return f"{sent} sent, {failed + 1} not"
        certificate_mails.note_fate(mail, fate=fate, reply=reply)
        sent += fate is Fate.SENT
        failed += fate is not Fate.SENT
    return f"{sent} sent, {failed} not"


def _sent(mail: CertificateMail, *, gateway: SmsGateway | None, at: datetime) -> tuple[Fate, str]:
    """Send the password first: a file whose password has no way is not sent at all.

    Raises MailServerAway, and MailTaken.
    """
    content = certificate_mails.content_of(mail.order)
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        raise MailServerAway(f"the mail server is not there: {type(error).__name__}") from error
    try:
        if mail.sealing == Sealing.CERTIFICATE.value:
            keys = certificate_mails.keys_of(mail.order, mail.address, at=at)
            if not keys:
                return Fate.REFUSED, "no key of the receiver is good any more"
            sealed = sealed_to(content, keys)
        else:
            password = certificate_mails.password_for(mail)
            if (unsent := _password_unsent(mail, password, gateway=gateway, at=at)) is not None:
                return Fate.WAITING, unsent
            sealed = sealed_by_password(content, password)
        message = _message(mail, sealed, at=at)
        certificate_mails.note_handing_over(mail, at=at)
        return hand_over(message, connection)
    finally:
        connection.close()


def _password_unsent(
    mail: CertificateMail, password: str, *, gateway: SmsGateway | None, at: datetime
) -> str | None:
    """Send the mail's password unless an earlier try did; return why it did not go out, or None."""
    if mail.password_sent_at is not None:
        return None
    if gateway is None:
        return "no SMS centre"
    function_object = mail.order.function_object
    text = f"Sigill {function_object.hsa_id}, CMS {mark_of(mail)}: {password}"
    try:
        gateway.send(number=function_object.mobile, text=text)
    except SmsNotSent as error:
        return f"the password was not sent: {error.status}"
    certificate_mails.note_password_sent(mail, at=at)
    return None


def mark_of(mail: CertificateMail) -> str:
    """Return by what the SMS and the mail are known to belong together."""
    return mail.pk.hex[:4].upper()


def _message(mail: CertificateMail, sealed: bytes, *, at: datetime) -> EmailMessage:
    function_object, sender = mail.order.function_object, settings.DEFAULT_FROM_EMAIL
    domain = sender.rpartition("@")[2].rstrip(">") or "localhost"
    how_sv, how = _BY_KEY if mail.sealing == Sealing.CERTIFICATE.value else _BY_PASSWORD
    how_sv, how = how_sv.format(mark=mark_of(mail)), how.format(mark=mark_of(mail))
    message = EmailMessage(
        subject=f"Sigill: certifikatet för {function_object.name}",
        body=_BODY.format(name=function_object.name, hsa_id=function_object.hsa_id, how_sv=how_sv, how=how),
        from_email=sender,
        to=[mail.address],
        headers={
            "Message-ID": f"<sigill-certificate-{mail.pk}@{domain}>",
            "Date": format_datetime(at),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach("certificate.p7m", sealed, "application/pkcs7-mime")
    return message
