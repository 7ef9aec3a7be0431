"""Who may find and see people, and who may give which role: pure decisions, refusals as values."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from directory.matrix import MATRIX, Capability
from directory.models import UNIT_ROLES, Employment, Organization, Person, Role, Unit
from directory.roles import (
    GRANTERS,
    PROTECTED_GRANTERS,
    TRAINED_ROLES,
    TRAINING_LASTS,
    TWO_PEOPLE,
    UNSCOPED_ROLES,
)
from directory.swedish_time import swedish_day
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

SEARCHING_ROLES = frozenset(
    role.value
    for role in (
        Role.CENTRAL_ADMINISTRATOR,
        Role.ISSUANCE_MANAGER,
        Role.DEPUTY_ISSUANCE_MANAGER,
        Role.ID_ADMINISTRATOR,
        Role.REVOCATION_OFFICER,
    )
)
"""The roles that search for people and read what the registers say of them (domain.md 1.2).

An auditor does neither: orders, activations, receipts, reports and journal are what there is to audit.
"""
JOURNAL_ROLES = frozenset(
    role.value
    for role in (
        Role.AUDITOR,
        Role.CENTRAL_ADMINISTRATOR,
        Role.ISSUANCE_MANAGER,
        Role.DEPUTY_ISSUANCE_MANAGER,
    )
)
"""The row "Audit log" of domain.md 1.2: auditors, the central administration, managers of their own area."""
GIVING_ROLES: Final = frozenset(granter.value for granters in GRANTERS.values() for granter in granters)
"""The roles that give roles, and see who holds them."""
REMINDED_BEFORE: Final = timedelta(days=60)
"""How long before a role lapses those who may confirm it are told for the first time."""
CENTRAL = "central"
"""The kind of the organization that the central administration works in."""


def in_scope(actor: Actor, organization_id: str, *, unit_id: str = "") -> bool:
    """Return whether the actor's role reaches the organization, or that unit of it; our own jobs reach all.

    A role for a unit reaches no whole organization: only what is of its units.
    """
    if actor.kind is not ActorKind.SYSTEM and actor.unit_id:
        return bool(unit_id) and unit_id in actor.unit_ids
    return actor.kind is ActorKind.SYSTEM or organization_id in actor.organization_ids


def may_find_people(actor: Actor) -> Refusal | None:
    """Return why the actor may not search for people, or None."""
    if actor.kind is ActorKind.SYSTEM or actor.role in SEARCHING_ROLES:
        return None
    return Refusal(
        code="role_does_not_search", facts=(("role", actor.role),), fixer=Role.ISSUANCE_MANAGER.value
    )


def may_read_journal(actor: Actor) -> Refusal | None:
    """Return why the actor may not read the journal, or None."""
    if actor.kind is ActorKind.SYSTEM or (actor.role in JOURNAL_ROLES and _reaches_something(actor)):
        return None
    return Refusal(
        code="role_does_not_read_journal",
        facts=(("role", actor.role),),
        fixer=Role.CENTRAL_ADMINISTRATOR.value,
    )


def may_see_protected(actor: Actor) -> bool:
    """Return whether the actor may see people with a protected identity."""
    return actor.kind is ActorKind.SYSTEM or actor.may_see_protected


def may_see(person: Person, actor: Actor, *, places: Iterable[tuple[str, str]]) -> Refusal | None:
    """Return why the actor may not see the person, who works at these (organization, unit or ""), or None.

    Everyone may see themselves, in any role; others only those whose role searches for people. What is
    refused here is shown as not found: the difference would tell.
    """
    if actor.kind is ActorKind.SYSTEM or (actor.person_id and actor.person_id == str(person.pk)):
        return None
    if (refusal := may_find_people(actor)) is not None:
        return refusal
    if not any(in_scope(actor, organization, unit_id=unit) for organization, unit in places):
        return Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)
    if person.protected_identity and not actor.may_see_protected:
        return Refusal(code="protected_identity", fixer=Role.ISSUANCE_MANAGER.value)
    return None


def may_view_organizations(actor: Actor) -> Refusal | None:
    """Return why the actor may not see how organizations are set up, or None (domain.md 1.2)."""
    is_viewer = actor.role in _names(Capability.VIEW_ORGANIZATIONS) and not actor.unit_id
    if actor.kind is ActorKind.SYSTEM or is_viewer:
        return None
    return Refusal(code="organization_refused", facts=(("rule", "not_for_role"),))


def may_set_up_organizations(actor: Actor) -> Refusal | None:
    """Return why the actor may not change how organizations are set up, or None (domain.md 1.2)."""
    if actor.kind is ActorKind.SYSTEM or actor.role in _names(Capability.CHANGE_ORGANIZATIONS):
        return None
    return Refusal(
        code="organization_refused",
        facts=(("rule", "not_central"),),
        fixer=Role.CENTRAL_ADMINISTRATOR.value,
    )


def may_list_roles(actor: Actor) -> Refusal | None:
    """Return why the actor may not see who holds which role, or None: for those who give roles."""
    if actor.kind is ActorKind.SYSTEM or (actor.role in GIVING_ROLES and _reaches_something(actor)):
        return None
    return Refusal(
        code="role_gives_no_roles", facts=(("role", actor.role),), fixer=Role.ISSUANCE_MANAGER.value
    )


def may_grant(
    role: Role,
    *,
    employment: Employment,
    organization: Organization,
    may_see_protected: bool,
    actor: Actor,
    unit_id: str = "",
) -> Refusal | None:
    """Return why the actor may not give (or take) the role, or None; for our own jobs everything goes."""
    if actor.kind is ActorKind.SYSTEM:
        return None
    if actor.person_id == str(employment.person_id) or actor.identifier.upper() == employment.hsa_id.upper():
        return _refusal("own_role")
    if actor.role not in {granter.value for granter in GRANTERS[role]}:
        return Refusal(
            code="role_refused",
            facts=(("rule", "not_a_granter"), ("role", role.value)),
            fixer=_giver_of(role).value,
        )
    if not in_scope(actor, str(organization.pk), unit_id=unit_id):
        return _refusal("out_of_scope")
    if may_see_protected and actor.role not in {granter.value for granter in PROTECTED_GRANTERS}:
        return _refusal("protected_needs_issuance_manager")
    return None


def may_grant_alone(role: Role, *, actor: Actor) -> Refusal | None:
    """Return why the actor's word is not enough for the role: two people give those that give roles."""
    if actor.kind is ActorKind.SYSTEM or role not in TWO_PEOPLE:
        return None
    return _refusal("two_people", ("role", role.value))


