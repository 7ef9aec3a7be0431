"""Reads the link out of a picture of a QR code, for a machine without a camera."""

from pathlib import Path

import zxingcpp
from PIL import Image, UnidentifiedImageError

from client.errors import LinkInvalid
from client.links import Link, parse_link

MAX_PICTURE_OCTETS = 20 * 1024 * 1024
MAX_PICTURE_PIXELS = 40_000_000


def link_in_picture(path: Path) -> Link:
    """Return the link that a picture shows; raises LinkInvalid: no picture, no code of ours, or several."""
    try:
        if path.stat().st_size > MAX_PICTURE_OCTETS:
            raise LinkInvalid("too large for a picture of a code")
        with Image.open(path) as picture:
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                raise LinkInvalid("too large for a picture of a code")
            grey = picture.convert("L")
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        raise LinkInvalid("not a picture") from error
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    links = {text.strip() for text in (code.text for code in found) if text.strip().startswith("siths://")}
    if len(links) != 1:
        raise LinkInvalid("no code with one link of ours")
    return parse_link(links.pop())
