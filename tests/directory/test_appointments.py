"""The roles that two people give: GOV-1, and nobody becomes many people by giving roles to friends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from directory.appointment_models import RoleAppointment
from directory.appointments import approve, ask_for_role, decline, lapse_waiting
from directory.errors import RoleNotFound, RoleRefused
from directory.lifecycle import grant_role, revoke_role
from directory.models import Employment, Role, RoleAssignment
from directory.role_policies import RoleGrant, may_decide
from directory.role_selectors import get_appointment, waiting_appointments
from directory.selectors import roles_of
from journal.actor import Actor
from journal.models import Entry
from tests.cast import LONG_AGO, Cast, actor_of, the_cast

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 21, 12, 0, tzinfo=LONG_AGO.tzinfo)
CENTRAL = Role.CENTRAL_ADMINISTRATOR
MANAGER = Role.ISSUANCE_MANAGER


class Hall:
    """The central administration with two administrators, and the regions that they serve."""

    def __init__(self) -> None:
        self.cast: Cast = the_cast()
        norr = self.cast.norr
        type(norr).objects.filter(pk=norr.pk).update(kind="central")
        norr.refresh_from_db()
        self.central = norr
        self.ines = self._central(self.cast.alva_herself)
        self.other_work = self.cast.asa
        self.olle = self._central(self.cast.asa)

    def _central(self, employment: Employment) -> Actor:
        RoleAssignment.objects.filter(employment=employment).delete()
        everywhere = (str(self.cast.norr.pk), str(self.cast.syd.pk))
        return replace(actor_of(employment, CENTRAL), organization_ids=everywhere)

    def grant(self, role: Role = MANAGER, *, reason: str = "new in office") -> RoleGrant:
        place = self.central if role is CENTRAL else self.cast.syd
        hsa_id = self.cast.bo.identifier if role is CENTRAL else self.cast.doris.identifier
        return RoleGrant(
            employment=Employment.objects.get(hsa_id=hsa_id),
            role=role,
            organization=place,
            valid_from=AT,
            reason=reason,
        )


@pytest.fixture
def hall() -> Hall:
    return Hall()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(RoleRefused) as caught:
        act()
    return caught.value.facts["rule"]


def held(hsa_id: str) -> set[str]:
    return {one.role for one in roles_of(hsa_id, at=AT + timedelta(minutes=1))}


@pytest.mark.parametrize("role", [CENTRAL, MANAGER])
def test_one_central_administrator_alone_gives_neither_role(hall: Hall, role: Role) -> None:
    """GOV-1, domain.md 7.3: the word of one is never enough, whichever verb they call."""
    grant = hall.grant(role)
    rule = refused(
        lambda: grant_role(
            employment=grant.employment, role=role, organization=grant.organization, valid_from=AT,
            actor=hall.ines, at=AT,
        )
    )  # fmt: skip
    assert rule == "two_people"
    waiting = ask_for_role(grant, actor=hall.ines, at=AT)
    assert role.value not in held(grant.employment.hsa_id)
    assert refused(lambda: approve(waiting.pk, actor=hall.ines, at=AT)) == "same_person"
    refusal = may_decide(waiting, actor=hall.ines, at=AT)
    assert refusal is not None
    assert refusal.fixer == Role.CENTRAL_ADMINISTRATOR.value, "another one of the same role, nobody below"
    assert role.value not in held(grant.employment.hsa_id)


@pytest.mark.parametrize("role", [CENTRAL, MANAGER])
def test_two_central_administrators_give_it_together_and_the_journal_names_both(
    hall: Hall, role: Role
) -> None:
    """GOV-1."""
    grant = hall.grant(role)
    waiting = ask_for_role(grant, actor=hall.ines, at=AT)
    assignment = approve(waiting.pk, actor=hall.olle, at=AT)
    assert role.value in held(grant.employment.hsa_id)
    assert (assignment.granted_by_person, assignment.approved_by_person) == (
        hall.ines.person_id,
        hall.olle.person_id,
    )
    types = Entry.objects.filter(type__startswith="role.").order_by("id").values_list("type", flat=True)
    assert list(types) == ["role.requested", "role.granted"]
    assert refused(lambda: approve(waiting.pk, actor=hall.olle, at=AT)) == "decided"


def test_a_person_with_two_hsa_ids_is_one_person(hall: Hall) -> None:
    waiting = ask_for_role(hall.grant(), actor=hall.ines, at=AT)
    again = replace(hall.ines, identifier="SE2321000016-A999")
    assert refused(lambda: approve(waiting.pk, actor=again, at=AT)) == "same_person"


def test_nobody_approves_a_role_of_their_own(hall: Hall) -> None:
    asks = replace(hall.grant(CENTRAL), employment=Employment.objects.get(hsa_id=hall.cast.bo.identifier))
    waiting = ask_for_role(asks, actor=hall.ines, at=AT)
    bo_as_central = replace(hall.olle, person_id=hall.cast.bo.person_id, identifier=hall.cast.bo.identifier)
    assert refused(lambda: approve(waiting.pk, actor=bo_as_central, at=AT)) == "own_role"
    own = replace(hall.grant(CENTRAL), employment=hall.cast.alva_herself)
    assert refused(lambda: ask_for_role(own, actor=hall.ines, at=AT)) == "own_role"


def test_what_waits_too_long_lapses_and_is_told(hall: Hall) -> None:
    """GOV-2: a request nobody looks at is no standing offer."""
    waiting = ask_for_role(hall.grant(), actor=hall.ines, at=AT)
    soon, late = AT + timedelta(days=13), AT + timedelta(days=14)
    job = Actor.system("directory.care_for_roles")
    assert lapse_waiting(actor=job, at=soon) == 0
    assert refused(lambda: approve(waiting.pk, actor=hall.olle, at=late)) == "lapsed", (
        "before the job has run"
    )
    assert [lapse_waiting(actor=job, at=late), lapse_waiting(actor=job, at=late)] == [1, 0]
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by_person) == ("lapsed", "")
    assert refused(lambda: approve(waiting.pk, actor=hall.olle, at=late)) == "lapsed"
    assert Entry.objects.filter(type="role.appointment_lapsed").count() == 1
    assert ask_for_role(hall.grant(), actor=hall.olle, at=late).state == "requested"


def test_two_central_administrators_always_remain(hall: Hall) -> None:
    """With fewer than two nobody could give the role anew: it takes two people."""
    held = {one.employment.person_id: one for one in RoleAssignment.objects.filter(role=CENTRAL.value)}
    assert len(held) == 2
    olles = next(one for person, one in held.items() if str(person) == hall.olle.person_id)
    act = partial(revoke_role, olles, reason="I want to be alone", actor=hall.ines, at=AT)
    assert refused(act) == "last_two_of_the_centre"
    waiting = ask_for_role(hall.grant(CENTRAL), actor=hall.ines, at=AT)
    approve(waiting.pk, actor=hall.olle, at=AT)
    act()
    left = RoleAssignment.objects.filter(role=CENTRAL.value, valid_to__isnull=True)
    assert left.count() == 2
    with pytest.raises(RoleRefused):
        revoke_role(
            left.exclude(employment__person_id=hall.ines.person_id)[0], reason="x", actor=hall.ines, at=AT
        )


def test_what_somebody_asked_for_who_has_left_is_not_given(hall: Hall) -> None:
    """GOV-2: leavers' roles go, and so does their word."""
    waiting = ask_for_role(hall.grant(), actor=hall.ines, at=AT)
    RoleAssignment.objects.filter(employment__person_id=hall.ines.person_id).update(valid_to=AT)
    assert refused(lambda: approve(waiting.pk, actor=hall.olle, at=AT)) == "requester_left"


