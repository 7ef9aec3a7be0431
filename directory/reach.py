"""How far a role reaches: its organization and those it is agent (ombud) for, or a unit and those below it.

Whoever reads rows asks here which are in reach. A role for a unit has no ``organization_ids``, so that a read
that knows of organizations alone shows it nothing at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Upper

from directory.agency_models import Agency
from directory.models import Employment, Organization, Role, RoleAssignment, Unit
from directory.policies import CENTRAL, in_scope
from journal.actor import Actor, ActorKind

_BOTH: Final = frozenset({"cards", "functions"})
_HANDLES: Final[Mapping[str, frozenset[str]]] = {
    Role.ID_ADMINISTRATOR.value: frozenset({"cards"}),
    Role.FUNCTION_CERT_ORDERER.value: frozenset({"functions"}),
}
"""What a role handles; all others handle both, and reach only where an agency is for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a role reaches: whole organizations, or the units of a part of one."""

    organization_ids: tuple[str, ...] = ()
    unit_id: str = ""
    unit_ids: tuple[str, ...] = ()


def scope_of(assignment: RoleAssignment, *, at: datetime) -> Scope:
    """Return what a role that somebody holds reaches at the moment."""
    if assignment.unit_id is not None:
        unit_id = str(assignment.unit_id)
        units = units_below(assignment.unit_id, organization_id=assignment.organization_id)
        return Scope(unit_id=unit_id, unit_ids=units)
    return Scope(organization_ids=_reached_from(assignment.organization, role=assignment.role, at=at))


def organization_scope(organization_id: str, *, role: str, at: datetime) -> tuple[str, ...]:
    """Return the ids that a role for a whole organization reaches: itself and those it is agent for.

    An agency that HSA names is for everything; one that was written here is for what it says, while it lasts.
    The central administration reaches all. Empty for an organization that does not exist.
    """
    organization = Organization.objects.filter(pk=organization_id).first()
    return () if organization is None else _reached_from(organization, role=role, at=at)


def _reached_from(organization: Organization, *, role: str, at: datetime) -> tuple[str, ...]:
    if organization.kind == CENTRAL:
        everyone = Organization.objects.order_by("pk").values_list("pk", flat=True)
        return tuple(str(pk) for pk in everyone)
    agencies = Agency.objects.filter(in_force(at), agent=organization)
    for one in sorted(_HANDLES.get(role, _BOTH)):
        agencies = agencies.filter(**{f"for_{one}": True})
    represented = Organization.objects.filter(
        Q(agent_organization=organization) | Q(pk__in=agencies.values("organization_id"))
    ).exclude(pk=organization.pk)
    found = represented.order_by("pk").values_list("pk", flat=True)
    return (str(organization.pk), *(str(pk) for pk in found))


def in_force(at: datetime) -> Q:
    """Return the condition that an agency counts at the moment."""
    return Q(valid_from__lte=at) & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))


def units_below(unit_id: UUID, *, organization_id: UUID) -> tuple[str, ...]:
    """Return a unit and all below it within its organization, in one query; a loop in the tree ends."""
    children: dict[UUID | None, list[UUID]] = {}
    rows = Unit.objects.filter(organization_id=organization_id).order_by("pk").values_list("pk", "parent_id")
    for pk, parent_id in rows:
        children.setdefault(parent_id, []).append(pk)
    found, pending = {unit_id: None}, [unit_id]
    while pending:
        for child in children.get(pending.pop(), []):
            if child not in found:
                found[child] = None
                pending.append(child)
    return tuple(str(pk) for pk in found)


def units_above(unit_id: str) -> tuple[str, ...]:
    """Return a unit and those above it, the nearest first; empty for none."""
    found: list[str] = []
    above: str | UUID | None = unit_id or None
    while above is not None and str(above) not in found:
        found.append(str(above))
        above = Unit.objects.filter(pk=above).values_list("parent_id", flat=True).first()
    return tuple(found)


def placed_within(actor: Actor, prefix: str = "") -> Q:
    """Return the condition that a row with ``organization`` and ``unit`` lies in the actor's reach."""
    if actor.kind is ActorKind.SYSTEM:
        return Q()
    if actor.unit_id:
        return Q(**{f"{prefix}unit_id__in": actor.unit_ids})
    return Q(**{f"{prefix}organization_id__in": actor.organization_ids})


def units_within(actor: Actor) -> Q:
    """Return the condition that a unit lies in the actor's reach."""
    if actor.kind is ActorKind.SYSTEM:
        return Q()
    if actor.unit_id:
        return Q(pk__in=actor.unit_ids)
    return Q(organization_id__in=actor.organization_ids)


def held_within(actor: Actor, prefix: str = "") -> Q:
    """Return the condition that a row with ``organization`` and ``hsa_id`` (a card, an order) is in reach.

    For a role for a unit it is where that service identity works now: somebody who moves takes their cards
    along.
    """
    if actor.kind is not ActorKind.SYSTEM and actor.unit_id:
        return held_in_units(actor.unit_ids, prefix)
    return placed_within(actor, prefix)


def held_in_units(unit_ids: tuple[str, ...], prefix: str = "") -> Q:
    """Return the condition that the service identity of a row works in one of the units."""
    placed = Employment.objects.annotate(key=Upper("hsa_id")).filter(
        key=Upper(OuterRef(f"{prefix}hsa_id")),
        organization_id=OuterRef(f"{prefix}organization_id"),
        unit_id__in=unit_ids,
    )
    return Q(Exists(placed))


def reaches_identity(actor: Actor, organization_id: str, hsa_id: str) -> bool:
    """Tell whether the actor's role reaches what a service identity of an organization holds."""
    if actor.kind is ActorKind.SYSTEM or not actor.unit_id:
        return in_scope(actor, organization_id)
    placed = Employment.objects.annotate(key=Upper("hsa_id")).filter(
        key=hsa_id.upper(), organization_id=organization_id, unit_id__in=actor.unit_ids
    )
    return placed.exists()
