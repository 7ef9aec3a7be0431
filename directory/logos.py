"""An uploaded picture made into a logo of ours: read within bounds, drawn anew, nothing of the file kept."""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image

from directory.errors import LogoRefused

LARGEST_FILE: Final = 1_000_000
"""Bytes."""
MOST_PIXELS: Final = 4_000_000
BOX: Final = (600, 200)
"""What a card has room for, in pixels."""
_ENDS: Final = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
"""What a whole file of a kind has at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture as PNG that this program drew, and its digest in hex."""

    png: bytes
    sha256: str


def logo_of(content: bytes) -> Logo:
    """Return the picture, at most 600 by 200 pixels. Raises ``LogoRefused`` for none, or one too large."""
    drawn = _read(content)
    drawn.thumbnail(BOX)
    # A new canvas: neither metadata nor a chunk of the upload comes along.
    canvas = Image.new("RGBA", drawn.size)
    canvas.paste(drawn)
    out = BytesIO()
    canvas.save(out, format="PNG", optimize=True)
    png = out.getvalue()
    return Logo(png=png, sha256=hashlib.sha256(png).hexdigest())


def _read(content: bytes) -> Image.Image:
    """Return the picture that a file holds; its size is looked at before anything is unpacked."""
    if len(content) > LARGEST_FILE:
        raise LogoRefused("too many bytes", facts={"rule": "file_too_large"})
    refused = LogoRefused("no picture", facts={"rule": "no_picture"})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Only these two readers: others have more faults than users.
            picture = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
            # Pillow's own refusal of half a picture is off in every process that WeasyPrint was loaded into.
            if _ENDS[picture.format or ""] not in content:
                raise refused
            if picture.size[0] * picture.size[1] <= MOST_PIXELS:
                return picture.convert("RGBA")
            refused = LogoRefused("too many pixels", facts={"rule": "too_many_pixels"})
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        pass  # what Pillow says of it is for nobody
    raise refused