def training_refusal(role: Role, *, trained_on: date | None, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the training is not enough for the role, or None (GOV-2); our own jobs state none."""
    if role not in TRAINED_ROLES or actor.kind is ActorKind.SYSTEM:
        return None
    if trained_on is None:
        return _refusal("training_missing", ("role", role.value))
    today = swedish_day(at)
    if trained_on > today:
        return _refusal("training_in_future")
    if trained_on < today - TRAINING_LASTS:
        return _refusal("training_too_old", ("role", role.value))
    return None


def fits_organization(role: Role, organization: Organization) -> Refusal | None:
    """Return why nobody can have the role for that organization, or None.

    The central administration's roles reach every organization, so they belong to it alone, and no other
    role does.
    """
    if (role in UNSCOPED_ROLES) is not (organization.kind == CENTRAL) and role is not Role.AUDITOR:
        return _refusal("central_roles_are_central")
    return None


def fits_unit(role: Role, organization: Organization, unit: Unit | None) -> Refusal | None:
    """Return why nobody can have the role for that unit of the organization, or None."""
    if unit is None:
        return None
    if role.value not in UNIT_ROLES:
        return _refusal("role_is_for_the_whole", ("role", role.value))
    if unit.organization_id != organization.pk:
        return _refusal("unit_elsewhere")
    return None


def _giver_of(role: Role) -> Role:
    """Return who gives the role: the issuance manager where one does, else the central administration."""
    manager = Role.ISSUANCE_MANAGER
    return manager if manager in GRANTERS[role] else Role.CENTRAL_ADMINISTRATOR


def _reaches_something(actor: Actor) -> bool:
    return bool(actor.organization_ids or actor.unit_ids)


def _names(capability: Capability) -> frozenset[str]:
    return frozenset(role.value for role in MATRIX[capability])


def _refusal(rule: str, *facts: tuple[str, str]) -> Refusal:
    return Refusal(
        code="role_refused", facts=(("rule", rule), *facts), fixer=Role.CENTRAL_ADMINISTRATOR.value
    )
