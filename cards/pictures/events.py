"""What the journal keeps of pictures: that one was taken, used and purged; never the picture."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAPicture(Event):
    card_picture_id: str
    person_id: str
    organization_id: str
    picture_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPictureCaptured(_AboutAPicture):
    """A photo or signature was taken for a card that is to be ordered."""

    TYPE: ClassVar[str] = "card_picture.captured"
    picture_source: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPictureUsed(_AboutAPicture):
    """A picture goes with an order; whoever placed it let these remarks pass."""

    TYPE: ClassVar[str] = "card_picture.used"
    card_order_id: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPicturePurged(_AboutAPicture):
    """A picture and its key are gone; ``card_order_id`` is empty when no order used it."""

    TYPE: ClassVar[str] = "card_picture.purged"
    card_order_id: str
    reason: str
