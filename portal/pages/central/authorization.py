"""Who gets past the door of the central administration's pages."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from ca.ceremony.approval import may_see_ceremonies
from journal.actor import Actor
from portal.pages import asking


def central_administrator(request: HttpRequest) -> Actor:
    """Return the central administrator who is logged in. Raises ``PermissionDenied`` for others."""
    actor = asking.who(request)
    if may_see_ceremonies(actor) is not None:
        raise PermissionDenied
    return actor
