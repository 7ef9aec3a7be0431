"""Hands certificates to the mail server as encrypted files, and their passwords to the SMS centre (FC-5)."""

from datetime import datetime
from email.utils import format_datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from functioncerts import certificate_mails
from functioncerts.models import CertificateMail, Fate, Sealing
from functioncerts.pkcs12 import new_password
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
        "Lösenordet kommer i ett sms till funktionens mobil. Öppna filen med:\n"
        "  openssl cms -decrypt -inform DER -in certificate.p7m -pwri_password LÖSENORD"
    ),
    "The password comes by SMS to the function's mobile.",
)
_BY_KEY = (
    (
        "Öppna filen med nyckeln som certifikatet gäller, eller brevlådans egen:\n"
        "  openssl cms -decrypt -inform DER -in certificate.p7m -inkey NYCKEL.pem"
    ),
    "Open it with the key that the certificate is for, or the mailbox's own.",
)


def send_certificates(*, gateway: SmsGateway | None, at: datetime) -> str:
    """Hand over what waits, and say how it went; nothing without a mail server."""
    if not settings.EMAIL_HOST:
        return "no mail server"
    sent = failed = 0
    while sent + failed < _MOST and (mail := certificate_mails.claim_mail(at=at)) is not None:
        fate, reply = _sent(mail, gateway=gateway, at=at)
        certificate_mails.note_fate(mail, fate=fate, reply=reply)
        sent += fate is Fate.SENT
        failed += fate is not Fate.SENT
    return f"{sent} sent, {failed} not"


def _sent(mail: CertificateMail, *, gateway: SmsGateway | None, at: datetime) -> tuple[Fate, str]:
    """Send the password first: a file whose password has no way is not sent at all."""
    content = certificate_mails.content_of(mail.order)
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        return Fate.WAITING, f"the mail server is not there: {type(error).__name__}"
    try:
        if mail.sealing == Sealing.CERTIFICATE.value:
            keys = certificate_mails.keys_of(mail.order, mail.address, at=at)
            if not keys:
                return Fate.REFUSED, "no key of the receiver is good any more"
            return hand_over(_message(mail, sealed_to(content, keys), at=at), connection)
        if gateway is None:
            return Fate.WAITING, "no SMS centre"
        password, function_object = new_password(), mail.order.function_object
        try:
            text = f"Sigill {function_object.hsa_id}, CMS: {password}"
            gateway.send(number=function_object.mobile, text=text)
        except SmsNotSent as error:
            return Fate.WAITING, f"the password was not sent: {error.status}"
        return hand_over(_message(mail, sealed_by_password(content, password), at=at), connection)
    finally:
        connection.close()


def _message(mail: CertificateMail, sealed: bytes, *, at: datetime) -> EmailMessage:
    function_object, sender = mail.order.function_object, settings.DEFAULT_FROM_EMAIL
    domain = sender.rpartition("@")[2].rstrip(">") or "localhost"
    how_sv, how = _BY_KEY if mail.sealing == Sealing.CERTIFICATE.value else _BY_PASSWORD
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
