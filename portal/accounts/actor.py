"""Turns the session behind a request into the actor of everything done in it."""

from django.http import HttpRequest

from journal import correlation
from journal.actor import Actor, ActorKind
from portal.accounts.errors import NotLoggedIn
from portal.accounts.models import PortalSession

_LEVELS = {"http://id.sambi.se/loa/loa2": 2, "http://id.sambi.se/loa/loa3": 3}


def actor_of(request: HttpRequest) -> Actor:
    """Return the person in the role of the session; raises NotLoggedIn without one.

    The organizations come from the session, never from the request.
    """
    row = session_of(request)
    if row is None or not row.role:
        raise NotLoggedIn("no session with a role")
    return Actor(
        kind=ActorKind.PERSON,
        identifier=row.hsa_id,
        role=row.role,
        organization_ids=tuple(row.organization_ids),
        organization_id=row.organization_id,
        unit_id=row.unit_id,
        unit_ids=tuple(row.unit_ids),
        person_id=row.person_id,
        loa=level_of(row.loa),
        may_see_protected=row.may_see_protected,
        client_address=address_of(request),
        correlation_id=correlation_of(request),
        credential=str(row.pk),
    )


def session_of(request: HttpRequest) -> PortalSession | None:
    """Return the open login behind a request, with or without a role, or None."""
    row: PortalSession | None = getattr(request, "portal_session", None)
    return row


def visitor_of(request: HttpRequest) -> Actor:
    """Return the actor of what is done before a role is chosen: a person without a role, or nobody yet."""
    row = session_of(request)
    return Actor(
        kind=ActorKind.PERSON,
        identifier=row.known_as if row else "",
        person_id=row.person_id if row else "",
        loa=level_of(row.loa) if row else 0,
        client_address=address_of(request),
        correlation_id=correlation_of(request),
        credential=str(row.pk) if row else "",
    )


def level_of(loa: str) -> int:
    """Return the level of assurance that a URI names; 0 for none of ours."""
    return _LEVELS.get(loa, 0)


def address_of(request: HttpRequest) -> str:
    """Return the address that asks, seen through the trusted proxies (portal/proxies.py)."""
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def correlation_of(request: HttpRequest) -> str:
    """Return one id for everything that a request causes."""
    if not hasattr(request, "correlation_id"):
        request.correlation_id = correlation.current() or correlation.fresh()  # type: ignore[attr-defined] # made here, read here
    return str(request.correlation_id)  # type: ignore[attr-defined] # set above
