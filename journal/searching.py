"""The auditor's search: bounded in work whatever is asked, newest first, by keyset, inside what one may read.

The walk follows one index, the one whose next entries reach furthest back and so is the sparsest, and keeps
what meets the other criteria. No plan depends on the database's guesses, nothing is counted, and after
``MOST_EXAMINED`` entries the page ends with the place to go on from.
"""

import heapq
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from journal.models import Entry, EntryReference

ORGANIZATION: Final = "organization"
ACTING_FOR: Final = "acting_for"
"""Refers to the organization for which somebody acted, where an event itself names no organization."""

CORRELATION: Final = "correlation"

MOST_EXAMINED: Final = 5_000
_PROBED: Final = 100
_CHUNK: Final = 500
_STEP: Final = 200
_MERGED: Final = 12
"""More values than these are asked for together and sorted; fewer are followed one by one and merged."""

Place = tuple[datetime, int]
"""Where an entry stands: its moment, and its number among those of the same moment."""
_Walk = Callable[[Place | None], Iterator[Place]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a reader may read: everything, or what concerns these organizations.

    ``types_of_everybody`` concern every organization when they name none and nobody acted for one but those
    of ``common_ids`` (the central administration). ``types_of_people`` name a person and no
    organization; they are read together with one of ``person_ids``, whom the reader's organizations employ.
    Who reads for a part of ``unit_organization_id`` reads what names one of its ``unit_people``, and that
    organization or none.
    """

    organization_ids: tuple[str, ...] = ()
    is_everything: bool = False
    common_ids: tuple[str, ...] = ()
    types_of_everybody: frozenset[str] = frozenset()
    types_of_people: frozenset[str] = frozenset()
    person_ids: tuple[str, ...] = ()
    unit_organization_id: str = ""
    unit_people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is looked for; all that is given must hold. ``people``, ``actors``, ``types``: any of them.

    ``references`` are (kind, id) of objects; ``until`` is the first moment no longer meant.
    """

    references: tuple[tuple[str, str], ...] = ()
    people: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    types: frozenset[str] = frozenset()
    without_types: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Some entries, newest first. ``next`` goes on after them; ``is_cut`` says that the work was bounded."""

    entries: tuple[Entry, ...]
    next: str = ""
    is_cut: bool = False
    reached: datetime | None = None


def search(criteria: Criteria, *, reach: Reach, after: str = "", limit: int = 50) -> Found:
    """Return the newest entries that meet the criteria and lie in reach, from ``after`` on.

    An ``after`` that cannot be read begins at the newest.
    """
    limit = max(1, min(limit, _CHUNK))
    examined, last = 0, read_place(after)
    kept: list[Entry] = []
    walk = _sparsest(criteria, reach=reach, start=last)
    places = walk(last)
    while chunk := list(islice(places, min(_CHUNK, max(limit * 2, _PROBED) if not examined else _CHUNK))):
        examined += len(chunk)
        by_id = _matching([pk for _, pk in chunk], criteria, reach=reach)
        for place in chunk:
            entry = by_id.get(place[1])
            if entry is None:
                last = place
                continue
            if len(kept) == limit:
                return Found(entries=tuple(kept), next=write_place((kept[-1].at, kept[-1].pk)))
            kept.append(entry)
            last = place
        if examined >= MOST_EXAMINED and last is not None:
            return Found(entries=tuple(kept), next=write_place(last), is_cut=True, reached=last[0])
    return Found(entries=tuple(kept))


def matching(criteria: Criteria, *, reach: Reach) -> Iterator[Entry]:
    """Yield every entry that meets the criteria and lies in reach, newest first, in bounded memory."""
    places = _sparsest(criteria, reach=reach, start=None)(None)
    while chunk := list(islice(places, _CHUNK)):
        by_id = _matching([pk for _, pk in chunk], criteria, reach=reach)
        yield from (by_id[pk] for _, pk in chunk if pk in by_id)


def readable(entry_id: int, *, reach: Reach) -> Entry | None:
    """Return the entry when it lies in reach."""
    return _matching([entry_id], Criteria(), reach=reach).get(entry_id)


def chain(
    entry: Entry, *, kind: str, value: str, reach: Reach, each_way: int = 8
) -> tuple[list[Entry], list[Entry]]:
    """Return what befell an object before and after an entry, oldest first, nearest to the entry."""
    about = EntryReference.objects.filter(kind=kind, value=value)
    before = about.filter(at__lte=entry.at).filter(Q(at__lt=entry.at) | Q(entry_id__lt=entry.pk))
    after = about.filter(at__gte=entry.at).filter(Q(at__gt=entry.at) | Q(entry_id__gt=entry.pk))
    nearest = before.order_by("-at", "-entry_id"), after.order_by("at", "entry_id")
    earlier, later = (list(one.values_list("entry_id", flat=True)[:each_way]) for one in nearest)
    found = _matching([*earlier, *later], Criteria(), reach=reach)
    return (
        [found[pk] for pk in reversed(earlier) if pk in found],
        [found[pk] for pk in later if pk in found],
    )


def same_cause(entry: Entry, *, correlation_id: str, reach: Reach) -> list[Entry]:
    """Return the other entries that the same request left, also by jobs it set going, oldest first."""
    if not correlation_id:
        return []
    about = EntryReference.objects.filter(kind=CORRELATION, value=correlation_id).exclude(entry=entry)
    ids = list(about.order_by("at", "entry_id").values_list("entry_id", flat=True)[:_PROBED])
    found = _matching(ids, Criteria(), reach=reach)
    return [found[pk] for pk in ids if pk in found]


def write_place(place: Place) -> str:
    """Return a place as an address carries it."""
    return f"{place[0].astimezone(UTC).strftime('%Y%m%dT%H%M%S%fZ')}-{place[1]}"


def read_place(text: str) -> Place | None:
    """Read a place; None when it is none."""
    moment, _, number = text.partition("-")
    try:
        at = datetime.strptime(moment, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
        pk = int(number)
    except ValueError:
        return None
    return (at, pk) if 0 <= pk < 1 << 63 else None


def _sparsest(criteria: Criteria, *, reach: Reach, start: Place | None) -> _Walk:
    """Return the walk that leads through the fewest entries, judged by how far its next ones reach."""
    if criteria.references:
        kind, value = criteria.references[0]
        return _of_references(criteria, [(kind, value)])
    walks = []
    if criteria.people:
        walks.append(_of_references(criteria, [("person", one) for one in criteria.people]))
    if criteria.actors:
        walks.append(_of_columns(criteria, "actor_identifier", criteria.actors))
    if criteria.types:
        walks.append(_of_columns(criteria, "type", sorted(criteria.types)))
    if not reach.is_everything:
        walks.append(_in_reach(criteria, reach))
    if not walks:
        return _of_everything(criteria)
    return walks[0] if len(walks) == 1 else min(walks, key=lambda walk: _furthest(walk, start))


def _furthest(walk: _Walk, start: Place | None) -> Place:
    probed = list(islice(walk(start), _PROBED))
    if len(probed) < _PROBED:
        return (datetime.min.replace(tzinfo=UTC), len(probed))
    return probed[-1]


def _in_reach(criteria: Criteria, reach: Reach) -> _Walk:
    # Events that name people only are in an organization's reach when somebody acted for it.
    is_of_people = bool(criteria.types) and criteria.types <= reach.types_of_people
    kinds = (ACTING_FOR,) if is_of_people else (ORGANIZATION, ACTING_FOR)
    organizations = _of_references(
        criteria, [(kind, one) for one in reach.organization_ids for kind in kinds]
    )
    everybody = reach.types_of_everybody - criteria.without_types
    if criteria.types:
        everybody &= criteria.types
    common = _of_columns(criteria, "type", sorted(everybody))
    people = reach.person_ids or reach.unit_people
    personal = _of_references(criteria, [("person", one) for one in people])
    return lambda start: _merged([organizations(start), common(start), personal(start)])


def _of_references(criteria: Criteria, objects: Collection[tuple[str, str]]) -> _Walk:
    rows = [EntryReference.objects.filter(kind=kind, value=value) for kind, value in objects]
    if len(rows) > _MERGED:
        # Sorting is the work, so more is taken at once.
        kinds = {kind for kind, _ in objects}
        rows = [
            EntryReference.objects.filter(
                kind=one, value__in=[value for kind, value in objects if kind == one]
            )
            for one in sorted(kinds)
        ]
    first = _PROBED if len(objects) <= _MERGED else 2 * _CHUNK
    return lambda start: _merged([_descend(one, start, "entry_id", criteria, first=first) for one in rows])


def _of_columns(criteria: Criteria, column: str, values: Collection[str]) -> _Walk:
    rows = [Entry.objects.filter(**{column: value}) for value in values]
    return lambda start: _merged([_descend(one, start, "id", criteria) for one in rows])


def _of_everything(criteria: Criteria) -> _Walk:
    return lambda start: _descend(Entry.objects.all(), start, "id", criteria)


def _merged(walks: Collection[Iterator[Place]]) -> Iterator[Place]:
    """Yield each place once, newest first."""
    last: Place | None = None
    for place in heapq.merge(*walks, reverse=True):
        if place != last:
            yield place
        last = place


def _descend(
    rows: "QuerySet[Entry] | QuerySet[EntryReference]",
    start: Place | None,
    number: str,
    criteria: Criteria,
    *,
    first: int = _PROBED,
) -> Iterator[Place]:
    """Yield places from the newest on, a few hundred for each question to the database."""
    size = first
    while True:
        asked = _newest(rows, start, number, criteria.until)
        if criteria.since is not None:
            asked = asked.filter(at__gte=criteria.since)
        places = list(asked.values_list("at", number)[:size])
        yield from places
        if len(places) < size:
            return
        start, size = places[-1], _STEP if size == _PROBED else max(size, _CHUNK)


def _newest(
    rows: "QuerySet[Entry] | QuerySet[EntryReference]",
    before: Place | None,
    number: str,
    until: datetime | None,
) -> "QuerySet[Entry] | QuerySet[EntryReference]":
    if before is not None:
        at, pk = before
        # The first condition is the index's range; the second settles entries of the same moment.
        rows = rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(**{f"{number}__lt": pk}))
    if until is not None:
        rows = rows.filter(at__lt=until)
    return rows.order_by("-at", f"-{number}")


def _matching(ids: Collection[int], criteria: Criteria, *, reach: Reach) -> dict[int, Entry]:
    entries = Entry.objects.filter(pk__in=ids)
    if criteria.types:
        entries = entries.filter(type__in=criteria.types)
    if criteria.without_types:
        entries = entries.exclude(type__in=criteria.without_types)
    if criteria.actors:
        entries = entries.filter(actor_identifier__in=criteria.actors)
    if criteria.since is not None:
        entries = entries.filter(at__gte=criteria.since)
    if criteria.until is not None:
        entries = entries.filter(at__lt=criteria.until)
    refers = EntryReference.objects.filter(entry=OuterRef("pk"))
    for kind, value in criteria.references:
        entries = entries.filter(Exists(refers.filter(kind=kind, value=value)))
    if criteria.people:
        entries = entries.filter(Exists(refers.filter(kind="person", value__in=criteria.people)))
    return {entry.pk: entry for entry in entries.filter(_reached(reach))}


def _reached(reach: Reach) -> Q:
    if reach.is_everything:
        return Q()
    if reach.unit_organization_id:
        return _reached_by_unit(reach)
    refers = EntryReference.objects.filter(entry=OuterRef("pk"))
    of_others = refers.filter(kind=ACTING_FOR).exclude(value__in=reach.common_ids)
    named = refers.filter(kind=ORGANIZATION)
    own = refers.filter(kind__in=[ORGANIZATION, ACTING_FOR], value__in=reach.organization_ids)
    people = refers.filter(kind="person", value__in=reach.person_ids)
    return Q(Exists(own)) | (
        ~Q(Exists(named))
        & (
            (Q(type__in=reach.types_of_everybody) & ~Q(Exists(of_others)))
            | (Q(type__in=reach.types_of_people) & Q(Exists(people)))
        )
    )


def _reached_by_unit(reach: Reach) -> Q:
    refers = EntryReference.objects.filter(entry=OuterRef("pk"))
    of_others = refers.filter(kind=ACTING_FOR).exclude(value__in=reach.common_ids)
    elsewhere = refers.filter(kind=ORGANIZATION).exclude(value=reach.unit_organization_id)
    own = (reach.unit_organization_id, *reach.common_ids)
    by_others = refers.filter(kind=ACTING_FOR).exclude(value__in=own)
    people = refers.filter(kind="person", value__in=reach.unit_people)
    named = refers.filter(kind__in=[ORGANIZATION, "person"])
    common = Q(type__in=reach.types_of_everybody) & ~Q(Exists(of_others)) & ~Q(Exists(named))
    return common | (Q(Exists(people)) & ~Q(Exists(elsewhere)) & ~Q(Exists(by_others)))
