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
from cards.unlock_answers import answer_for_card, confirm_unlock
from cards.unlocking import (
    OpenedUnlock,
    abort_unlock,
    cancel_unlock,
    claim_unlock,
    expire_unlocks,
    open_unlock,
    report_unlock_suspicion,
)

__all__ = [
    "OpenedActivation",
    "OpenedUnlock",
    "abort_activation",
    "abort_unlock",
    "answer_for_activation",
    "answer_for_card",
    "block_card",
    "cancel_activation",
    "cancel_order",
    "cancel_unlock",
    "claim_activation",
    "claim_unlock",
    "collect_certificates",
    "confirm_unlock",
    "confirm_written",
    "expire_activations",
    "expire_unlocks",
    "open_activation",
    "open_unlock",
    "order_puk_letter",
    "place_order",
    "register_keys",
    "report_suspicion",
    "report_unlock_suspicion",
    "resume_ordering",
    "revoke_superseded_certificate",
    "sign_receipt",
    "stop_ordering",
]
