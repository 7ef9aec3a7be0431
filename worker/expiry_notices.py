"""Hands notices of ending function certificates and proofs to the mail server; reads what came back (POR-9).

A mail is claimed before it is handed over, so that it never goes out twice: a sender that dies in between
leaves it UNSURE, which the function object's page shows.
"""

import mailbox
import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.message import Message
from email.utils import format_datetime
from pathlib import Path
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from directory.swedish_time import swedish_day
from functioncerts import certificate_mails, notice_mails
from functioncerts.models import ExpiryNotice, Fate, NameValidation, NoticeMail
from functioncerts.notice_recipients import recipients
from journal.actor import Actor

_MOST: Final = 500
_PERMANENT: Final = 500
_OURS: Final = re.compile(
    r"<sigill-(?P<what>notice|certificate)-(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^>\s]+>"
)
_LARGEST_BOUNCE: Final = 1 << 20
_NOTICE: Final = """\
Certifikatet för {name} ({hsa_id}) går ut {day}, om {left}.

Namn: {names}
Organisation: {organization}

Förnya det, svara att du tar det, eller lämna över det till någon annan (inloggning krävs):
{address}/functions/orders/{order}/

The certificate of {name} ({hsa_id}) ends {day}. Renew it, say that you take it on, or pass it on to somebody
else, on the page above (login needed).
"""
_DIGEST: Final = """\
De här funktionscertifikaten har gått ut och är inte förnyade:

{lines}

Förnya dem, eller svara att de inte behövs (inloggning krävs):
{address}/functions/?ends=expired

These function certificates have ended and are not renewed. Renew them, or say that they are not needed.
"""
_PROOF: Final = """\
Beviset för {name} ({organization}) gäller till {day}. Därefter kan inget funktionscertifikat beställas eller
förnyas för namnet. En valideringsspecialist gör en ny validering:

{address}/functions/validations/

The proof of {name} runs out on {day}. After that no function certificate is ordered or renewed for the name.
A validation specialist validates it again.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail of ours that did not arrive, and what the delivery report says."""

    mail_id: str
    reply: str
    is_of_a_certificate: bool


def send_notices(*, at: datetime) -> str:
    """Hand over what waits, and say how it went; nothing without a mail server."""
    if not settings.EMAIL_HOST:
        return "no mail server"
    if not notice_mails.waits(at=at):
        return "0 sent"
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        return f"the mail server is not there: {type(error).__name__}"
    sent = failed = 0
    try:
        while sent + failed < _MOST and (mail := notice_mails.claim_mail(at=at)) is not None:
            fate, reply = hand_over(_message(mail, at=at), connection)
            notice_mails.note_fate(mail, fate=fate, reply=reply)
            sent += fate is Fate.SENT
            failed += fate is not Fate.SENT
            if fate is Fate.UNSURE:  # the connection is gone
                break
    finally:
        connection.close()
    return f"{sent} sent, {failed} not"


def read_bounces(*, at: datetime) -> str:
    """Read delivery reports (RFC 3464) from the maildir that takes bounces, and take each away when read."""
    if not settings.SIGILL_BOUNCE_MAILDIR:
        return "no mailbox of bounces"
    place = Path(settings.SIGILL_BOUNCE_MAILDIR)
    if not place.is_dir():
        return "the mailbox of bounces is not there"
    box = mailbox.Maildir(place, create=False)
    found = 0
    for key in list(box.keys())[:200]:
        try:
            told = bounce_of(box.get_message(key))
        except (LookupError, ValueError, MessageError, RecursionError):
            told = None  # anybody may write there: what cannot be read keeps nothing behind it
        if told is not None:
            notes = certificate_mails if told.is_of_a_certificate else notice_mails
            found += notes.note_bounce(
                mail_id=told.mail_id, reply=told.reply, actor=Actor.system("expiry_notices"), at=at
            )
        box.discard(key)
    return f"{found} bounced"


