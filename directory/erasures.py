"""The decision to erase a person from the journal before the time: one asks, another one approves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from django.db import transaction

from directory.models import ErasureRequest, ErasureState, Person, Role
from directory.selectors import roles_of
from journal.actor import Actor, ActorKind
from journal.errors import DomainError
from journal.events import Event
from journal.recording import record

DECIDERS = frozenset({Role.CENTRAL_ADMINISTRATOR.value})
"""Roles that may ask for and approve an erasure: the trust framework's keeper of evidence, nobody local."""


class LegalGround(StrEnum):
    """Why: the points of GDPR article 17(1). A code, readable when nothing else of the person is."""

    NO_LONGER_NECESSARY = "no_longer_necessary"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL_PROCESSING = "unlawful_processing"
    LEGAL_OBLIGATION = "legal_obligation"


class ErasureRefused(DomainError):
    """An erasure may not be asked for or approved; ``facts["rule"]`` says why."""

    code = "erasure_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequested(Event):
    """Somebody asks that what the journal says of a person is erased before its time."""

    TYPE: ClassVar[str] = "erasure.requested"
    erasure_request_id: str
    person_id: str
    legal_ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureApproved(Event):
    """Somebody else approved it; the key is destroyed next."""

    TYPE: ClassVar[str] = "erasure.approved"
    erasure_request_id: str
    person_id: str


def decider(hsa_id: str, *, at: datetime) -> Actor:
    """Return the actor that decides under this HSA-id; raises ``ErasureRefused`` without the role."""
    held = next((one for one in roles_of(hsa_id, at=at) if one.role in DECIDERS), None)
    if held is None:
        raise ErasureRefused("not a decider", facts={"rule": "role_missing"})
    return Actor(
        kind=ActorKind.PERSON,
        identifier=held.employment.hsa_id,
        role=held.role,
        organization_ids=(str(held.organization_id),),
        organization_id=str(held.organization_id),
        person_id=str(held.employment.person_id),
    )


def request_erasure(
    person_id: UUID | str, *, legal_ground: LegalGround, actor: Actor, at: datetime
) -> ErasureRequest:
    """Ask for an erasure. Raises ``ErasureRefused`` for an unknown person, and for one who holds a role."""
    person = Person.objects.filter(pk=person_id).first()
    if person is None:
        raise ErasureRefused("no such person", facts={"rule": "unknown_person"})
    _demand_no_role(person, at=at)
    with transaction.atomic():
        asked = ErasureRequest.objects.create(
            person=person, legal_ground=legal_ground.value, requested_by=actor.person_id, requested_at=at
        )
        event = ErasureRequested(
            erasure_request_id=str(asked.pk), person_id=str(person.pk), legal_ground=legal_ground.value
        )
        record(event, actor=actor, at=at)
    return asked


def approve_erasure(request_id: UUID | str, *, actor: Actor, at: datetime) -> ErasureRequest:
    """Approve what another person asked for. Raises ``ErasureRefused``; the database says so too.

    Who was given a role since it was asked for is refused as well: what they do in it is not erased.
    """
    asked = ErasureRequest.objects.filter(pk=request_id).first()
    if asked is None:
        raise ErasureRefused("no such request", facts={"rule": "unknown_request"})
    if str(asked.requested_by) == actor.person_id:
        raise ErasureRefused("the same person", facts={"rule": "two_persons"})
    _demand_no_role(asked.person, at=at)
    with transaction.atomic():
        waiting = ErasureRequest.objects.filter(pk=asked.pk, state=ErasureState.REQUESTED.value)
        if (
            waiting.update(state=ErasureState.APPROVED.value, approved_by=actor.person_id, approved_at=at)
            != 1
        ):
            raise ErasureRefused("decided already", facts={"rule": "decided"})
        record(
            ErasureApproved(erasure_request_id=str(asked.pk), person_id=str(asked.person_id)),
            actor=actor,
            at=at,
        )
    asked.refresh_from_db()
    return asked


def _demand_no_role(person: Person, *, at: datetime) -> None:
    if any(roles_of(one.hsa_id, at=at) for one in person.employments.all()):
        raise ErasureRefused("the person still acts in a role", facts={"rule": "holds_a_role"})
