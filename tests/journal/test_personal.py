"""Personal data of the journal: outside the leaf, committed to by it, and gone with the person's key."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from django.db import DatabaseError, transaction

from journal.actor import Actor, ActorKind
from journal.events import Event, Personal
from journal.models import Entry, PersonalPart, PersonKey
from journal.personal import openings_of, whole_contents
from journal.recording import record

AT = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
ALVA = Actor(
    kind=ActorKind.PERSON,
    identifier="SE2321000016-A001",
    role="id_administrator",
    organization_ids=("norr",),
    person_id="alva-id",
    loa=3,
    client_address="192.0.2.17",
    correlation_id="c1",
)
JOB = Actor.system("sync")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOpened(Event):
    TYPE: ClassVar[str] = "test.door_opened"
    person_id: str
    door: str
    reason: Personal


def opened(actor: Actor = ALVA, *, person_id: str = "erik-id", reason: str = "Släkting frågar") -> Entry:
    with transaction.atomic():
        return record(DoorOpened(person_id=person_id, door="north", reason=reason), actor=actor, at=AT)


@pytest.mark.django_db
def test_a_leaf_names_nobody() -> None:
    entry = opened()
    assert entry.actor_identifier == "alva-id"
    for personal in ("SE2321000016-A001", "192.0.2.17", "Släkting"):
        assert personal not in entry.content
        assert all(personal.encode() not in bytes(part.sealed) for part in PersonalPart.objects.all())
    content = json.loads(entry.content)
    assert content["format"] == 2
    assert content["event"] == {"person_id": "erik-id", "door": "north"}
    assert set(content["personal"]) == {"actor", "event"}


@pytest.mark.django_db
def test_what_stands_outside_is_read_back_and_opens_the_commitment() -> None:
    entry = opened()
    whole = whole_contents([entry])[entry.pk]
    assert whole["event"]["reason"] == "Släkting frågar"
    assert whole["actor"]["identifier"] == "SE2321000016-A001"
    assert whole["actor"]["address"] == "192.0.2.17"
    committed = json.loads(entry.content)["personal"]
    for part, opening in openings_of([entry])[entry.pk].items():
        assert opening.commitment().hex() == committed[part]


@pytest.mark.django_db
def test_the_same_words_give_another_commitment_each_time() -> None:
    first, second = (json.loads(opened().content)["personal"] for _ in range(2))
    assert first["event"] != second["event"]


@pytest.mark.django_db
def test_each_part_falls_with_the_key_of_the_person_it_is_about_and_no_other() -> None:
    entry = opened()
    before = entry.content
    PersonKey.objects.get(subject="erik-id").delete()
    whole = whole_contents([entry])[entry.pk]
    assert "reason" not in whole["event"]
    assert whole["actor"]["identifier"] == "SE2321000016-A001"
    assert Entry.objects.get().content == before


@pytest.mark.django_db
def test_a_person_who_comes_back_after_erasure_gets_a_new_key_that_opens_nothing_old() -> None:
    first = opened()
    PersonKey.objects.get(subject="erik-id").delete()
    second = opened(reason="Nytt")
    whole = whole_contents([first, second])
    assert "reason" not in whole[first.pk]["event"]
    assert whole[second.pk]["event"]["reason"] == "Nytt"


@pytest.mark.django_db
def test_a_job_leaves_nothing_personal_and_keeps_its_name() -> None:
    entry = opened(JOB, reason="")
    assert json.loads(entry.content)["personal"] == {}
    assert entry.actor_identifier == "sync"
    assert json.loads(entry.content)["actor"]["identifier"] == "sync"
    assert not PersonalPart.objects.exists()
    assert not PersonKey.objects.exists()


@pytest.mark.django_db
def test_nobody_known_is_kept_under_the_key_of_the_month() -> None:
    stranger = Actor(kind=ActorKind.SERVICE, identifier="authn-client", client_address="192.0.2.99")
    opened(stranger, person_id="", reason="")
    assert PersonKey.objects.get().subject == "unattributed-2026-11"


@pytest.mark.django_db
def test_encrypted_parts_of_two_entries_cannot_be_exchanged() -> None:
    first, second = opened(reason="ett"), opened(reason="två")
    parts = {part.entry_id: part for part in PersonalPart.objects.filter(part="event")}
    one, other = parts[first.pk], parts[second.pk]
    moved = PersonalPart(entry=first, part="moved", key_id=other.key_id, sealed=other.sealed)
    moved.save()
    assert set(openings_of([first])[first.pk]) == {"actor", "event"}
    assert openings_of([first])[first.pk]["event"].fields == {"reason": "ett"}
    assert one.sealed != other.sealed


@pytest.mark.django_db
def test_the_database_refuses_to_change_or_remove_a_part() -> None:
    opened()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PersonalPart.objects.update(sealed=b"")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PersonalPart.objects.all().delete()


@pytest.mark.django_db
def test_a_row_of_format_1_is_read_as_it_stands() -> None:
    content = json.dumps({"format": 1, "actor": {"identifier": "SE1"}, "event": {"reason": "x"}})
    entry = Entry.objects.create(type="old", version=1, at=AT, actor_identifier="SE1", content=content)
    assert whole_contents([entry])[entry.pk]["actor"]["identifier"] == "SE1"
