"""What the administrators' pages about a reserve card have in common, around the identity check."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from cards import policies
from cards.reserve_models import ReserveOrder, ReserveRefill
from directory.models import Person
from portal import moments, problems
from portal.pages.desk.identity_form import IdentityForm
from portal.pages.parts import Chip, Crumb, Fact, Step
from portal.problems import Problem
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservePage:
    """What stands around the identity check of a reserve card."""

    title: Text
    name: str
    button: Text
    facts: Sequence[Fact]
    steps: Sequence[Step]
    crumbs: Sequence[Crumb]
    back_url: str
    chips: Sequence[Chip] = ()
    may_refuse: bool = False
    problem: Problem | None = None


def begun_line(order: ReserveOrder, *, at: datetime) -> Text:
    """Return since when an order waits for the second person, in a list."""
    when = {"when": moments.moment(order.begun_at, now=at)}
    if isinstance(order, ReserveRefill):
        return _("new certificates ordered %(when)s") % when
    return _("handed out %(when)s") % when


def facts_of(person: Person) -> tuple[Fact, ...]:
    """Return who is in front of the administrator."""
    number = person.personal_identity_number
    return (
        Fact(name=_("Name"), value=person.full_name),
        Fact(name=_("Personal number"), value=f"{number[:8]}-{number[8:]}"),
    )


def steps_of(loa: int, *, at_second: bool, is_refill: bool = False) -> tuple[Step, ...]:
    """Return the steps of a hand-out, or of new certificates on a card in use."""
    first = Step(
        name=_("Identify and order") if is_refill else _("Identify and hand out"),
        progress="done" if at_second else "now",
    )
    last = Step(
        name=_("The holder fetches them") if is_refill else _("The holder activates it"),
        text=_("on the own pages, with the envelope's code"),
    )
    if loa != policies.REQUIRED_LOA:
        return (first, last)
    second = Step(
        name=_("Another administrator approves"),
        text=_("identifies the person again"),
        progress="now" if at_second else "later",
    )
    return (first, second, last)


def crumbs_of(person: Person, last: Text) -> tuple[Crumb, ...]:
    """Return the way to a page about this person's reserve card."""
    return (
        Crumb(label=_("People"), url=reverse("people-search")),
        Crumb(label=person.full_name, url=reverse("person", args=[person.pk])),
        Crumb(label=last),
    )


def broken_off(request: HttpRequest, person: Person) -> HttpResponse:
    """Say that those responsible are alarmed, on the person's page."""
    messages.warning(
        request,
        _("Broken off on suspicion. Those responsible are alarmed. Give no card."),
    )
    return HttpResponseRedirect(reverse("person", args=[person.pk]))


def ask(
    request: HttpRequest, page: ReservePage, form: IdentityForm, envelope: forms.Form | None
) -> HttpResponse:
    """Show the identity check with what stands around it."""
    status = page.problem.status if page.problem else 422 if form.is_bound else 200
    context = {"page": page, "form": form, "envelope": envelope}
    return problems.tagged(render(request, "portal/reserve_check.html", context, status=status), page.problem)
