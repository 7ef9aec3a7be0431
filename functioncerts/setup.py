"""How a function object is set up beside HSA: who is responsible, its mobile for codes, and its tags."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from directory.models import Employment
from functioncerts import policies
from functioncerts.errors import Refused
from functioncerts.events import FunctionObjectSetUp
from functioncerts.models import (
    Capacity,
    FunctionObject,
    FunctionOrder,
    FunctionResponsible,
    FunctionTag,
)
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

MOST_TAGS: Final = 12
_MOBILE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_KEY_TO_COME: Final = (FunctionOrderState.AWAITING_APPROVAL.value, FunctionOrderState.AWAITING_KEY.value)
_TAG: Final = re.compile(r"[\w .:/-]{1,40}")


def set_up(
    function_object: FunctionObject,
    *,
    tags: Sequence[str],
    mobile: str,
    order_responsible: Sequence[str],
    receivers: Sequence[str],
    actor: Actor,
    at: datetime,
) -> bool:
    """Write tags, mobile and who is responsible (FC-3), and return whether anything was different.

    Raises Refused: role, a tag or number of no good form, somebody who does not work for the organization,
    another mobile while a key is to come whose password was signed to go to the one that is there.
    """
    if (refusal := policies.may_set_up(function_object, actor=actor)) is not None:
        raise Refused(refusal)
    words = _words(tags)
    number = re.sub(r"[ -]", "", mobile)
    if number and not _MOBILE.fullmatch(number):
        raise Refused(Refusal(code="mobile_not_allowed", fixer="you"))
    named = {
        (hsa_id.strip(), capacity.value)
        for capacity, listed in (
            (Capacity.ORDER_RESPONSIBLE, order_responsible),
            (Capacity.RECEIVER, receivers),
        )
        for hsa_id in listed
        if hsa_id.strip()
    }
    _demand_employed(function_object, {hsa_id for hsa_id, _ in named})
    with transaction.atomic():
        changed = [
            *_write_tags(function_object, words),
            *_write_mobile(function_object, number),
            *_write_responsible(function_object, named, actor=actor, at=at),
        ]
        if changed:
            record(
                FunctionObjectSetUp(
                    function_object_id=str(function_object.pk),
                    organization_id=str(function_object.organization_id),
                    fields=tuple(changed),
                ),
                actor=actor,
                at=at,
            )
    return bool(changed)


def set_tags(function_object: FunctionObject, *, tags: Sequence[str], actor: Actor, at: datetime) -> bool:
    """Write the tags, all of them, and return whether they were different. Raises Refused."""
    if (refusal := policies.may_set_up(function_object, actor=actor)) is not None:
        raise Refused(refusal)
    words = _words(tags)
    with transaction.atomic():
        if not (changed := _write_tags(function_object, words)):
            return False
        event = FunctionObjectSetUp(
            function_object_id=str(function_object.pk),
            organization_id=str(function_object.organization_id),
            fields=tuple(changed),
        )
        record(event, actor=actor, at=at)
    return True


def _words(tags: Sequence[str]) -> list[str]:
    words = sorted({tag.strip() for tag in tags if tag.strip()})
    if len(words) > MOST_TAGS or not all(_TAG.fullmatch(word) for word in words):
        raise Refused(Refusal(code="tags_not_allowed", facts=(("maximum", str(MOST_TAGS)),), fixer="you"))
    return words


def _demand_employed(function_object: FunctionObject, hsa_ids: set[str]) -> None:
    employed = Employment.objects.filter(
        organization_id=function_object.organization_id, hsa_id__in=hsa_ids
    ).values_list("hsa_id", flat=True)
    if strangers := hsa_ids - set(employed):
        facts = (("hsa_id", ", ".join(sorted(strangers))),)
        raise Refused(Refusal(code="responsible_not_employed", facts=facts, fixer="you"))


def _write_tags(function_object: FunctionObject, words: list[str]) -> list[str]:
    known = set(function_object.tags.values_list("tag", flat=True))
    if known == set(words):
        return []
    function_object.tags.exclude(tag__in=words).delete()
    FunctionTag.objects.bulk_create(
        [FunctionTag(function_object=function_object, tag=word) for word in words if word not in known]
    )
    return ["tags"]


def _write_mobile(function_object: FunctionObject, number: str) -> list[str]:
    held = FunctionObject.objects.select_for_update().get(pk=function_object.pk)  # as `order_with_key` does
    if held.mobile == number:
        return []
    waiting = FunctionOrder.objects.filter(function_object=held, makes_key=True, state__in=_KEY_TO_COME)
    if order := waiting.order_by("ordered_at").first():
        facts = (("mobile", held.mobile), ("function_order", str(order.pk)))
        raise Refused(Refusal(code="mobile_awaits_password", facts=facts, fixer="time"))
    FunctionObject.objects.filter(pk=held.pk).update(mobile=number)
    return ["mobile"]


def _write_responsible(
    function_object: FunctionObject, named: set[tuple[str, str]], *, actor: Actor, at: datetime
) -> list[str]:
    rows = {(one.hsa_id, one.capacity): one for one in function_object.responsible.all()}
    if set(rows) == named:
        return []
    for key, row in rows.items():
        if key not in named:
            row.delete()
    FunctionResponsible.objects.bulk_create(
        [
            FunctionResponsible(
                function_object=function_object,
                hsa_id=hsa_id,
                capacity=capacity,
                named_at=at,
                named_by=actor.identifier,
            )
            for hsa_id, capacity in sorted(named - set(rows))
        ]
    )
    return ["responsible"]
