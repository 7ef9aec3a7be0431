"""The steps of the order wizard where a photo and a signature are taken, and the picture itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards.pictures.errors import PictureRefused
from cards.pictures.keeping import OrderPictures, keep_picture
from cards.pictures.kinds import PictureKind, PictureSource
from cards.pictures.models import CardPicture
from cards.pictures.rules import picture_rules
from cards.pictures.selectors import show_picture, unfinished_pictures
from cards.products import CardProduct
from directory.models import Employment
from journal.actor import Actor
from portal.pages import asking
from portal.wordings.pictures import REMARKS
from portal.words import Text

_SIGHT: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something to look at before the picture is let pass."""

    value: str
    text: Text
    is_accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPicture:
    """A picture that is here."""

    url: str
    alt: Text
    facts: Text
    remarks: Sequence[Remark] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStep:
    """What the page shows where a picture is taken."""

    kind: str
    taken: TakenPicture | None
    hidden: Sequence[tuple[str, str]]
    least_width: int
    least_height: int
    most_width: int
    most_height: int

    @property
    def is_photo(self) -> bool:
        """Tell whether it is the photo."""
        return self.kind == PictureKind.PHOTO.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures that an order of this product needs, those that are here, and what was let pass."""

    needed: tuple[PictureKind, ...]
    taken: Mapping[PictureKind, CardPicture]
    accepted: frozenset[str]
    seen: frozenset[str]

    @property
    def next(self) -> PictureKind | None:
        """Return the first that is not here, not looked at or not let pass."""
        return next((kind for kind in self.needed if not self._is_settled(kind)), None)

    def as_order(self) -> OrderPictures | None:
        """Return what the order is placed with; None for a product without pictures."""
        if not self.needed:
            return None
        photo, signature = self.taken.get(PictureKind.PHOTO), self.taken.get(PictureKind.SIGNATURE)
        return OrderPictures(
            photo_id=str(photo.pk) if photo else "",
            signature_id=str(signature.pk) if signature else "",
            accepted_remarks=self.accepted,
        )

    def hidden(self, *, but: PictureKind | None = None) -> list[tuple[str, str]]:
        """Return what a form carries on to the next question; ``but`` the kind that is asked about now."""
        carried = [("seen", kind) for kind in sorted(self.seen) if but is None or kind != but.value]
        asked = self.taken.get(but) if but is not None else None
        own = set(asked.remarks) if asked is not None else set()
        return [*carried, *(("remark", remark) for remark in sorted(self.accepted - own))]

    def _is_settled(self, kind: PictureKind) -> bool:
        picture = self.taken.get(kind)
        return picture is not None and kind.value in self.seen and set(picture.remarks) <= self.accepted


def needed_for(item: CardProduct) -> tuple[PictureKind, ...]:
    """Return the kinds of pictures that a product carries."""
    kinds = (
        (PictureKind.PHOTO, item.has_photo),
        (PictureKind.SIGNATURE, item.has_signature_image),
    )
    return tuple(kind for kind, is_there in kinds if is_there)


def pictures_asked(
    request: HttpRequest, employment: Employment, item: CardProduct, *, actor: Actor
) -> Pictures:
    """Return how far the pictures of this order have come, by what is kept and what the form says."""
    needed = needed_for(item)
    found = unfinished_pictures(employment, actor=actor) if needed else ()
    kept = {PictureKind(one.kind): one for one in found}
    return Pictures(
        needed=needed,
        taken={kind: kept[kind] for kind in needed if kind in kept},
        accepted=frozenset(request.POST.getlist("remark")) & frozenset(REMARKS),
        seen=frozenset(request.POST.getlist("seen")) & {kind.value for kind in needed},
    )


def keep_upload(request: HttpRequest, employment: Employment, kind: PictureKind, *, actor: Actor) -> None:
    """Keep what the form brought as the picture of a kind. Raises PictureRefused, Refused."""
    most = picture_rules().upload.most_octets
    if request.POST.get("source") == PictureSource.UNABLE.value and kind is PictureKind.SIGNATURE:
        source, content = PictureSource.UNABLE, b""
    else:
        upload = request.FILES.get("picture")
        if upload is None and int(request.META.get("CONTENT_LENGTH") or 0) > most:
            raise PictureRefused.because("file_too_large", most_octets=str(most))
        content = upload.read() if upload is not None else b""
        source = _source(request.POST.get("source", ""), kind)
    keep_picture(
        hsa_id=employment.hsa_id, kind=kind, source=source, content=content, actor=actor, at=asking.now()
    )


def picture_step(pictures: Pictures, kind: PictureKind, employment: Employment) -> PictureStep:
    """Return what the page shows where a picture of this kind is taken."""
    rules, taken = picture_rules(), pictures.taken.get(kind)
    wanted = rules.photo if kind is PictureKind.PHOTO else rules.signature
    return PictureStep(
        kind=kind.value,
        taken=taken_picture(taken, employment, accepted=pictures.accepted) if taken else None,
        hidden=pictures.hidden(but=kind),
        least_width=wanted.least_width,
        least_height=wanted.least_height,
        most_width=rules.photo.most_width if kind is PictureKind.PHOTO else rules.signature.drawn_width,
        most_height=rules.photo.most_height if kind is PictureKind.PHOTO else rules.signature.drawn_height,
    )


def taken_picture(picture: CardPicture, employment: Employment, *, accepted: frozenset[str]) -> TakenPicture:
    """Return a picture as the page shows it."""
    is_photo = picture.kind == PictureKind.PHOTO.value
    return TakenPicture(
        url=reverse("card-picture", args=[employment.person_id, picture.pk]),
        alt=_("The photo as it will stand on the card")
        if is_photo
        else _("The signature as it will stand on the card"),
        facts=_("%(width)s by %(height)s pixels, %(kilobytes)s kB")
        % {
            "width": picture.width,
            "height": picture.height,
            "kilobytes": -(-picture.octets // 1000),
        },
        remarks=[
            Remark(value=one, text=REMARKS.get(one, one), is_accepted=one in accepted)
            for one in picture.remarks
        ],
    )


@require_safe
def show(request: HttpRequest, person_id: str, picture_id: str) -> HttpResponse:
    """Send a picture to whoever orders cards there; whoever is protected is told of in the journal."""
    shown = show_picture(str(picture_id), person_id=str(person_id), actor=asking.who(request))
    response = HttpResponse(shown.content, content_type=shown.media_type)
    response["Content-Security-Policy"] = _SIGHT
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "no-store"
    return response


def _source(said: str, kind: PictureKind) -> PictureSource:
    """Return where the upload says that it comes from; a file when it says nothing."""
    drawn = PictureSource.CAMERA if kind is PictureKind.PHOTO else PictureSource.PAD
    return drawn if said == drawn.value else PictureSource.FILE
