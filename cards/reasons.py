"""Why a card is blocked, in the portal's words, and what that says in the CRL (domain.md 2.8)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ca.pki.reasons import RevocationReason


class BlockReason(StrEnum):
    """Reasons that an administrator or a job may give for blocking a card."""

    LOST_OR_STOLEN = "lost_or_stolen"
    CODES_KNOWN_TO_OTHERS = "codes_known_to_others"
    DEFECTIVE = "defective"
    REPLACED = "replaced"
    EMPLOYMENT_ENDED = "employment_ended"
    NAME_OR_DETAILS_CHANGED = "name_or_details_changed"
    HOLDER_DECEASED_OR_GONE = "holder_deceased_or_gone"
    NOT_ACTIVATED_IN_TIME = "not_activated_in_time"
    WRONGLY_ISSUED = "wrongly_issued"
    ISSUER_COMPROMISED = "issuer_compromised"


REVOCATION_REASONS: Final[Mapping[BlockReason, RevocationReason]] = {
    BlockReason.LOST_OR_STOLEN: RevocationReason.KEY_COMPROMISE,
    BlockReason.CODES_KNOWN_TO_OTHERS: RevocationReason.KEY_COMPROMISE,
    BlockReason.DEFECTIVE: RevocationReason.SUPERSEDED,
    BlockReason.REPLACED: RevocationReason.SUPERSEDED,
    BlockReason.EMPLOYMENT_ENDED: RevocationReason.CESSATION_OF_OPERATION,
    BlockReason.NAME_OR_DETAILS_CHANGED: RevocationReason.AFFILIATION_CHANGED,
    BlockReason.HOLDER_DECEASED_OR_GONE: RevocationReason.CESSATION_OF_OPERATION,
    BlockReason.NOT_ACTIVATED_IN_TIME: RevocationReason.CESSATION_OF_OPERATION,
    BlockReason.WRONGLY_ISSUED: RevocationReason.PRIVILEGE_WITHDRAWN,
    BlockReason.ISSUER_COMPROMISED: RevocationReason.CA_COMPROMISE,
}

# Only central staff and jobs speak for the CA or the calendar; the desk form does not offer these (F30).
DESK_REASONS: Final = tuple(
    reason
    for reason in BlockReason
    if reason not in {BlockReason.ISSUER_COMPROMISED, BlockReason.NOT_ACTIVATED_IN_TIME}
)
