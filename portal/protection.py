"""No page tells of a protected person before a reason: held here for every address, so that none forgets it.

An address names what it is about: a person, or a card, order, activation, unlocking or certificate of theirs.
Whoever has the right to see protected people and reaches this one says why first; each answer is then an
event in the journal.
Pages that tell of people whom their address does not name raise ``ReasonNeeded``, or name nobody.
"""

from collections.abc import Callable, Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cards.block_request_selectors import held_certificate
from cards.renewal.renewing import get_renewal
from cards.reserve_selectors import get_reserve_order
from cards.selectors import get_activation, get_card, get_order
from cards.unlocking import get_unlock
from directory.lifecycle import record_protected_opening
from directory.models import Person
from directory.selectors import get_person, get_person_for_journal
from journal.actor import Actor
from journal.errors import DomainError
from portal.accounts.actor import session_of
from portal.accounts.middleware import is_poll
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk.opening import ReasonNeeded, ask, reasons_given

_WHERE_IT_IS_GIVEN: Final = "person-open"
_LOOKS: Final = frozenset({"GET", "HEAD"})
_REDIRECTS: Final = range(300, 400)
_NOT_THERE: Final = 404


def _by_person(person_id: str, actor: Actor) -> Person:
    return (get_person_for_journal if reads_only(actor) else get_person)(person_id, actor=actor)


SUBJECTS: Final[Mapping[str, Callable[[str, Actor], Person]]] = {
    "person_id": _by_person,
    "card_id": lambda pk, actor: get_card(pk, actor=actor).person,
    "order_id": lambda pk, actor: get_order(pk, actor=actor).person,
    "activation_id": lambda pk, actor: get_activation(pk, actor=actor).card.person,
    "hand_out_id": lambda pk, actor: get_reserve_order(pk, actor=actor).card.person,
    "unlock_id": lambda pk, actor: get_unlock(pk, actor=actor).card.person,
    "renewal_id": lambda pk, actor: get_renewal(pk, actor=actor).card.person,
    "certificate_id": lambda pk, actor: held_certificate(pk, actor=actor, at=asking.now()).person,
}
"""Who is told of, by the name of an id in an address, within the actor's reach."""


class ProtectionMiddleware:
    """Asks for the reason before the view, and records each read before its answer leaves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; without its entry in the journal an answer about a protected person does not leave."""
        response = self.get_response(request)
        told: tuple[Person, str] | None = getattr(request, "told_of_protected", None)
        if told is not None and request.method not in _LOOKS and _tells(response):
            _record(request, *told)  # a form that came back
        return response

    def process_view(
        self,
        request: HttpRequest,
        _view: Callable[..., HttpResponseBase],
        _args: tuple[object, ...],
        named: Mapping[str, object],
    ) -> HttpResponse | None:
        """Answer with the question when the address is about a protected person not opened just now."""
        person = _protected_subject(request, named)
        if person is None:
            return None
        reason = reasons_given(request, at=asking.now()).get(str(person.pk))
        if reason is None:
            return _ask(request, person)
        if request.method in _LOOKS and not is_poll(request):
            _record(request, person, reason)
        request.told_of_protected = (person, reason)  # type: ignore[attr-defined] # read when the answer is there
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer ``ReasonNeeded`` with the question."""
        if isinstance(exception, ReasonNeeded):
            return _ask(request, exception.person)
        return None


def _ask(request: HttpRequest, person: Person) -> HttpResponse:
    return ask(request, person, status=200 if request.method in _LOOKS else 403)


def _record(request: HttpRequest, person: Person, reason: str) -> None:
    """Record the read; what a page asks by itself afterwards is part of it."""
    page = str(request.resolver_match.view_name) if request.resolver_match else ""
    record_protected_opening(person, reason=reason, page=page, actor=asking.who(request), at=asking.now())


def _protected_subject(request: HttpRequest, named: Mapping[str, object]) -> Person | None:
    """Return the protected person whom the address is about; nobody for the person themselves."""
    row, match = session_of(request), request.resolver_match
    if row is None or not row.role or not row.may_see_protected:
        return None
    if match is not None and match.view_name == _WHERE_IT_IS_GIVEN:
        return None
    actor = asking.who(request)
    for name in SUBJECTS.keys() & named.keys():
        try:
            person = SUBJECTS[name](str(named[name]), actor)
        except DomainError:
            continue  # the view says the same in its own words
        if person.protected_identity and str(person.pk) != actor.person_id:
            return person
    return None


def _tells(response: HttpResponse) -> bool:
    return response.status_code not in _REDIRECTS and response.status_code != _NOT_THERE
