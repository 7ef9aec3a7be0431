"""Whether orders of function certificates wait for a second person, by organization and kind."""

from datetime import datetime

from django.db import transaction

from functioncerts import policies
from functioncerts.errors import Refused
from functioncerts.events import ApprovalPolicySet
from functioncerts.models import ApprovalPolicy, FunctionKind
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


def kinds_that_wait(organization_id: str) -> frozenset[str]:
    """Return the kinds of function whose orders wait for a second person in an organization."""
    stands = ApprovalPolicy.objects.filter(organization_id=organization_id)
    return frozenset(stands.values_list("kind", flat=True))
