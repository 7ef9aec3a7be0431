"""The rows of each report as they stood at a moment, inside the bounds of the reader's role.

How a card stood is told by when it changed, never by the state it has now, so a report of yesterday
says today what it said yesterday.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from ca.models import Certificate
from cards.models import Activation, Card, CardOrder
from directory.models import Organization
from journal.actor import Actor, ActorKind

Row = tuple[str, ...]
_STOCKHOLM = ZoneInfo("Europe/Stockholm")
_CHUNK = 2000


def local(moment: datetime | None) -> str:
    """Return a moment as people in Sweden read it, to the minute; empty for none."""
    return moment.astimezone(_STOCKHOLM).strftime("%Y-%m-%d %H:%M") if moment else ""


def rows(code: str, *, actor: Actor, as_of: datetime) -> Iterator[Row]:
    """Yield the rows of report ``code``; a person or service gets only its own organizations."""
    yield from _QUERIES[code](actor, as_of)


def _scope(actor: Actor, field: str = "organization_id") -> Q:
    if actor.kind is ActorKind.SYSTEM:
        return Q()
    return Q(**{f"{field}__in": actor.organization_ids})


def _until(moment: datetime | None, as_of: datetime) -> datetime | None:
    """Return the moment if it had come by ``as_of``."""
    return moment if moment is not None and moment <= as_of else None


def _cards(actor: Actor, as_of: datetime) -> QuerySet[Card]:
    cards = Card.objects.filter(_scope(actor), ordered_at__lte=as_of)
    return cards.select_related("organization").order_by("ordered_at", "id")


def card_state_at(card: Card, as_of: datetime) -> str:
    """Return how the card stood at ``as_of``."""
    passed = (
        ("SPÄRRAT", card.blocked_at),
        ("MAKULERAT", card.discarded_at),
        ("AKTIVT", card.activated_at),
        ("SKICKAT", card.shipped_at),
    )
    stood = next((name for name, moment in passed if _until(moment, as_of)), "BESTÄLLT")
    is_expired = card.valid_until < as_of.astimezone(_STOCKHOLM).date()
    return "UTGÅNGET" if is_expired and stood in {"AKTIVT", "SKICKAT"} else stood


def _s1(actor: Actor, as_of: datetime) -> Iterator[Row]:
    for card in _cards(actor, as_of).iterator(chunk_size=_CHUNK):
        yield (
            card.card_number or "" if _until(card.produced_at or card.shipped_at, as_of) else "",
            card.product_code,
            card_state_at(card, as_of),
            local(card.ordered_at),
            local(_until(card.shipped_at, as_of)),
            local(_until(card.activated_at, as_of)),
            local(_until(card.blocked_at, as_of)),
            card.valid_until.isoformat(),
            card.hsa_id,
            card.organization.name,
            card.environment,
        )


def _s3(actor: Actor, as_of: datetime) -> Iterator[Row]:
    for card in _cards(actor, as_of).filter(shipped_at__lte=as_of).iterator(chunk_size=_CHUNK):
        if card.shipped_at is None or card_state_at(card, as_of) != "SKICKAT":
            continue
        days = (as_of - card.shipped_at).days
        yield (
            card.card_number or "",
            card.product_code,
            local(card.shipped_at),
            str(days),
            card.hsa_id,
            card.organization.name,
            card.environment,
        )


def _certificates(actor: Actor, as_of: datetime, carrier_kind: str) -> Iterator[tuple[Certificate, str, str]]:
    """Yield each certificate issued by then, how it stood, and its organization's name."""
    names = {str(key): name for key, name in Organization.objects.values_list("id", "name")}
    certificates = Certificate.objects.filter(
        _scope(actor), carrier_kind=carrier_kind, issued_at__lte=as_of
    ).select_related("issuer")
    for certificate in certificates.order_by("issued_at", "id").iterator(chunk_size=_CHUNK):
        if _until(certificate.revoked_at, as_of):
            state = "SPÄRRAT"
        else:
            state = "UTGÅNGET" if certificate.not_after < as_of else "AKTIVT"
        yield certificate, state, names.get(str(certificate.organization_id), "")


def _s2(actor: Actor, as_of: datetime) -> Iterator[Row]:
    for certificate, state, organization in _certificates(actor, as_of, "card"):
        yield (
            certificate.serial_hex,
            certificate.issuer.key,
            certificate.profile,
            local(certificate.not_before),
            local(certificate.not_after),
            state,
            organization,
            certificate.environment,
        )


def _s5(actor: Actor, as_of: datetime) -> Iterator[Row]:
    for certificate, state, organization in _certificates(actor, as_of, "function"):
        yield (
            certificate.serial_hex,
            certificate.subject_text,
            certificate.profile,
            local(certificate.not_after),
            state,
            organization,
            certificate.environment,
        )


def _h1(actor: Actor, as_of: datetime) -> Iterator[Row]:
    orders = CardOrder.objects.filter(_scope(actor), placed_at__lte=as_of).select_related("organization")
    for order in orders.order_by("placed_at", "id").iterator(chunk_size=_CHUNK):
        passed = (
            ("AVBRUTEN", order.cancelled_at),
            ("AVVISAD_AV_PRODUCENT", order.rejected_at),
            ("FÖRFALLEN", order.lapsed_at),
            ("AKTIVERAD", order.activated_at),
            ("SKICKAD", order.shipped_at),
            ("I_PRODUKTION", order.production_started_at),
            ("SKICKAD_TILL_PRODUKTION", order.sent_at),
        )
        stood = next((name for name, moment in passed if _until(moment, as_of)), "BESTÄLLD")
        yield (
            local(order.placed_at),
            order.product_code,
            order.hsa_id,
            order.placed_by,
            stood,
            order.organization.name,
            order.environment,
        )


def _h2(actor: Actor, as_of: datetime) -> Iterator[Row]:
    done = Activation.objects.filter(
        _scope(actor, "card__organization_id"), finished_at__lte=as_of
    ).select_related("card", "card__organization")
    for activation in done.order_by("finished_at", "id").iterator(chunk_size=_CHUNK):
        card = activation.card
        yield (
            local(activation.finished_at),
            card.card_number or "",
            card.hsa_id,
            activation.opened_by,
            card.organization.name,
            card.environment,
        )


def _h3(actor: Actor, as_of: datetime) -> Iterator[Row]:
    blocked = Card.objects.filter(_scope(actor), blocked_at__lte=as_of).select_related("organization")
    for card in blocked.order_by("blocked_at", "id").iterator(chunk_size=_CHUNK):
        yield (
            local(card.block_requested_at),
            local(card.blocked_at),
            card.block_reason,
            card.card_number or "",
            card.hsa_id,
            card.blocked_by,
            card.organization.name,
            card.environment,
        )


_QUERIES: dict[str, Callable[[Actor, datetime], Iterator[Row]]] = {
    "S1": _s1,
    "S2": _s2,
    "S3": _s3,
    "S5": _s5,
    "H1": _h1,
    "H2": _h2,
    "H3": _h3,
}