def test_it_is_asked_for_once_with_a_reason_and_declined_with_one(hall: Hall) -> None:
    assert refused(lambda: ask_for_role(hall.grant(reason=" "), actor=hall.ines, at=AT)) == "reason_missing"
    waiting = ask_for_role(hall.grant(), actor=hall.ines, at=AT)
    assert refused(lambda: ask_for_role(hall.grant(), actor=hall.olle, at=AT)) == "already_asked_for"
    assert refused(lambda: decline(waiting.pk, reason="", actor=hall.olle, at=AT)) == "reason_missing"
    assert refused(lambda: decline(waiting.pk, reason="no", actor=hall.cast.doris, at=AT)) == "not_a_granter"
    decline(waiting.pk, reason="wrong person", actor=hall.ines, at=AT)
    assert refused(lambda: approve(waiting.pk, actor=hall.olle, at=AT)) == "decided"
    assert list(waiting_appointments(actor=hall.olle)) == []
    assert ask_for_role(hall.grant(), actor=hall.olle, at=AT).state == "requested"


def test_other_roles_need_no_second_person(hall: Hall) -> None:
    auditor = replace(hall.grant(), role=Role.AUDITOR, employment=hall.cast.erik)
    assert refused(lambda: ask_for_role(auditor, actor=hall.ines, at=AT)) == "one_person_gives_it"


