"""The mails of notices, digests and proofs: claimed before they are handed over, and what became of each."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from functioncerts.events import ExpiryNoticeBounced
from functioncerts.models import Answer, Fate, FunctionOrder, NoticeMail
from functioncerts.notice_recipients import To, recipients
from functioncerts.notices import latest_answers, renewed_among
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.recording import record

DIGEST_FOR: Final = timedelta(days=90)
"""How long an expired certificate stands in the weekly digest."""
AGAIN_AFTER: Final = timedelta(minutes=15)
MOST_TRIES: Final = 200
"""Some fifty hours of a mail server that says "later"."""
GIVEN_UP: Final = timedelta(minutes=15)
"""A mail that was being handed over for longer was left by a sender that died."""


def waits(*, at: datetime) -> bool:
    """Tell whether there is a mail to hand over now, or one that a dead sender left."""
    stale = NoticeMail.objects.filter(fate=Fate.SENDING.value, tried_at__lt=at - GIVEN_UP)
    return _to_hand_over(at=at).exists() or stale.exists()


def claim_mail(*, at: datetime) -> NoticeMail | None:
    """Take the next mail to hand over, for one sender only; those of a sender that died become UNSURE."""
    NoticeMail.objects.filter(fate=Fate.SENDING.value, tried_at__lt=at - GIVEN_UP).update(
        fate=Fate.UNSURE.value, reply="the sender ended while the mail was handed over"
    )
    waiting = _to_hand_over(at=at).select_related(
        "notice__order__function_object__organization", "validation__organization"
    )
    for one in waiting.order_by("tries", "pk")[:20]:
        taken = NoticeMail.objects.filter(pk=one.pk, fate=Fate.WAITING.value, tries=one.tries).update(
            fate=Fate.SENDING.value, tried_at=at, tries=one.tries + 1
        )
        if taken == 1:
            one.tries += 1
            return one
    return None


def _to_hand_over(*, at: datetime) -> QuerySet[NoticeMail]:
    return NoticeMail.objects.filter(
        Q(tried_at__isnull=True) | Q(tried_at__lte=at - AGAIN_AFTER), fate=Fate.WAITING.value
    )


def note_fate(mail: NoticeMail, *, fate: Fate, reply: str = "") -> None:
    """Note what the mail server said; a mail that waited too often is given up as refused."""
    final = Fate.REFUSED if fate is Fate.WAITING and mail.tries >= MOST_TRIES else fate
    NoticeMail.objects.filter(pk=mail.pk, fate=Fate.SENDING.value).update(fate=final.value, reply=reply[:200])


def note_bounce(*, mail_id: str, reply: str, actor: Actor, at: datetime) -> bool:
    """Note that a mail came back (RFC 3464), and return whether it was one of ours that had not yet."""
    with transaction.atomic():
        moved = NoticeMail.objects.filter(
            pk=mail_id, fate__in=[Fate.SENT.value, Fate.UNSURE.value, Fate.SENDING.value]
        ).update(fate=Fate.BOUNCED.value, reply=reply[:200], bounced_at=at)
        if moved != 1:
            return False
        mail = NoticeMail.objects.get(pk=mail_id)
        record(ExpiryNoticeBounced(notice_mail_id=str(mail.pk), recipient=mail.recipient), actor=actor, at=at)
    return True


def raise_digests(*, week: str, actor: Actor, at: datetime) -> int:  # noqa: ARG001 - the mails themselves are told
    """Put a digest of what has ended into each orderer's post, one a week and address; return how many.

    ``week`` is the ISO week, e.g. 2026-W47.
    """
    addresses: dict[str, To] = {}
    for order in expired_unrenewed(at=at):
        for one in recipients(order.function_object, answer=None, escalates=False, at=at):
            addresses.setdefault(one.address.lower(), one)
    known = set(NoticeMail.objects.filter(digest_week=week).values_list("address", flat=True))
    fresh = [one for one in addresses.values() if one.address not in known]
    NoticeMail.objects.bulk_create(
        [
            NoticeMail(
                digest_week=week,
                recipient=one.recipient.value,
                hsa_id=one.hsa_id,
                address=one.address,
                fate=Fate.WAITING.value,
            )
            for one in fresh
        ],
        ignore_conflicts=True,
    )
    return len(fresh)


def expired_unrenewed(*, at: datetime) -> list[FunctionOrder]:
    """Return the orders whose certificates have ended lately, unrenewed and not left on purpose."""
    ended = list(
        FunctionOrder.objects.select_related("function_object__organization")
        .filter(state=FunctionOrderState.DELIVERED.value, not_after__lte=at, not_after__gt=at - DIGEST_FOR)
        .order_by("not_after", "pk")[:1000]
    )
    renewed, answers = renewed_among(ended), latest_answers(ended)
    return [
        order
        for order in ended
        if order.pk not in renewed
        and not ((said := answers.get(order.pk)) and said.answer == Answer.LEFT.value)
    ]
