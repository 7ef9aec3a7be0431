"""Revokes many certificates for one reason: chosen by query, fixed as a list, approved, done in stages.

The list is made first and does not change: what two people approve is what is revoked. Each stage is one
transaction of ``STAGE`` certificates; after a crash the next call goes on with what is left. Callable when
the portal is down (``manage.py mass_revocation``); who may do it in the portal is the portal's matter.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from ca.errors import ApprovalRefused, ReasonRefused, UnknownMassRevocation
from ca.events import MassRevocationApproved, MassRevocationFinished, MassRevocationStaged
from ca.mass_models import MOST_ALONE, MassRevocation, MassRevocationMember
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.registration import CarrierKind
from ca.revocation import RECORDED_REASONS, revoke_many
from journal.actor import Actor
from journal.recording import record

STAGE: Final = 200
"""Certificates in one transaction."""

_NAMED: Final = 5000
"""Members put in with one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which certificates: those that fit everything that is given. Serial numbers are lower-case hex."""

    issuer: str = ""
    profile: str = ""
    organization_id: str = ""
    issued_from: str = ""
    issued_until: str = ""
    """RFC 3339; the second is excluded."""
    serials: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether it names nothing: then it means nothing, never everything."""
        return not any(asdict(self).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a mass revocation has come."""

    done: int
    total: int


def find(criteria: Criteria, *, at: datetime) -> Iterator[UUID]:
    """Yield the certificates that fit, are neither revoked nor expired: what would be revoked.

    Never the CA's own (issuers, OCSP signers, audit, seal): that is a key ceremony's matter.
    Raises ``ReasonRefused`` for criteria that name nothing.
    """
    if criteria.is_empty:
        raise ReasonRefused("a mass revocation that names nothing", facts={"reason": "criteria"})
    chosen = Q(revoked_at__isnull=True, not_after__gt=at) & ~Q(carrier_kind=CarrierKind.NONE.value)
    for field in ("issuer", "profile", "organization_id"):
        if value := getattr(criteria, field):
            chosen &= Q(**{"issuer_id" if field == "issuer" else field: value})
    if criteria.issued_from:
        chosen &= Q(issued_at__gte=datetime.fromisoformat(criteria.issued_from))
    if criteria.issued_until:
        chosen &= Q(issued_at__lt=datetime.fromisoformat(criteria.issued_until))
    if not criteria.serials:
        yield from _keys(chosen)
    for start in range(0, len(criteria.serials), 500):
        yield from _keys(chosen & Q(serial_hex__in=criteria.serials[start : start + 500]))


def _keys(chosen: Q) -> Iterator[UUID]:
    return Certificate.objects.filter(chosen).order_by("pk").values_list("pk", flat=True).iterator(5000)


def stage(
    criteria: Criteria,
    *,
    reason: RevocationReason,
    requested_at: datetime,
    first_person: str,
    actor: Actor,
    at: datetime,
) -> MassRevocation:
    """Fix the list of what is to be revoked and return its row; nothing is revoked yet.

    ``first_person`` is who decides so, by an identifier that the portal or the command gives.
    Raises ``ReasonRefused`` for a reason that is not recorded, a request ahead of time, or empty criteria.
    """
    if reason not in RECORDED_REASONS or requested_at > at:
        raise ReasonRefused("not a reason that this CA records, or ahead of time", facts={"reason": "ahead"})
    with transaction.atomic():
        mass = MassRevocation.objects.create(
            criteria=asdict(criteria),
            reason=reason.value,
            requested_at=requested_at,
            staged_by=first_person,
            staged_at=at,
        )
        for chunk in _chunks(find(criteria, at=at), _NAMED):
            MassRevocationMember.objects.bulk_create(
                MassRevocationMember(mass_revocation=mass, certificate_id=key) for key in chunk
            )
        mass.total = mass.members.count()
        MassRevocation.objects.filter(pk=mass.pk).update(total=mass.total)
        record(
            MassRevocationStaged(
                mass_revocation_id=str(mass.pk),
                reason=reason.rfc_name,
                certificates=mass.total,
                sha256=_digest(mass),
            ),
            actor=actor,
            at=at,
        )
    return mass


def approve(mass_revocation_id: UUID | str, *, second_person: str, actor: Actor, at: datetime) -> None:
    """Approve the list as it was staged, as somebody else than who staged it.

    Raises ``ApprovalRefused`` for the same person or a list that was approved before, and
    ``UnknownMassRevocation``.
    """
    mass = _mass(mass_revocation_id)
    if not second_person or second_person == mass.staged_by:
        raise ApprovalRefused("whoever staged it cannot approve it", facts={"rule": "same_person"})
    with transaction.atomic():
        changed = MassRevocation.objects.filter(pk=mass.pk, approved_at__isnull=True).update(
            approved_by=second_person, approved_at=at
        )
        if not changed:
            raise ApprovalRefused("it was approved before", facts={"rule": "twice"})
        event = MassRevocationApproved(mass_revocation_id=str(mass.pk), sha256=_digest(mass))
        record(event, actor=actor, at=at)


def carry_out(
    mass_revocation_id: UUID | str,
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    watch: Callable[[Progress], None] = lambda _progress: None,
) -> Progress:
    """Revoke what is left of the list, stage by stage, and return how far it came: all.

    Call it again after a crash. A certificate that somebody else revoked meanwhile keeps that revocation.
    Raises ``ApprovalRefused`` for more than ``MOST_ALONE`` certificates without a second person, and
    ``UnknownMassRevocation``.
    """
    mass = _mass(mass_revocation_id)
    if mass.total > MOST_ALONE and mass.approved_at is None:
        raise ApprovalRefused(
            f"{mass.total} certificates take two people", facts={"rule": "alone", "total": str(mass.total)}
        )
    done = mass.members.exclude(outcome="").count()
    while left := list(mass.members.filter(outcome="").order_by("pk")[:STAGE]):
        _carry_out_stage(mass, left, actor=actor, at=clock())
        done += len(left)
        watch(Progress(done=done, total=mass.total))
    _finish(mass, actor=actor, at=clock())
    return Progress(done=done, total=mass.total)


def _carry_out_stage(
    mass: MassRevocation, left: list[MassRevocationMember], *, actor: Actor, at: datetime
) -> None:
    with transaction.atomic():
        revoked = revoke_many(
            [one.certificate_id for one in left],
            reason=RevocationReason(mass.reason),
            requested_at=mass.requested_at,
            actor=actor,
            at=at,
        )
        mine = {one.pk for one in left if one.certificate_id in revoked}
        others = {one.pk for one in left} - mine
        for outcome, keys in (("revoked", mine), ("already_revoked", others)):
            mass.members.filter(pk__in=keys, outcome="").update(outcome=outcome, done_at=at)


def _finish(mass: MassRevocation, *, actor: Actor, at: datetime) -> None:
    with transaction.atomic():
        changed = MassRevocation.objects.filter(pk=mass.pk, finished_at__isnull=True).update(finished_at=at)
        if changed:
            event = MassRevocationFinished(
                mass_revocation_id=str(mass.pk),
                certificates=mass.total,
                revoked=mass.members.filter(outcome="revoked").count(),
            )
            record(event, actor=actor, at=at)


def _mass(mass_revocation_id: UUID | str) -> MassRevocation:
    mass = MassRevocation.objects.filter(pk=mass_revocation_id).first()
    if mass is None:
        raise UnknownMassRevocation("there is no such mass revocation")
    return mass


def _digest(mass: MassRevocation) -> str:
    """Return the digest of the list: what was approved is what was staged."""
    digest = hashlib.sha256()
    for key in (
        mass.members.order_by("certificate_id").values_list("certificate_id", flat=True).iterator(5000)
    ):
        digest.update(key.bytes)
    return digest.hexdigest()


def _chunks(keys: Iterable[UUID], size: int) -> Iterator[list[UUID]]:
    chunk: list[UUID] = []
    for key in keys:
        chunk.append(key)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
