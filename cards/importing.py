"""Takes over cards from the system before this one, used or never activated (PKI-5, POR-5)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import IntegrityError, transaction

from ca.environments import Environment
from ca.pki.subject import is_card_number
from cards.blocking import block_card
from cards.errors import ImportRefused
from cards.events import CardImported, CardOrderLapsed
from cards.models import Card, CardOrder, ForeignCertificate
from cards.products import CardKind, product
from cards.reasons import BlockReason
from cards.states import CardOrderState, CardState
from directory.models import Employment
from directory.swedish_time import noon_of_swedish_day
from journal.actor import Actor
from journal.recording import record

_NEVER_ACTIVATED: Final = "card_blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFacts:
    """A certificate that another issuer put on the card: its issuer's name and its serial number in hex."""

    issuer_name: str
    serial_hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCard:
    """A card as the system before this one knew it; never activated there, it is nobody's to use (POR-5)."""

    hsa_id: str
    card_number: str
    product_code: str
    loa: int
    issued_on: date
    valid_until: date
    is_activated: bool = True
    foreign: tuple[ForeignFacts, ...] = ()


def import_card(old: OldCard, *, actor: Actor, at: datetime) -> Card:
    """Register a card that was issued before, in use and without certificates of ours; again changes nothing.

    One that was not activated before the take-over is blocked in the same transaction, so that it stands in
    the record and can be activated by nobody (POR-5). Raises ``ImportRefused`` for an unknown holder, a card
    number that is none, days that cannot be, or a reserve card that is still in its envelope.
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
    item = product(old.product_code)
    if not old.is_activated and item is not None and item.kind is CardKind.RESERVE:
        raise ImportRefused(
            f"card {old.card_number} is a reserve card that nobody fetched: it is taken over with its box"
            " (manage.py stock_box)"
        )
    try:
        with transaction.atomic():
            card = _register(old, employment, issued_at=issued_at, actor=actor, at=at)
            return card if old.is_activated else _end_unactivated(card, actor=actor, at=at)
    except IntegrityError as error:
        raise ImportRefused(f"card {old.card_number} or a certificate on it is registered already") from error


def _register(
    old: OldCard, employment: Employment, *, issued_at: datetime, actor: Actor, at: datetime
) -> Card:
    person, organization = employment.person, employment.organization
    activated_at = issued_at if old.is_activated else None
    order = CardOrder.objects.create(
        # Never a running order: one may be under way here already, for the card in the place of this one.
        state=(CardOrderState.ACTIVATED if old.is_activated else CardOrderState.LAPSED).value,
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
        activated_at=activated_at,
        lapsed_at=None if old.is_activated else at,
        lapse_reason="" if old.is_activated else _NEVER_ACTIVATED,
    )
    card = Card.objects.create(
        state=(CardState.ACTIVE if old.is_activated else CardState.SHIPPED).value,
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
        activated_at=activated_at,
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


def _end_unactivated(card: Card, *, actor: Actor, at: datetime) -> Card:
    """Block a card that its holder had not activated when the system before this one closed."""
    lapsed = CardOrderLapsed(
        card_order_id=str(card.order_id),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        reason=_NEVER_ACTIVATED,
    )
    record(lapsed, actor=actor, at=at)
    return block_card(
        card_id=str(card.pk),
        reason=BlockReason.NOT_ACTIVATED_IN_TIME,
        requested_at=at,
        note="not activated before the take-over",
        actor=actor,
        at=at,
    )
