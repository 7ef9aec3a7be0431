"""Finding people and units by words: what is found, in which order, a page at a time, and by few queries."""

import uuid
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection

from directory import search_index
from directory.models import Employment, Organization, Person, Unit
from directory.names import search_key
from directory.search_models import SearchWord
from directory.searching import (
    people_by_email,
    people_by_words,
    people_of_unit,
    units_by_hsa_id,
    units_by_words,
)
from journal.actor import Actor, ActorKind
from tests.cast import Cast, the_cast

pytestmark = pytest.mark.django_db

Within = Callable[..., Actor]


@pytest.fixture
def cast() -> Cast:
    return the_cast()


def actor(*organizations: Organization) -> Actor:
    ids = tuple(str(one.pk) for one in organizations)
    return Actor(kind=ActorKind.PERSON, identifier="x", role="id_administrator", organization_ids=ids)


def employed(organization: Organization, given: str, surname: str, **more: str) -> Person:
    count = Person.objects.count()
    person = Person.objects.create(
        personal_identity_number=f"19700101{count:04d}",
        given_name=given,
        calling_name=given,
        surname=surname,
        search_key=search_key(given, surname),
        birth_date=date(1970, 1, 1),
    )
    work(person, organization, **more)
    return person


def work(person: Person, organization: Organization, **more: str) -> Employment:
    return Employment.objects.create(
        person=person, organization=organization, hsa_id=f"SE2321000016-X{uuid.uuid4().hex[:12]}", **more
    )


def names(query: str, who: Actor, *, limit: int = 50) -> list[str]:
    return [hit.name for hit in people_by_words(query, actor=who, limit=limit).hits]


@pytest.mark.parametrize(
    "query", ["åsa bergström", "BERG ås", "asa bergstrom", "bergström", "Åsa Zoë", "zoe", "ZOË berg"]
)
def test_any_order_any_beginning_and_both_spellings_find_the_person(cast: Cast, query: str) -> None:
    employed(cast.norr, "Åsa Zoë", "Bergström")
    assert names(query, actor(cast.norr)) == ["Åsa Zoë Bergström"]


def test_what_is_written_comes_before_what_is_written_without_rings_and_dots(cast: Cast) -> None:
    for surname in ("Oberg", "Öberg"):
        employed(cast.norr, "Tor", surname)
    assert names("öberg", actor(cast.norr)) == ["Tor Öberg", "Tor Oberg"]
    assert names("oberg", actor(cast.norr)) == ["Tor Oberg", "Tor Öberg"]


def test_hits_of_a_name_come_as_in_a_swedish_telephone_book(cast: Cast) -> None:
    for surname in ("Öst", "Ånäs", "Ärlig", "Zander", "Ek"):
        employed(cast.norr, "Tove", surname)
    assert names("tove", actor(cast.norr)) == [
        "Tove Ek",
        "Tove Zander",
        "Tove Ånäs",
        "Tove Ärlig",
        "Tove Öst",
    ]


def test_a_whole_word_comes_before_longer_ones(cast: Cast) -> None:
    for surname in ("Lindberg", "Lind", "Linder"):
        employed(cast.norr, "Tove", surname)
    assert names("lind", actor(cast.norr))[0] == "Tove Lind"


def test_pages_follow_each_other_without_gap_or_twin(cast: Cast) -> None:
    """POR-10: by keyset, also over the seam between both spellings, and for Anders Andersson."""
    people = [
        employed(cast.norr, given, surname)
        for given in ("Anders", "Anton", "Änne")
        for surname in ("Andersson", "Änglund", "Antonsson", "Ek")
    ]
    for one in people[:4]:
        work(one, cast.syd)
    who, seen, after = actor(cast.norr, cast.syd), [], ""
    for query in ("an", "än"):
        whole = [hit.person_id for hit in people_by_words(query, actor=who, limit=50).hits]
        seen, after = [], ""
        for _ in range(20):
            page = people_by_words(query, actor=who, limit=3, after=after)
            seen += [hit.person_id for hit in page.hits]
            after = page.after
            if not after:
                break
        assert seen == whole
        assert len(set(seen)) == len(seen) >= 8


def test_only_the_scope_is_searched_and_each_once(cast: Cast) -> None:
    person = employed(cast.norr, "Tove", "Ek")
    work(person, cast.syd)
    employed(cast.syd, "Tove", "Ask")
    assert names("tove", actor(cast.norr)) == ["Tove Ek"]
    assert names("tove", actor(cast.norr, cast.syd)) == ["Tove Ask", "Tove Ek"]
    assert names("tove", actor()) == []
    assert names("tove", Actor.system("job")) == ["Tove Ask", "Tove Ek"]


