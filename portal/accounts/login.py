"""From a proved certificate to a session: the person is looked up, and put into a role when there is one."""

from datetime import datetime

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from journal.actor import Actor
from journal.recording import record
from portal.accounts import people, sessions
from portal.accounts.errors import LoginFailed
from portal.accounts.events import LoginRefused
from portal.accounts.models import EndReason, PortalSession
from portal.accounts.result import AuthnResult

UNKNOWN_PERSON = "unknownPerson"


def log_in(session: SessionBase, result: AuthnResult, *, actor: Actor, at: datetime) -> PortalSession:
    """Open a session for the person the certificate names; raises LoginFailed for nobody we know.

    An older login of the same browser session ends. No role is chosen here.
    """
    person = people.person_behind(result)
    if person is None:
        raise LoginFailed(UNKNOWN_PERSON)
    earlier = sessions.current(session)
    if earlier is not None:
        sessions.end(earlier, EndReason.REPLACED, actor=actor, at=at)
    return sessions.open_session(session, result, person, actor=actor, at=at)


def refuse(order_ref: str, code: str, *, actor: Actor, at: datetime) -> None:
    """Record that somebody came back from the card client and was not let in."""
    with transaction.atomic():
        record(LoginRefused(authn_order_id=order_ref, code=code), actor=actor, at=at)
