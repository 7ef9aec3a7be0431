"""Outdated roles: whose, why, and what a decision does with them (POR-13)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from directory.basis_decisions import Chosen, carry_out, decide
from directory.basis_models import BasisDecision, BasisSubject, RoleUse
from directory.models import Employment, Person, Role, RoleAssignment
from directory.role_basis import note_use, revoke_outdated_role
from directory.role_basis_selectors import RoleGround, count_outdated_roles, outdated_roles
from journal.actor import Actor
from journal.models import Entry
from tests.cast import LONG_AGO, Cast, actor_of, the_cast

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
JOB = Actor.system("decisions")


@pytest.fixture
def cast(db: None) -> Cast:
    people = the_cast()
    for one in RoleAssignment.objects.all():  # everybody was here this week
        note_use(one.pk, at=AT - timedelta(days=3))
    return people


@pytest.fixture
def manager(cast: Cast) -> Actor:
    """Return the issuance manager of Region Norr, who logged in today."""
    actor = actor_of(cast.asa, Role.ISSUANCE_MANAGER)
    note_use(RoleAssignment.objects.get(employment=cast.asa).pk, at=AT)
    return actor


def role_of(actor: Actor) -> RoleAssignment:
    return RoleAssignment.objects.get(employment__hsa_id=actor.identifier, role=actor.role)


def decide_about(cast: Cast, actor: Actor, *, by: Actor) -> BasisDecision:
    assignment = role_of(actor)
    chosen = Chosen(
        subject_id=assignment.pk,
        person_id=assignment.employment.person_id,
        organization_id=assignment.organization_id,
        ground="unused",
    )
    return decide(BasisSubject.ROLE, [chosen], reason="Not used", actor=by, at=AT)


def work() -> int:
    return carry_out(BasisSubject.ROLE, revoke_outdated_role, actor=JOB, at=AT)


def outcome(decision: BasisDecision) -> str:
    return decision.members.get().outcome


def test_roles_in_use_are_on_no_list(cast: Cast, manager: Actor) -> None:
    assert outdated_roles(actor=manager, at=AT) == []
    assert count_outdated_roles(actor=manager, at=AT) == 0


def test_a_role_that_nobody_used_for_three_months_is_listed_with_its_last_use(
    cast: Cast, manager: Actor
) -> None:
    last = AT - timedelta(days=91)
    note_use(role_of(cast.alva).pk, at=last)
    (row,) = outdated_roles(actor=manager, at=AT)
    assert (row.assignment, row.ground, row.unused_since) == (role_of(cast.alva), RoleGround.UNUSED, last)
    assert (row.was_used, row.refusal) == (True, None)


def test_a_role_that_was_never_used_counts_from_when_it_was_given(cast: Cast, manager: Actor) -> None:
    role_of(cast.alva).use.delete()
    (row,) = outdated_roles(actor=manager, at=AT)
    assert (row.was_used, row.unused_since) == (False, LONG_AGO)
    RoleAssignment.objects.filter(pk=role_of(cast.alva).pk).update(granted_at=AT - timedelta(days=5))
    assert outdated_roles(actor=manager, at=AT) == []


@pytest.mark.parametrize("how", ["missing_since", "ends_on"])
def test_a_role_of_somebody_who_left_is_listed(cast: Cast, manager: Actor, how: str) -> None:
    told = AT - timedelta(days=3)
    facts = {how: told if how == "missing_since" else told.date()}
    Employment.objects.filter(hsa_id=cast.alva.identifier).update(**facts)
    (row,) = outdated_roles(actor=manager, at=AT)
    assert (row.ground, row.evidence.register) == (RoleGround.HOLDER_LEFT, "hsa")


@pytest.mark.parametrize(
    "facts",
    [{"registration_status": "deceased"}, {"registration_status": "emigrated"}, {"pu_missing_since": AT}],
)
def test_a_role_of_somebody_gone_is_listed(cast: Cast, manager: Actor, facts: dict[str, object]) -> None:
    Person.objects.filter(pk=cast.alva.person_id).update(**facts)
    (row,) = outdated_roles(actor=manager, at=AT)
    assert (row.ground, row.evidence.register) == (RoleGround.HOLDER_GONE, "pu")


def test_others_see_no_list(cast: Cast, manager: Actor) -> None:
    """F16: Doris manages another organization; Alva, Bo and Cia take no roles."""
    note_use(role_of(cast.alva).pk, at=AT - timedelta(days=91))
    doris = actor_of(Employment.objects.get(hsa_id=cast.doris.identifier), Role.ISSUANCE_MANAGER)
    note_use(role_of(doris).pk, at=AT)
    for actor in (doris, cast.alva, cast.bo, cast.cia):
        assert outdated_roles(actor=actor, at=AT) == []
        assert count_outdated_roles(actor=actor, at=AT) == 0


def test_a_decision_takes_the_role_with_the_reason_and_only_once(cast: Cast, manager: Actor) -> None:
    """POR-13: decided in bulk, each row through the same rules as one by one."""
    note_use(role_of(cast.alva).pk, at=AT - timedelta(days=91))
    decision = decide_about(cast, cast.alva, by=manager)
    assert role_of(cast.alva).revoked_at is None
    assert work() == 1
    assert outcome(decision) == "done"
    taken = role_of(cast.alva)
    assert (taken.revoked_at, taken.revoked_by) == (AT, manager.identifier)
    assert Entry.objects.filter(type="role.revoked").count() == 1
    assert work() == 0


def test_a_role_that_was_used_meanwhile_is_left_alone(cast: Cast, manager: Actor) -> None:
    note_use(role_of(cast.alva).pk, at=AT - timedelta(days=91))
    decision = decide_about(cast, cast.alva, by=manager)
    note_use(role_of(cast.alva).pk, at=AT)
    work()
    assert (outcome(decision), role_of(cast.alva).revoked_at) == ("no_longer_so", None)


def test_doris_takes_no_role_of_another_organization_by_naming_it(cast: Cast, manager: Actor) -> None:
    note_use(role_of(cast.alva).pk, at=AT - timedelta(days=91))
    doris = actor_of(Employment.objects.get(hsa_id=cast.doris.identifier), Role.ISSUANCE_MANAGER)
    decision = decide_about(cast, cast.alva, by=doris)
    work()
    assert (outcome(decision), role_of(cast.alva).revoked_at) == ("refused", None)


def test_nobody_takes_their_own_role(cast: Cast, manager: Actor) -> None:
    RoleAssignment.objects.filter(pk=role_of(manager).pk).update(granted_at=LONG_AGO, valid_from=LONG_AGO)
    note_use(role_of(manager).pk, at=AT - timedelta(days=91))
    (row,) = outdated_roles(actor=manager, at=AT)
    assert row.refusal is not None
    decision = decide_about(cast, manager, by=manager)
    work()
    assert (outcome(decision), role_of(manager).revoked_at) == ("refused", None)


def test_many_roles_cost_no_more_questions_than_one(
    cast: Cast, manager: Actor, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    RoleUse.objects.exclude(role_assignment=role_of(manager)).delete()
    with django_assert_max_num_queries(4):
        assert len(outdated_roles(actor=manager, at=AT)) > 3