def test_the_index_follows_whoever_writes(cast: Cast) -> None:
    """The database itself keeps it: name, protection, employment and unit."""
    person = employed(cast.norr, "Tove", "Ek", email="tove.ek@norr.test")
    who = actor(cast.norr)
    Person.objects.filter(pk=person.pk).update(surname="Ask", search_key=" tove ask")
    assert names("ask", who) == ["Tove Ask"]
    assert names("tove ek", who) == []
    Employment.objects.filter(person=person).update(email="tove.ask@norr.test")
    assert people_by_email("TOVE.ASK@norr.test", actor=who, limit=5).hits
    assert not people_by_email("tove.ek@norr.test", actor=who, limit=5).hits
    Employment.objects.filter(person=person).update(organization=cast.syd)
    assert names("tove", who) == []
    assert names("tove", actor(cast.syd)) == ["Tove Ask"]
    Person.objects.filter(pk=person.pk).update(protected_identity=True, search_key="")
    assert names("tove", Actor.system("job")) == []
    assert not people_by_email("tove.ask@norr.test", actor=Actor.system("job"), limit=5).hits
    Employment.objects.filter(person=person).delete()
    assert not SearchWord.objects.filter(subject_id=person.pk).exists()


def test_the_index_written_anew_is_the_one_that_was_kept(cast: Cast) -> None:
    employed(cast.norr, "Åsa", "Östman", email="asa@norr.test")
    Unit.objects.create(organization=cast.norr, name="Ögon- och öronkliniken", hsa_id="SE2321000016-E9")

    def kept() -> set[tuple[object, bytes, object]]:
        rows = SearchWord.objects.values_list("organization_id", "key", "subject_id")
        return {(organization, bytes(key), subject) for organization, key, subject in rows}

    before = kept()
    search_index.fill(connection)
    assert kept() == before
    assert len(before) > 10


def test_every_trigger_is_there() -> None:
    """SQLite loses them when a migration makes a table anew: it must end with search_index.install."""
    table = "sqlite_master WHERE type = 'trigger'" if connection.vendor == "sqlite" else "pg_trigger"
    column = "name" if connection.vendor == "sqlite" else "tgname"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        there = {str(row[0]) for row in cursor.fetchall()}
    assert set(search_index.TRIGGERS) <= there


def test_units_are_found_by_words_and_hsa_id_and_show_who_works_there(cast: Cast) -> None:
    unit = Unit.objects.create(
        organization=cast.norr, name="Ögon- och öronkliniken", hsa_id="SE2321000016-E9"
    )
    for surname in ("Berg", "Ask", "Dal"):
        employed(cast.norr, "Tove", surname, unit_id=str(unit.pk))
    who, stranger = actor(cast.norr), actor(cast.syd)
    for query in ("ögon", "oron", "öronkl ÖGON"):
        assert [hit.name for hit in units_by_words(query, actor=who, limit=5)] == [unit.name]
        assert units_by_words(query, actor=stranger, limit=5) == ()
    assert [hit.unit_id for hit in units_by_hsa_id("se2321000016-e9", actor=who, limit=5)] == [str(unit.pk)]
    assert units_by_hsa_id("SE2321000016-E9", actor=stranger, limit=5) == ()
    first = people_of_unit(unit, actor=who, limit=2)
    assert [hit.name for hit in first.hits] == ["Tove Ask", "Tove Berg"]
    rest = people_of_unit(unit, actor=who, limit=2, after=first.after)
    assert ([hit.name for hit in rest.hits], rest.after) == (["Tove Dal"], "")
    assert people_of_unit(unit, actor=stranger, limit=2).hits == ()


@pytest.mark.parametrize(
    "query", ["", " ", "t", "%", "_", "\x01", "ö%", "'", "\x00", "tove\x00", "÷", "{", "🜁🜁"]
)
def test_odd_texts_find_nobody_and_break_nothing(cast: Cast, query: str) -> None:
    employed(cast.norr, "Tova", "Ek")
    assert names(query, actor(cast.norr)) == []
    assert units_by_words(query, actor=actor(cast.norr), limit=5) == ()
    assert people_by_email(f"{query}@", actor=actor(cast.norr), limit=5).hits == ()