def bounce_of(message: Message) -> Bounce | None:
    """Return which of our mails a delivery report is about and what it says, or None for anything else."""
    if message.get_content_type() != "multipart/report":
        return None
    status, mail_id, is_of_a_certificate = "", "", False
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            fields = [one for one in part.get_payload() if isinstance(one, Message)]
            for one in fields:
                if str(one.get("Action", "")).strip().lower() == "failed":
                    status = f"{one.get('Status', '')} {one.get('Diagnostic-Code', '')}".strip()
        elif part.get_content_type() in {"message/rfc822", "text/rfc822-headers"} and (
            found := _OURS.search(str(part)[:_LARGEST_BOUNCE])
        ):
            mail_id, is_of_a_certificate = found["id"], found["what"] == "certificate"
    if not (mail_id and status):
        return None
    reply = status.replace("\0", "")  # which PostgreSQL keeps in no text
    return Bounce(mail_id=mail_id, reply=reply, is_of_a_certificate=is_of_a_certificate)


def hand_over(message: EmailMessage, connection: BaseEmailBackend) -> tuple[Fate, str]:
    """Hand a message to the mail server, and return what became of it with what the server said."""
    try:
        connection.send_messages([message])
    except SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return _refusal(code, text)
    except SMTPResponseException as error:
        return _refusal(error.smtp_code, error.smtp_error)
    except (SMTPException, OSError) as error:
        return Fate.UNSURE, type(error).__name__
    return Fate.SENT, ""


def _refusal(code: int, text: bytes | str) -> tuple[Fate, str]:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return (Fate.REFUSED if code >= _PERMANENT else Fate.WAITING), f"{code} {said}"


def _message(mail: NoticeMail, *, at: datetime) -> EmailMessage:
    if mail.notice is not None:
        subject, body = _notice(mail.notice, at=at)
    elif mail.validation is not None:
        subject, body = _proof(mail.validation)
    else:
        subject, body = _digest(mail, at=at)
    sender = settings.DEFAULT_FROM_EMAIL
    return EmailMessage(
        subject=subject,
        body=body,
        from_email=sender,
        to=[mail.address],
        headers={
            "Message-ID": f"<sigill-notice-{mail.pk}@{sender.rpartition('@')[2].rstrip('>') or 'localhost'}>",
            "Date": format_datetime(at),
            "Auto-Submitted": "auto-generated",
        },
    )


def _notice(notice: ExpiryNotice, *, at: datetime) -> tuple[str, str]:
    order = notice.order
    function_object = order.function_object
    left = max((notice.not_after - at).days, 0)
    days = f"{left} dagar" if left != 1 else "1 dag"
    subject = f"Sigill: certifikatet för {function_object.name} går ut om {days}"
    body = _NOTICE.format(
        name=function_object.name,
        hsa_id=function_object.hsa_id,
        day=swedish_day(notice.not_after).isoformat(),
        left=days,
        names=", ".join(order.names),
        organization=function_object.organization.name,
        address=settings.SIGILL_PORTAL_URL,
        order=order.pk,
    )
    return subject, body


def _proof(one: NameValidation) -> tuple[str, str]:
    body = _PROOF.format(
        name=one.name,
        organization=one.organization.name,
        day=swedish_day(one.valid_to).isoformat() if one.valid_to else "",
        address=settings.SIGILL_PORTAL_URL,
    )
    return f"Sigill: valideringen av {one.name} går ut", body


def _digest(mail: NoticeMail, *, at: datetime) -> tuple[str, str]:
    """Return the digest of what this address would have been told of."""
    lines = []
    for order in notice_mails.expired_unrenewed(at=at):
        told = recipients(order.function_object, answer=None, escalates=False, at=at)
        if mail.address.lower() in {one.address.lower() for one in told}:
            day = swedish_day(order.not_after) if order.not_after else ""
            lines.append(f"{day}  {order.function_object.name} ({order.function_object.hsa_id})")
    body = _DIGEST.format(lines="\n".join(lines) or "-", address=settings.SIGILL_PORTAL_URL)
    return "Sigill: funktionscertifikat som har gått ut", body
