"""The photo on a card: cut, measured and written as JPEG; runs in the process of drawing.py."""

from io import BytesIO
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from cards.pictures.measuring import Drawn, Unusable, cut_to_ratio, opened
from cards.pictures.rules import PhotoRules, PictureRules

_MEASURED_HEIGHT: Final = 640
_SPREAD: Final = 50.0
_SEARCHED_HEIGHT: Final = 400
_SMALLEST_FACE: Final = 60
_AROUND: Final = 80
_HEAD_OF_FOUND: Final = 1.25
"""The cascade's square goes from the brows to below the mouth; a head, crown to chin, is that much higher."""
_CORNER: Final = 0.12
_CASCADE: Final = Path(cv2.__file__).with_name("data") / "haarcascade_frontalface_alt2.xml"
_QUALITIES: Final = (92, 88, 84, 80, 72, 64)


def draw_photo(content: bytes, rules: PictureRules) -> Drawn:
    """Return the photo as the card factory gets it; raises ``Unusable``."""
    upload = opened(content, rules)
    photo = _cut(upload.picture, rules.photo)
    gray = np.asarray(photo.convert("L"))
    remarks = [*_light(gray, rules.photo), *_background(gray, rules.photo), *_face(gray, rules.photo)]
    content = _written(photo, rules.photo)
    return Drawn(
        content=content, width=photo.width, height=photo.height, remarks=remarks, taken_on=upload.taken_on
    )


def _cut(picture: Image.Image, rules: PhotoRules) -> Image.Image:
    photo = cut_to_ratio(picture, rules.ratio_width, rules.ratio_height)
    if photo.width < rules.least_width or photo.height < rules.least_height:
        raise Unusable(
            "too_small",
            width=picture.width,
            height=picture.height,
            least_width=rules.least_width,
            least_height=rules.least_height,
        )
    photo.thumbnail((rules.most_width, rules.most_height), Image.Resampling.LANCZOS)
    return photo


def _light(gray: np.ndarray, rules: PhotoRules) -> list[str]:
    """Refuse or remark on sharpness, brightness and contrast."""
    measured = _resized(gray, _MEASURED_HEIGHT)
    mean, spread = float(measured.mean()), float(measured.std())
    # A dim picture has weaker edges and is no less sharp: measured as if all had the same contrast.
    sharpness = float(cv2.Laplacian(measured, cv2.CV_64F).var()) * (_SPREAD / max(spread, 1.0)) ** 2
    if mean < rules.dark_refused:
        raise Unusable("too_dark", measured=round(mean), least=round(rules.dark_refused))
    if mean > rules.bright_refused:
        raise Unusable("too_bright", measured=round(mean), most=round(rules.bright_refused))
    if spread < rules.contrast_refused:
        raise Unusable("no_contrast", measured=round(spread, 1), least=rules.contrast_refused)
    if sharpness < rules.sharpness_refused:
        raise Unusable("not_sharp", measured=round(sharpness, 1), least=rules.sharpness_refused)
    found = {
        "a_little_dark": mean < rules.dark_remarked,
        "a_little_bright": mean > rules.bright_remarked,
        "little_contrast": spread < rules.contrast_remarked,
        "a_little_blurred": sharpness < rules.sharpness_remarked,
    }
    return [name for name, is_so in found.items() if is_so]


def _background(gray: np.ndarray, rules: PhotoRules) -> list[str]:
    """Remark on the upper corners, where the background shows."""
    side = int(gray.shape[1] * _CORNER)
    corners = np.concatenate([gray[:side, :side], gray[:side, -side:]])
    found = {
        "background_dark": float(corners.mean()) < rules.background_dark_remarked,
        "background_uneven": float(corners.std()) > rules.background_uneven_remarked,
    }
    return [name for name, is_so in found.items() if is_so]


def _face(gray: np.ndarray, rules: PhotoRules) -> list[str]:
    """Remark on where the face is, as far as the cascade sees one."""
    shown = _resized(gray, _SEARCHED_HEIGHT)
    # A face that fills the picture is found only with something around it.
    searched = cv2.copyMakeBorder(cv2.equalizeHist(shown), *(_AROUND,) * 4, cv2.BORDER_REPLICATE)
    faces = cv2.CascadeClassifier(str(_CASCADE)).detectMultiScale(
        searched, 1.06, 4, minSize=(_SMALLEST_FACE, _SMALLEST_FACE)
    )
    if len(faces) != 1:
        return ["face_not_found" if len(faces) == 0 else "several_faces"]
    left, _top, width, height = (float(value) for value in faces[0])
    head = height * _HEAD_OF_FOUND / shown.shape[0]
    off_center = abs((left - _AROUND + width / 2) / shown.shape[1] - 0.5)
    found = {
        "face_too_small": head < rules.face_smallest,
        "face_too_large": head > rules.face_largest,
        "face_off_center": off_center > rules.face_off_center,
    }
    return [name for name, is_so in found.items() if is_so]


def _written(photo: Image.Image, rules: PhotoRules) -> bytes:
    for quality in _QUALITIES:
        out = BytesIO()
        photo.save(out, format="JPEG", quality=quality, subsampling=0, optimize=True)
        if out.tell() <= rules.most_octets:
            return out.getvalue()
    raise Unusable("file_too_large", most_octets=rules.most_octets)


def _resized(gray: np.ndarray, height: int) -> np.ndarray:
    width = max(1, round(gray.shape[1] * height / gray.shape[0]))
    return cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
