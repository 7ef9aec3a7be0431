"""Reminds of proofs of names that run out: without them nothing is ordered or renewed (domain.md 5)."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from directory.models import Role, RoleAssignment
from directory.role_selectors import in_force
from functioncerts.events import ValidationReminded
from functioncerts.models import Fate, NameValidation, NoticeMail, Recipient
from functioncerts.notice_recipients import To
from functioncerts.states import NameValidationState
from journal.actor import Actor
from journal.recording import record

STEPS: Final = (timedelta(days=60), timedelta(days=30), timedelta(days=7))
"""Before the end: the first in the time when "Ends within 60 days" is shown."""


def remind_due(*, actor: Actor, at: datetime, limit: int = 500) -> int:
    """Remind of each proof whose step has come, once a step, and return of how many.

    Steps that passed unseen become one. What a later proof of the same name covers is not told of. The mails
    wait among the notices (`notice_mails.py`), where their fate is noted.
    """
    ending = (
        NameValidation.objects.filter(
            state=NameValidationState.VALID.value, valid_to__gt=at, valid_to__lte=at + STEPS[0]
        )
        .select_related("organization")
        .order_by("valid_to", "pk")
    )
    reminded = 0
    for one in ending.iterator(chunk_size=500):  # most have been told of: they must not fill the limit
        reminded += _remind(one, actor=actor, at=at)
        if reminded == limit:
            break
    return reminded


def told_of(validation: NameValidation, *, at: datetime) -> tuple[To, ...]:
    """Return the owner's orderers and the specialists, each address once; nobody who is protected."""
    held = RoleAssignment.objects.filter(
        in_force(at),
        Q(role=Role.FUNCTION_CERT_ORDERER.value, organization_id=validation.organization_id)
        | Q(role=Role.VALIDATION_SPECIALIST.value),
        employment__person__protected_identity=False,
    ).exclude(employment__email="")
    found: dict[str, To] = {}
    rows = held.order_by("employment__hsa_id", "role").values_list(
        "role", "employment__hsa_id", "employment__email"
    )
    for role, hsa_id, email in rows:
        is_orderer = role == Role.FUNCTION_CERT_ORDERER.value
        recipient = Recipient.ORDERER if is_orderer else Recipient.SPECIALIST
        found.setdefault(email.lower(), To(recipient=recipient, hsa_id=hsa_id, address=email))
    return tuple(found.values())


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
        told = told_of(validation, at=at)
        NoticeMail.objects.bulk_create(
            NoticeMail(
                validation=validation,
                validation_step=step,
                recipient=one.recipient.value,
                hsa_id=one.hsa_id,
                address=one.address,
                fate=Fate.WAITING.value,
            )
            for one in told
        )
        record(
            ValidationReminded(
                validation_id=str(validation.pk),
                organization_id=str(validation.organization_id),
                name=validation.name,
                recipients=len(told),
            ),
            actor=actor,
            at=at,
        )
    return True
