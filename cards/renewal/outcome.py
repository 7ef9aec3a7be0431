"""What a finished renewal put on the card and what it took the place of, for its receipt."""

from collections.abc import Iterable
from dataclasses import dataclass

from ca.models import Certificate
from ca.registration import request_state
from ca.selectors import certificates_by_id
from cards.models import CardKey
from cards.renewal.models import Renewal, RenewalKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalOutcome:
    """The certificates that came to the card, and those that were revoked as superseded for them."""

    written: tuple[Certificate, ...]
    replaced: tuple[Certificate, ...]


def outcome_of(renewal: Renewal) -> RenewalOutcome:
    """Return what a renewal led to; nothing for one that is not finished."""
    if renewal.finished_at is None:
        return RenewalOutcome(written=(), replaced=())
    first = CardKey.objects.filter(card_id=renewal.card_id, superseded_at=renewal.finished_at)
    later = RenewalKey.objects.filter(renewal__card_id=renewal.card_id, superseded_at=renewal.finished_at)
    return RenewalOutcome(
        written=_certificates(renewal.keys.order_by("label")),
        replaced=_certificates([*first.order_by("name"), *later.order_by("label")]),
    )


def _certificates(keys: Iterable[CardKey | RenewalKey]) -> tuple[Certificate, ...]:
    ids = [request_state(key.certificate_request_id).certificate_id for key in keys]
    found = certificates_by_id([one for one in ids if one is not None])
    return tuple(found[one] for one in ids if one is not None and one in found)
