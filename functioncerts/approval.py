"""Whether orders of function certificates wait for a second person, by organization and kind."""

from datetime import datetime

from django.db import transaction

from directory.models import Organization
from functioncerts import policies
from functioncerts.errors import Refused
from functioncerts.events import ApprovalPolicySet
from functioncerts.models import ApprovalPolicy, FunctionKind
from journal.actor import Actor
from journal.recording import record


def set_approval(
    *, organization: Organization, kind: FunctionKind, takes_two: bool, actor: Actor, at: datetime
) -> None:
    """Say whether orders of this kind wait; orders that wait already go on waiting. Raises Refused."""
    if (refusal := policies.may_set_approval(str(organization.pk), actor=actor)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        stands = ApprovalPolicy.objects.filter(organization=organization, kind=kind.value)
        if stands.exists() == takes_two:
            return
        if takes_two:
            ApprovalPolicy.objects.create(
                organization=organization, kind=kind.value, set_at=at, set_by=actor.identifier
            )
        else:
            stands.delete()
        record(
            ApprovalPolicySet(organization_id=str(organization.pk), kind=kind.value, takes_two=takes_two),
            actor=actor,
            at=at,
        )


def kinds_that_wait(organization: Organization) -> frozenset[str]:
    """Return the kinds of function whose orders wait for a second person."""
    return frozenset(ApprovalPolicy.objects.filter(organization=organization).values_list("kind", flat=True))
