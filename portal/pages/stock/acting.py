"""An act at a place: one form, what one should know before it is sent, and what is said when it is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from cards.errors import CardsError
from cards.stock_models import StockPlace
from cards.stock_policies import may_keep
from cards.stock_selectors import get_place
from journal.actor import Actor
from portal import problems
from portal.pages import asking
from portal.pages.parts import Crumb, Fact
from portal.pages.stock.place import crumbs
from portal.problems import Problem
from portal.words import Text

METHODS = ["GET", "HEAD", "POST"]
FormOfAct = TypeVar("FormOfAct", bound=Form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Who does something at which place, and when."""

    request: HttpRequest
    place: StockPlace
    actor: Actor
    at: datetime

    @property
    def sent(self) -> tuple[object, ...]:
        """Return what a form is made of: what was sent, or nothing yet."""
        return (self.request.POST, self.request.FILES) if self.request.method == "POST" else ()


def _nothing(_doing: Doing, _form: FormOfAct) -> Sequence[Text]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAct(Generic[FormOfAct]):
    """What can be done at a place: its words, its form, and the verb that the filled-in form leads to.

    ``perform`` returns what is said afterwards and raises CardsError; ``findings`` says what stands against
    it when it was refused.
    """

    title: Text
    crumb: Text
    lead: Text
    button: Text
    icon: str
    style: str = "btn-primary"
    form: Callable[[Doing], FormOfAct]
    perform: Callable[[Doing, FormOfAct], str]
    findings: Callable[[Doing, FormOfAct], Sequence[Text]] = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """A form at a place, and what one should know before one sends it; without ``button`` it is not sent."""

    title: Text
    lead: Text
    button: Text
    icon: str
    style: str
    place_url: str
    crumbs: Sequence[Crumb]
    facts: Sequence[Fact] = ()
    findings: Sequence[Text] = ()
    problem: Problem | None = None


def act_at_place(request: HttpRequest, stock_place_id: str, act: PlaceAct[FormOfAct]) -> HttpResponse:
    """Ask for what an act needs, or do it: nobody gets the form who may not send it."""
    actor, at = asking.who(request), asking.now()
    place = get_place(str(stock_place_id), actor=actor)
    if (refusal := may_keep(place, actor=actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    doing = Doing(request=request, place=place, actor=actor, at=at)
    form, problem = act.form(doing), None
    findings: Sequence[Text] = ()
    if form.is_bound and form.is_valid():
        try:
            said = act.perform(doing, form)
        except CardsError as error:
            problem, findings = problems.explain(error), act.findings(doing, form)
        else:
            return done_at(place, said, request=request)
    page = ActPage(
        title=act.title,
        lead=act.lead,
        button=act.button,
        icon=act.icon,
        style=act.style,
        place_url=reverse("stock-place", args=[place.pk]),
        crumbs=crumbs(place, act.crumb),
        findings=findings,
        problem=problem,
    )
    return ask(request, page, form)


def done_at(place: StockPlace, said: str, *, request: HttpRequest) -> HttpResponse:
    """Go to the place and say there what was done."""
    messages.success(request, said)
    return HttpResponseRedirect(reverse("stock-place", args=[place.pk]))


def ask(request: HttpRequest, page: ActPage, form: Form) -> HttpResponse:
    """Show the form, with what was wrong in it or what was refused; to look refuses nobody anything."""
    status = 200
    if form.is_bound:
        status = page.problem.status if page.problem else 422
    answer = render(request, "portal/stock_act.html", {"page": page, "form": form}, status=status)
    return problems.tagged(answer, page.problem)
