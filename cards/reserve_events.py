"""What the journal keeps of reserve cards handed out: who checked, who approved, codes that were wrong."""

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
