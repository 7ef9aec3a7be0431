"""What is measured of a picture, and the file that it comes from opened within bounds."""

import warnings
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageOps

from cards.pictures.rules import PictureRules

_ENDS: Final = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9", "MPO": b"\xff\xd9"}
"""What a whole file of a kind has at its end; MPO is how some phones write JPEG."""
_TAKEN: Final = (36867, 306)  # EXIF: DateTimeOriginal, DateTime
_EXIF_IFD: Final = 34665


class Unusable(Exception):
    """The picture cannot be used; ``rule`` names why, ``facts`` what was found and what is wanted."""

    def __init__(self, rule: str, **facts: object) -> None:
        super().__init__(rule)
        self.rule = rule
        self.facts = {name: str(value) for name, value in facts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture of ours: its octets, its size in pixels, what there is to say of it, and when it was taken.

    ``taken_on`` is what the upload's metadata said (YYYY-MM-DD), empty when it said nothing.
    """

    content: bytes
    width: int
    height: int
    remarks: list[str] = field(default_factory=list)
    taken_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An upload as pixels, the right way up, in sRGB on white."""

    picture: Image.Image
    taken_on: str


def opened(content: bytes, rules: PictureRules) -> Opened:
    """Return what an upload shows; raises ``Unusable``. Its size is looked at before anything is unpacked."""
    if not content:
        raise Unusable("nothing_uploaded")
    if len(content) > rules.upload.most_octets:
        raise Unusable("file_too_large", most_octets=rules.upload.most_octets)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Only these two readers: no SVG, no PDF, no TIFF; others have more faults than users.
            picture = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
            width, height = picture.size
            if width * height > rules.upload.most_pixels:
                raise Unusable("too_many_pixels", width=width, height=height)
            if _ENDS[picture.format or ""] not in content:
                raise Unusable("no_picture")
            taken_on = _taken_on(picture)
            picture.load()
            return Opened(picture=_on_white(_in_srgb(ImageOps.exif_transpose(picture))), taken_on=taken_on)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable("too_many_pixels") from None
    except (OSError, ValueError, SyntaxError, KeyError, EOFError, Warning):
        raise Unusable("no_picture") from None  # what Pillow says of it is for nobody


def cut_to_ratio(picture: Image.Image, ratio_width: int, ratio_height: int) -> Image.Image:
    """Return the middle of a picture in a ratio; whoever cropped it in the browser has it already."""
    width, height = picture.size
    wide = min(width, height * ratio_width // ratio_height)
    high = min(height, width * ratio_height // ratio_width)
    left, top = (width - wide) // 2, (height - high) // 2
    return picture.crop((left, top, left + wide, top + high))


def _taken_on(picture: Image.Image) -> str:
    """Return the day that the metadata names, or nothing; a camera's clock is nobody's evidence."""
    exif = picture.getexif()
    for told in (exif.get_ifd(_EXIF_IFD), exif):
        for tag in _TAKEN:
            text = str(told.get(tag) or "")[:10].replace(":", "-")
            if len(text) == 10 and text.replace("-", "").isdigit():  # noqa: PLR2004 - YYYY-MM-DD
                return text
    return ""


def _in_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in {"RGB", "RGBA"}:
        return picture
    try:
        return (
            ImageCms.profileToProfile(
                picture, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            )
            or picture
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a new canvas with the picture on it: neither metadata nor a chunk of the upload comes along."""
    layer = picture.convert("RGBA")
    canvas = Image.new("RGB", layer.size, "white")
    canvas.paste(layer, mask=layer.getchannel("A"))
    return canvas
