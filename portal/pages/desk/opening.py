"""Opening a person whose data are protected: the reason first, which is journalled."""

from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from directory.lifecycle import record_protected_opening
from directory.models import Person
from directory.selectors import get_person
from journal.actor import Actor
from portal.pages import asking
from portal.pages.managers.role_forms import ReasonForm

LASTS: Final = timedelta(minutes=15)
_OPENED: Final = "opened-protected"
_REMEMBERED: Final = 20


@require_POST
def open_person(request: HttpRequest, person_id: str) -> HttpResponse:
    """Take the reason, tell the journal, and go on to the person."""
    actor, at = asking.who(request), asking.now()
    person = get_person(str(person_id), actor=actor)
    form = ReasonForm(request.POST)
    if person.protected_identity and not form.is_valid():
        return _ask(request, person, form, status=422)
    if person.protected_identity:
        record_protected_opening(person, reason=form.cleaned_data["reason"], actor=actor, at=at)
        opened = {**request.session.get(_OPENED, {}), str(person.pk): at.isoformat()}
        request.session[_OPENED] = dict(list(opened.items())[-_REMEMBERED:])
    return HttpResponseRedirect(reverse("person", args=[person.pk]))


def reason_first(request: HttpRequest, person: Person, *, actor: Actor, at: datetime) -> HttpResponse | None:
    """Return the question why, for a protected person not opened just now; None for everybody else."""
    if not person.protected_identity or actor.person_id == str(person.pk):
        return None
    opened_at = request.session.get(_OPENED, {}).get(str(person.pk), "")
    if opened_at and at - datetime.fromisoformat(opened_at) < LASTS:
        return None
    return _ask(request, person, ReasonForm())


def _ask(request: HttpRequest, person: Person, form: ReasonForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "open_url": reverse("person-open", args=[person.pk])}
    return render(request, "portal/open_protected.html", context, status=status)
