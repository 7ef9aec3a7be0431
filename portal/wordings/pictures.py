"""What is wrong with a photo or signature for a card, and what is only worth a look."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from cards.pictures.kinds import PictureKind, PictureSource, PurgeReason
from portal.wordings.wording import Wording
from portal.words import Text

PICTURES: Final[Mapping[str, Wording]] = {
    "picture_refused": Wording(
        status=422,
        title=_("The picture cannot be used."),
        text=_("Take or choose another one."),
        fixer="you",
    ),
    "picture_not_found": Wording(
        status=404,
        title=_("The picture was not found"),
        text=_("It has been purged, or belongs to an organization outside your role."),
        fixer="role",
    ),
    "picture_missing": Wording(
        status=422,
        title=_("A picture is missing."),
        text=_("The card carries a %(picture_kind)s, and none has been taken, or it is too old."),
    ),
    "picture_remarks_not_accepted": Wording(
        status=422,
        title=_("Look at the picture first."),
        text=_("There are remarks on the %(picture_kind)s. Say that it will do, or take another one."),
    ),
    "photo_needed": Wording(
        status=409,
        title=_("A photo is needed."),
        text=_("%(product)s carries the holder's photo, which is taken at a visit, one person at a time."),
    ),
    "photo_and_signature_needed": Wording(
        status=409,
        title=_("A photo and a signature are needed."),
        text=_("%(product)s carries both; they are taken at a visit, one person at a time."),
    ),
}

FAULTS: Final[Mapping[str, Text]] = {
    "nothing_uploaded": _("No picture came along. Take one, or choose a file."),
    "file_too_large": _("The file is too large: at most %(most_octets)s bytes."),
    "no_picture": _("The file is no whole JPEG or PNG picture. Other kinds, SVG among them, are not taken."),
    "too_many_pixels": _("The picture has too many pixels: at most 25 million."),
    "too_demanding": _("The picture could not be read within the limits that every picture has."),
    "too_small": _(
        "It is %(width)s by %(height)s pixels; at least %(least_width)s by %(least_height)s are needed."
    ),
    "not_sharp": _("It is blurred. Hold the camera still, and let it focus on the face."),
    "too_dark": _("It is too dark. Turn on more light, in front of the person."),
    "too_bright": _("It is too bright. Take away light, or move from the window."),
    "no_contrast": _("There is almost nothing to see in it: everything has the same shade."),
    "nothing_signed": _("There is no signature in it."),
    "signature_not_on_white": _("A signature is black on white; this has too much that is dark."),
}
"""By ``facts["rule"]`` of a picture that was refused."""

REMARKS: Final[Mapping[str, Text]] = {
    "a_little_dark": _("It is a little dark."),
    "a_little_bright": _("It is a little bright."),
    "little_contrast": _("There is little contrast."),
    "a_little_blurred": _("It is a little blurred."),
    "background_dark": _("The background is dark; it should be light and plain."),
    "background_uneven": _("The background is uneven; it should be light and plain."),
    "face_not_found": _("No face was recognized. Is it straight from the front, with eyes and mouth seen?"),
    "several_faces": _("More than one face was recognized."),
    "face_too_small": _("The face is small: from crown to chin it should be three quarters of the height."),
    "face_too_large": _("The face is large: from crown to chin it should be three quarters of the height."),
    "face_off_center": _("The face is not in the middle."),
    "taken_long_ago": _("The file says that it was taken more than six months ago."),
}
"""What is worth a look; whoever took the picture decides."""

KINDS: Final[Mapping[str, Text]] = {
    PictureKind.PHOTO.value: _("photo"),
    PictureKind.SIGNATURE.value: _("signature"),
}
SOURCES: Final[Mapping[str, Text]] = {
    PictureSource.CAMERA.value: _("camera"),
    PictureSource.FILE.value: _("file"),
    PictureSource.PAD.value: _("signed on the screen"),
    PictureSource.UNABLE.value: _("cannot sign"),
}
PURGE_REASONS: Final[Mapping[str, Text]] = {
    PurgeReason.PRODUCED.value: _("the card is made"),
    PurgeReason.ORDER_ENDED.value: _("the order has ended"),
    PurgeReason.UNFINISHED.value: _("no order used it"),
    PurgeReason.REPLACED.value: _("another one was taken"),
}
