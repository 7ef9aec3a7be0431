"""Opening a person whose data are protected: the reason first, which is journalled."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from directory.errors import PersonNotFound
from directory.lifecycle import record_protected_opening
from directory.models import Person
from directory.selectors import get_person, get_person_for_journal
from journal.actor import Actor
from portal.accounts.redirects import safe_next
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.managers.role_forms import ReasonForm

LASTS: Final = timedelta(minutes=15)
_OPENED: Final = "protected-opened-for"
_REMEMBERED: Final = 20


class ReasonNeeded(Exception):
    """A page would tell of a protected person without a reason; the question is the answer."""

    def __init__(self, person: Person) -> None:
        super().__init__("no reason to read of this person was given")
        self.person = person


@require_POST
def open_person(request: HttpRequest, person_id: str) -> HttpResponse:
    """Take the reason, tell the journal, and go on to what was asked for."""
    actor, at = asking.who(request), asking.now()
    person = _person(str(person_id), actor=actor)
    form = ReasonForm(request.POST)
    if person.protected_identity and not form.is_valid():
        return ask(request, person, form, status=422)
    if person.protected_identity:
        reason = form.cleaned_data["reason"]
        record_protected_opening(person, reason=reason, page="person-open", actor=actor, at=at)
        opened = {**request.session.get(_OPENED, {}), str(person.pk): [at.isoformat(), reason]}
        request.session[_OPENED] = dict(list(opened.items())[-_REMEMBERED:])
    following = safe_next(request.POST.get("next", ""))
    return HttpResponseRedirect(following if following != "/" else reverse("person", args=[person.pk]))


def reasons_given(request: HttpRequest, *, at: datetime) -> Mapping[str, str]:
    """Return the reason by person's id for each protected person whom this session opened just now."""
    if not asking.who(request).may_see_protected:
        return {}
    opened: Mapping[str, tuple[str, str]] = request.session.get(_OPENED, {})
    return {
        person_id: reason
        for person_id, (moment, reason) in opened.items()
        if at - datetime.fromisoformat(moment) < LASTS
    }


def ask(
    request: HttpRequest, person: Person, form: ReasonForm | None = None, *, status: int = 200
) -> HttpResponse:
    """Ask why, and come back here afterwards; a live fragment has its whole page asked."""
    if "HX-Request" in request.headers and form is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    asked = request.get_full_path() if request.method in {"GET", "HEAD"} else request.POST.get("next", "")
    context = {
        "form": form or ReasonForm(),
        "open_url": reverse("person-open", args=[person.pk]),
        "next": safe_next(asked),
        "cancel_url": reverse("journal" if reads_only(asking.who(request)) else "people-search"),
    }
    return render(request, "portal/open_protected.html", context, status=status)


def _person(person_id: str, *, actor: Actor) -> Person:
    """Return whom the actor may open: who reads only opens the protected, by the right to see them."""
    if not reads_only(actor):
        return get_person(person_id, actor=actor)
    person = get_person_for_journal(person_id, actor=actor)
    if not (person.protected_identity and actor.may_see_protected):
        raise PersonNotFound("no such person")
    return person
