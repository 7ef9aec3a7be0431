"""Reads of mobile eIDs; nothing changes here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from ca.models import Certificate
from cards.errors import MobileNotFound
from cards.mobile.models import MobileEid
from cards.mobile.states import MobileState
from cards.models import Card
from directory.models import RegistrationStatus
from directory.row_ids import row_id
from journal.actor import Actor

MOBILE_CARRIER_KIND: Final = "mobile"
_GONE: Final = (
    RegistrationStatus.DECEASED.value,
    RegistrationStatus.EMIGRATED.value,
    RegistrationStatus.DEREGISTERED.value,
)


def is_mobile_active(certificate_sha256: str, at: datetime) -> bool:
    """Tell whether the certificate is of a mobile eID in use now: confirmed, not blocked, not expired.

    Nor is one whose holder is gone by the population register's word: it may have outlived every card, on
    which a block for that reason would rest.
    """
    found = MobileEid.objects.filter(
        certificate_sha256=certificate_sha256, state=MobileState.ACTIVE.value, valid_until__gt=at
    ).exclude(person__registration_status__in=_GONE)
    return bool(certificate_sha256) and _in_force(found, at=at).exists()


def slots_taken(person_id: str, *, at: datetime) -> frozenset[int]:
    """Return the person's places that are held by mobile eIDs in use (MOB-6); one under way gives way."""
    active = MobileEid.objects.filter(
        person_id=person_id, state=MobileState.ACTIVE.value, slot__isnull=False, valid_until__gt=at
    )
    return frozenset(slot for slot in _in_force(active, at=at).values_list("slot", flat=True) if slot)


def has_mobile_of(card: Card, *, at: datetime) -> bool:
    """Tell whether the card's holder has a mobile eID in use from the card's organization."""
    mine = MobileEid.objects.filter(
        person_id=card.person_id,
        organization_id=card.organization_id,
        state=MobileState.ACTIVE.value,
        valid_until__gt=at,
    )
    return _in_force(mine, at=at).exists()


def own_mobiles(person_id: str) -> Sequence[MobileEid]:
    """Return the person's mobile eIDs that came to be, the newest first."""
    came = [MobileState.ACTIVE.value, MobileState.BLOCKED.value]
    return list(MobileEid.objects.filter(person_id=person_id, state__in=came).order_by("-opened_at", "pk"))


def own_mobile(mobile_id: UUID | str, *, actor: Actor) -> MobileEid:
    """Return a mobile eID of the person logged in; raise MobileNotFound for anybody else's."""
    rows = MobileEid.objects.select_related("card__person", "card__order", "organization", "person")
    found = rows.filter(pk=row_id(mobile_id), person_id=actor.person_id).first() if actor.person_id else None
    if found is None:
        raise MobileNotFound(str(mobile_id))
    return found


def mobile_in_use(certificate_sha256: str, *, at: datetime) -> MobileEid | None:
    """Return the mobile eID of a certificate, if it is in use now; None also for one that is on a card."""
    if not is_mobile_active(certificate_sha256, at):
        return None
    found = MobileEid.objects.select_related("card")
    return found.filter(certificate_sha256=certificate_sha256, state=MobileState.ACTIVE.value).first()


def mobile_of_certificate(certificate: Certificate) -> MobileEid | None:
    """Return the mobile eID that a certificate is in, or None."""
    if certificate.carrier_kind != MOBILE_CARRIER_KIND:
        return None
    return MobileEid.objects.filter(pk=row_id(certificate.carrier_id)).first()


def _in_force(rows: QuerySet[MobileEid], *, at: datetime) -> QuerySet[MobileEid]:
    """Leave out those whose certificates were revoked without a block, as a compromised issuer's are."""
    revoked = Certificate.objects.filter(carrier_kind=MOBILE_CARRIER_KIND, revoked_at__lte=at)
    return rows.exclude(certificate_sha256__in=revoked.values("sha256"))
