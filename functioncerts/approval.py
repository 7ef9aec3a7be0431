"""What an organization decides by kind of function: a second person, and keys that are made here."""

from datetime import datetime

from django.db import transaction

from directory.models import Role
from functioncerts import policies
from functioncerts.errors import IllegalTransition, Refused
from functioncerts.events import ApprovalPolicySet, KeyPolicyAsked, KeyPolicySet
from functioncerts.models import ApprovalPolicy, FunctionKind, KeyPolicy
from journal.actor import Actor
from journal.errors import Refusal
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
    """Ask that keys be made here for this kind (PKCS#12), or end it at once.

    What is asked for holds when a second person has approved it (domain.md 7.3). Raises Refused.
    """
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
            asked = KeyPolicyAsked(organization_id=organization_id, kind=kind.value)
            record(asked, actor=actor, at=at)
        else:
            stands.delete()
            ended = KeyPolicySet(organization_id=organization_id, kind=kind.value, is_allowed=False)
            record(ended, actor=actor, at=at)


def approve_key_making(*, organization_id: str, kind: FunctionKind, actor: Actor, at: datetime) -> None:
    """Allow, as the second person, that keys are made here for a kind. Raises Refused, IllegalTransition."""
    asked = KeyPolicy.objects.filter(organization_id=organization_id, kind=kind.value).first()
    if (refusal := may_approve_key_making(organization_id, asked, actor=actor)) is not None:
        raise Refused(refusal)
    if asked is None:
        raise IllegalTransition("nobody asks for it", facts={"state": "-"})
    with transaction.atomic():
        moved = KeyPolicy.objects.filter(pk=asked.pk, set_by=asked.set_by, approved_at__isnull=True).update(
            approved_at=at, approved_by=actor.identifier
        )
        if moved != 1:
            raise IllegalTransition("somebody else was faster", facts={"state": "approved"})
        record(
            KeyPolicySet(organization_id=organization_id, kind=kind.value, is_allowed=True),
            actor=actor,
            at=at,
        )


def may_approve_key_making(organization_id: str, asked: KeyPolicy | None, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not be the second person, or None if they may."""
    if (refusal := policies.may_set_approval(organization_id, actor=actor)) is not None:
        return refusal
    if asked is not None and policies.is_same_person(actor, asked.set_by):
        return Refusal(code="second_person_is_the_first", fixer=Role.ISSUANCE_MANAGER.value)
    return None


def kinds_with_keys(organization_id: str) -> frozenset[str]:
    """Return the kinds of function for which somebody asked that keys be made here, approved or not."""
    stands = KeyPolicy.objects.filter(organization_id=organization_id)
    return frozenset(stands.values_list("kind", flat=True))


def keys_to_approve(organization_id: str) -> tuple[KeyPolicy, ...]:
    """Return what somebody asked for and a second person has not approved, by kind."""
    stands = KeyPolicy.objects.filter(organization_id=organization_id, approved_at__isnull=True)
    return tuple(stands.order_by("kind"))


def kinds_that_wait(organization_id: str) -> frozenset[str]:
    """Return the kinds of function whose orders wait for a second person in an organization."""
    stands = ApprovalPolicy.objects.filter(organization_id=organization_id)
    return frozenset(stands.values_list("kind", flat=True))
