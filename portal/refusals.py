"""Tells the journal what the edge refused: acts, addresses out of reach, tokens and limits.

Bounded, so that nobody floods the journal by being refused: so many a minute for each source and in all are
told one by one; then one entry says so, and the rest is summed (refusal_sums.py).
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from authn.errors import TooManyRequests
from authn.rate_limits import count_request
from journal.actor import Actor, ActorKind
from journal.events import Event
from journal.recording import record
from portal.accounts.actor import actor_of, address_of, correlation_of, session_of, visitor_of
from portal.events import (
    ActRefused,
    ApiTokenRefused,
    ApiTokenUsed,
    AuthorizationRefused,
    RateLimitReached,
    RefusalsSuppressed,
)
from portal.problems import code_of
from portal.refusal_sums import STRANGERS, count_untold

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponse]

PER_SOURCE: Final = 20
OF_STRANGERS: Final = 120
"""Refusals told in a minute: of one person, token or address; and of all who have not proved who they are."""

_DAY: Final = 24 * 3600
_LOWEST_PERSONAL_NUMBER: Final = 100_000_000
"""Nine digits: ten with a leading zero; rows are counted from 1 and stay below."""
_REFUSED_FROM: Final = 400
_NO_RULE: Final = frozenset({"", "request_invalid", "bad_request", "call_invalid", "invalidParameters"})
"""Codes of forms and calls that are not well formed: somebody mistyped, and nothing was refused."""


class RefusalsMiddleware:
    """Looks at each answer on its way out; never changes it, and never makes an answer of its own."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and tell the journal if it was a refusal that matters."""
        response = self.get_response(request)
        event = _told(request, response)
        if event is not None:
            self._record(event, request)
        return response

    @staticmethod
    def _record(event: Event, request: HttpRequest) -> None:
        at = timezone.now()
        try:
            with transaction.atomic():
                _record_within_limits(event, actor=_actor(request), at=at)
        except DatabaseError as error:
            logger.warning("a refusal could not be recorded: %s", error)


def _told(request: HttpRequest, response: HttpResponse) -> Event | None:
    """Return the event that an answer asks for, or None."""
    match = request.resolver_match
    if match is None:  # no such address: nothing of ours was reached for
        return None
    route, method = str(match.view_name or ""), str(request.method)
    object_id = _id_of_ours(next(iter(match.kwargs.values()), None))
    status, code = response.status_code, code_of(response)
    place = {"route": route, "method": method, "object_id": object_id}
    match status:
        case 429:
            return RateLimitReached(**place, code=code)
        case 401 if "Authorization" in request.headers:
            return ApiTokenRefused(**place)
        case 403 | 404:
            return AuthorizationRefused(**place, status=status, code=code)
        case 400 | 409 | 410 | 422 if method not in {"GET", "HEAD"} and code not in _NO_RULE:
            return ActRefused(**place, status=status, code=code)
    return _token_used(request, route) if status < _REFUSED_FROM else None


def _id_of_ours(value: object) -> str:
    """Return an id as this portal makes them; what else stands in an address is anybody's own words.

    A stranger may write a personal number or a name there, and the journal never forgets.
    """
    if isinstance(value, UUID) or (isinstance(value, int) and value < _LOWEST_PERSONAL_NUMBER):
        return str(value)
    return ""


def _token_used(request: HttpRequest, route: str) -> ApiTokenUsed | None:
    actor = _caller(request)
    if actor is None or not actor.credential:
        return None
    day = timezone.localdate().isoformat()
    if not cache.add(f"token-used-{actor.credential}-{day}", 1, timeout=_DAY):
        return None
    return ApiTokenUsed(api_token_id=actor.credential, person_id=actor.person_id, route=route)


def _record_within_limits(event: Event, *, actor: Actor, at: datetime) -> None:
    source = actor.person_id or actor.client_address
    try:
        count_request(f"refused:{source}", limit=PER_SOURCE, at=at)
        if not actor.person_id:
            count_request("refused:strangers", limit=OF_STRANGERS, at=at)
    except TooManyRequests:
        said = f"refusals-suppressed-{actor.person_id or STRANGERS}-{at:%Y%m%d%H%M}"
        if cache.add(said, 1, timeout=120):
            record(RefusalsSuppressed(limit=PER_SOURCE), actor=actor, at=at)
        count_untold(
            actor.person_id or STRANGERS,
            role=actor.role,
            organization_id=actor.acting_for,
            route=getattr(event, "route", ""),
            at=at,
        )
        return
    record(event, actor=actor, at=at)


def _actor(request: HttpRequest) -> Actor:
    """Return who was refused: the person in their role, the program behind a token, or somebody unknown."""
    row = session_of(request)
    if row is not None:
        return actor_of(request) if row.role else visitor_of(request)
    return _caller(request) or Actor(
        kind=ActorKind.SERVICE,
        identifier="stranger",
        client_address=address_of(request),
        correlation_id=correlation_of(request),
    )


def _caller(request: HttpRequest) -> Actor | None:
    """Return the actor behind an API token, which the API leaves on the request."""
    actor = getattr(getattr(request, "user", None), "actor", None)
    return actor if isinstance(actor, Actor) else None
