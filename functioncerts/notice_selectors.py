"""Reads of notices: what was told of an object or a certificate, to whom, and what became of each mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from functioncerts.models import FunctionObject, FunctionOrder, NoticeAnswer, NoticeMail
from functioncerts.selectors import visible_orders
from journal.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """One mail of a notice."""

    days: int
    recipient: str
    address: str
    at: datetime
    fate: str
    reply: str


def notices_of_object(
    function_object: FunctionObject, *, actor: Actor, limit: int = 50
) -> tuple[NoticeRow, ...]:
    """Return the newest mails about an object's certificates, within the actor's reach."""
    orders = visible_orders(actor).filter(function_object=function_object)
    mails = NoticeMail.objects.filter(notice__order__in=orders).select_related("notice")
    return tuple(_row(one) for one in mails.order_by("-notice__raised_at", "address")[:limit])


def notices_of_order(order: FunctionOrder, *, limit: int = 50) -> tuple[NoticeRow, ...]:
    """Return the newest mails about one certificate, whose order the actor has in reach."""
    mails = NoticeMail.objects.filter(notice__order=order).select_related("notice")
    return tuple(_row(one) for one in mails.order_by("-notice__raised_at", "address")[:limit])


def answers_of_order(order: FunctionOrder) -> Sequence[NoticeAnswer]:
    """Return what was said to a certificate's notices, newest first."""
    return list(NoticeAnswer.objects.filter(order=order).order_by("-answered_at", "-pk")[:20])


def _row(mail: NoticeMail) -> NoticeRow:
    notice = mail.notice
    if notice is None:
        raise ValueError(mail.pk)
    return NoticeRow(
        days=notice.days,
        recipient=mail.recipient,
        address=mail.address,
        at=mail.tried_at or notice.raised_at,
        fate=mail.fate,
        reply=mail.reply,
    )
