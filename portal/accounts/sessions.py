"""The life of a session: opened by a login, given one role, checked again, and ended at once when due."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet

from authn import configuration
from authn.errors import CheckFailed
from authn.hints import FailureHint
from authn.status import recheck
from authn.trust import Carrier, load_trust
from directory import selectors as directory_selectors
from directory.models import Person
from directory.reach import Scope, scope_of
from directory.role_basis import note_use
from journal.actor import Actor, ActorKind
from journal.recording import record
from portal.accounts import means
from portal.accounts.actor import level_of
from portal.accounts.errors import RoleNotHeld
from portal.accounts.events import RoleChosen, SessionEnded, SessionOpened
from portal.accounts.models import EndReason, PortalSession
from portal.accounts.people import RoleChoice
from portal.accounts.result import AuthnResult

SESSION_ID = "portal_session"
RECHECK_EVERY = timedelta(minutes=10)
RECHECK_AT_LATEST = timedelta(minutes=20)
"""With no status to be had, a session lives on until its last good check is this old; then it ends."""
_SEEN_EVERY = timedelta(seconds=20)
_ENDED_LATELY = timedelta(hours=1)


def open_session(
    session: SessionBase, result: AuthnResult, person: Person, *, actor: Actor, at: datetime
) -> PortalSession:
    """Open a login in a browser session: everything in it is dropped and its id is new (fixation)."""
    session.flush()
    session.create()
    row = PortalSession(
        session_key=session.session_key or "",
        person_id=str(person.pk),
        evidence_id=result.evidence_id,
        certificate_der=result.certificate_der,
        certificate_sha256=result.certificate_sha256,
        card_number=result.card_number or "",
        carrier=result.carrier,
        certificate_hsa_id=result.hsa_id or "",
        loa=result.loa,
        amr=list(result.amr),
        auth_time=result.auth_time,
        last_seen_at=at,
        status_checked_at=at,
        client_address=actor.client_address,
    )
    event = SessionOpened(
        session_id=str(row.pk),
        person_id=row.person_id,
        evidence_id=row.evidence_id,
        certificate_sha256=row.certificate_sha256,
        loa=row.loa,
        amr=result.amr,
    )
    with transaction.atomic():
        row.save(force_insert=True)
        record(event, actor=_person(row, actor), at=at)
    session[SESSION_ID] = str(row.pk)
    return row


def choose_role(
    session: SessionBase, row: PortalSession, choice: RoleChoice, *, actor: Actor, at: datetime
) -> None:
    """Put the session into one role, after the second check of the certificate; the session's id is new.

    Raises CheckFailed (the caller ends the session), RoleNotHeld when the session ended meanwhile.
    """
    if row.carrier != Carrier.CARD or not means.opens_role(row.amr, choice.role, loa=row.loa):
        raise RoleNotHeld("a login by these means does not give the role")
    check_certificate(row, at=at)
    session.cycle_key()
    scope = _scope_of(choice, at=at)
    columns: dict[str, object] = {
        "session_key": session.session_key or "",
        "role_assignment_id": choice.id,
        "hsa_id": choice.hsa_id,
        "role": choice.role,
        "organization_id": choice.organization_id,
        "organization_ids": list(scope.organization_ids),
        "unit_id": scope.unit_id,
        "unit_ids": list(scope.unit_ids),
        "may_see_protected": choice.may_see_protected,
        "status_checked_at": at,
        "last_seen_at": at,
    }
    event = RoleChosen(
        session_id=str(row.pk),
        person_id=row.person_id,
        organization_id=choice.organization_id,
        hsa_id=choice.hsa_id,
        role=choice.role,
    )
    with transaction.atomic():
        if PortalSession.objects.filter(pk=row.pk, ended_at__isnull=True).update(**columns) != 1:
            raise RoleNotHeld("the session has ended")
        person = _person(row, actor)
        in_role = replace(
            person,
            identifier=choice.hsa_id,
            role=choice.role,
            organization_ids=scope.organization_ids,
            organization_id=choice.organization_id,
            unit_id=scope.unit_id,
            unit_ids=scope.unit_ids,
        )
        record(event, actor=in_role, at=at)
        note_use(UUID(choice.id), at=at)
    row.refresh_from_db()


def check_certificate(row: PortalSession, *, at: datetime) -> None:
    """Ask the responder once more about the session's certificate; raises CheckFailed."""
    recheck(bytes(row.certificate_der), trust=load_trust(), loas=(row.loa,), at=at)


def current(session: SessionBase) -> PortalSession | None:
    """Return the open login of a browser session, if its id is the one the login was given."""
    row_id = session.get(SESSION_ID)
    if row_id is None:
        return None
    return PortalSession.objects.filter(
        pk=row_id, session_key=session.session_key or "", ended_at__isnull=True
    ).first()


def why_ended(session_key: str, *, at: datetime) -> EndReason | None:
    """Say why the login of a browser session was ended elsewhere within the hour: a worker, or its holder.

    The session itself is gone by then; its browser still says the key.
    """
    ended = PortalSession.objects.filter(session_key=session_key, ended_at__gte=at - _ENDED_LATELY)
    reason = ended.order_by("-ended_at").values_list("end_reason", flat=True).first() if session_key else None
    return EndReason(reason) if reason else None


