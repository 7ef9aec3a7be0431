"""Finds people and units by the beginnings of words, a page at a time, within what the actor may see.

However many there are, a page costs the same: the words lie in the order of the hits (``search_models``), so
that a search reads as many rows as it shows, for each organization within the scope. Nothing is counted.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BinaryField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Upper
from django.db.models.lookups import GreaterThan
from django.db.models.sql.compiler import SQLCompiler

from directory.errors import UnitNotFound
from directory.identifiers import PersonalIdentityNumber
from directory.models import Employment, Unit
from directory.names import plain, words
from directory.reach import placed_within, units_within
from directory.row_ids import row_id
from directory.search_models import SearchWord
from journal.actor import Actor, ActorKind

SHORTEST: Final = 2
_NAME, _EMAIL, _UNIT = "n", "e", "u"
_AFTER_Z: Final = str.maketrans("åäö", "{|}")
_END: Final = b"\xff"
"""Greater than any byte of UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonHit:
    """A person found, with the employment that brought them into the actor's scope."""

    person_id: str
    name: str
    number: str
    hsa_id: str
    organization_name: str
    unit_name: str
    title: str
    protected_identity: bool

    @property
    def detail(self) -> str:
        """Return number, title and place on one line."""
        return " · ".join(
            part for part in (self.number, self.title, self.unit_name, self.organization_name) if part
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFound:
    """Some people; ``after`` is the id from which the next page goes on, empty at the end."""

    hits: tuple[PersonHit, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitHit:
    """A unit found."""

    unit_id: str
    name: str
    hsa_id: str
    organization_name: str


def people_by_words(query: str, *, actor: Actor, limit: int, after: str = "") -> PeopleFound:
    """Return people by the beginnings of their names, in any order, from ``after`` on.

    The longest word leads: its hits come in its own order, each name's by surname. Names as they are
    written come before those that differ by å, ä, ö: ``öberg`` finds Öberg, then Oberg.
    """
    own = words(query)
    if sum(map(len, own)) < SHORTEST:
        return PeopleFound()
    loose = [plain(word) for word in own]
    searches = [_named(_NAME, own)]
    if loose != own:
        searches.append(_named(_NAME, loose).exclude(_holds_all(own)))
    return _people(searches, actor=actor, limit=limit, after=after)


def people_by_email(query: str, *, actor: Actor, limit: int) -> PeopleFound:
    """Return people by the beginning of an e-mail address or user principal name; nobody protected."""
    low = f"{_EMAIL}{query.strip().lower()}".encode()
    matching = SearchWord.objects.filter(key__gte=low, key__lt=low + _END)
    return _people([matching], actor=actor, limit=limit, after="")


def units_by_words(query: str, *, actor: Actor, limit: int) -> tuple[UnitHit, ...]:
    """Return units by the beginnings of the words of their names."""
    wanted = [plain(word) for word in words(query)]
    if sum(map(len, wanted)) < SHORTEST:
        return ()
    found = _subjects(_named(_UNIT, wanted), actor=actor, limit=limit)
    units = Unit.objects.select_related("organization").in_bulk(found)
    return _unit_hits(units[one] for one in found if one in units)


def units_by_hsa_id(query: str, *, actor: Actor, limit: int) -> tuple[UnitHit, ...]:
    """Return the unit with this HSA-id, in any case."""
    units = Unit.objects.annotate(id_key=Upper("hsa_id")).filter(id_key=query.strip().upper())
    return _unit_hits(_units_within(units, actor)[:limit])


def get_unit(unit_id: str, *, actor: Actor) -> Unit:
    """Return a unit within the actor's reach. Raises ``UnitNotFound``."""
    unit = _units_within(Unit.objects.filter(pk=row_id(unit_id)), actor).first()
    if unit is None:
        raise UnitNotFound("no such unit")
    return unit


def people_of_unit(unit: Unit, *, actor: Actor, limit: int, after: str = "") -> PeopleFound:
    """Return who works in a unit, by surname, from ``after`` on; nobody protected."""
    at_work = within(actor).filter(unit=unit, person__protected_identity=False)
    keys = ("person__surname", "person__given_name", "person_id")
    if last := at_work.filter(person_id=row_id(after)).values_list(*keys).first():
        surname, given, person_id = last
        at_work = at_work.filter(
            Q(person__surname__gt=surname)
            | Q(person__surname=surname, person__given_name__gt=given)
            | Q(person__surname=surname, person__given_name=given, person_id__gt=person_id)
        )
    rows = at_work.order_by(*keys).values_list(*keys).distinct()[: limit + 1]
    return _page([row[2] for row in rows], actor=actor, limit=limit)


def within(actor: Actor) -> QuerySet[Employment]:
    """Return the employments that the actor's role reaches."""
    return Employment.objects.filter(placed_within(actor))


def hits(person_ids: Sequence[uuid.UUID], *, actor: Actor) -> tuple[PersonHit, ...]:
    """Return the people within the actor's reach, in the order given, each with one employment."""
    work = within(actor).filter(person_id__in=person_ids).select_related("person", "organization", "unit")
    shown: dict[uuid.UUID, Employment] = {}
    for employment in work.order_by(F("missing_since").asc(nulls_first=True), "hsa_id"):
        shown.setdefault(employment.person_id, employment)
    return tuple(_hit(shown[one]) for one in person_ids if one in shown)


def _units_within(units: QuerySet[Unit], actor: Actor) -> QuerySet[Unit]:
    return units.filter(units_within(actor)).select_related("organization")


def _unit_hits(units: Iterable[Unit]) -> tuple[UnitHit, ...]:
    return tuple(
        UnitHit(
            unit_id=str(unit.pk),
            name=unit.name,
            hsa_id=unit.hsa_id,
            organization_name=unit.organization.name,
        )
        for unit in units
    )


def _named(kind: str, wanted: Sequence[str]) -> QuerySet[SearchWord]:
    """Return the rows whose word begins with the longest word wanted, of subjects that have the others."""
    leading = max(reversed(wanted), key=len)  # of two that are as long the last: a surname is rarer
    low = f"{kind}{leading.translate(_AFTER_Z)}".encode()
    first = SearchWord.objects.filter(subject_id=OuterRef("subject_id"), key__gte=low).order_by("key")
    matching = SearchWord.objects.filter(key__gte=low, key__lt=low + _END)
    # Anna Andersson has two words that begin with "an": she is shown once, at the first of them.
    matching = matching.filter(key=Subquery(first.values("key")[:1]))
    others = [word for word in wanted if word != leading]
    return matching.filter(_holds_all(others)) if others else matching


class _Position(Func):
    """Where bytes stand within bytes, counted from 1; 0 for nowhere."""

    template = "POSITION(%(expressions)s)"
    arg_joiner = " IN "
    output_field = IntegerField()

    def as_sqlite(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        **extra_context: Any,  # noqa: ANN401 - Django's own signature
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return SQLite's way to ask."""
        turned = self.copy()
        turned.set_source_expressions(self.get_source_expressions()[::-1])
        sql, parameters = turned.as_sql(
            compiler, connection, template="INSTR(%(expressions)s)", arg_joiner=", ", **extra_context
        )
        return sql, tuple(parameters)


def _holds_all(wanted: Sequence[str]) -> Q:
    """Return the condition that the subject has words that begin like these."""
    condition = Q()
    for word in wanted:
        part = Value(f" {word}".encode(), output_field=BinaryField())
        condition &= Q(GreaterThan(_Position(part, F("key")), 0))
    return condition


def _people(searches: Sequence[QuerySet[SearchWord]], *, actor: Actor, limit: int, after: str) -> PeopleFound:
    """Return a page of the searches one after the other."""
    found: list[uuid.UUID] = []
    last = row_id(after)
    for place, search in enumerate(searches):
        key = search.filter(subject_id=last).values_list("key", flat=True).first() if after else None
        if key is None and after and place < len(searches) - 1:
            continue  # the last one shown was found by a later search
        rows = search
        if key is not None:
            rows = search.filter(Q(key__gt=key) | Q(key=key, subject_id__gt=last), key__gte=key)
            after = ""
        found += _subjects(rows, actor=actor, limit=limit + 1 - len(found))
        if len(found) > limit:
            break
    return _page(found, actor=actor, limit=limit)


def _page(found: Sequence[uuid.UUID], *, actor: Actor, limit: int) -> PeopleFound:
    shown = found[:limit]
    return PeopleFound(
        hits=hits(shown, actor=actor) if shown else (),
        after=str(shown[-1]) if len(found) > limit else "",
    )


def _subjects(rows: QuerySet[SearchWord], *, actor: Actor, limit: int) -> list[uuid.UUID]:
    """Return the first subjects of the rows within the actor's organizations, each once."""
    keys = ("key", "subject_id")
    rows = _in_units(rows, actor)
    if connection.vendor != "postgresql":
        if actor.kind is not ActorKind.SYSTEM:
            rows = rows.filter(organization_id__in=_organizations(actor))
        listed = rows.order_by(*keys).values_list(*keys).distinct()[:limit]
        return [subject for _key, subject in listed]
    # Each organization's first ones, merged: a list of organizations in one range would sort all hits.
    one = rows.filter(organization_id=RawSQL("scope.id", ())).order_by(*keys).values_list(*keys)[:limit]
    inner, parameters = one.query.sql_with_params()
    scope, scope_parameters = _scope(actor)
    with connection.cursor() as cursor:
        # Compiling the plan costs a hundred times what running it does: it counts on far more rows.
        cursor.execute(
            "SET LOCAL jit = off; SELECT DISTINCT hit.key, hit.subject_id "  # noqa: S608 - our own names
            f"FROM {scope} CROSS JOIN LATERAL ({inner}) hit "
            "ORDER BY hit.key, hit.subject_id LIMIT %s",
            (*scope_parameters, *parameters, limit),
        )
        cursor.nextset()
        return [subject for _key, subject in cursor.fetchall()]


def _scope(actor: Actor) -> tuple[str, tuple[list[str], ...]]:
    if actor.kind is ActorKind.SYSTEM:
        return "directory_organization scope", ()
    return "unnest(%s::uuid[]) scope(id)", (_organizations(actor),)


def _organizations(actor: Actor) -> list[str]:
    """Return the organizations whose words are looked through: for a part of one, that one."""
    return [actor.organization_id] if actor.unit_id else list(actor.organization_ids)


def _in_units(rows: QuerySet[SearchWord], actor: Actor) -> QuerySet[SearchWord]:
    """Keep the words of who works in the actor's units, and of these units themselves."""
    if actor.kind is ActorKind.SYSTEM or not actor.unit_id:
        return rows
    at_work = Employment.objects.filter(person_id=OuterRef("subject_id"), unit_id__in=actor.unit_ids)
    return rows.filter(Q(Exists(at_work)) | Q(subject_id__in=actor.unit_ids))


def _hit(employment: Employment) -> PersonHit:
    person = employment.person
    return PersonHit(
        person_id=str(person.pk),
        name=person.full_name,
        number=PersonalIdentityNumber(person.personal_identity_number).display(),
        hsa_id=employment.hsa_id,
        organization_name=employment.organization.name,
        unit_name=employment.unit.name if employment.unit else "",
        title=employment.title,
        protected_identity=person.protected_identity,
    )
