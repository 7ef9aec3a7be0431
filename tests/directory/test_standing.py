"""PU is asked about somebody who is not kept here: the answer is a standing, and nothing stays of it."""

import json

import pytest

from cards.attestor import Attestor, AttestorRelation, asked_of_pu
from directory.errors import RegisterUnavailable
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person, RegistrationStatus
from directory.standing import ask_standing
from journal.actor import Actor, ActorKind
from journal.models import Entry
from tests.directory.conftest import Registers
from tests.scenarios import AT

pytestmark = pytest.mark.django_db
ADMINISTRATOR = Actor(kind=ActorKind.PERSON, identifier="SE2321000016-1003", loa=3)


def told() -> list[dict[str, str]]:
    rows = Entry.objects.filter(type="directory.person_read").order_by("id")
    return [json.loads(one.content)["event"] for one in rows]


def standing_of(number: str) -> RegistrationStatus | None:
    return ask_standing(PersonalIdentityNumber(number), actor=ADMINISTRATOR, at=AT).status


def test_the_living_the_dead_and_nobody_are_told_apart_and_nobody_is_kept(
    registers_running: Registers,
) -> None:
    """Issue 7: an attestor is asked of PU; the journal has that somebody asked, never about whom."""
    assert standing_of("197008279858") is RegistrationStatus.REGISTERED
    assert standing_of("194902029935") is RegistrationStatus.DECEASED
    assert standing_of("197010239809") is None
    assert [one["outcome"] for one in told()] == ["read", "read", "not_found"]
    assert all(one["person_id"] == "" for one in told())
    assert not Person.objects.exists()


def test_the_numbers_that_a_person_had_before_are_theirs(registers_running: Registers) -> None:
    registers_running.edit(
        r'number = "197008279858"\n', 'number = "197008279858"\nreferred_from = "197010239809"\n'
    )
    found = ask_standing(PersonalIdentityNumber("197008279858"), actor=ADMINISTRATOR, at=AT)
    assert found.numbers == {"197008279858", "197010239809"}
    assert "1970" not in repr(found)


def test_a_register_that_does_not_answer_is_an_error_and_told(registers_running: Registers) -> None:
    registers_running.show("pu", "503")
    with pytest.raises(RegisterUnavailable):
        standing_of("197008279858")
    assert [one["outcome"] for one in told()] == ["unavailable"]


def test_a_number_that_is_nobodys_is_not_asked_for(registers_running: Registers) -> None:
    attestor = Attestor(
        personal_identity_number="19700827-9859", name="Maj Sund", relation=AttestorRelation.MANAGER
    )
    assert asked_of_pu(attestor, actor=ADMINISTRATOR, at=AT).standing is None
    assert told() == []
