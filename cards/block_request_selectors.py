"""Reads of a person's certificates and of the requests to block that are kept, within the actor's reach."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards import policies
from cards.block_request_models import BlockRequest
from cards.errors import CertificateNotFound
from cards.models import Card
from cards.reach import reaches_certificate
from cards.selectors import CARRIER_KIND
from directory.models import Person
from directory.reach import held_within
from directory.row_ids import row_id
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

MOST_A_DAY: Final = 25
"""Blocks that one person registers alone (domain.md 7.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCertificate:
    """A person's certificate with its holder and card, and why the actor may not block it."""

    certificate: Certificate
    person: Person
    card: Card | None
    refusal: Refusal | None
    is_last: bool
    """Nothing else on the card is valid: it opens no door afterwards."""


def held_certificate(certificate_id: UUID | str, *, actor: Actor, at: datetime) -> HeldCertificate:
    """Return a person's certificate within the actor's reach. Raises ``CertificateNotFound``."""
    certificate = Certificate.objects.select_related("issuer").filter(pk=row_id(certificate_id)).first()
    person = None if certificate is None else Person.objects.filter(pk=row_id(certificate.person_id)).first()
    if (
        certificate is None
        or person is None
        or not policies.has_role(actor, policies.MAY_READ)
        or not reaches_certificate(certificate, actor)
        or (person.protected_identity and not actor.may_see_protected)
    ):
        raise CertificateNotFound(str(certificate_id))
    card = None
    if certificate.carrier_kind == CARRIER_KIND:
        card = Card.objects.select_related("person", "organization", "order").filter(
            pk=row_id(certificate.carrier_id)
        ).first()  # fmt: skip
    return HeldCertificate(
        certificate=certificate,
        person=person,
        card=card,
        refusal=policies.may_block_certificate(certificate, actor=actor, at=at),
        is_last=not any(
            one.pk != certificate.pk and one.revoked_at is None and one.not_after > at
            for one in (certificates_on_carrier(CARRIER_KIND, card.pk) if card is not None else ())
        ),
    )


def registered_requests(*, actor: Actor, limit: int = 50) -> list[BlockRequest]:
    """Return the requests within the actor's reach that were registered last, the newest first."""
    rows = BlockRequest.objects.select_related("person", "card").order_by("-registered_at", "pk")
    if actor.kind is not ActorKind.SYSTEM:
        if not policies.has_role(actor, policies.MAY_READ):
            return []
        rows = rows.filter(organization_id__in=actor.organization_ids)
        if actor.unit_id:
            rows = rows.filter(card__in=Card.objects.filter(held_within(actor)))
        if not actor.may_see_protected:
            rows = rows.filter(person__protected_identity=False)
    return list(rows[: max(1, min(limit, 200))])


def left_today(*, actor: Actor, at: datetime) -> int:
    """Return how many blocks this person may still register today: more take a second one (domain.md 7.3)."""
    lately = BlockRequest.objects.filter(
        registered_by=actor.identifier, registered_at__gt=at - timedelta(days=1), had_effect=True
    ).exclude(received_by="")
    return MOST_A_DAY - lately.count()
