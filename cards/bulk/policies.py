"""Who may order for several, and who may steer such an order: refusals as values."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Sum

from cards.bulk import configuration
from cards.bulk.models import BulkOrder
from cards.policies import MAY_ORDER, REQUIRED_LOA, has_role
from directory.configuration import bulk_window
from directory.models import Role
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

MAY_STEER: Final = MAY_ORDER | {Role.ISSUANCE_MANAGER.value, Role.DEPUTY_ISSUANCE_MANAGER.value}
"""Who approves, pauses, resumes and cancels what somebody in the same scope started."""


def may_order_for_several(actor: Actor) -> Refusal | None:
    """Return why this actor may not order for several at once, or None if they may."""
    return _role_refusal(actor, MAY_ORDER)


def may_steer(actor: Actor) -> Refusal | None:
    """Return why this actor may not approve, pause, resume or cancel what they see, or None if they may."""
    return _role_refusal(actor, MAY_STEER)


def left_alone(*, actor: Actor, at: datetime) -> int:
    """Return how many cards the actor may still order for several without a second person.

    What one person ordered alone since the window began counts together, so that many small orders do not
    go around the rule for one large one.
    """
    lately = BulkOrder.objects.filter(
        started_person_id=actor.person_id,
        needs_second_person=False,
        placed_at__gt=at - bulk_window(),
    )
    return configuration.most_alone() - int(lately.aggregate(told=Sum("ready"))["told"] or 0)


def _role_refusal(actor: Actor, roles: Iterable[str]) -> Refusal | None:
    if not has_role(actor, roles):
        facts = (("role", actor.role), ("needed", ",".join(sorted(roles))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    if actor.kind is ActorKind.PERSON and actor.loa < REQUIRED_LOA:
        facts = (("loa", str(actor.loa)), ("needed", str(REQUIRED_LOA)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    return None
