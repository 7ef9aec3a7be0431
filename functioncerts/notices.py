"""The verbs of notices: raise what is due, and answer it (POR-9, FC-6)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from directory.models import Employment
from functioncerts import policies, selectors
from functioncerts.errors import IllegalTransition, Refused
from functioncerts.events import ExpiryNoticeAnswered, ExpiryNoticeRaised
from functioncerts.models import (
    Answer,
    ExpiryNotice,
    Fate,
    FunctionOrder,
    NoticeAnswer,
    NoticeMail,
    Recipient,
)
from functioncerts.notice_recipients import recipients
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

STEPS: Final = (90, 60, 30, 14, 7, 1)
"""Days before the end (domain.md 5)."""
ESCALATES_UNANSWERED: Final = 14
"""From this step on managers are told where nobody has answered."""
ESCALATES_ANYHOW: Final = 7
"""From this step on they and every orderer are told though somebody took it: nothing has come of it."""


def raise_due(*, actor: Actor, at: datetime, limit: int = 1000) -> int:
    """Raise the notice of each certificate whose step has come, and return how many were raised.

    Several steps that passed unseen become one notice, of the nearest. What is renewed or was left to end on
    purpose is not told of. Twice is harmless: a step is raised once (the database holds it).
    """
    due = (
        FunctionOrder.objects.select_related("function_object__organization")
        .filter(
            state=FunctionOrderState.DELIVERED.value,
            not_after__gt=at,
            not_after__lte=at + timedelta(days=STEPS[0]),
        )
        .order_by("not_after", "pk")[:limit]
    )
    orders = list(due)
    done = _raised_steps(orders)
    renewed, answers = renewed_among(orders), latest_answers(orders)
    raised = 0
    for order in orders:
        step = step_of(order, at=at)
        answer = answers.get(order.pk)
        is_left = answer is not None and answer.answer == Answer.LEFT.value
        if step is None or step in done.get(order.pk, set()) or order.pk in renewed or is_left:
            continue
        raised += _raise(order, step, done.get(order.pk, set()), answer=answer, actor=actor, at=at)
    return raised


def step_of(order: FunctionOrder, *, at: datetime) -> int | None:
    """Return the nearest step that has come, or None; steps that passed before delivery never were."""
    if order.not_after is None or order.delivered_at is None:
        return None
    left = order.not_after - at
    passed = [days for days in STEPS if left <= timedelta(days=days)]
    if not passed or order.not_after - timedelta(days=passed[-1]) < order.delivered_at:
        return None
    return passed[-1]


def renewed_among(orders: Iterable[FunctionOrder]) -> set[object]:
    """Return the keys of orders whose names a later certificate of the same object covers."""
    listed = list(orders)
    later: dict[object, list[FunctionOrder]] = {}
    for one in FunctionOrder.objects.filter(
        function_object_id__in={order.function_object_id for order in listed},
        state=FunctionOrderState.DELIVERED.value,
    ).only("function_object_id", "names", "not_after"):
        later.setdefault(one.function_object_id, []).append(one)
    return {
        order.pk
        for order in listed
        for one in later.get(order.function_object_id, ())
        if one.not_after and order.not_after and one.not_after > order.not_after
        if set(order.names) <= set(one.names)
    }


def latest_answers(orders: Iterable[FunctionOrder]) -> dict[object, NoticeAnswer]:
    """Return the answer that counts for each order that has one."""
    said = NoticeAnswer.objects.filter(order__in=list(orders)).order_by("answered_at", "pk")
    return {one.order_id: one for one in said}


def answer_notices(
    *, order_id: str, answer: Answer, delegate_to: str = "", actor: Actor, at: datetime
) -> NoticeAnswer:
    """Take the renewal on, delegate it to another orderer, or leave the certificate to end.

    Raises FunctionOrderNotFound, Refused (role, nobody to delegate to), IllegalTransition when no certificate
    ends.
    """
    order = selectors.get_order(order_id, actor=actor)
    if (refusal := policies.may_receive(order, actor=actor)) is not None:
        raise Refused(refusal)
    if order.state != FunctionOrderState.DELIVERED.value:
        raise IllegalTransition("no certificate", facts={"state": order.state})
    delegated = delegate_to.strip() if answer is Answer.DELEGATED else ""
    if answer is Answer.DELEGATED and delegated not in delegates_of(order, at=at):
        raise Refused(Refusal(code="nobody_to_delegate_to", facts=(("hsa_id", delegated),), fixer="you"))
    with transaction.atomic():
        said = NoticeAnswer.objects.create(
            order=order,
            answer=answer.value,
            answered_at=at,
            answered_by=actor.identifier,
            delegated_to=delegated,
        )
        if delegated:
            _tell_delegate(order, delegated)
        record(
            ExpiryNoticeAnswered(
                function_order_id=str(order.pk),
                function_object_id=str(order.function_object_id),
                organization_id=str(order.organization_id),
                certificate_request_id=order.certificate_request_id,
                answer=answer.value,
            ),
            actor=actor,
            at=at,
        )
    return said


def delegates_of(order: FunctionOrder, *, at: datetime) -> dict[str, str]:
    """Return the orderers that a renewal may be delegated to: their HSA-ids and names."""
    told = recipients(order.function_object, answer=None, escalates=False, at=at)
    people = Employment.objects.select_related("person").filter(hsa_id__in=[one.hsa_id for one in told])
    return {one.hsa_id: one.person.full_name for one in people.order_by("hsa_id")}


def _raised_steps(orders: Iterable[FunctionOrder]) -> dict[object, set[int]]:
    found: dict[object, set[int]] = {}
    rows = ExpiryNotice.objects.filter(order__in=list(orders)).values_list("order_id", "days")
    for order_id, days in rows:
        found.setdefault(order_id, set()).add(days)
    return found


def _raise(
    order: FunctionOrder,
    step: int,
    done: set[int],
    *,
    answer: NoticeAnswer | None,
    actor: Actor,
    at: datetime,
) -> int:
    escalates = step <= (ESCALATES_UNANSWERED if answer is None else ESCALATES_ANYHOW)
    told = recipients(order.function_object, answer=answer, escalates=escalates, at=at)
    end = order.not_after or at
    with transaction.atomic():
        notice, is_new = ExpiryNotice.objects.get_or_create(
            order=order,
            days=step,
            defaults={"not_after": end, "raised_at": at, "is_escalated": escalates},
        )
        if not is_new:
            return 0
        ExpiryNotice.objects.bulk_create(
            [
                ExpiryNotice(order=order, days=days, not_after=end, raised_at=at, is_overtaken=True)
                for days in STEPS
                if days > step and days not in done and _was_to_come(order, days)
            ]
        )
        NoticeMail.objects.bulk_create(
            [
                NoticeMail(
                    notice=notice,
                    recipient=one.recipient.value,
                    hsa_id=one.hsa_id,
                    address=one.address,
                    fate=Fate.WAITING.value,
                )
                for one in told
            ]
        )
        record(
            ExpiryNoticeRaised(
                function_order_id=str(order.pk),
                function_object_id=str(order.function_object_id),
                organization_id=str(order.organization_id),
                certificate_request_id=order.certificate_request_id,
                days=step,
                recipients=len(told),
                is_escalated=escalates,
            ),
            actor=actor,
            at=at,
        )
    return 1


def _was_to_come(order: FunctionOrder, days: int) -> bool:
    return bool(
        order.not_after
        and order.delivered_at
        and order.not_after - timedelta(days=days) >= order.delivered_at
    )


def _tell_delegate(order: FunctionOrder, hsa_id: str) -> None:
    """Write to the delegate of the step that stands; without one the next step does."""
    notice = order.notices.filter(is_overtaken=False).order_by("days").first()
    employment = Employment.objects.filter(hsa_id=hsa_id).exclude(email="").first()
    if notice is None or employment is None or notice.mails.filter(address=employment.email).exists():
        return
    NoticeMail.objects.create(
        notice=notice,
        recipient=Recipient.DELEGATE.value,
        hsa_id=hsa_id,
        address=employment.email,
        fate=Fate.WAITING.value,
    )
