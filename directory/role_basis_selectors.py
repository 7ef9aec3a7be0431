"""Outdated roles (POR-13): the holder has left or is gone, or has long not used them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from directory import policies
from directory.evidence import Evidence, EvidenceOf
from directory.models import RegistrationStatus, Role, RoleAssignment
from directory.reach import placed_within
from directory.swedish_time import swedish_day
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

_GONE: Final = (
    RegistrationStatus.DECEASED.value,
    RegistrationStatus.EMIGRATED.value,
    RegistrationStatus.DEREGISTERED.value,
)
LISTING_ROLES: Final = frozenset(
    role.value for role in (Role.CENTRAL_ADMINISTRATOR, Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER)
)
"""Who sees the basis of roles: those who may take any."""


class RoleGround(StrEnum):
    """Why a role is outdated; the gravest first."""

    HOLDER_GONE = "holder_gone"
    HOLDER_LEFT = "holder_left"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedRole:
    """A role on the list. ``unused_since`` is the last use, or when it was given to be used."""

    assignment: RoleAssignment
    ground: RoleGround
    evidence: Evidence
    unused_since: datetime
    was_used: bool
    refusal: Refusal | None


def unused_after() -> timedelta:
    """Return how long a role may lie unused (reliability.md A20: review every three months)."""
    return timedelta(days=int(getattr(settings, "SIGILL_ROLE_UNUSED_DAYS", 90)))


def may_list(actor: Actor) -> Refusal | None:
    """Return why the actor may not see the basis of roles, or None."""
    if actor.kind is ActorKind.SYSTEM or actor.role in LISTING_ROLES:
        return None
    facts = (("role", actor.role), ("needed", ",".join(sorted(LISTING_ROLES))))
    return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)


def outdated_roles(
    *, actor: Actor, at: datetime, chosen: list[UUID] | None = None, after: str = "", limit: int = 50
) -> list[OutdatedRole]:
    """Return outdated roles for the actor's organizations, in a steady order, from ``after`` (an id) on.

    ``chosen`` narrows them to some ids. Nobody gets any without the role for it.
    """
    if may_list(actor) is not None:
        return []
    rows = _visible(actor).filter(_outdated(at))
    if chosen is not None:
        rows = rows.filter(pk__in=chosen)
    if after:
        rows = rows.filter(pk__gt=after)
    found = list(
        rows.select_related("employment__person", "employment__organization", "organization", "use").order_by(
            "pk"
        )[: max(1, min(limit, 500))]
    )
    evidence = EvidenceOf({one.employment.person_id for one in found})
    return [row for one in found if (row := row_of(one, evidence, actor=actor, at=at)) is not None]


def count_outdated_roles(*, actor: Actor, at: datetime) -> int:
    """Return how many roles are on the list."""
    return 0 if may_list(actor) is not None else _visible(actor).filter(_outdated(at)).count()


def _visible(actor: Actor) -> QuerySet[RoleAssignment]:
    rows = RoleAssignment.objects.all()
    if actor.kind is ActorKind.SYSTEM:
        return rows
    rows = rows.filter(placed_within(actor))
    return (
        rows
        if policies.may_see_protected(actor)
        else rows.exclude(employment__person__protected_identity=True)
    )


def _outdated(at: datetime) -> Q:
    today = swedish_day(at)
    gone = Q(employment__person__registration_status__in=_GONE) | Q(
        employment__person__pu_missing_since__isnull=False
    )
    left = Q(employment__missing_since__isnull=False) | Q(employment__ends_on__lt=today)
    long_ago = at - unused_after()
    # Given lately counts as used lately: nobody is asked why they have not begun yet.
    unused = (Q(use__last_used_at__lt=long_ago) | Q(use__isnull=True)) & Q(
        valid_from__lt=long_ago, granted_at__lt=long_ago
    )
    in_force = Q(revoked_at__isnull=True) & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))
    return in_force & (gone | left | unused)


def row_of(
    assignment: RoleAssignment, evidence: EvidenceOf, *, actor: Actor, at: datetime
) -> OutdatedRole | None:
    """Return the row of an assignment, or None when it is not outdated."""
    employment, person = assignment.employment, assignment.employment.person
    use = getattr(assignment, "use", None)  # Django says AttributeError when there is none
    since = max(assignment.valid_from, assignment.granted_at, *((use.last_used_at,) if use else ()))
    today = swedish_day(at)
    told: Evidence
    if person.registration_status in _GONE:
        ground, told = RoleGround.HOLDER_GONE, evidence.of_register_status(person)
    elif person.pu_missing_since is not None:
        ground, told = RoleGround.HOLDER_GONE, evidence.of_absence_in_pu(person)
    elif employment.missing_since is not None:
        ground, told = RoleGround.HOLDER_LEFT, evidence.of_absence_in_hsa(employment)
    elif employment.ends_on is not None and employment.ends_on < today:
        ground, told = RoleGround.HOLDER_LEFT, evidence.of_ended_employment(employment)
    elif since < at - unused_after():
        ground = RoleGround.UNUSED
        told = Evidence(register="", since=since, readings=(), latest_at=None)
    else:
        return None
    return OutdatedRole(
        assignment=assignment,
        ground=ground,
        evidence=told,
        unused_since=since,
        was_used=use is not None,
        refusal=policies.may_grant(
            Role(assignment.role),
            employment=employment,
            organization=assignment.organization,
            may_see_protected=False,
            actor=actor,
        ),
    )
