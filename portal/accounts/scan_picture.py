"""Draws a frame of the animated code as SVG, with a text for those who do not see it."""

import segno
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _


def scan_picture(text: str) -> SafeString:
    """Return a QR code as an SVG picture to put into a page."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        border=3, light="#fff", omitsize=True, title=_("QR code for the card client on another device")
    )
    return mark_safe(drawn)  # noqa: S308 - segno's own drawing; the text is not in it but as squares
