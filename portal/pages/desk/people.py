"""The search: one box for names and every kind of number; what one number names is opened at once.

What is typed goes by POST and stays in the session: no address, log or history holds it. While one types,
names alone are looked up; a whole number waits for Enter, since looking it up is recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authn.rate_limits import count_request
from cards.bulk.policies import may_order_for_several
from directory.errors import InvalidIdentifier
from directory.identifiers import PersonalIdentityNumber, parse_personal_identity_number
from directory.lifecycle import record_search
from directory.policies import may_find_people
from directory.searching import get_unit, people_of_unit
from functioncerts.policies import may_find as may_find_functions
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk import asked_for
from portal.pages.desk.asked_for import Kind, Question
from portal.pages.desk.finding import Found, Hit, find, person_hit
from portal.pages.parts import Crumb
from portal.problems import Problem

SEARCHES_PER_MINUTE = 60
"""For one person: more than anybody types, few enough that nobody walks through the numbers."""
LIVE_PER_MINUTE = 300
"""While typing: names only, so that what is found is what a search would find."""
_LIMIT = 20
_LIVE = 8
_LAST_QUERY = "last-search"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """What the template shows."""

    query: str
    hits: Sequence[Hit] = ()
    notice: Problem | None = None
    may_read: bool = False
    next_url: str = ""
    first_url: str = ""
    finds_people: bool = True
    finds_functions: bool = False
    may_order_for_several: bool = False
    waits_for_enter: bool = False
    """The query is a whole number: while one types it is not looked up."""

    @property
    def summary(self) -> str:
        """Return how many are shown, in words. Nobody counts those that are not."""
        count = len(self.hits)
        if self.next_url:
            return _("%(count)d hits shown, and there are more. Write more of the name to find fewer.") % {
                "count": count
            }
        return ngettext("%(count)d hit", "%(count)d hits", count) % {"count": count}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPage:
    """Who works in a unit."""

    name: str
    detail: str
    hits: Sequence[Hit]
    next_url: str
    first_url: str
    crumbs: Sequence[Crumb]
    order_url: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def search_people(request: HttpRequest) -> HttpResponse:
    """Take a query by POST, keep it out of every address, and show the answer by GET."""
    actor = asking.who(request)
    if (refusal := _refusal(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method == "POST":
        at = asking.now()
        count_search(actor, at=at)
        question = asked_for.read(request.POST.get("q", ""))
        request.session[_LAST_QUERY] = question.text
        if address := _exact(question, actor=actor, at=at):
            return HttpResponseRedirect(address)
        return HttpResponseRedirect(reverse("people-search"))
    question = asked_for.read(last_query(request))
    after = request.GET.get("after", "")[:36]
    return render(request, "portal/search.html", {"page": _page(question, actor=actor, after=after)})


@require_POST
def search_live(request: HttpRequest) -> HttpResponse:
    """Show the first hits while somebody types, for htmx."""
    actor = asking.who(request)
    if (refusal := _refusal(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    count_request(f"live:{actor.person_id}", limit=LIVE_PER_MINUTE, at=asking.now())
    question = asked_for.read(request.POST.get("q", ""))
    found = Found() if question.is_whole else find(question, actor=actor, limit=_LIVE)
    page = SearchPage(query=question.text, hits=found.hits, waits_for_enter=question.is_whole)
    return render(request, "portal/parts/found.html", {"page": page})


@require_safe
def show_unit(request: HttpRequest, unit_id: str) -> HttpResponse:
    """Show who works in a unit, by surname; 404 also when outside the actor's role."""
    actor = asking.who(request)
    unit = get_unit(str(unit_id), actor=actor)
    if (refusal := may_find_people(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    after = request.GET.get("after", "")[:36]
    found = people_of_unit(unit, actor=actor, limit=_LIMIT, after=after)
    here = reverse("unit", args=[unit.pk])
    page = UnitPage(
        name=unit.name,
        detail=f"{unit.organization.name} · {unit.hsa_id}",
        hits=[person_hit(hit, matched=_("unit")) for hit in found.hits],
        next_url=f"{here}?after={found.after}" if found.after else "",
        first_url=here if after else "",
        crumbs=(Crumb(label=_("People"), url=reverse("people-search")), Crumb(label=unit.name)),
        order_url=f"{reverse('bulk-order-new')}?from=unit&unit={unit.pk}"
        if may_order_for_several(actor) is None
        else "",
    )
    return render(request, "portal/unit.html", {"page": page})


def count_search(actor: Actor, *, at: datetime) -> None:
    """Count a search or a register reading; raises TooManyRequests above what a desk has use for."""
    count_request(f"search:{actor.person_id}", limit=SEARCHES_PER_MINUTE, at=at)


def _refusal(actor: Actor) -> Refusal | None:
    """Return why the actor may look for nothing at all, or None; auditors search the journal."""
    refusal = may_find_people(actor)
    if refusal is not None and not reads_only(actor) and may_find_functions(actor) is None:
        return None
    return refusal


def _exact(question: Question, *, actor: Actor, at: datetime) -> str:
    """Return the address of the one thing that a whole number names; empty for none and for several.

    Such a search is recorded, as it would be at a register.
    """
    if not question.is_whole:
        return ""
    only = find(question, actor=actor, limit=2).only
    if may_find_people(actor) is None and (only is None or only.person_id):
        record_search(key=question.kind.value, person_id=only.person_id if only else "", actor=actor, at=at)
    return only.url if only else ""


def _page(question: Question, *, actor: Actor, after: str) -> SearchPage:
    finds_people, finds_functions = may_find_people(actor) is None, may_find_functions(actor) is None
    found = find(question, actor=actor, limit=_LIMIT, after=after)
    here = reverse("people-search")
    is_number = question.kind is Kind.PERSONAL_NUMBER and finds_people and not found.hits
    return SearchPage(
        query=question.text,
        hits=found.hits,
        notice=problems.explain(question.problem) if question.problem else None,
        may_read=is_number and number_of(question.text, at=asking.now()) is not None,
        next_url=f"{here}?after={found.after}" if found.after else "",
        first_url=here if after else "",
        finds_people=finds_people,
        finds_functions=finds_functions,
        may_order_for_several=finds_people and may_order_for_several(actor) is None,
    )


def last_query(request: HttpRequest) -> str:
    """Return what was searched for last in this session."""
    return str(request.session.get(_LAST_QUERY, ""))


def number_of(query: str, *, at: datetime) -> PersonalIdentityNumber | None:
    """Return the personal number that a query is, or None when it is something else."""
    try:
        return parse_personal_identity_number(query, today=asking.today(at))
    except InvalidIdentifier:
        return None
