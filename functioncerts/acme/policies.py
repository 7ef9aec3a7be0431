"""Who may end what programs were allowed; who may allow it is whoever may order for the function object."""

from directory.models import Role
from functioncerts.models import FunctionObject
from functioncerts.policies import MAY_REVOKE, has_role
from journal.actor import Actor, ActorKind
from journal.errors import Refusal


def may_end(function_object: FunctionObject, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not revoke external account keys and accounts, or None if they may."""
    if not has_role(actor, MAY_REVOKE):
        facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_REVOKE))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    is_ours = actor.kind is ActorKind.SYSTEM or str(function_object.organization_id) in actor.organization_ids
    return None if is_ours else Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)
