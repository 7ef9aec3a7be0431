"""What an organization decides by kind of function: a second person, and keys that are made here."""

from datetime import datetime

from django.db import transaction

from functioncerts import policies
from functioncerts.errors import Refused
from functioncerts.events import ApprovalPolicySet, KeyPolicySet
from functioncerts.models import ApprovalPolicy, FunctionKind, KeyPolicy
from journal.actor import Actor
from journal.recording import record


def set_approval(
    *, organization_id: str, kind: FunctionKind, takes_two: bool, actor: Actor, at: datetime
) -> None:
    """Say whether orders of this kind wait; orders that wait already go on waiting. Raises Refused."""
    if (refusal := policies.may_set_approval(organization_id, actor=actor)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        stands = ApprovalPolicy.objects.filter(organization_id=organization_id, kind=kind.value)
        if stands.exists() == takes_two:
            return
        if takes_two:
            ApprovalPolicy.objects.create(
                organization_id=organization_id, kind=kind.value, set_at=at, set_by=actor.identifier
            )
        else:
            stands.delete()
        record(
            ApprovalPolicySet(organization_id=organization_id, kind=kind.value, takes_two=takes_two),
            actor=actor,
            at=at,
        )


def set_key_making(
    *, organization_id: str, kind: FunctionKind, is_allowed: bool, actor: Actor, at: datetime
) -> None:
    """Say whether keys may be made here for this kind (PKCS#12); off unless said. Raises Refused."""
    if (refusal := policies.may_set_approval(organization_id, actor=actor)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        stands = KeyPolicy.objects.filter(organization_id=organization_id, kind=kind.value)
        if stands.exists() == is_allowed:
            return
        if is_allowed:
            KeyPolicy.objects.create(
                organization_id=organization_id, kind=kind.value, set_at=at, set_by=actor.identifier
            )
        else:
            stands.delete()
        record(
            KeyPolicySet(organization_id=organization_id, kind=kind.value, is_allowed=is_allowed),
            actor=actor,
            at=at,
        )


def kinds_with_keys(organization_id: str) -> frozenset[str]:
    """Return the kinds of function for which keys may be made here."""
    stands = KeyPolicy.objects.filter(organization_id=organization_id)
    return frozenset(stands.values_list("kind", flat=True))


def kinds_that_wait(organization_id: str) -> frozenset[str]:
    """Return the kinds of function whose orders wait for a second person in an organization."""
    stands = ApprovalPolicy.objects.filter(organization_id=organization_id)
    return frozenset(stands.values_list("kind", flat=True))
