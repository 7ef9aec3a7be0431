"""Takes over cards from the system before this one, with other issuers' certificates on them (PKI-5)."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from ca.environments import Environment
from ca.pki.subject import is_card_number
from cards.errors import ImportRefused
from cards.events import CardImported
from cards.models import Card, CardOrder, ForeignCertificate
from cards.states import CardOrderState, CardState
from directory.models import Employment
from directory.swedish_time import noon_of_swedish_day
from journal.actor import Actor
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFacts:
    """A certificate that another issuer put on the card: its issuer's name and its serial number in hex."""

    issuer_name: str
    serial_hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCard:
    """A card in use, as the system before this one knew it."""

    hsa_id: str
    card_number: str
    product_code: str
    loa: int
    issued_on: date
    valid_until: date
    foreign: tuple[ForeignFacts, ...] = ()


def import_card(old: OldCard, *, actor: Actor, at: datetime) -> Card:
    """Register a card that was issued before, in use and without certificates of ours; again changes nothing.

    Raises ``ImportRefused`` for an unknown holder, a card number that is none, or days that cannot be.
    """
    known = Card.objects.filter(card_number=old.card_number).first()
    if known is not None:
        return known
    employment = Employment.objects.select_related("person", "organization").filter(hsa_id=old.hsa_id).first()
    if employment is None:
        raise ImportRefused(f"nobody has the HSA-id {old.hsa_id}: read the register first")
    if not is_card_number(old.card_number):
        raise ImportRefused(f"{old.card_number} is not a card number")
    issued_at = noon_of_swedish_day(old.issued_on)
    if issued_at > at or old.valid_until < old.issued_on or old.loa not in {2, 3}:
        raise ImportRefused(f"card {old.card_number}: its days or its level cannot be")
    try:
        with transaction.atomic():
            return _register(old, employment, issued_at=issued_at, actor=actor, at=at)
    except IntegrityError as error:
        raise ImportRefused(f"card {old.card_number} or a certificate on it is registered already") from error


def _register(
    old: OldCard, employment: Employment, *, issued_at: datetime, actor: Actor, at: datetime
) -> Card:
    person, organization = employment.person, employment.organization
    order = CardOrder.objects.create(
        state=CardOrderState.ACTIVATED.value,
        person=person,
        organization=organization,
        hsa_id=employment.hsa_id,
        product_code=old.product_code,
        environment=Environment.PROD.value,
        loa=old.loa,
        printed_name=person.full_name,
        organization_name=organization.name,
        valid_until=old.valid_until,
        placed_at=issued_at,
        placed_by=actor.identifier,
        sent_at=issued_at,
        shipped_at=issued_at,
        activated_at=issued_at,
    )
    card = Card.objects.create(
        state=CardState.ACTIVE.value,
        order=order,
        person=person,
        organization=organization,
        hsa_id=employment.hsa_id,
        product_code=old.product_code,
        environment=Environment.PROD.value,
        loa=old.loa,
        holder_name=person.full_name,
        valid_until=old.valid_until,
        card_number=old.card_number,
        ordered_at=issued_at,
        produced_at=issued_at,
        shipped_at=issued_at,
        activated_at=issued_at,
    )
    for one in old.foreign:
        ForeignCertificate.objects.create(
            card=card, issuer_name=one.issuer_name, serial_hex=one.serial_hex, recorded_at=at
        )
    record(
        CardImported(
            card_order_id=str(order.pk),
            card_id=str(card.pk),
            person_id=str(person.pk),
            organization_id=str(organization.pk),
            product_code=old.product_code,
            loa=old.loa,
            valid_until=old.valid_until.isoformat(),
        ),
        actor=actor,
        at=at,
    )
    return card
