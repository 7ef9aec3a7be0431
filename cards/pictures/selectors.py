"""Reads of pictures: the one that somebody at the desk may see, and those that go to the factory."""

from dataclasses import dataclass

from cards.models import CardOrder
from cards.pictures.kinds import PictureKind
from cards.pictures.models import CardPicture
from cards.pictures.vault import Sealed, unseal


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryPictures:
    """The pictures that a card carries, as octets; empty for what it does not carry."""

    photo_jpeg: bytes = b""
    signature_png: bytes = b""


def pictures_for_factory(order: CardOrder) -> FactoryPictures:
    """Return what is printed on the card of an order; raises ``PictureUnreadable``."""
    kept = {one.kind: one for one in CardPicture.objects.filter(order=order, purged_at__isnull=True)}
    return FactoryPictures(
        photo_jpeg=_octets(kept.get(PictureKind.PHOTO.value)),
        signature_png=_octets(kept.get(PictureKind.SIGNATURE.value)),
    )


def _octets(picture: CardPicture | None) -> bytes:
    if picture is None:
        return b""
    sealed = Sealed(content=bytes(picture.sealed or b""), wrapped_key=bytes(picture.wrapped_key or b""))
    return unseal(picture.pk, sealed)