def why_over(row: PortalSession, *, at: datetime) -> EndReason | None:
    """Say why a session may not go on, or None: time, card register, role; each by a look, nothing cached."""
    idle = timedelta(seconds=settings.SESSION_IDLE_SECONDS if row.role else settings.SESSION_OWN_IDLE_SECONDS)
    absolute = timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)
    if at - row.auth_time >= absolute:
        return EndReason.TOO_LONG
    if at - row.last_seen_at >= idle:
        return EndReason.IDLE
    if row.card_number and not configuration.card_state()(row.card_number, at):
        return EndReason.CARD_NOT_ACTIVE
    if row.carrier == Carrier.MOBILE and not configuration.mobile_state()(row.certificate_sha256, at):
        return EndReason.CERTIFICATE_REVOKED
    if row.role_assignment_id and not _holds_role(row, at=at):
        return EndReason.ROLE_LOST
    return None


def why_over_after_recheck(row: PortalSession, *, at: datetime) -> EndReason | None:
    """Check the certificate's status when the last check is 10 minutes old; None when the session goes on."""
    if at - row.status_checked_at < RECHECK_EVERY:
        return None
    try:
        check_certificate(row, at=at)
    except CheckFailed as failure:
        if failure.hint is not FailureHint.REVOCATION_UNAVAILABLE:
            return EndReason.CERTIFICATE_REVOKED
        is_too_old = at - row.status_checked_at >= RECHECK_AT_LATEST
        return EndReason.STATUS_UNKNOWN if is_too_old else None
    PortalSession.objects.filter(pk=row.pk).update(status_checked_at=at)
    return None


def touch(row: PortalSession, *, at: datetime) -> None:
    """Note that the person is at work; written at most every 20 seconds."""
    if at - row.last_seen_at >= _SEEN_EVERY:
        PortalSession.objects.filter(pk=row.pk, last_seen_at__lt=at).update(last_seen_at=at)


def end(row: PortalSession, reason: EndReason, *, actor: Actor, at: datetime) -> bool:
    """End a login and remove the browser session behind it; False when it was over already."""
    event = SessionEnded(
        session_id=str(row.pk),
        person_id=row.person_id,
        organization_id=row.organization_id,
        reason=reason.value,
    )
    with transaction.atomic():
        open_row = PortalSession.objects.filter(pk=row.pk, ended_at__isnull=True)
        if open_row.update(ended_at=at, end_reason=reason.value) != 1:
            return False
        Session.objects.filter(session_key=row.session_key).delete()
        record(event, actor=actor, at=at)
    return True


def end_overdue_sessions(*, actor: Actor, at: datetime) -> int:
    """Write down which sessions time has ended; return how many. For a periodic job.

    Browser sessions that have expired are removed, also of those who never logged in.
    """
    Session.objects.filter(expire_date__lte=at).delete()
    idle = at - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    own_idle = at - timedelta(seconds=settings.SESSION_OWN_IDLE_SECONDS)
    absolute = at - timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)
    is_idle = Q(last_seen_at__lte=idle) & (~Q(role="") | Q(last_seen_at__lte=own_idle))
    overdue = _open().filter(is_idle | Q(auth_time__lte=absolute))
    return _end_all(overdue, EndReason.IDLE, actor=actor, at=at)


def open_sessions_of(person_id: str) -> QuerySet[PortalSession]:
    """Return a person's open sessions, newest first."""
    return _open().filter(person_id=person_id).order_by("-auth_time")


def _person(row: PortalSession, actor: Actor) -> Actor:
    """Return the person who logged in as the one who acts, at the address where they did."""
    return replace(
        actor,
        kind=ActorKind.PERSON,
        identifier=row.known_as,
        person_id=row.person_id,
        loa=level_of(row.loa),
    )


def _open() -> QuerySet[PortalSession]:
    return PortalSession.objects.filter(ended_at__isnull=True)


def _end_all(rows: Iterable[PortalSession], reason: EndReason, *, actor: Actor, at: datetime) -> int:
    return sum(end(row, reason, actor=actor, at=at) for row in rows)


def _scope_of(choice: RoleChoice, *, at: datetime) -> Scope:
    found = directory_selectors.held_role(choice.id, hsa_id=choice.hsa_id, at=at)
    if found is None:
        raise RoleNotHeld("the role has ended")
    return scope_of(found, at=at)


def _holds_role(row: PortalSession, *, at: datetime) -> bool:
    """Tell whether the role is still held; what it reaches is looked up anew, for agents and units change."""
    found = directory_selectors.held_role(row.role_assignment_id, hsa_id=row.hsa_id, at=at)
    if found is None:
        return False
    scope = scope_of(found, at=at)
    row.organization_ids, row.unit_id = list(scope.organization_ids), scope.unit_id
    row.unit_ids = list(scope.unit_ids)
    return True
