"""The search: one box for names and every kind of number; an exact hit goes straight to the person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from authn.rate_limits import count_request
from cards.card_number import CardNumberInvalid, parse_card_number
from cards.errors import CardNotFound
from cards.selectors import get_card_by_number
from directory.errors import InvalidIdentifier
from directory.identifiers import PersonalIdentityNumber, parse_personal_identity_number
from directory.lifecycle import record_search
from directory.policies import may_find_people
from directory.selectors import PersonHit, find_people
from journal.actor import Actor
from portal import problems
from portal.pages import asking
from portal.problems import Problem
from portal.words import Tag

SEARCHES_PER_MINUTE = 60
"""For one person: more than anybody types, few enough that nobody walks through the numbers."""
_LIMIT = 20
_LONGEST = 80
_LAST_QUERY = "last-search"
_PROTECTED = Tag(tone="warn", icon="person-lock", label=gettext_lazy("Protected personal data"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A person found."""

    url: str
    name: str
    detail: str
    tags: Sequence[Tag]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """What the template shows."""

    query: str
    hits: Sequence[Hit] = ()
    notice: Problem | None = None
    may_read: bool = False

    @property
    def summary(self) -> str:
        """Return how many were found, in words."""
        if len(self.hits) >= _LIMIT:
            return _("The first %(count)d are shown. Write more of the name to find fewer.") % {
                "count": _LIMIT
            }
        count = len(self.hits)
        return ngettext("%(count)d person", "%(count)d persons", count) % {"count": count}


@require_http_methods(["GET", "HEAD", "POST"])
def search_people(request: HttpRequest) -> HttpResponse:
    """Take a query by POST, keep it out of every address, and show the answer by GET."""
    actor = asking.who(request)
    if (refusal := may_find_people(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method == "POST":
        at = asking.now()
        count_search(actor, at=at)
        query = request.POST.get("q", "").strip()[:_LONGEST]
        request.session[_LAST_QUERY] = query
        if person_id := _exact(query, actor=actor, at=at):
            return HttpResponseRedirect(reverse("person", args=[person_id]))
        return HttpResponseRedirect(reverse("people-search"))
    query = last_query(request)
    return render(request, "portal/search.html", {"page": _page(query, actor=actor)})


def count_search(actor: Actor, *, at: datetime) -> None:
    """Count a search or a register reading; raises TooManyRequests above what a desk has use for."""
    count_request(f"search:{actor.person_id}", limit=SEARCHES_PER_MINUTE, at=at)


def _exact(query: str, *, actor: Actor, at: datetime) -> str:
    """Return the one person that a number names; empty for a name, for none and for several.

    A search by a whole number is recorded, as it would be at a register.
    """
    key, person_id = _looked_up(query, actor=actor)
    if key:
        record_search(key=key, person_id=person_id, actor=actor, at=at)
    return person_id


def _looked_up(query: str, *, actor: Actor) -> tuple[str, str]:
    """Return what kind of whole number the query is, and whom it names; both may be empty."""
    if _is_card_number(query):
        return "card_number", _by_card(query, actor=actor)
    if not any(letter.isdigit() for letter in query):
        return "", ""
    try:
        hits = find_people(query, actor=actor, limit=2)
    except InvalidIdentifier:
        return "", ""
    key = "hsa_id" if query[0].isalpha() else "personal_number"
    return key, str(hits[0].person_id) if len(hits) == 1 else ""


def _is_card_number(query: str) -> bool:
    try:
        parse_card_number(query)
    except CardNumberInvalid:
        return False
    return True


def _by_card(query: str, *, actor: Actor) -> str:
    try:
        return str(get_card_by_number(str(parse_card_number(query)), actor=actor).person_id)
    except CardNotFound:
        return ""


def _page(query: str, *, actor: Actor) -> SearchPage:
    if not query:
        return SearchPage(query="")
    try:
        hits = find_people(query, actor=actor, limit=_LIMIT)
    except InvalidIdentifier as error:
        return SearchPage(query=query, notice=problems.explain(error))
    return SearchPage(
        query=query,
        hits=[_hit(hit) for hit in hits],
        may_read=not hits and number_of(query, at=asking.now()) is not None,
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


def _hit(hit: PersonHit) -> Hit:
    return Hit(
        url=reverse("person", args=[hit.person_id]),
        name=hit.name,
        detail=hit.detail,
        tags=(_PROTECTED,) if hit.protected_identity else (),
    )
