"""Who may order and revoke function certificates, and if not, why not: refusals as values."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.conf import settings

from ca.environments import Environment
from ca.selectors import issuers
from directory.models import Employment, Role
from directory.policies import in_scope
from functioncerts.models import ApiToken, ApprovalPolicy, FunctionObject, FunctionOrder, KeyPolicy
from functioncerts.states import FunctionObjectState, FunctionOrderState
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

# Permission matrix of domain.md 1.2, columns AU, BU, FCB, Spärr, Revisor.
MAY_ORDER: Final = frozenset(
    {
        Role.FUNCTION_CERT_ORDERER.value,
        Role.ISSUANCE_MANAGER.value,
        Role.DEPUTY_ISSUANCE_MANAGER.value,
    },
)
MAY_SET_APPROVAL: Final = frozenset(
    {Role.ISSUANCE_MANAGER.value, Role.DEPUTY_ISSUANCE_MANAGER.value, Role.CENTRAL_ADMINISTRATOR.value}
)
MAY_REVOKE: Final = MAY_ORDER | {Role.REVOCATION_OFFICER.value}
MAY_READ: Final = MAY_REVOKE | {Role.AUDITOR.value, Role.CENTRAL_ADMINISTRATOR.value}
MAY_VALIDATE: Final = frozenset({Role.VALIDATION_SPECIALIST.value})


def may_order(function_object: FunctionObject, *, actor: Actor, at: datetime) -> Refusal | None:  # noqa: ARG001 - same shape
    """Return why this actor may not order for this function object, or None if they may."""
    if (refusal := _out_of_reach(function_object, MAY_ORDER, actor=actor)) is not None:
        return refusal
    if function_object.state != FunctionObjectState.VALIDATED.value:
        facts = (("function_object", function_object.hsa_id), ("state", function_object.state))
        return Refusal(
            code="function_object_not_validated", facts=facts, fixer=Role.VALIDATION_SPECIALIST.value
        )
    if function_object.environment == Environment.QA.value and not issuers(Environment.QA):
        return Refusal(code="qa_not_set_up", fixer=Role.CENTRAL_ADMINISTRATOR.value)
    return None


def may_order_with_key(function_object: FunctionObject, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why no key may be made here for this actor and object (PKCS#12), or None if one may."""
    if (refusal := may_order(function_object, actor=actor, at=at)) is not None:
        return refusal
    return keys_not_allowed(function_object) or no_way_by_sms(function_object)


def keys_not_allowed(function_object: FunctionObject) -> Refusal | None:
    """Return that two people of the organization have not allowed keys made here for this kind, or None."""
    allowed = KeyPolicy.objects.filter(
        organization_id=function_object.organization_id, kind=function_object.kind, approved_at__isnull=False
    )
    if allowed.exists():
        return None
    return Refusal(code="keys_are_made_by_their_holders", fixer=Role.ISSUANCE_MANAGER.value)


def no_way_by_sms(function_object: FunctionObject) -> Refusal | None:
    """Return why no password can be sent to the function's mobile, or None if one can."""
    if not function_object.mobile:
        facts = (("function_object", function_object.hsa_id),)
        return Refusal(code="mobile_missing", facts=facts, fixer=Role.FUNCTION_CERT_ORDERER.value)
    if not settings.SIGILL_SMS_HOST:
        return Refusal(code="no_sms_gateway", fixer=Role.CENTRAL_ADMINISTRATOR.value)
    return None


def may_revoke(order: FunctionOrder, *, actor: Actor, at: datetime) -> Refusal | None:  # noqa: ARG001 - same shape
    """Return why this actor may not revoke this order's certificate, or None if they may."""
    if (refusal := _out_of_reach(order.function_object, MAY_REVOKE, actor=actor)) is not None:
        return refusal
    if order.state == FunctionOrderState.REVOKED.value:
        at_text = order.revoked_at.isoformat() if order.revoked_at else ""
        return Refusal(code="already_revoked", facts=(("by", order.revoked_by), ("at", at_text)))
    if order.state != FunctionOrderState.DELIVERED.value:
        return Refusal(code="certificate_not_delivered", facts=(("state", order.state),), fixer="time")
    return None


def may_make_token(*, hsa_id: str, role: str, organization_id: str, actor: Actor) -> Refusal | None:
    """Return why this actor may not have a program act in that role, or None if they may.

    People lend their own role alone, the one that they use; a program makes no tokens.
    """
    if actor.kind is ActorKind.SYSTEM:
        return None
    if actor.kind is not ActorKind.PERSON or actor.role not in MAY_ORDER:
        facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_ORDER))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    if (hsa_id, role, organization_id) != (actor.identifier, actor.role, actor.acting_for):
        return Refusal(code="token_for_somebody_else", facts=(("hsa_id", hsa_id),), fixer="nobody")
    return None


