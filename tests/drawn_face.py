"""A face of nobody: drawn, so that no picture of a person lies in the tests, and alike enough to be found."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Where the head is (parts of the height and width) and how it looks."""

    crown: float = 0.12
    chin: float = 0.88
    middle: float = 0.5
    skin: Color = (224, 188, 160)
    hair: Color = (70, 50, 40)
    background: Color = (205, 210, 214)


def drawn_face(face: Face | None = None, *, size: tuple[int, int] = (960, 1280)) -> Image.Image:
    """Return the portrait of a head."""
    shown = face or Face()
    width, height = size
    picture = Image.new("RGB", size, shown.background)
    draw = ImageDraw.Draw(picture)
    high = (shown.chin - shown.crown) * height
    wide, middle, top = high * 0.72, shown.middle * width, shown.crown * height

    def box(left: float, upper: float, right: float, lower: float) -> tuple[float, float, float, float]:
        return (middle + left * wide, top + upper * high, middle + right * wide, top + lower * high)

    draw.ellipse(box(-1.1, 0.97, 1.1, 2.0), fill=(60, 80, 110))
    draw.rectangle(box(-0.22, 0.8, 0.22, 1.08), fill=_shade(shown.skin, 0.86))
    draw.ellipse(box(-0.56, -0.06, 0.56, 0.8), fill=shown.hair)
    draw.ellipse(box(-0.5, 0.02, 0.5, 1), fill=shown.skin)
    draw.chord(box(-0.52, -0.04, 0.52, 0.5), 190, 350, fill=shown.hair)
    for side in (-0.2, 0.2):
        draw.ellipse(box(side - 0.13, 0.41, side + 0.13, 0.525), fill=_shade(shown.skin, 0.8))
        draw.ellipse(box(side - 0.1, 0.437, side + 0.1, 0.503), fill=(245, 245, 245))
        draw.ellipse(box(side - 0.045, 0.437, side + 0.045, 0.503), fill=(50, 40, 35))
        draw.rectangle(box(side - 0.13, 0.37, side + 0.13, 0.39), fill=shown.hair)
    draw.rectangle(box(-0.05, 0.47, 0.05, 0.64), fill=_shade(shown.skin, 1.05))
    draw.ellipse(box(-0.09, 0.63, 0.09, 0.68), fill=_shade(shown.skin, 0.75))
    draw.ellipse(box(-0.17, 0.76, 0.17, 0.82), fill=(170, 80, 80))
    draw.rectangle(box(-0.17, 0.786, 0.17, 0.794), fill=(110, 50, 50))
    return _with_grain(picture.filter(ImageFilter.GaussianBlur(height / 500)))


def drawn_signature(*, size: tuple[int, int] = (800, 200)) -> Image.Image:
    """Return a flourish, black on white."""
    picture = Image.new("RGB", size, "white")
    points = [(0.08, 0.75), (0.25, 0.2), (0.33, 0.8), (0.53, 0.3), (0.63, 0.7), (0.92, 0.4)]
    line = [(x * size[0], y * size[1]) for x, y in points]
    ImageDraw.Draw(picture).line(line, fill=(20, 20, 60), width=6, joint="curve")
    return picture


def jpeg(picture: Image.Image, **how: object) -> bytes:
    """Return a picture as JPEG."""
    out = BytesIO()
    picture.save(out, format="JPEG", quality=92, **how)  # type: ignore[arg-type]
    return out.getvalue()


def png(picture: Image.Image) -> bytes:
    """Return a picture as PNG."""
    out = BytesIO()
    picture.save(out, format="PNG")
    return out.getvalue()


def _shade(color: Color, by: float) -> Color:
    red, green, blue = (min(255, int(part * by)) for part in color)
    return red, green, blue


def _with_grain(picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture).astype(np.int16)
    pixels += np.random.default_rng(1).normal(0, 6, pixels.shape).astype(np.int16)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
