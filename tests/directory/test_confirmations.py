"""The yearly confirmation of roles: GOV-2, suitability reviewed, leavers' roles go, nobody surprised."""

from datetime import datetime, timedelta

import pytest

from cards import policies as cards_policies
from directory import policies
from directory.confirmations import NOTICE, confirm_roles, lapse_due, remind_due
from directory.errors import RoleNotFound, RoleNotHeld, RoleRefused
from directory.lifecycle import revoke_role
from directory.matrix import MATRIX, Capability, capabilities_of
from directory.models import Employment, Organization, Role, RoleAssignment
from directory.role_selectors import Shown, list_assignments
from directory.roles import CONFIRMATION_LASTS, GRANTERS
from functioncerts import policies as function_policies
from journal.actor import Actor
from journal.models import Entry
from tests.cast import LONG_AGO, Cast, actor_of, the_cast

pytestmark = pytest.mark.django_db
JOB = Actor.system("roles")
DUE = LONG_AGO + CONFIRMATION_LASTS


class Office:
    """Region Norr with its manager, whose people's roles were given long ago."""

    def __init__(self) -> None:
        self.cast: Cast = the_cast()
        self.manager = actor_of(self.cast.asa, Role.ISSUANCE_MANAGER)
        self.alva = self.role(self.cast.alva)
        self.bo = self.role(self.cast.bo)

    def role(self, actor: Actor) -> RoleAssignment:
        return RoleAssignment.objects.get(employment__hsa_id=actor.identifier)

    def due(self, at: datetime, actor: Actor | None = None) -> set[str]:
        listed = list_assignments(actor=actor or self.manager, at=at, shown=Shown.DUE).assignments
        return {one.employment.hsa_id for one in listed}


@pytest.fixture
def office(db: None) -> Office:
    return Office()


def told(kind: str) -> int:
    return Entry.objects.filter(type=kind).count()


def test_roles_are_confirmed_in_one_sweep_and_then_hold_for_another_year(office: Office) -> None:
    """GOV-2."""
    at = DUE - timedelta(days=40)
    assert {office.cast.alva.identifier, office.cast.bo.identifier} <= office.due(at)
    both = [office.alva.pk, office.bo.pk]
    assert confirm_roles(both, trained_on=at.date(), actor=office.manager, at=at) == 2
    assert not {office.cast.alva.identifier, office.cast.bo.identifier} & office.due(at)
    assert told("role.confirmed") == 2
    remind_due(actor=JOB, at=at + timedelta(days=200))
    office.alva.refresh_from_db()
    assert office.alva.reminded_at is None
    assert (office.alva.trained_on, office.alva.confirmed_by) == (at.date(), office.manager.identifier)


def test_a_confirmation_follows_the_training_up(office: Office) -> None:
    """GOV-2: whose training is unknown or old is not confirmed, and neither is anybody else of the sweep."""
    with pytest.raises(RoleRefused) as caught:
        confirm_roles([office.bo.pk, office.alva.pk], trained_on=None, actor=office.manager, at=DUE)
    assert caught.value.facts["rule"] == "training_missing"
    assert told("role.confirmed") == 0
    RoleAssignment.objects.filter(pk=office.alva.pk).update(trained_on=LONG_AGO.date())
    with pytest.raises(RoleRefused) as caught:
        confirm_roles([office.alva.pk], trained_on=None, actor=office.manager, at=DUE + timedelta(days=1))
    assert caught.value.facts["rule"] == "training_too_old"


def test_nobody_confirms_their_own_role_or_one_they_could_not_give(office: Office) -> None:
    mine = office.role(office.manager)
    for actor, one, rule in [
        (office.manager, mine, "own_role"),
        (office.cast.another_administrator, office.alva, "not_a_granter"),
    ]:
        with pytest.raises(RoleRefused) as caught:
            confirm_roles([one.pk], trained_on=None, actor=actor, at=DUE)
        assert caught.value.facts["rule"] == rule
    deputy = actor_of(Employment.objects.get(pk=office.alva.employment_id), Role.DEPUTY_ISSUANCE_MANAGER)
    with pytest.raises(RoleRefused) as caught:
        confirm_roles([office.alva.pk], trained_on=DUE.date(), actor=deputy, at=DUE)
    assert caught.value.facts["rule"] == "own_role"


def test_a_manager_of_another_organization_confirms_and_sees_nothing(office: Office) -> None:
    """Scope: as if it did not exist."""
    lars = actor_of(Employment.objects.get(hsa_id=office.cast.doris.identifier), Role.ISSUANCE_MANAGER)
    with pytest.raises(RoleNotFound):
        confirm_roles([office.alva.pk], trained_on=DUE.date(), actor=lars, at=DUE)
    assert office.due(DUE, lars) == {office.cast.doris.identifier}
    for organization_id in (str(office.cast.norr.pk), "nothing"):
        page = list_assignments(actor=lars, at=DUE, organization_id=organization_id)
        assert page.assignments == ()
    for actor in (office.cast.doris, office.cast.cia, office.cast.bo):
        assert list_assignments(actor=actor, at=DUE).assignments == ()


