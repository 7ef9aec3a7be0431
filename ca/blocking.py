"""Blocks a key that somebody else may have, and finds what is certified with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from ca.errors import ApprovalRefused
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.registration import CarrierKind
from ca.revocation import Revoked, block_key, revoke_with_carrier
from journal.actor import Actor

MOST_AT_ONCE: Final = 25
"""Above this, revoking takes two people (domain.md 7.3)."""
REASONS: Final = ("compromised", "published", "reported", "weak")
"""Why a key is blocked by hand: a word, so that nobody's name comes into the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A blocked key and the certificates that somebody may still use it with."""

    is_new: bool
    certificates: tuple[Certificate, ...]


def block_and_find(*, public_key_sha256: str, reason: str, actor: Actor, at: datetime) -> Found:
    """Block a key for good and return its live certificates. Call it within a transaction.

    Raises ``ApprovalRefused`` for a key of the CA itself: that takes a ceremony and two people.
    """
    own = Certificate.objects.filter(
        public_key_sha256=public_key_sha256, carrier_kind=CarrierKind.NONE.value, not_after__gt=at
    )
    if own.exists():
        raise ApprovalRefused("a key of the CA itself is a key ceremony's matter", facts={"rule": "own_key"})
    live = Certificate.objects.filter(
        public_key_sha256=public_key_sha256, revoked_at__isnull=True, not_after__gt=at
    )
    certificates = tuple(live.order_by("issued_at", "pk"))
    is_new = block_key(
        public_key_sha256=public_key_sha256,
        certificate_id=str(certificates[0].pk) if certificates else "",
        reason=reason,
        actor=actor,
        at=at,
    )
    return Found(is_new=is_new, certificates=certificates)


def revoke_found(found: Found, *, actor: Actor, at: datetime) -> int:
    """Revoke what was found, with keyCompromise; return how many were not revoked before."""
    with transaction.atomic():
        outcomes = [
            revoke_with_carrier(
                certificate_id=one.pk,
                reason=RevocationReason.KEY_COMPROMISE,
                requested_at=at,
                actor=actor,
                at=at,
            )
            for one in found.certificates
        ]
    return sum(isinstance(one, Revoked) for one in outcomes)
