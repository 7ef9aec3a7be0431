"""A role for a unit reaches that unit and those below it, whatever the tree looks like (domain.md 1.2)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards.errors import CardNotFound, Refused
from cards.lifecycle import place_order
from cards.selectors import get_card, list_orders
from directory.errors import PersonNotFound, RoleRefused
from directory.lifecycle import grant_role, revoke_role
from directory.models import UNIT_ROLES, Employment, Person, Role, RoleAssignment, Unit
from directory.reach import placed_within, scope_of, units_above, units_below
from directory.role_selectors import helpers, list_assignments
from directory.selectors import find_people, get_person, roles_of
from functioncerts.selectors import find_function_objects
from journal.actor import Actor
from reports.queries import rows
from tests.cast import actor_of
from tests.scenarios import Scene, a_scene, an_active_card

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.fixture
def scene() -> Scene:
    return a_scene()


class Hospital:
    """Two clinics of Region Norr below one hospital, and a ward below the first; Åsa works in the ward."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.hospital = self.unit("Norrby sjukhus", None)
        self.eyes = self.unit("Ögonkliniken", self.hospital)
        self.ward = self.unit("Avdelning 4", self.eyes)
        self.heart = self.unit("Hjärtkliniken", self.hospital)
        Employment.objects.filter(pk=scene.cast.asa.pk).update(unit=self.ward)

    def unit(self, name: str, parent: Unit | None) -> Unit:
        return Unit.objects.create(
            organization=self.scene.cast.norr, name=name, parent=parent, hsa_id=f"SE2321000016-{name[:3]}"
        )

    def acting(self, unit: Unit, role: Role = Role.ID_ADMINISTRATOR) -> Actor:
        """Return Gun in a role for a unit, with the reach that a login gives."""
        gun = self.scene.cast.another_administrator
        work = Employment.objects.get(hsa_id=gun.identifier)
        RoleAssignment.objects.filter(employment=work).delete()
        actor = actor_of(work, role)
        RoleAssignment.objects.filter(employment=work).update(unit=unit)
        (held,) = roles_of(work.hsa_id, at=self.scene.at)
        scope = scope_of(held, at=self.scene.at)
        return replace(
            actor,
            organization_ids=scope.organization_ids,
            organization_id=str(work.organization_id),
            unit_id=scope.unit_id,
            unit_ids=scope.unit_ids,
        )


@pytest.fixture
def place(scene: Scene) -> Hospital:
    return Hospital(scene)


@given(parents=st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=14))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_units_reach_is_itself_and_all_that_hang_below_it(
    db: None, scene: Scene, parents: list[int]
) -> None:
    """Property: ``below`` and ``above`` are each other's mirror, in any tree, also one with a loop."""
    Unit.objects.filter(organization=scene.cast.norr).update(parent=None)
    Unit.objects.filter(organization=scene.cast.norr).delete()
    made = [
        Unit.objects.create(organization=scene.cast.norr, name=f"E{at}", hsa_id=f"SE2321000016-E{at}")
        for at in range(len(parents))
    ]
    above: dict[UUID, UUID] = {
        one.pk: made[parent % len(made)].pk for one, parent in zip(made, parents, strict=True)
    }
    for child, parent in above.items():
        Unit.objects.filter(pk=child).update(parent_id=parent)

    def hangs_below(child: UUID, unit: UUID) -> bool:
        seen: set[UUID] = set()
        while child not in seen:
            if child == unit:
                return True
            seen.add(child)
            child = above[child]
        return False

    for unit in made:
        below = set(units_below(unit.pk, organization_id=scene.cast.norr.pk))
        assert below == {str(one.pk) for one in made if hangs_below(one.pk, unit.pk)}
        assert {str(one.pk) for one in made if str(unit.pk) in units_above(str(one.pk))} == below


def test_a_role_for_a_unit_reaches_its_people_and_cards_and_no_other(place: Hospital) -> None:
    scene = place.scene
    card = an_active_card(scene)
    for unit in (place.hospital, place.eyes, place.ward):
        actor = place.acting(unit)
        assert actor.organization_ids == ()
        assert [one.name for one in find_people("lindq", actor=actor)] == ["Åsa Lindqvist"]
        assert get_person(card.person_id, actor=actor) == card.person
        assert get_card(str(card.pk), actor=actor) == card
        assert [one.card for one in list_orders(actor=actor).orders] == [card]
        assert len(list(rows("S1", actor=actor, as_of=scene.at + timedelta(days=1)))) == 1
        assert len(list(rows("S2", actor=actor, as_of=scene.at + timedelta(days=1)))) > 0
        with pytest.raises(PersonNotFound):
            get_person(scene.cast.alva.person_id, actor=actor)
    next_door = place.acting(place.heart)
    assert find_people("lindq", actor=next_door) == []
    assert find_people(card.person.personal_identity_number, actor=next_door) == []
    assert find_people(card.hsa_id, actor=next_door) == []
    assert list_orders(actor=next_door).orders == ()
    tomorrow = scene.at + timedelta(days=1)
    for code in ("S1", "S2", "H2"):
        assert list(rows(code, actor=next_door, as_of=tomorrow)) == []
    with pytest.raises(PersonNotFound):
        get_person(card.person_id, actor=next_door)
    with pytest.raises(CardNotFound):
        get_card(str(card.pk), actor=next_door)


