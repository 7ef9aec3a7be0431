"""Who may do what with reserve cards in stock, and if not, why not: refusals as values."""

from typing import Final

from cards import policies
from cards.stock_models import StockPlace
from directory.models import Role
from directory.reach import placed_within
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

# domain.md 1.2: reserve bundles are ordered by managers, their deputies and ID administrators.
MAY_KEEP_STOCK: Final = frozenset(
    {
        Role.ISSUANCE_MANAGER.value,
        Role.DEPUTY_ISSUANCE_MANAGER.value,
        Role.ID_ADMINISTRATOR.value,
    },
)
MAY_READ_STOCK: Final = MAY_KEEP_STOCK | {Role.CENTRAL_ADMINISTRATOR.value}


def may_keep(place: StockPlace, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not receive, send, count or report at this place, or None if they may."""
    if (refusal := may_keep_any(actor=actor)) is not None:
        return refusal
    if not StockPlace.objects.filter(placed_within(actor), pk=place.pk).exists():
        return Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)
    return None


def may_keep_any(*, actor: Actor) -> Refusal | None:
    """Return why this actor keeps no reserve cards at all: by role, or by how they logged in."""
    if not policies.has_role(actor, MAY_KEEP_STOCK):
        facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_KEEP_STOCK))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    if actor.kind is ActorKind.PERSON and actor.loa < policies.REQUIRED_LOA:
        facts = (("loa", str(actor.loa)), ("needed", str(policies.REQUIRED_LOA)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    return None
