"""A number that PU replaces takes the person, the cards and the roles along (hänvisningsnummer)."""

from contextlib import suppress
from dataclasses import replace

import pytest

from directory.configuration import SyncRules
from directory.errors import PersonNotFound, RegisterUnavailable
from directory.models import Person, Role
from directory.pu_sync import sync_pu
from directory.sync_decisions import accept_run, carry_out_decisions, undo_run
from directory.sync_models import ChangeKind, ChangeState, SyncChange
from directory.synchronization import refresh_person
from journal.actor import Actor, ActorKind
from tests.directory.conftest import Registers
from tests.directory.people import ALVA, TOVE
from tests.directory.test_synchronization import AT, JOB, events, hsa, person, pu

pytestmark = pytest.mark.django_db

NEW = "199504049991"


def replaces(registers: Registers, *, is_told_by_both: bool = True) -> None:
    """Let PU give Tove another number, and HSA know her by it."""
    back = f'\nreferred_from = "{TOVE}"' if is_told_by_both else ""
    registers.edit(
        rf'\[\[person\]\]\nnumber = "{TOVE}"',
        f'[[person]]\nnumber = "{TOVE}"\nreferred_to = "{NEW}"\ngiven_name = "Tove"\nsurname = "Dahl"\n\n'
        f'[[person]]\nnumber = "{NEW}"{back}',
    )


def test_who_gets_another_number_stays_the_same_person_with_it(registers_running: Registers) -> None:
    """PU-1, domain.md 4.1: the HSA-id stays; the row, its work and its roles stay with it."""
    hsa()
    before = person(TOVE)
    work = list(before.employments.values_list("hsa_id", flat=True))
    replaces(registers_running)
    assert pu().state == "complete"
    after = Person.objects.get(pk=before.pk)
    assert after.personal_identity_number == NEW
    assert (after.number_changed_at, after.registration_status) == (AT, before.registration_status)
    assert list(after.employments.values_list("hsa_id", flat=True)) == work
    change = SyncChange.objects.get(kind=ChangeKind.NUMBER.value)
    assert change.state == ChangeState.APPLIED.value
    assert NEW not in str(events("person.changed"))
    assert (hsa().state, pu().state, pu().changed) == ("complete", "complete", 0)


def test_a_number_that_only_the_old_record_tells_of_is_not_believed(registers_running: Registers) -> None:
    hsa()
    before = person(TOVE)
    replaces(registers_running, is_told_by_both=False)
    pu()
    after = Person.objects.get(pk=before.pk)
    assert (after.personal_identity_number, after.registration_status) == (TOVE, "deregistered")


def test_who_comes_with_the_new_number_is_found_as_who_they_are(registers_running: Registers) -> None:
    hsa()
    before = person(TOVE)
    replaces(registers_running)
    assert refresh_person(NEW, actor=JOB, at=AT).pk == before.pk
    assert not Person.objects.filter(personal_identity_number=TOVE).exists()


def test_a_number_that_only_the_new_record_tells_of_gives_nobody_anothers_roles(
    registers_running: Registers,
) -> None:
    """Whoever comes with a number takes no row over by what its own record alone says."""
    hsa()
    replaces(registers_running)
    registers_running.edit(rf'\nreferred_to = "{NEW}"', "")
    with suppress(PersonNotFound, RegisterUnavailable):
        refresh_person(NEW, actor=JOB, at=AT)
    assert person(TOVE).number_changed_at is None


def test_who_is_protected_here_is_so_under_the_new_number(registers_running: Registers) -> None:
    """PU-4: an administrator without the right gets the same answer as for nobody, and nothing is changed."""
    hsa()
    replaces(registers_running)
    work = person(TOVE).employments.get()
    Person.objects.filter(pk=person(TOVE).pk).update(protected_identity=True, search_key="")
    clerk = Actor(
        kind=ActorKind.PERSON,
        identifier="SE2321000016-X",
        role=Role.ID_ADMINISTRATOR.value,
        organization_ids=(str(work.organization_id),),
        organization_id=str(work.organization_id),
        loa=3,
    )
    with pytest.raises(PersonNotFound):
        refresh_person(NEW, actor=clerk, at=AT)
    assert person(TOVE).number_changed_at is None
    assert refresh_person(NEW, actor=replace(clerk, may_see_protected=True), at=AT).number_changed_at == AT


def test_two_rows_of_one_person_stop_no_reading(registers_running: Registers) -> None:
    """Both old records refer to one new number: neither row gets it, and the run ends like any other."""
    hsa()
    replaces(registers_running)
    registers_running.edit(rf'referred_from = "{TOVE}"', f'referred_from = "{TOVE} {ALVA}"')
    registers_running.edit(rf'number = "{ALVA}"', f'number = "{ALVA}"\nreferred_to = "{NEW}"')
    assert pu().state == "complete"
    assert not Person.objects.filter(personal_identity_number=NEW).exists()
    assert person(ALVA).registration_status == person(TOVE).registration_status == "deregistered"


def test_a_number_that_somebody_else_got_stops_no_decision(registers_running: Registers) -> None:
    """A decision is carried out to its end, whoever got the number while it waited, and so is its undoing."""
    hsa()
    replaces(registers_running)
    run = sync_pu(actor=JOB, at=AT, rules=SyncRules(cap_persons=0, cap_per_mille=0))
    other = Person.objects.filter(pk=person(ALVA).pk)
    other.update(personal_identity_number=NEW)
    accept_run(run.pk, reason="looked at it", actor=JOB, at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    change = SyncChange.objects.get(run=run, kind=ChangeKind.NUMBER.value)
    assert (change.state, person(TOVE).number_changed_at) == (ChangeState.STALE.value, None)
    other.update(personal_identity_number=ALVA)
    run = pu()
    assert person(NEW).number_changed_at == AT
    other.update(personal_identity_number=TOVE)
    undo_run(run.pk, reason="thought again", actor=JOB, at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    kept = SyncChange.objects.get(run=run, kind=ChangeKind.NUMBER.value)
    assert (kept.state, person(NEW).number_changed_at) == (ChangeState.KEPT.value, AT)
