"""The verbs of a picture: kept when it is taken, used by an order, purged."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cards import policies
from cards.errors import Refused
from cards.models import CardOrder
from cards.pictures.events import CardPictureCaptured, CardPicturePurged, CardPictureUsed
from cards.pictures.kinds import PictureKind, PictureSource, PurgeReason
from cards.pictures.models import CardPicture
from cards.pictures.reading import UNABLE_TEXT, read_picture
from cards.pictures.selectors import unfinished_pictures
from cards.pictures.vault import seal
from cards.products import CardProduct
from directory.models import Employment
from directory.swedish_time import swedish_day
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPictures:
    """The pictures that an order is placed with, and the remarks that were looked at and let pass."""

    photo_id: str = ""
    signature_id: str = ""
    accepted_remarks: frozenset[str] = frozenset()


def keep_picture(
    *,
    hsa_id: str,
    kind: PictureKind,
    source: PictureSource,
    content: bytes,
    actor: Actor,
    at: datetime,
) -> CardPicture:
    """Check a picture for a card of this employment, keep it encrypted and return its row.

    It takes the place of an earlier one of the kind that the same actor took and no order uses. ``content``
    is the upload; it is empty when somebody cannot sign. Raises Refused, PictureRefused.
    """
    employment = Employment.objects.select_related("person", "organization").filter(hsa_id=hsa_id).first()
    if employment is None or not policies.reaches_employment(actor, employment):
        raise Refused(Refusal(code="outside_scope", fixer="issuance_manager"))
    refusal = policies.may_capture(employment, actor=actor, at=at)
    if refusal is not None:
        raise Refused(refusal)
    text = UNABLE_TEXT if source is PictureSource.UNABLE and kind is PictureKind.SIGNATURE else ""
    picture = read_picture(kind, content, on=swedish_day(at), text=text)
    pk = uuid.uuid4()
    sealed = seal(pk, picture.content)
    with transaction.atomic():
        earlier = unfinished_pictures(employment, actor=actor).filter(kind=kind.value)
        purge(earlier, reason=PurgeReason.REPLACED, actor=actor, at=at)
        row = CardPicture.objects.create(
            pk=pk,
            kind=kind.value,
            source=source.value,
            person=employment.person,
            organization=employment.organization,
            hsa_id=employment.hsa_id,
            captured_at=at,
            captured_by=actor.identifier,
            sha256=hashlib.sha256(picture.content).hexdigest(),
            octets=len(picture.content),
            width=picture.width,
            height=picture.height,
            remarks=list(picture.remarks),
            sealed=sealed.content,
            wrapped_key=sealed.wrapped_key,
        )
        record(
            CardPictureCaptured(
                card_picture_id=str(pk),
                person_id=str(row.person_id),
                organization_id=str(row.organization_id),
                picture_kind=kind.value,
                picture_source=source.value,
                remarks=picture.remarks,
            ),
            actor=actor,
            at=at,
        )
    return row


def demand_pictures(
    employment: Employment, item: CardProduct, pictures: OrderPictures, *, actor: Actor
) -> list[CardPicture]:
    """Return the pictures that the product carries; raises Refused when one is missing or not let pass."""
    wanted = {PictureKind.PHOTO: pictures.photo_id} if item.has_photo else {}
    if item.has_signature_image:
        wanted[PictureKind.SIGNATURE] = pictures.signature_id
    kept = {str(one.pk): one for one in unfinished_pictures(employment, actor=actor)} if wanted else {}
    found = []
    for kind, picture_id in wanted.items():
        picture = kept.get(str(picture_id))
        if picture is None or picture.kind != kind.value:
            raise Refused(Refusal(code="picture_missing", facts=(("picture_kind", kind.value),), fixer="you"))
        if left := [one for one in picture.remarks if one not in pictures.accepted_remarks]:
            facts = (("picture_kind", kind.value), ("remarks", ",".join(left)))
            raise Refused(Refusal(code="picture_remarks_not_accepted", facts=facts, fixer="you"))
        found.append(picture)
    return found


def use_pictures(order: CardOrder, pictures: Iterable[CardPicture], *, actor: Actor, at: datetime) -> None:
    """Let an order have its pictures, in the caller's transaction; raises Refused when one is gone."""
    for picture in pictures:
        free = CardPicture.objects.filter(pk=picture.pk, order__isnull=True, purged_at__isnull=True)
        if free.update(order=order) != 1:
            facts = (("picture_kind", picture.kind),)
            raise Refused(Refusal(code="picture_missing", facts=facts, fixer="you"))
        record(
            CardPictureUsed(
                card_picture_id=str(picture.pk),
                person_id=str(picture.person_id),
                organization_id=str(picture.organization_id),
                picture_kind=picture.kind,
                card_order_id=str(order.pk),
                remarks=tuple(picture.remarks),
            ),
            actor=actor,
            at=at,
        )


def purge(pictures: Iterable[CardPicture], *, reason: PurgeReason, actor: Actor, at: datetime) -> int:
    """Destroy pictures and their keys, in the caller's transaction, and return how many were still here."""
    purged = 0
    for picture in pictures:
        here = CardPicture.objects.filter(pk=picture.pk, purged_at__isnull=True)
        if here.update(sealed=None, wrapped_key=None, purged_at=at, purge_reason=reason.value) != 1:
            continue
        purged += 1
        record(
            CardPicturePurged(
                card_picture_id=str(picture.pk),
                person_id=str(picture.person_id),
                organization_id=str(picture.organization_id),
                picture_kind=picture.kind,
                card_order_id=str(picture.order_id or ""),
                reason=reason.value,
            ),
            actor=actor,
            at=at,
        )
    return purged
