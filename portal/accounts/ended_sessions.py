"""Ends the sessions that rest on certificates or cards which are good no longer: one question for many."""

from collections.abc import Collection
from datetime import datetime

from ca.models import Certificate
from cards.models import Card
from journal.actor import Actor
from portal.accounts import sessions
from portal.accounts.models import EndReason, PortalSession


def end_for_certificates(certificate_ids: Collection[str], *, actor: Actor, at: datetime) -> int:
    """End every session opened with one of these certificates; return how many. Idempotent."""
    hashes = Certificate.objects.filter(pk__in=list(certificate_ids)).values("sha256")
    rows = PortalSession.objects.filter(ended_at__isnull=True, certificate_sha256__in=hashes)
    return sum(sessions.end(row, EndReason.CERTIFICATE_REVOKED, actor=actor, at=at) for row in rows)


def end_for_cards(card_ids: Collection[str], *, actor: Actor, at: datetime) -> int:
    """End every session opened with one of these cards; return how many. Idempotent."""
    numbers = Card.objects.filter(pk__in=list(card_ids), card_number__isnull=False).values("card_number")
    rows = PortalSession.objects.filter(ended_at__isnull=True, card_number__in=numbers)
    return sum(sessions.end(row, EndReason.CARD_NOT_ACTIVE, actor=actor, at=at) for row in rows)
