"""Reads a person from HSA and PU when the desk asks: somebody new, or whose details have changed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from directory.errors import PersonNotFound
from directory.models import Person
from directory.policies import may_find_people
from directory.selectors import get_person
from directory.synchronization import refresh_person
from portal import problems
from portal.pages import asking
from portal.pages.desk.people import count_search, last_query, number_of
from portal.pages.managers.role_words import shown_name


@require_POST
def read_new(request: HttpRequest) -> HttpResponse:
    """Read the person whose number was searched for last; the number stays out of address and form."""
    actor, at = asking.who(request), asking.now()
    if (refusal := may_find_people(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    number = number_of(last_query(request), at=at)
    if number is None:
        return HttpResponseRedirect(reverse("people-search"))
    count_search(actor, at=at)
    try:
        person = refresh_person(number, actor=actor, at=at)
        person = get_person(person.pk, actor=actor)
    except PersonNotFound:
        messages.warning(request, _("Nobody of that number works in an organization that is connected here."))
        return HttpResponseRedirect(reverse("people-search"))
    return _shown(request, person)


@require_POST
def read_again(request: HttpRequest, person_id: str) -> HttpResponse:
    """Read a known person again."""
    actor, at = asking.who(request), asking.now()
    person = get_person(str(person_id), actor=actor)
    if (refusal := may_find_people(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    count_search(actor, at=at)
    refresh_person(person.personal_identity_number, actor=actor, at=at)
    # Once more: what was read may have put the person out of the actor's sight.
    return _shown(request, get_person(person.pk, actor=actor))


def _shown(request: HttpRequest, person: Person) -> HttpResponse:
    messages.success(request, _("%(name)s is read from HSA and PU.") % {"name": shown_name(person)})
    return HttpResponseRedirect(reverse("person", args=[person.pk]))
