"""Who may end what programs were allowed; who may allow it is whoever may order for the function object."""

from django.conf import settings

from directory.models import Role
from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.models import Account
from functioncerts.models import FunctionObject
from functioncerts.policies import MAY_REVOKE, has_role, needs_second_person
from journal.actor import Actor, ActorKind
from journal.errors import Refusal


def may_end(function_object: FunctionObject, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not revoke external account keys and accounts, or None if they may."""
    if not has_role(actor, MAY_REVOKE):
        facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_REVOKE))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    is_ours = actor.kind is ActorKind.SYSTEM or str(function_object.organization_id) in actor.organization_ids
    return None if is_ours else Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)


def demand_second_person(account: Account, *, actor: Actor) -> str:
    """Return who approved the account's key, where the organization wants two people; else nothing.

    Raises AcmeProblem (userActionRequired) while nobody has: the way to the page stands in it.
    """
    if not needs_second_person(account.function_object, actor=actor):
        return ""
    if account.external_key.approved_by:
        return account.external_key.approved_by
    raise AcmeProblem(
        ProblemType.USER_ACTION_REQUIRED,
        "the organization wants a second person: another orderer approves the external account key on the"
        " function object's page",
        instance=f"{settings.SIGILL_PORTAL_URL}/functions/{account.function_object_id}/",
    )
