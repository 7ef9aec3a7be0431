"""Stands where the card register stands in tests of authn alone: the cards that are active."""

from datetime import datetime

ACTIVE: set[str] = set()


def is_card_active(card_number: str, at: datetime) -> bool:
    assert at.tzinfo is not None
    return card_number in ACTIVE


ACTIVE_MOBILES: set[str] = set()


def is_mobile_active(certificate_sha256: str, at: datetime) -> bool:
    """Stand where the register of mobile eIDs stands."""
    assert at.tzinfo is not None
    return certificate_sha256 in ACTIVE_MOBILES
