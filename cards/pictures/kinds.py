"""What kinds of pictures a card carries, where they come from, and why they end."""

from enum import StrEnum


class PictureKind(StrEnum):
    """What is printed on the card."""

    PHOTO = "photo"
    SIGNATURE = "signature"


class PictureSource(StrEnum):
    """How a picture came here."""

    CAMERA = "camera"
    FILE = "file"
    PAD = "pad"
    UNABLE = "unable"
    """Nobody signed: "Kan ej skriva" stands in the signature's place (domain.md 2.7)."""


class PurgeReason(StrEnum):
    """Why a picture is no longer here."""

    PRODUCED = "produced"
    ORDER_ENDED = "order_ended"
    UNFINISHED = "unfinished"
    REPLACED = "replaced"