def test_nobody_orders_for_another_unit(place: Hospital) -> None:
    with pytest.raises(Refused) as caught:
        place_order(
            hsa_id=place.scene.cast.asa.hsa_id,
            product_code="7B1",
            actor=place.acting(place.heart),
            at=place.scene.at,
        )
    assert caught.value.refusal.code == "outside_scope"


def test_somebody_who_moves_takes_the_cards_along(place: Hospital) -> None:
    card = an_active_card(place.scene)
    Employment.objects.filter(pk=place.scene.cast.asa.pk).update(unit=place.heart)
    assert get_card(str(card.pk), actor=place.acting(place.heart)) == card
    with pytest.raises(CardNotFound):
        get_card(str(card.pk), actor=place.acting(place.eyes))


def test_a_deputy_of_a_unit_gives_roles_there_alone(place: Hospital) -> None:
    deputy = place.acting(place.eyes, Role.DEPUTY_ISSUANCE_MANAGER)
    scene = place.scene

    def give(unit: Unit | None, role: Role = Role.REVOCATION_OFFICER) -> RoleAssignment:
        return grant_role(
            employment=scene.cast.asa, role=role, organization=scene.cast.norr, unit=unit,
            valid_from=scene.at, actor=deputy, at=scene.at,
        )  # fmt: skip

    for unit in (None, place.heart, place.hospital):
        with pytest.raises(RoleRefused) as caught:
            give(unit)
        assert caught.value.facts["rule"] == "out_of_scope"
    given = give(place.ward)
    listed = list_assignments(actor=deputy, at=scene.at).assignments
    assert {one.unit for one in listed} == {place.eyes, place.ward}
    next_door = place.acting(place.heart, Role.DEPUTY_ISSUANCE_MANAGER)
    assert given not in list_assignments(actor=next_door, at=scene.at).assignments
    with pytest.raises(RoleRefused):
        revoke_role(given, reason="mine now", actor=next_door, at=scene.at)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role(one) for one in UNIT_ROLES}))
def test_no_other_role_is_for_a_unit(place: Hospital, role: Role) -> None:
    with pytest.raises(RoleRefused):
        grant_role(
            employment=place.scene.cast.asa, role=role, organization=place.scene.cast.norr, unit=place.eyes,
            valid_from=place.scene.at, actor=SYSTEM, at=place.scene.at,
        )  # fmt: skip


def test_a_unit_of_another_organization_is_none_of_this_one(place: Hospital) -> None:
    elsewhere = Unit.objects.create(organization=place.scene.cast.syd, name="Syd", hsa_id="SE2321000024-E1")
    with pytest.raises(RoleRefused) as caught:
        grant_role(
            employment=place.scene.cast.asa, role=Role.ID_ADMINISTRATOR, organization=place.scene.cast.norr,
            unit=elsewhere, valid_from=place.scene.at, trained_on=None, actor=SYSTEM, at=place.scene.at,
        )  # fmt: skip
    assert caught.value.facts["rule"] == "unit_elsewhere"


def test_functions_belong_to_the_whole_organization(place: Hospital) -> None:
    deputy = place.acting(place.hospital, Role.DEPUTY_ISSUANCE_MANAGER)
    assert find_function_objects("", actor=deputy).objects == ()


def test_who_helps_a_unit_are_those_of_the_units_above_it(place: Hospital) -> None:
    place.acting(place.eyes)
    gun = Person.objects.get(surname="Ek", given_name="Gun")
    organization_id, at = str(place.scene.cast.norr.pk), place.scene.at
    helping = {
        unit.name: gun in helpers(organization_id, unit_id=str(unit.pk), at=at)[Role.ID_ADMINISTRATOR]
        for unit in (place.eyes, place.ward, place.heart)
    }
    assert helping == {"Ögonkliniken": True, "Avdelning 4": True, "Hjärtkliniken": False}
    assert gun not in helpers(organization_id, at=at)[Role.ID_ADMINISTRATOR]


def test_our_own_jobs_reach_all(place: Hospital) -> None:
    assert Employment.objects.filter(placed_within(SYSTEM)).count() == Employment.objects.count()
