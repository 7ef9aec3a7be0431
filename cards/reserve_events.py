"""What the journal keeps of reserve cards handed out and filled again: checks, approvals, wrong codes."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAHandOut(Event):
    reserve_hand_out_id: str
    card_id: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCardHandedOut(_AboutAHandOut):
    """An administrator identified a person and gave them a sealed envelope; at level 3 another approves."""

    TYPE: ClassVar[str] = "reserve_card.handed_out"
    IS_PRIVILEGED: ClassVar[bool] = True
    card_order_id: str
    stock_card_id: str
    stock_place_id: str
    loa: int
    identity_check_id: str
    valid_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCardApproved(_AboutAHandOut):
    """Another person than the first identified the holder again: the certificates may be fetched."""

    TYPE: ClassVar[str] = "reserve_card.approved"
    IS_PRIVILEGED: ClassVar[bool] = True
    identity_check_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCardRefused(_AboutAHandOut):
    """The second administrator did not approve: the card is nobody's any more."""

    TYPE: ClassVar[str] = "reserve_card.refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCodeRefused(_AboutAHandOut):
    """Somebody typed a code that is not the envelope's; after the last try the card is nobody's any more."""

    TYPE: ClassVar[str] = "reserve_card.code_refused"
    attempts: int
    is_locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCardExtended(_AboutAHandOut):
    """The holder extended a reserve card in use, the only time."""

    TYPE: ClassVar[str] = "reserve_card.extended"
    valid_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutARefill(Event):
    reserve_refill_id: str
    card_id: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRefillOrdered(_AboutARefill):
    """An administrator identified the holder of a reserve card in use and ordered new certificates for it."""

    TYPE: ClassVar[str] = "reserve_refill.ordered"
    IS_PRIVILEGED: ClassVar[bool] = True
    loa: int
    identity_check_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRefillApproved(_AboutARefill):
    """Another person than the first identified the holder again: the new certificates may be fetched."""

    TYPE: ClassVar[str] = "reserve_refill.approved"
    IS_PRIVILEGED: ClassVar[bool] = True
    identity_check_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRefillCodeRefused(_AboutARefill):
    """Somebody typed a code that is not the envelope's; after the last try the order ends, not the card."""

    TYPE: ClassVar[str] = "reserve_refill.code_refused"
    attempts: int
    is_locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRefillFetched(_AboutARefill):
    """The new certificates are on the card, and its holder has signed for them."""

    TYPE: ClassVar[str] = "reserve_refill.fetched"
    renewal_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRefillEnded(_AboutARefill):
    """The order of new certificates came to nothing; the card is as it was."""

    TYPE: ClassVar[str] = "reserve_refill.ended"
    reason: str
