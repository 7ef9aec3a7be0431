"""Reads of pictures: those that whoever takes them may see, and those that go to the factory."""

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from cards import policies
from cards.models import CardOrder
from cards.pictures.errors import PictureNotFound
from cards.pictures.kinds import PictureKind
from cards.pictures.models import CardPicture
from cards.pictures.vault import Sealed, unseal
from directory.models import Employment
from journal.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryPictures:
    """The pictures that a card carries, as octets; empty for what it does not carry."""

    photo_jpeg: bytes = b""
    signature_png: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """A picture as a browser gets it."""

    content: bytes
    media_type: str


def pictures_for_factory(order: CardOrder) -> FactoryPictures:
    """Return what is printed on the card of an order; raises ``PictureUnreadable``."""
    kept = {one.kind: one for one in CardPicture.objects.filter(order=order, purged_at__isnull=True)}
    return FactoryPictures(
        photo_jpeg=_octets(kept.get(PictureKind.PHOTO.value)),
        signature_png=_octets(kept.get(PictureKind.SIGNATURE.value)),
    )


def unfinished_pictures(employment: Employment, *, actor: Actor) -> QuerySet[CardPicture]:
    """Return the pictures that the actor took for a card of this employment and no order uses yet."""
    return _without_octets(
        CardPicture.objects.filter(
            hsa_id=employment.hsa_id,
            organization_id=employment.organization_id,
            captured_by=actor.identifier,
            order__isnull=True,
            purged_at__isnull=True,
        )
    ).order_by("-captured_at")


def pictures_of_order(order: CardOrder) -> list[CardPicture]:
    """Return what is known of an order's pictures, purged ones too, without the pictures themselves."""
    return list(_without_octets(CardPicture.objects.filter(order=order)).order_by("kind"))


def show_picture(picture_id: str, *, person_id: str, actor: Actor) -> ShownPicture:
    """Return a picture of a person to somebody who orders their cards; raises ``PictureNotFound``."""
    try:
        found = CardPicture.objects.select_related("person").filter(
            pk=uuid.UUID(str(picture_id)), person_id=uuid.UUID(str(person_id)), purged_at__isnull=True
        )
    except ValueError:
        raise PictureNotFound("no such picture") from None
    picture = found.first()
    if picture is None or policies.may_see_picture(picture, actor=actor) is not None:
        raise PictureNotFound("no such picture")
    is_photo = picture.kind == PictureKind.PHOTO.value
    return ShownPicture(content=_octets(picture), media_type="image/jpeg" if is_photo else "image/png")


def _without_octets(rows: QuerySet[CardPicture]) -> QuerySet[CardPicture]:
    return rows.defer("sealed", "wrapped_key")


def _octets(picture: CardPicture | None) -> bytes:
    if picture is None:
        return b""
    sealed = Sealed(content=bytes(picture.sealed or b""), wrapped_key=bytes(picture.wrapped_key or b""))
    return unseal(picture.pk, sealed)
