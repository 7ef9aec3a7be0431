"""Reads of the directory, each within what the actor may see; nothing here changes anything."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from directory import policies
from directory.errors import PersonNotFound
from directory.identifiers import HsaId, possible_numbers
from directory.models import Employment, Person, RegistrationStatus, RoleAssignment
from directory.row_ids import row_id
from directory.searching import PeopleFound, PersonHit, hits, people_by_words, within
from directory.swedish_time import swedish_day
from journal.actor import Actor


def find_people(query: str, *, actor: Actor, limit: int = 20) -> list[PersonHit]:
    """Return the people that the query finds within the actor's scope.

    A query of digits is a personal identity number in any notation, one that begins like SE1234 an HSA-id;
    both must be whole. All else is the beginnings of names, in any order (``people_by_words``). People with a
    protected identity are found only by a whole number or HSA-id, and only with the right to see them. Raises
    ``InvalidIdentifier`` when the query looks like a number but is none.
    """
    return [] if policies.may_find_people(actor) else _found(query, actor=actor, limit=limit)


def find_people_for_journal(query: str, *, actor: Actor, limit: int = 20) -> list[PersonHit]:
    """Return the people whose part of the journal the actor may ask for; as ``find_people`` otherwise."""
    return [] if policies.may_read_journal(actor) else _found(query, actor=actor, limit=limit)


def get_person_for_journal(person_id: str | UUID, *, actor: Actor) -> Person:
    """Return a person whom an organization of the reader's employs or employed. Raises ``PersonNotFound``.

    The person is named to a reader without the right to see protected persons only when not protected.
    """
    person = Person.objects.filter(pk=row_id(person_id)).first()
    reached = person is not None and within(actor).filter(person=person).exists()
    if person is None or policies.may_read_journal(actor) or not reached:
        raise PersonNotFound("no such person")
    return person


def find_people_page(query: str, *, actor: Actor, limit: int = 20, after: str = "") -> PeopleFound:
    """Return a page of what ``find_people`` finds, from the person ``after`` on."""
    if policies.may_find_people(actor):
        return PeopleFound()
    return _page(query, actor=actor, limit=limit, after=after)


def _found(query: str, *, actor: Actor, limit: int) -> list[PersonHit]:
    return list(_page(query, actor=actor, limit=limit).hits)


def _page(query: str, *, actor: Actor, limit: int, after: str = "") -> PeopleFound:
    text = query.strip()
    if re.match(r"[A-Za-z]{2,6}\d{4}", text):
        hsa_id = HsaId.parse(text, allow_test_prefixes=True)
        matching = within(actor).annotate(key=Upper("hsa_id")).filter(key=hsa_id.key)
        people = Person.objects.filter(pk__in=matching.values("person_id"))
    elif any(letter.isdigit() for letter in text) and not any(letter.isalpha() for letter in text):
        numbers = [number.value for number in possible_numbers(text)]
        people = Person.objects.filter(personal_identity_number__in=numbers)
    else:
        return people_by_words(text, actor=actor, limit=limit, after=after)
    if not policies.may_see_protected(actor):
        people = people.filter(protected_identity=False)
    ids = list(people.order_by("surname", "given_name", "pk").values_list("pk", flat=True)[:limit])
    return PeopleFound(hits=hits(ids, actor=actor))


def get_person(person_id: str | UUID, *, actor: Actor) -> Person:
    """Return the person. Raises ``PersonNotFound``, also when the actor may not see them."""
    person = Person.objects.filter(pk=row_id(person_id)).first()
    if person is None:
        raise PersonNotFound("no such person")
    if policies.may_see(person, actor, places=places_of(person)):
        raise PersonNotFound("no such person")
    return person


def people_for_login(personal_identity_number: str) -> Person | None:
    """Return the person with the number that a verified certificate holds; nobody who has died."""
    digits = "".join(letter for letter in personal_identity_number if letter.isdigit())
    person = Person.objects.filter(personal_identity_number=digits).first()
    if person is None or person.registration_status == RegistrationStatus.DECEASED.value:
        return None
    return person


def employments_of(person: Person, *, at: datetime) -> list[Employment]:
    """Return the person's employments that hold on that day in Sweden, by organization."""
    return list(
        Employment.objects.filter(_holds(at), person=person)
        .select_related("organization", "unit")
        .order_by("organization__name", "hsa_id")
    )


def roles_of(hsa_id: str, *, at: datetime) -> list[RoleAssignment]:
    """Return the role assignments of an HSA-id that are in force, as long as the employment itself is."""
    return list(
        RoleAssignment.objects.annotate(key=Upper("employment__hsa_id"))
        .filter(_in_force(at), _holds(at, "employment__"), key=hsa_id.upper())
        .select_related("employment", "organization", "unit")
        .order_by("organization__name", "unit__name", "role")
    )


def held_role(assignment_id: str, *, hsa_id: str, at: datetime) -> RoleAssignment | None:
    """Return that one role of an HSA-id, or None when it is not in force: what every request asks anew."""
    held = (
        RoleAssignment.objects.filter(_in_force(at), _holds(at, "employment__"), pk=assignment_id)
        .select_related("employment", "organization")
        .first()
    )
    return held if held is not None and held.employment.hsa_id.upper() == hsa_id.upper() else None


def held_among(hsa_ids: Iterable[str], *, at: datetime) -> frozenset[tuple[str, str, str]]:
    """Return which roles these HSA-ids hold now: HSA-id, role and the organization's id, in one query."""
    held = RoleAssignment.objects.filter(
        _in_force(at), _holds(at, "employment__"), employment__hsa_id__in=list(hsa_ids)
    ).values_list("employment__hsa_id", "role", "organization_id")
    return frozenset((hsa_id, role, str(organization)) for hsa_id, role, organization in held)


def places_of(person: Person) -> frozenset[tuple[str, str]]:
    """Return where the person works: the organizations, each with the unit or nothing, as text."""
    rows = person.employments.values_list("organization_id", "unit_id")
    return frozenset((str(organization), str(unit or "")) for organization, unit in rows)


def known_numbers() -> QuerySet[Person, str]:
    """Return the numbers of everybody known here, in a steady order."""
    return Person.objects.order_by("personal_identity_number").values_list(
        "personal_identity_number", flat=True
    )


def names_of(identifiers: Iterable[str]) -> Mapping[str, str]:
    """Return the names behind HSA-ids; people with protected data keep their HSA-id."""
    employments = Employment.objects.filter(hsa_id__in=list(identifiers)).select_related("person")
    return {
        employment.hsa_id: employment.person.full_name
        for employment in employments
        if not employment.person.protected_identity
    }


def _holds(at: datetime, prefix: str = "") -> Q:
    """Return the condition that an employment holds on the day."""
    day: date = swedish_day(at)
    started = Q(**{f"{prefix}starts_on__isnull": True}) | Q(**{f"{prefix}starts_on__lte": day})
    not_ended = Q(**{f"{prefix}ends_on__isnull": True}) | Q(**{f"{prefix}ends_on__gte": day})
    return started & not_ended


def _in_force(at: datetime) -> Q:
    return Q(valid_from__lte=at) & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))