def test_those_who_may_confirm_are_reminded_step_by_step_and_once_each(office: Office) -> None:
    RoleAssignment.objects.exclude(pk=office.alva.pk).delete()
    days = [90, 60, 59, 31, 30, 29, 8, 7, 1]
    assert [remind_due(actor=JOB, at=DUE - timedelta(days=day)) for day in days] == [
        0, 1, 0, 0, 1, 0, 0, 1, 0
    ]  # fmt: skip
    assert told("role.reminded") == 3


def test_a_role_lapses_only_after_somebody_was_told(office: Office) -> None:
    """GOV-2: an installation whose jobs were away for a year takes no role without a word before."""
    RoleAssignment.objects.exclude(pk=office.alva.pk).delete()
    late = DUE + timedelta(days=100)
    assert lapse_due(actor=JOB, at=late) == 0
    assert remind_due(actor=JOB, at=late) == 1
    assert lapse_due(actor=JOB, at=late + NOTICE - timedelta(seconds=1)) == 0
    assert lapse_due(actor=JOB, at=late + NOTICE) == 1
    office.alva.refresh_from_db()
    assert (office.alva.valid_to, office.alva.revoked_by) == (late + NOTICE, "roles")
    assert lapse_due(actor=JOB, at=late + NOTICE) == 0
    with pytest.raises(RoleNotHeld):
        confirm_roles([office.alva.pk], trained_on=late.date(), actor=office.manager, at=late + NOTICE)


def test_the_last_two_central_administrators_do_not_lapse(office: Office) -> None:
    RoleAssignment.objects.all().delete()
    Organization.objects.filter(pk=office.cast.norr.pk).update(kind="central")
    one = actor_of(office.cast.asa, Role.CENTRAL_ADMINISTRATOR)
    two = actor_of(office.cast.alva_herself, Role.CENTRAL_ADMINISTRATOR)
    three = actor_of(office.cast.erik, Role.CENTRAL_ADMINISTRATOR)
    remind_due(actor=JOB, at=DUE)
    assert lapse_due(actor=JOB, at=DUE + NOTICE) == 1
    left = [office.role(who).valid_to for who in (one, two, three)]
    assert left.count(None) == 2


def test_a_role_of_hsa_is_confirmed_in_hsa(office: Office) -> None:
    RoleAssignment.objects.filter(pk=office.bo.pk).update(source="hsa")
    with pytest.raises(RoleRefused) as caught:
        confirm_roles([office.bo.pk], trained_on=None, actor=office.manager, at=DUE)
    assert caught.value.facts["rule"] == "hsa_gives_it"
    remind_due(actor=JOB, at=DUE)
    assert lapse_due(actor=JOB, at=DUE + NOTICE) > 0
    office.bo.refresh_from_db()
    assert office.bo.valid_to is None


def test_pages_of_the_list_hold_everything_once(office: Office) -> None:
    seen, after = [], ""
    while True:
        page = list_assignments(actor=office.manager, at=DUE, after=after, limit=2)
        seen += [one.pk for one in page.assignments]
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == RoleAssignment.objects.filter(organization=office.cast.norr).count()
    revoke_role(office.bo, reason="left", actor=office.manager, at=DUE)
    ended = list_assignments(actor=office.manager, at=DUE, shown=Shown.ENDED).assignments
    assert [one.pk for one in ended] == [office.bo.pk]


def test_the_matrix_of_the_pages_is_the_one_that_decides() -> None:
    """GOV-1, domain.md 1.2: what is told of a role is what its acts check."""

    def names(capability: Capability) -> set[str]:
        return {role.value for role in MATRIX[capability]}

    assert names(Capability.SEARCH_PEOPLE) == policies.SEARCHING_ROLES
    assert names(Capability.READ_JOURNAL) == policies.JOURNAL_ROLES
    assert names(Capability.ORDER_CARDS) == cards_policies.MAY_ORDER
    assert names(Capability.ACTIVATE_CARDS) == cards_policies.MAY_ACTIVATE
    assert names(Capability.BLOCK_CARDS) == cards_policies.MAY_BLOCK
    assert names(Capability.STOP_ORDERING) == cards_policies.MAY_STOP_ORDERING
    assert names(Capability.ORDER_FUNCTION_CERTIFICATES) == function_policies.MAY_ORDER
    assert names(Capability.REVOKE_FUNCTION_CERTIFICATES) == function_policies.MAY_REVOKE
    assert names(Capability.VALIDATE_FUNCTION_OBJECTS) == function_policies.MAY_VALIDATE
    assert MATRIX[Capability.APPOINT_ISSUANCE_MANAGER] == GRANTERS[Role.ISSUANCE_MANAGER]
    assert MATRIX[Capability.APPOINT_DEPUTY] == GRANTERS[Role.DEPUTY_ISSUANCE_MANAGER]
    assert MATRIX[Capability.APPOINT_OPERATORS] == GRANTERS[Role.ID_ADMINISTRATOR]
    assert capabilities_of(Role.AUDITOR) == (Capability.READ_JOURNAL,)
