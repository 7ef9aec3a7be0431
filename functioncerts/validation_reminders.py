"""Reminds of proofs of names that run out: without them nothing is ordered or renewed (domain.md 5)."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from directory.models import Role, RoleAssignment
from directory.role_selectors import in_force
from functioncerts.events import ValidationReminded
from functioncerts.models import NameValidation
from functioncerts.states import NameValidationState
from journal.actor import Actor
from journal.recording import record

STEPS: Final = (timedelta(days=60), timedelta(days=30), timedelta(days=7))
"""Before the end: the first in the time when "Ends within 60 days" is shown."""


def remind_due(*, actor: Actor, at: datetime, limit: int = 500) -> int:
    """Remind of each proof whose step has come, once a step, and return of how many.

    Steps that passed unseen become one. What a later proof of the same name covers is not told of. The mails
    go out when the journal's entry is read.
    """
    ending = (
        NameValidation.objects.filter(
            state=NameValidationState.VALID.value, valid_to__gt=at, valid_to__lte=at + STEPS[0]
        )
        .select_related("organization")
        .order_by("valid_to", "pk")[:limit]
    )
    return sum(_remind(one, actor=actor, at=at) for one in ending)


def told_of(validation: NameValidation, *, at: datetime) -> tuple[str, ...]:
    """Return the addresses of the owner's orderers and of the specialists; nobody's who is protected."""
    held = RoleAssignment.objects.filter(
        in_force(at),
        Q(role=Role.FUNCTION_CERT_ORDERER.value, organization_id=validation.organization_id)
        | Q(role=Role.VALIDATION_SPECIALIST.value),
        employment__person__protected_identity=False,
    ).exclude(employment__email="")
    return tuple(held.order_by("employment__email").values_list("employment__email", flat=True).distinct())


def _remind(validation: NameValidation, *, actor: Actor, at: datetime) -> bool:
    end = validation.valid_to
    if end is None:
        return False
    step = max(end - before for before in STEPS if end - before <= at)
    if validation.reminded_for is not None and validation.reminded_for >= step:
        return False
    later = NameValidation.objects.filter(
        Q(function_object__isnull=True) | Q(function_object_id=validation.function_object_id),
        organization_id=validation.organization_id,
        name=validation.name,
        state=NameValidationState.VALID.value,
        valid_to__gt=end,
    )
    if later.exists():
        return False
    with transaction.atomic():
        moved = NameValidation.objects.filter(
            Q(reminded_for__isnull=True) | Q(reminded_for__lt=step),
            pk=validation.pk,
            state=validation.state,
        ).update(reminded_for=step)
        if moved != 1:
            return False
        record(
            ValidationReminded(
                validation_id=str(validation.pk),
                organization_id=str(validation.organization_id),
                name=validation.name,
                recipients=len(told_of(validation, at=at)),
            ),
            actor=actor,
            at=at,
        )
    return True
