"""Certificates of other issuers on a card of ours: which cards have them, and which are known (PKI-5)."""

from datetime import date, datetime
from typing import Final

from django.conf import settings

from cards.models import Card, ForeignCertificate
from cards.products import CardKind, product
from directory.swedish_time import swedish_day

FIRST_DAY_WITHOUT: Final = date(2024, 1, 24)
"""Ordinary cards issued before this day also carry another issuer's certificates (domain.md chapter 0)."""


def issuer_name() -> str:
    """Return who issued them, as people know that issuer."""
    return str(settings.SIGILL_FOREIGN_ISSUER)


def issuer_phone() -> str:
    """Return the telephone number at which they are revoked; empty where none is set."""
    return str(settings.SIGILL_FOREIGN_ISSUER_PHONE)


def carries_foreign_certificates(card: Card) -> bool:
    """Tell whether a card has certificates that are not ours to revoke.

    Those that were recorded say so; else kind and day do: ordinary cards from before 2024-01-24 have them,
    reserve cards never had.
    """
    if ForeignCertificate.objects.filter(card=card).exists():
        return True
    item = product(card.product_code)
    is_ordinary = item is None or item.kind not in {CardKind.RESERVE, CardKind.TEST}
    issued_at = _issued_at(card)
    return is_ordinary and issued_at is not None and swedish_day(issued_at) < FIRST_DAY_WITHOUT


def foreign_certificates(card: Card) -> tuple[ForeignCertificate, ...]:
    """Return those that are recorded, by issuer and number; there may be more on the card."""
    return tuple(ForeignCertificate.objects.filter(card=card).order_by("issuer_name", "serial_hex"))


def _issued_at(card: Card) -> datetime | None:
    return card.produced_at or card.shipped_at or card.activated_at
