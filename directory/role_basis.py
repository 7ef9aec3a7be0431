"""What a decision over outdated roles does with each (POR-13), and the note of when a role was last used."""

from datetime import datetime
from uuid import UUID

from directory.basis_decisions import Result
from directory.basis_models import BasisMember, BasisOutcome, RoleUse
from directory.errors import RoleNotHeld
from directory.evidence import EvidenceOf
from directory.lifecycle import revoke_role
from directory.models import RoleAssignment
from directory.role_basis_selectors import row_of
from journal.actor import Actor


def revoke_outdated_role(member: BasisMember, reason: str, actor: Actor, at: datetime) -> Result:
    """Take the role of a row if it still is outdated: what a decision does with each."""
    assignment = (
        RoleAssignment.objects.select_related("employment__person", "organization", "use")
        .filter(pk=member.subject_id)
        .first()
    )
    if assignment is None:
        return Result(outcome=BasisOutcome.ALREADY_DONE)
    evidence = EvidenceOf({assignment.employment.person_id})
    if row_of(assignment, evidence, actor=actor, at=at) is None:
        return Result(outcome=BasisOutcome.NO_LONGER_SO)
    try:
        revoke_role(assignment, reason=reason, actor=actor, at=at)
    except RoleNotHeld:
        return Result(outcome=BasisOutcome.ALREADY_DONE)
    return Result(outcome=BasisOutcome.DONE)


def note_use(role_assignment_id: UUID, *, at: datetime) -> None:
    """Note that somebody logged in with a role. An assignment that is gone by now is nothing to note."""
    if RoleAssignment.objects.filter(pk=role_assignment_id).exists():
        RoleUse.objects.update_or_create(role_assignment_id=role_assignment_id, defaults={"last_used_at": at})
