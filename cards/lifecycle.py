"""Every verb that changes cards, in one place: the app's public writes."""

from cards.activation import (
    OpenedActivation,
    abort_activation,
    answer_for_activation,
    cancel_activation,
    claim_activation,
    expire_activations,
    open_activation,
    report_suspicion,
)
from cards.blocking import block_card
from cards.card_keys import (
    collect_certificates,
    confirm_written,
    register_keys,
    revoke_superseded_certificate,
)
from cards.ordering import cancel_order, place_order, resume_ordering, stop_ordering
from cards.puk_letters import order_puk_letter
from cards.receipts import sign_receipt
from cards.renewal.keys import (
    collect_renewed,
    confirm_renewed_written,
    register_renewal_keys,
    sign_renewal,
)
from cards.renewal.renewing import (
    OpenedRenewal,
    abort_renewal,
    cancel_renewal,
    claim_renewal,
    expire_renewals,
    open_own_renewal,
    open_renewal,
    report_renewal_suspicion,
)
from cards.unlock_answers import answer_for_card, confirm_unlock
from cards.unlocking import (
    OpenedUnlock,
    abort_unlock,
    cancel_own_unlock,
    cancel_unlock,
    claim_unlock,
    expire_unlocks,
    open_own_unlock,
    open_unlock,
    report_unlock_suspicion,
)

__all__ = [
    "OpenedActivation",
    "OpenedRenewal",
    "OpenedUnlock",
    "abort_activation",
    "abort_renewal",
    "abort_unlock",
    "answer_for_activation",
    "answer_for_card",
    "block_card",
    "cancel_activation",
    "cancel_order",
    "cancel_own_unlock",
    "cancel_renewal",
    "cancel_unlock",
    "claim_activation",
    "claim_renewal",
    "claim_unlock",
    "collect_certificates",
    "collect_renewed",
    "confirm_renewed_written",
    "confirm_unlock",
    "confirm_written",
    "expire_activations",
    "expire_renewals",
    "expire_unlocks",
    "open_activation",
    "open_own_renewal",
    "open_own_unlock",
    "open_renewal",
    "open_unlock",
    "order_puk_letter",
    "place_order",
    "register_keys",
    "register_renewal_keys",
    "report_renewal_suspicion",
    "report_suspicion",
    "report_unlock_suspicion",
    "resume_ordering",
    "revoke_superseded_certificate",
    "sign_receipt",
    "sign_renewal",
    "stop_ordering",
]
