"""Why a card is replaced by a new one, and what that does to the old card's certificates, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cards.reasons import BlockReason


class ReplacementReason(StrEnum):
    """What is wrong with the card that a new one is ordered for."""

    LOST = "lost"
    STOLEN = "stolen"
    CODES_KNOWN_TO_OTHERS = "codes_known_to_others"
    DAMAGED = "damaged"
    NAME_CHANGED = "name_changed"
    EXPIRING = "expiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the old card ends: blocked for this reason, at once or when the new card is activated."""

    block_reason: BlockReason
    is_at_once: bool


ENDINGS: Final[Mapping[ReplacementReason, Ending]] = {
    ReplacementReason.LOST: Ending(block_reason=BlockReason.LOST_OR_STOLEN, is_at_once=True),
    ReplacementReason.STOLEN: Ending(block_reason=BlockReason.LOST_OR_STOLEN, is_at_once=True),
    ReplacementReason.CODES_KNOWN_TO_OTHERS: Ending(
        block_reason=BlockReason.CODES_KNOWN_TO_OTHERS, is_at_once=True
    ),
    ReplacementReason.DAMAGED: Ending(block_reason=BlockReason.DEFECTIVE, is_at_once=False),
    ReplacementReason.NAME_CHANGED: Ending(
        block_reason=BlockReason.NAME_OR_DETAILS_CHANGED, is_at_once=False
    ),
    ReplacementReason.EXPIRING: Ending(block_reason=BlockReason.REPLACED, is_at_once=False),
}
"""domain.md 2.8 says which reason the CRL gives. Where somebody else may use the card it ends at once; else
it works until the new one does, so that nobody is without."""
