"""The signature on a card: black on white, cut to its ink, as PNG; runs in the process of drawing.py."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from cards.pictures.measuring import Drawn, Unusable, cut_to_ratio, opened
from cards.pictures.rules import PictureRules, SignatureRules

_INK: Final = 128
_MARGIN: Final = 0.06


def draw_signature(content: bytes, rules: PictureRules) -> Drawn:
    """Return a signature as the card factory gets it; raises ``Unusable``."""
    upload, wanted = opened(content, rules), rules.signature
    if upload.picture.width < wanted.least_width or upload.picture.height < wanted.least_height:
        raise Unusable(
            "too_small",
            width=upload.picture.width,
            height=upload.picture.height,
            least_width=wanted.least_width,
            least_height=wanted.least_height,
        )
    gray = ImageOps.autocontrast(
        cut_to_ratio(upload.picture, wanted.ratio_width, wanted.ratio_height).convert("L"), cutoff=0.1
    )
    is_ink = gray.point(lambda value: 255 if value < _INK else 0)
    share = is_ink.histogram()[255] / (gray.width * gray.height)
    if share < wanted.ink_least:
        raise Unusable("nothing_signed")
    if share > wanted.ink_most:
        raise Unusable("signature_not_on_white")
    # Paper becomes white: shadows of a scan are no part of a signature.
    clean = gray.point(lambda value: 255 if value > _INK + 64 else value)
    return _drawn(clean.crop(is_ink.getbbox()), wanted)


def draw_unable(text: str, rules: PictureRules) -> Drawn:
    """Return what stands in the signature's place for somebody who cannot sign."""
    wanted = rules.signature
    font = ImageFont.load_default(size=wanted.drawn_height // 2)
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), "white")
    ImageDraw.Draw(canvas).text((1 - left, 1 - top), text, fill="black", font=font)
    return _drawn(canvas, wanted)


def _drawn(ink: Image.Image, wanted: SignatureRules) -> Drawn:
    size = (wanted.drawn_width, wanted.drawn_height)
    margin = int(wanted.drawn_height * _MARGIN)
    ink = ImageOps.contain(ink, (size[0] - 2 * margin, size[1] - 2 * margin), Image.Resampling.LANCZOS)
    canvas = Image.new("L", size, "white")
    canvas.paste(ink, ((size[0] - ink.width) // 2, (size[1] - ink.height) // 2))
    out = BytesIO()
    canvas.save(out, format="PNG", optimize=True)
    if out.tell() > wanted.most_octets:
        raise Unusable("file_too_large", most_octets=wanted.most_octets)
    return Drawn(content=out.getvalue(), width=size[0], height=size[1])
