"""The journal: search by person, card, certificate, administrator, action, organization and time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.errors import InvalidIdentifier
from directory.models import Unit
from directory.reach import units_within
from journal.actor import Actor
from journal.searching import Found, Reach, search
from portal import moments, problems
from portal.pages import asking
from portal.pages.auditor.asked import Asked
from portal.pages.auditor.listing import Day, days_of, rows_of
from portal.pages.auditor.reach import organizations_of, reach_of, reader
from portal.pages.auditor.standing import Standing, standing
from portal.pages.auditor.subjects import (
    KINDS,
    Subject,
    find_administrators,
    find_subjects,
    subject,
    subjects_of,
)
from portal.pages.auditor.telling import name_of
from portal.pages.desk.opening import ReasonNeeded, reasons_given
from portal.pages.desk.people import count_search
from portal.pages.parts import Chip, Choice
from portal.wordings.events import EVENT_WORDS, GROUPS
from portal.words import Text

_ROWS: Final = 50
_LONGEST: Final = 80
_MEANT: Final = "journal-meant"
_SEEN: Final = "journal-introduced"
_NOTHING: Final = "nothing"
"""In the address of a search for something that does not exist here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter in force, and the address of the search without it."""

    label: Text
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceGroup:
    """Choices under a heading."""

    title: Text
    value: str
    is_chosen: bool
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """What the search shows."""

    days: Sequence[Day]
    filters: Sequence[Filter]
    spans: Sequence[Chip]
    actions: Sequence[ChoiceGroup]
    places: Sequence[ChoiceGroup]
    hidden: Sequence[tuple[str, str]]
    since: str
    until: str
    next_url: str
    first_url: str
    reached: str
    standing: Standing
    is_first_visit: bool
    meant: Sequence[Subject] = ()
    parameters: Sequence[tuple[str, str]] = ()
    clear_url: str = ""

    @property
    def formats(self) -> tuple[tuple[str, Text, str], ...]:
        """Return the formats of an export, each with its label and icon."""
        return (
            ("csv", _("Table (CSV) with proof"), "bar-chart"),
            ("jsonl", _("JSON lines with proof"), "journal-text"),
        )


@require_http_methods(["GET", "HEAD", "POST"])
def show_journal(request: HttpRequest) -> HttpResponse:
    """Take a search by POST, keep what was typed out of every address, and show the answer by GET."""
    actor, at = reader(request), asking.now()
    if request.method == "POST":
        return _asked(request, actor=actor, at=at)
    asked, opened = Asked.read(request.GET), reasons_given(request, at=at)
    page = journal_page(
        asked,
        subjects=subjects_of(asked.parameters(), opened=opened, actor=actor, at=at),
        opened=opened,
        actor=actor,
        at=at,
        after=request.GET.get("after", ""),
        meant=_meant(request, asked),
        is_first_visit=_is_first_visit(request),
        is_nothing=_NOTHING in request.GET,
    )
    return render(request, "portal/journal.html", {"page": page})


def journal_page(
    asked: Asked,
    *,
    subjects: Sequence[Subject],
    actor: Actor,
    at: datetime,
    opened: Mapping[str, str] | None = None,
    after: str = "",
    meant: Sequence[Subject] = (),
    is_first_visit: bool = False,
    is_nothing: bool = False,
) -> JournalPage:
    """Return what the search shows to this actor at this moment."""
    found = Found(entries=()) if is_nothing else found_by(asked, subjects=subjects, actor=actor, after=after)
    about = frozenset(one.person_id for one in subjects if one.person_id)
    rows = rows_of(found.entries, reader=actor, opened=about)
    return JournalPage(
        days=days_of(rows, today=asking.today(at)),
        filters=_filters(asked, subjects=subjects, opened=opened or {}, actor=actor, at=at),
        spans=_spans(asked, at=at),
        actions=_actions(asked),
        places=_places(asked, actor=actor),
        hidden=[(name, value) for name, value in asked.parameters().items() if name in (*KINDS, "by")],
        since=asked.since,
        until=asked.until,
        next_url=asked.address(after=found.next) if found.next else "",
        first_url=asked.address() if after else "",
        reached=moments.moment(found.reached, now=at) if found.is_cut and found.reached else "",
        standing=standing(at=at),
        is_first_visit=is_first_visit,
        meant=[_with_address(one, asked) for one in meant],
        parameters=list(asked.parameters().items()),
        clear_url=Asked().address() if asked != Asked() or is_nothing else "",
    )


def found_by(asked: Asked, *, subjects: Sequence[Subject], actor: Actor, after: str = "") -> Found:
    """Return one page of what an address asks for."""
    reach = reach_for(asked, subjects=subjects, actor=actor)
    return search(asked.criteria(actor=actor), reach=reach, after=after, limit=_ROWS)


def reach_for(asked: Asked, *, subjects: Sequence[Subject], actor: Actor) -> Reach:
    """Return the reach of a search, narrowed to the organization that it names. Raises Http404 outside it."""
    reach = reach_of(actor, person_ids=tuple(one.person_id for one in subjects if one.person_id))
    if not asked.organization:
        return reach
    if asked.organization not in (*actor.organization_ids, actor.unit_id and actor.organization_id):
        raise Http404
    if actor.unit_id:
        return reach
    return replace(
        reach,
        is_everything=False,
        organization_ids=(asked.organization,),
        types_of_everybody=frozenset(),
        person_ids=(),
    )


def _asked(request: HttpRequest, *, actor: Actor, at: datetime) -> HttpResponse:
    """Find out what was meant and go there; where it may be several, the page asks which."""
    asked = Asked.read(request.POST)
    count_search(actor, at=at)
    typed = request.POST.get("q", "").strip()[:_LONGEST]
    by = request.POST.get("administrator", "").strip()[:_LONGEST]
    request.session.pop(_MEANT, None)
    try:
        meant = find_subjects(typed, actor=actor, at=at)
    except InvalidIdentifier as error:
        messages.warning(request, problems.explain(error).title)
        return HttpResponseRedirect(asked.address())
    administrators = find_administrators(by, actor=actor)
    asked = _with_only(_with_only(asked, meant), administrators)
    if (typed and not meant) or (by and not administrators):
        messages.warning(request, _("Nobody and nothing in your organizations is called that."))
        return HttpResponseRedirect(f"{reverse('journal')}?{_NOTHING}")
    unclear = [one for some in (meant, administrators) if len(some) > 1 for one in some]
    if unclear:
        request.session[_MEANT] = [[one.kind, one.id, one.label, one.detail] for one in unclear]
    for day, name in ((asked.since, "from"), (asked.until, "to")):
        if request.POST.get(name, "").strip() and not day:
            messages.warning(request, _("Write days as YYYY-MM-DD; one that was not is left out."))
    return HttpResponseRedirect(asked.address())


def _with_only(asked: Asked, meant: Sequence[Subject]) -> Asked:
    """Return the search for what was meant, when that is one thing."""
    if len(meant) != 1:
        return asked
    only = meant[0]
    if only.kind == "by":
        return replace(asked, by=only.id)
    cleared = replace(asked, person="", card="", certificate="")
    return Asked.read(cleared.parameters() | {only.kind: only.id})


def _with_address(one: Subject, asked: Asked) -> Subject:
    """Return a choice with the address that chooses it in place of its id."""
    return replace(one, id=_with_only(asked, [one]).address())


def _meant(request: HttpRequest, asked: Asked) -> list[Subject]:
    """Return what the last search may have meant, until one of it is chosen."""
    kept = request.session.get(_MEANT, [])
    found = [Subject(kind=kind, id=pk, label=label, detail=detail) for kind, pk, label, detail in kept]
    if any(getattr(asked, one.kind) == one.id for one in found):
        request.session.pop(_MEANT, None)
        return []
    return found


def _is_first_visit(request: HttpRequest) -> bool:
    if request.session.get(_SEEN):
        return False
    request.session[_SEEN] = True
    return True


def _filters(
    asked: Asked, *, subjects: Sequence[Subject], opened: Mapping[str, str], actor: Actor, at: datetime
) -> list[Filter]:
    labels: list[tuple[str, Text]] = [(one.kind, one.label) for one in subjects]
    if asked.by:
        labels.append(("by", _("By %(who)s") % {"who": _by(asked.by, opened=opened, actor=actor, at=at)}))
    if asked.action:
        labels.append(("action", GROUPS[asked.action] if asked.action in GROUPS else name_of(asked.action)))
    named = {str(one.pk): one.name for one in organizations_of(actor)}
    if asked.organization:
        labels.append(("organization", named.get(asked.organization, "")))
    if asked.unit:
        unit = Unit.objects.filter(units_within(actor), pk=asked.unit).first()
        labels.append(("unit", unit.name if unit else _("an unknown unit")))
    if asked.since:
        labels.append(("from", _("From %(day)s") % {"day": asked.since}))
    if asked.until:
        labels.append(("to", _("Through %(day)s") % {"day": asked.until}))
    return [Filter(label=label, url=asked.without(name).address()) for name, label in labels]


def _by(by: str, *, opened: Mapping[str, str], actor: Actor, at: datetime) -> str:
    try:
        return subject("person", by, opened=opened, actor=actor, at=at).label
    except ReasonNeeded:
        return _("a person with protected data")
    except Http404:
        return by if "_" in by or "." in by else _("somebody who is not told")


def _spans(asked: Asked, *, at: datetime) -> list[Chip]:
    today = asking.today(at)
    spans: tuple[tuple[Text, str], ...] = (
        (_("All time"), ""),
        (_("Today"), today.isoformat()),
        (_("7 days"), (today - timedelta(days=6)).isoformat()),
        (_("30 days"), (today - timedelta(days=29)).isoformat()),
        (_("This year"), today.replace(month=1, day=1).isoformat()),
    )
    return [
        Chip(
            label=label,
            url=replace(asked, since=since, until="").address(),
            is_chosen=asked.since == since and not asked.until,
        )
        for label, since in spans
    ]


def _actions(asked: Asked) -> list[ChoiceGroup]:
    return [
        ChoiceGroup(
            title=title,
            value=key,
            is_chosen=asked.action == key,
            choices=[
                Choice(value=name, name=one.name, is_chosen=asked.action == name)
                for name, one in EVENT_WORDS.items()
                if one.group == key
            ],
        )
        for key, title in GROUPS.items()
    ]


def _places(asked: Asked, *, actor: Actor) -> list[ChoiceGroup]:
    organizations = organizations_of(actor)
    units: dict[str, list[Choice]] = {}
    for unit in Unit.objects.filter(units_within(actor), organization__in=organizations).order_by("name"):
        choice = Choice(value=f"unit:{unit.pk}", name=unit.name, is_chosen=asked.unit == str(unit.pk))
        units.setdefault(str(unit.organization_id), []).append(choice)
    return [
        ChoiceGroup(
            title=one.name,
            value=f"organization:{one.pk}",
            is_chosen=asked.organization == str(one.pk),
            choices=units.get(str(one.pk), []),
        )
        for one in organizations
    ]
