"""Looks for the proofs that DNS and HTTP must show; for the worker alone, outside every transaction."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q

from functioncerts.acme.errors import AcmeProblem
from functioncerts.acme.validating import Probes
from functioncerts.errors import IllegalTransition
from functioncerts.models import NameValidation, ValidationMethod
from functioncerts.states import NameValidationState
from functioncerts.validations import (
    CHECKED,
    DNS_LABEL,
    DNS_PREFIX,
    HTTP_PATH,
    OPEN_FOR,
    confirm_validation,
)
from journal.actor import Actor

AGAIN_AFTER: Final = timedelta(minutes=5)
MOST: Final = 20
"""Looks in one run: each is bounded, and so is the run."""


def check_due(*, probes: Probes, actor: Actor) -> int:
    """Look for each proof whose turn has come, and return how many were seen.

    1. claim by the moment of the look, so that two workers do not look at once
    2. look, with no transaction open; what is not there is noted and looked for again
    3. confirm, if it waits still
    """
    at, seen = probes.clock(), 0
    due = NameValidation.objects.filter(
        Q(checked_at__isnull=True) | Q(checked_at__lte=at - AGAIN_AFTER),
        state=NameValidationState.PENDING.value,
        method__in=CHECKED,
        requested_at__gt=at - OPEN_FOR,
    ).order_by(F("checked_at").asc(nulls_first=True), "pk")
    for one in list(due[:MOST]):
        seen += _check(one, probes=probes, actor=actor, at=at)
    return seen


def _check(one: NameValidation, *, probes: Probes, actor: Actor, at: datetime) -> bool:
    waiting = NameValidation.objects.filter(pk=one.pk, state=one.state)
    looked = Q(checked_at=one.checked_at) if one.checked_at else Q(checked_at__isnull=True)
    claimed = waiting.filter(looked)
    if claimed.update(checked_at=at, checks=F("checks") + 1) != 1:
        return False
    try:
        is_there = _looks_right(one, probes)
        finding = "" if is_there else "not there yet"
    except AcmeProblem as problem:
        is_there, finding = False, str(problem)[:64]
    if not is_there:
        waiting.update(finding=finding)
        return False
    try:
        confirm_validation(validation_id=str(one.pk), actor=actor, at=probes.clock())
    except IllegalTransition:  # taken back meanwhile
        return False
    return True


def _looks_right(one: NameValidation, probes: Probes) -> bool:
    if one.method == ValidationMethod.DNS_TXT.value:
        return f"{DNS_PREFIX}{one.token}" in probes.names.texts(f"{DNS_LABEL}.{one.name}")
    content = probes.web.fetch(one.name, f"{HTTP_PATH}{one.token}")
    return content.strip() == one.token.encode()