def may_see_tokens(actor: Actor) -> Refusal | None:
    """Return why this actor may not see API tokens, or None: their own, or all of their organizations."""
    if has_role(actor, MAY_READ):
        return None
    facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_READ))))
    return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)


def sees_all_tokens(actor: Actor) -> bool:
    """Tell whether the actor sees every token of their organizations; others see those that act as them."""
    return has_role(actor, MAY_READ - {Role.FUNCTION_CERT_ORDERER.value}) and not actor.unit_id


def may_end_token(api_token: ApiToken, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not take a token out of use, or None if they may."""
    is_own = actor.person_id != "" and str(api_token.employment.person_id) == actor.person_id
    organization_id = str(api_token.organization_id)
    if is_own and actor.role in MAY_REVOKE and organization_id == actor.acting_for:
        return None
    ending = (MAY_REVOKE | {Role.CENTRAL_ADMINISTRATOR.value}) - {Role.FUNCTION_CERT_ORDERER.value}
    return _actor_refusal(actor, ending, organization_id=organization_id)


def needs_second_person(function_object: FunctionObject, *, actor: Actor) -> bool:
    """Tell whether the organization wants orders of this kind approved; our own jobs need nobody."""
    return (
        actor.kind is not ActorKind.SYSTEM
        and ApprovalPolicy.objects.filter(
            organization_id=function_object.organization_id, kind=function_object.kind
        ).exists()
    )


def may_decide(order: FunctionOrder, *, actor: Actor, at: datetime) -> Refusal | None:  # noqa: ARG001 - same shape
    """Return why this actor may not approve or decline this order, or None if they may."""
    if (refusal := _out_of_reach(order.function_object, MAY_ORDER, actor=actor)) is not None:
        return refusal
    if order.state != FunctionOrderState.AWAITING_APPROVAL.value:
        return Refusal(code="order_not_waiting", facts=(("state", order.state),))
    if is_same_person(actor, order.ordered_by):
        return Refusal(code="second_person_is_the_first", fixer=Role.FUNCTION_CERT_ORDERER.value)
    return None


def is_same_person(actor: Actor, known_as: str) -> bool:
    """Tell whether who acts is the one who acted as ``known_as``, also under another HSA-id of theirs."""
    return actor.identifier == known_as or (
        actor.person_id != ""
        and Employment.objects.filter(person_id=actor.person_id, hsa_id=known_as).exists()
    )


def may_receive(order: FunctionOrder, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not receive this order's certificate, or None if they may."""
    return _out_of_reach(order.function_object, MAY_ORDER, actor=actor)


def may_set_up(function_object: FunctionObject, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not say who is responsible for this object, or None if they may."""
    return _out_of_reach(function_object, MAY_ORDER, actor=actor)


def may_end(function_object: FunctionObject, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not end what programs were allowed for this object, or None if they may."""
    return _out_of_reach(function_object, MAY_REVOKE, actor=actor)


def may_set_approval(organization_id: str, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not say which orders wait for a second person, or None if they may."""
    return _actor_refusal(actor, MAY_SET_APPROVAL, organization_id=organization_id)


def may_find(actor: Actor) -> Refusal | None:
    """Return why this actor may not look for function objects, or None if they may."""
    if has_role(actor, MAY_READ | MAY_VALIDATE):
        return None
    facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_READ | MAY_VALIDATE))))
    return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)


def has_role(actor: Actor, roles: Iterable[str]) -> bool:
    """Tell whether the actor is one of our own jobs or uses one of the roles."""
    return actor.kind is ActorKind.SYSTEM or actor.role in set(roles)


def _out_of_reach(function_object: FunctionObject, roles: frozenset[str], *, actor: Actor) -> Refusal | None:
    """Return the refusal for an object outside the role, its organizations or its units."""
    organization_id, unit_id = str(function_object.organization_id), str(function_object.unit_id or "")
    return _actor_refusal(actor, roles, organization_id=organization_id, unit_id=unit_id)


def _actor_refusal(
    actor: Actor, roles: frozenset[str], *, organization_id: str, unit_id: str = ""
) -> Refusal | None:
    if not has_role(actor, roles):
        facts = (("role", actor.role), ("needed", ",".join(sorted(roles))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    if not in_scope(actor, organization_id, unit_id=unit_id):
        return Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)
    return None
