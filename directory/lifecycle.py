"""The only writer of role assignments: one verb each for giving and taking, with the rules of who may."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from directory import policies
from directory.errors import RoleNotHeld, RoleRefused
from directory.events import PersonSearched, ProtectedPersonOpened, RoleGranted, RoleRevoked
from directory.models import Employment, Organization, Person, Role, RoleAssignment, RoleSource
from directory.roles import conflicts
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

_INSTANT = timedelta(microseconds=1)


def grant_role(
    *,
    employment: Employment,
    role: Role,
    organization: Organization,
    valid_from: datetime,
    actor: Actor,
    at: datetime,
    valid_to: datetime | None = None,
    may_see_protected: bool = False,
    source: RoleSource = RoleSource.PORTAL,
) -> RoleAssignment:
    """Give a person a role for an organization from ``valid_from`` until ``valid_to`` (None: no end).

    Raises ``RoleRefused`` naming the rule: nobody gives to themselves, only the granting roles within their
    scope, an auditor has no operative role, the same role is not given twice for the same time.
    """
    refusal = policies.may_grant(
        role,
        employment=employment,
        organization=organization,
        may_see_protected=may_see_protected,
        actor=actor,
    )
    _stop(refusal or policies.fits_organization(role, organization))
    if valid_to is not None and valid_to <= max(valid_from, at):
        raise RoleRefused("it would be over before it starts", facts={"rule": "ends_before_it_starts"})
    with transaction.atomic():
        # The lock makes two grants to one person wait for each other; SQLite has one writer anyway.
        Person.objects.select_for_update().get(pk=employment.person_id)
        if Employment.objects.get(pk=employment.pk).missing_since is not None:
            raise RoleRefused("HSA no longer knows the employment", facts={"rule": "employment_missing"})
        _check_other_roles(employment, role, organization, valid_from=valid_from, valid_to=valid_to)
        try:
            with transaction.atomic():
                assignment = RoleAssignment.objects.create(
                    employment=employment,
                    role=role.value,
                    organization=organization,
                    may_see_protected=may_see_protected,
                    valid_from=valid_from,
                    valid_to=valid_to,
                    source=source.value,
                    granted_by=actor.identifier,
                    granted_at=at,
                )
        except IntegrityError as error:
            raise RoleRefused("the database refuses", facts={"rule": "already_held"}) from error
        event = RoleGranted(
            role_assignment_id=str(assignment.pk),
            person_id=str(employment.person_id),
            organization_id=str(organization.pk),
            hsa_id=employment.hsa_id,
            role=role.value,
            may_see_protected=may_see_protected,
            valid_from=valid_from.isoformat(),
            valid_to=valid_to.isoformat() if valid_to else "",
        )
        record(event, actor=actor, at=at)
    return assignment


def revoke_role(assignment: RoleAssignment, *, reason: str, actor: Actor, at: datetime) -> None:
    """End a role assignment now; one that has not begun yet never will.

    Raises ``RoleRefused`` as ``grant_role`` does, and ``RoleNotHeld`` when it has ended already.
    """
    employment, organization = assignment.employment, assignment.organization
    role = Role(assignment.role)
    refusal = policies.may_grant(
        role, employment=employment, organization=organization, may_see_protected=False, actor=actor
    )
    _stop(refusal)
    with transaction.atomic():
        held = RoleAssignment.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=at), pk=assignment.pk, revoked_at__isnull=True
        )
        # The end lies after the beginning even for one that begins tomorrow: the table demands it.
        ends = max(at, assignment.valid_from + _INSTANT)
        if held.update(valid_to=ends, revoked_at=at, revoked_by=actor.identifier) != 1:
            raise RoleNotHeld("the assignment has ended")
        event = RoleRevoked(
            role_assignment_id=str(assignment.pk),
            person_id=str(employment.person_id),
            organization_id=str(organization.pk),
            hsa_id=employment.hsa_id,
            role=role.value,
            reason=reason,
        )
        record(event, actor=actor, at=at)


def record_protected_opening(person: Person, *, reason: str, actor: Actor, at: datetime) -> None:
    """Record that somebody opened a person with a protected identity, and why (reliability.md §5)."""
    reached = person.employments.filter(organization_id__in=actor.organization_ids).order_by("hsa_id").first()
    event = ProtectedPersonOpened(
        person_id=str(person.pk),
        organization_id=str(reached.organization_id) if reached else "",
        reason=reason,
    )
    with transaction.atomic():
        record(event, actor=actor, at=at)


def record_search(*, key: str, person_id: str, actor: Actor, at: datetime) -> None:
    """Record that somebody looked for a person by a whole number, and whether it found one for them."""
    event = PersonSearched(key=key, outcome="found" if person_id else "not_found", person_id=person_id)
    with transaction.atomic():
        record(event, actor=actor, at=at)


def _check_other_roles(
    employment: Employment,
    role: Role,
    organization: Organization,
    *,
    valid_from: datetime,
    valid_to: datetime | None,
) -> None:
    overlapping = RoleAssignment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=valid_from), employment__person_id=employment.person_id
    )
    if valid_to is not None:
        overlapping = overlapping.filter(valid_from__lt=valid_to)
    for other in overlapping:
        if conflicts(role, Role(other.role)):
            facts = {"rule": "auditor_is_alone", "role": other.role}
            raise RoleRefused("an auditor has no operative role", facts=facts)
        same = (other.employment_id, other.role, other.organization_id)
        if same == (employment.pk, role.value, organization.pk):
            raise RoleRefused("the person has the role already", facts={"rule": "already_held"})


def _stop(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RoleRefused("the role may not be given or taken", facts=dict(refusal.facts))
