"""Reads of notices: what was told of an object or a certificate, to whom, and what became of each mail."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_datetime

from directory.models import Employment
from directory.reach import placed_within
from functioncerts.models import Fate, FunctionObject, FunctionOrder, NameValidation, NoticeAnswer, NoticeMail
from functioncerts.selectors import visible_objects, visible_orders
from journal.actor import Actor

LOST: Final = (Fate.REFUSED.value, Fate.BOUNCED.value, Fate.UNSURE.value)
"""The fates of a mail that, for all that is known, did not arrive."""
_WAITS: Final = (Fate.WAITING.value, Fate.SENDING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """One mail of a notice."""

    days: int
    recipient: str
    address: str
    at: datetime | None
    """When it was last handed over, or raised; None for a digest that waits."""
    fate: str
    reply: str
    order: FunctionOrder | None = None
    """None for a weekly digest and for the proof of a name."""
    digest_week: str = ""
    name: str = ""
    """The name whose proof runs out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage:
    """Some mails, newest first; ``after`` fetches the next page, empty at the end."""

    rows: tuple[NoticeRow, ...]
    after: str


def find_notices(*, show: str, actor: Actor, after: str = "", limit: int = 50) -> NoticePage:
    """Return the mails of notices, digests and proofs in the actor's reach: ``lost``, ``waiting``, or all.

    A digest is in reach with the person it went to, or the mailbox of a function object; what was told of a
    proof with the person.
    """
    mails = _in_reach(actor).filter({"lost": Q(fate__in=LOST), "waiting": Q(fate__in=_WAITS)}.get(show, Q()))
    moment_text, _, pk_text = after.partition("~")
    if pk := _uuid(pk_text):
        tried_at = _moment(moment_text)
        mails = mails.filter(
            Q(tried_at__lt=tried_at) | Q(tried_at=tried_at, pk__lt=pk)
            if tried_at
            else Q(tried_at__isnull=True, pk__lt=pk) | Q(tried_at__isnull=False)
        )
    found = mails.select_related("notice__order__function_object", "validation")
    rows = list(found.order_by(F("tried_at").desc(nulls_first=True), "-pk")[: limit + 1])
    shown, last = rows[:limit], rows[:limit][-1:]
    more = "".join(f"{one.tried_at.isoformat() if one.tried_at else ''}~{one.pk}" for one in last)
    return NoticePage(rows=tuple(_row(one) for one in shown), after=more if len(rows) > limit else "")


def lost_count(*, actor: Actor) -> int:
    """Return how many mails in the actor's reach did not arrive."""
    return _in_reach(actor).filter(fate__in=LOST).count()


def lost_among(rows: Sequence[NoticeRow]) -> tuple[str, ...]:
    """Return the addresses whose newest mail did not arrive; ``rows`` are newest first."""
    newest: dict[str, str] = {}
    for row in rows:
        newest.setdefault(row.address, row.fate)
    return tuple(address for address, fate in newest.items() if fate in LOST)


def _in_reach(actor: Actor) -> QuerySet[NoticeMail]:
    people = Employment.objects.filter(placed_within(actor)).values("hsa_id")
    mailboxes = visible_objects(actor).exclude(mailbox="").values("mailbox")
    digests = Q(notice__isnull=True)  # and what was told of proofs, which goes to people alone
    return NoticeMail.objects.filter(
        Q(notice__order__in=visible_orders(actor))
        | digests & Q(hsa_id__in=people)
        | digests & Q(hsa_id="", address__in=mailboxes)
    )


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:  # the form of a moment, and none
        return None
    return found if found is not None and found.tzinfo is not None else None


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


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


def mails_of_validation(validation: NameValidation, *, limit: int = 50) -> tuple[NoticeRow, ...]:
    """Return the newest mails about a proof that runs out, for a validation specialist."""
    mails = NoticeMail.objects.filter(validation=validation).select_related("notice", "validation")
    return tuple(_row(one) for one in mails.order_by("-validation_step", "address")[:limit])


def answers_of_order(order: FunctionOrder) -> Sequence[NoticeAnswer]:
    """Return what was said to a certificate's notices, newest first."""
    return list(NoticeAnswer.objects.filter(order=order).order_by("-answered_at", "-pk")[:20])


def _row(mail: NoticeMail) -> NoticeRow:
    notice, proof = mail.notice, mail.validation
    days = notice.days if notice else 0
    if proof is not None and proof.valid_to and mail.validation_step:
        days = (proof.valid_to - mail.validation_step).days
    return NoticeRow(
        days=days,
        recipient=mail.recipient,
        address=mail.address,
        at=mail.tried_at or (notice.raised_at if notice else None),
        fate=mail.fate,
        reply=mail.reply,
        order=notice.order if notice else None,
        digest_week=mail.digest_week,
        name=proof.name if proof else "",
    )
