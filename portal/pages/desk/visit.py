"""A visit at the desk about a card: the identity check, then the live steps while the client works on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from cards.conversation import DESK_CANCEL, SUSPICION
from cards.conversation_models import CardConversation
from cards.errors import CardsError
from cards.identity import IdentityCheckFacts, SuspicionFacts
from cards.models import Card
from cards.products import assurance_level
from cards.selectors import get_card
from directory.errors import RegisterUnavailable
from journal.actor import Actor
from journal.errors import Refusal
from portal import moments, problems
from portal.pages import asking
from portal.pages.desk import vouching
from portal.pages.desk.identity_form import IdentityForm
from portal.pages.parts import Crumb, Fact, Step, grouped
from portal.problems import Problem
from portal.words import Text

_TOKENS: Final = "card-tokens"


def told_to_holder(reason: str) -> str:
    """Return the reason that the own pages give for an end: a suspicion is for those who look into it."""
    return DESK_CANCEL if reason == SUSPICION else reason


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPage:
    """What the identity check shows around its form."""

    name: str
    card_number: str
    facts: Sequence[Fact]
    steps: Sequence[Step]
    crumbs: Sequence[Crumb]
    person_url: str
    block_url: str
    title: Text = ""
    links: Sequence[Crumb] = ()
    letter_url: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPage:
    """What the live steps show."""

    id: str
    name: str
    card_number: str
    look: str
    is_open: bool
    is_done: bool
    heading: Text
    status_line: Text
    explanation: Text
    steps: Sequence[Step]
    facts: Sequence[Fact]
    crumbs: Sequence[Crumb]
    person_url: str
    status_url: str = ""
    receipt_url: str = ""
    start_url: str = ""
    client_url: str = ""
    expires_at: datetime | None = None
    problem: Problem | None = None
    again_url: str = ""
    again_label: Text = ""
    link_note: Text = ""
    back_label: Text = ""
    cancel_url: str = ""
    """Where whoever began it ends it, while it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A conversation that was opened: where its live steps are, and the address that starts the client."""

    id: str
    page_url: str
    start_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What differs between visits: who may, what is opened, and the words around it.

    ``begin`` may raise CardsError; a step-up of the administrator's happens within it.
    """

    title: Callable[[], str]
    steps: Callable[[], Sequence[Text]]
    may: Callable[[Card, Actor, datetime], Refusal | None]
    suspect: Callable[[Card, SuspicionFacts, Actor, datetime], object]
    begin: Callable[[HttpRequest, Card, IdentityCheckFacts, Actor, datetime], Started]
    template: str
    suspicion_template: str
    letter_url_name: str = ""
    links: Sequence[Crumb] = ()


def check_identity(request: HttpRequest, card_id: str, visit: Visit) -> HttpResponse:
    """Take the identity check; open the conversation when it is enough, or break off on suspicion."""
    actor, at = asking.who(request), asking.now()
    card = get_card(str(card_id), actor=actor)
    level = assurance_level(card.loa)
    form = IdentityForm(request.POST, level=level)
    if request.POST.get("act") == "suspect":
        visit.suspect(card, form.suspicion(), actor, at)
        page = _identity_page(card, visit, problem=None)
        return render(request, visit.suspicion_template, {"page": page})
    # Before the form, by whatever method: it shows what only those who may do it shall read.
    refusal = visit.may(card, actor, at)
    if refusal is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        return _ask(request, card, IdentityForm(level=level), visit, problem=None)
    if not form.is_valid():
        return _ask(request, card, form, visit, problem=None)
    try:
        check = vouching.asked(form.facts(), actor=actor, at=at)
        started = visit.begin(request, card, check, actor, at)
    except (CardsError, RegisterUnavailable) as error:
        return _ask(request, card, form, visit, problem=problems.explain(error))
    keep_start(request, started)
    return HttpResponseRedirect(started.page_url)


def keep_start(request: HttpRequest, started: Started) -> None:
    """Keep the start address until the client has taken it; it is nowhere else, and only the last is kept."""
    request.session[_TOKENS] = {started.id: started.start_url}


def start_kept(request: HttpRequest, row: CardConversation) -> str:
    """Return the start address of a conversation opened in this session, or nothing."""
    return str(request.session.get(_TOKENS, {}).get(str(row.pk), ""))


def client_url(start_url: str) -> str:
    """Return the address of the client's page on this computer that opens the link, or nothing for none."""
    return f"{settings.SIGILL_CLIENT_URL}/open?{urlencode({'url': start_url})}" if start_url else ""


def live_steps(
    reached: Sequence[tuple[Text, datetime | None]], *, is_open: bool, now: datetime
) -> list[Step]:
    """Return the steps as they stand: done with their time, the next one now or failed, the rest later."""
    steps, is_next = [], True
    for name, at in reached:
        if at is not None:
            steps.append(Step(name=name, text=moments.moment(at, now=now), progress="done"))
            continue
        progress = ("now" if is_open else "failed") if is_next else "later"
        steps.append(Step(name=name, progress=progress))
        is_next = False
    return steps


def visit_facts(row: CardConversation) -> list[Fact]:
    """Return the card and, once it has come, the client."""
    facts = [Fact(name=_("Card number"), value=grouped(row.card.card_number or ""))]
    if row.client_name:
        facts.append(Fact(name=_("Card client"), value=f"{row.client_name} {row.client_version}"))
    return facts


def crumbs(card: Card, title: Text) -> tuple[Crumb, ...]:
    """Return the way to a page about this card."""
    return (
        Crumb(label=_("People"), url=reverse("people-search")),
        Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
        Crumb(label=title),
    )


def _ask(
    request: HttpRequest, card: Card, form: IdentityForm, visit: Visit, *, problem: Problem | None
) -> HttpResponse:
    status = problem.status if problem else 422 if form.is_bound and form.errors else 200
    context = {"page": _identity_page(card, visit, problem=problem), "form": form}
    return problems.tagged(render(request, visit.template, context, status=status), problem)


def _identity_page(card: Card, visit: Visit, *, problem: Problem | None) -> IdentityPage:
    number = card.person.personal_identity_number
    steps = [Step(name=name) for name in visit.steps()]
    return IdentityPage(
        name=card.person.full_name,
        card_number=card.card_number or "",
        facts=(
            Fact(name=_("Name"), value=card.person.full_name),
            Fact(name=_("Personal number"), value=f"{number[:8]}-{number[8:]}"),
            Fact(name=_("Organization"), value=card.organization.name),
        ),
        steps=(Step(name=_("Check the identity"), progress="now"), *steps),
        crumbs=crumbs(card, visit.title()),
        title=visit.title(),
        links=visit.links,
        person_url=reverse("person", args=[card.person_id]),
        block_url=reverse("block-card", args=[card.pk]),
        letter_url=reverse(visit.letter_url_name, args=[card.pk]) if visit.letter_url_name else "",
        problem=problem,
    )