def test_what_waits_is_seen_by_those_who_may_give_it_only(hall: Hall) -> None:
    waiting = ask_for_role(hall.grant(), actor=hall.ines, at=AT)
    assert [one.pk for one in waiting_appointments(actor=hall.olle)] == [waiting.pk]
    nobody = [hall.cast.doris, hall.cast.cia, replace(hall.olle, organization_ids=(str(hall.central.pk),))]
    for actor in nobody:
        assert list(waiting_appointments(actor=actor)) == []
        with pytest.raises(RoleNotFound):
            get_appointment(waiting.pk, actor=actor)


def _row(hall: Hall, **columns: object) -> RoleAssignment:
    facts: dict[str, object] = {"role": MANAGER.value, "organization": hall.cast.syd}
    facts |= {"employment": hall.cast.erik, "valid_from": AT, "granted_by": "x", "granted_at": AT}
    return RoleAssignment.objects.create(**(facts | columns))


@pytest.mark.parametrize(
    "columns",
    [
        {"granted_by_person": "one"},
        {"granted_by_person": "one", "role": CENTRAL.value},
        {"granted_by_person": "one", "approved_by_person": "one"},
        {"granted_by_person": "one", "approved_by_person": "one", "role": "id_administrator"},
        {"source": "hsa"},
        {"source": "hsa", "role": CENTRAL.value},
        {"source": "hsa", "role": "id_administrator", "may_see_protected": True},
        {"confirmed_by": "one"},
        {"confirmed_at": AT},
    ],
)
def test_the_database_itself_refuses_what_one_person_or_hsa_may_not_give(
    hall: Hall, columns: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        _row(hall, **columns)


def test_the_database_takes_what_two_people_gave(hall: Hall) -> None:
    assert _row(hall, granted_by_person="one", approved_by_person="two").pk
    assert _row(hall, role="id_administrator", source="hsa").pk


def test_the_database_refuses_an_appointment_that_one_person_decided(hall: Hall) -> None:
    waiting = ask_for_role(hall.grant(), actor=hall.ines, at=AT)
    rows = RoleAppointment.objects.filter(pk=waiting.pk)
    wrong: list[dict[str, object]] = [
        {"state": "approved", "decided_by_person": hall.ines.person_id, "decided_at": AT},
        {"state": "approved", "decided_by_person": "", "decided_at": AT},
        {"state": "approved", "decided_by_person": "two", "decided_at": None},
        {"state": "requested", "decided_by_person": "two", "decided_at": AT},
        {"state": "perhaps", "decided_by_person": "two", "decided_at": AT},
    ]
    for columns in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**columns)
