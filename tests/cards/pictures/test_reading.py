"""What becomes of an upload: a picture of ours, remarks, or a refusal that says why (POR-17)."""

import struct
import zlib
from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageFile, ImageFilter, ImageOps, PngImagePlugin

from cards.pictures.errors import PictureRefused
from cards.pictures.kinds import PictureKind
from cards.pictures.measuring import Drawn, Unusable
from cards.pictures.photo import draw_photo
from cards.pictures.reading import UNABLE_TEXT, read_picture
from cards.pictures.rules import RULES_FILE, RulesInvalid, parse_rules, picture_rules
from cards.pictures.signature import draw_signature
from tests.drawn_face import Face, drawn_face, drawn_signature, jpeg, png

TODAY = date(2026, 11, 22)
TEXT = RULES_FILE.read_text(encoding="utf-8")
PORTRAIT = drawn_face(size=(600, 800))


@pytest.fixture(autouse=True)
def as_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever loads WeasyPrint turns off Pillow's refusal of half a picture; drawing.py does not load it."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)


def photo(picture: Image.Image) -> Drawn:
    """Draw in this process, where it costs less."""
    return draw_photo(jpeg(picture), picture_rules())


def _claiming(width: int, height: int) -> bytes:
    """Return a small PNG whose head says that it is larger."""
    content = bytearray(png(Image.new("1", (8, 8))))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    return bytes(content)


def rule_of(draw: Callable[[bytes, object], object], content: bytes) -> str:
    with pytest.raises(Unusable) as caught:
        draw(content, picture_rules())
    return caught.value.rule


def test_a_good_photo_is_drawn_anew_without_a_remark_and_without_what_its_file_said() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x9003] = "Åsa at the office", "2026:11:20 10:00:00"
    read = read_picture(PictureKind.PHOTO, jpeg(PORTRAIT, exif=exif, comment=b"secret place"), on=TODAY)
    drawn = Image.open(BytesIO(read.content))
    assert (drawn.format, drawn.mode, drawn.size) == ("JPEG", "RGB", (600, 800))
    assert (read.width, read.height, read.remarks) == (600, 800, ())
    assert not drawn.getexif()
    assert set(drawn.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"secret" not in read.content
    assert b"office" not in read.content


def test_a_signature_is_grey_on_white_and_somebody_who_cannot_sign_has_it_said() -> None:
    signed = read_picture(PictureKind.SIGNATURE, png(drawn_signature()), on=TODAY)
    unable = read_picture(PictureKind.SIGNATURE, b"", on=TODAY, text=UNABLE_TEXT)
    for read in (signed, unable):
        drawn = Image.open(BytesIO(read.content))
        assert (drawn.format, drawn.mode, drawn.size) == ("PNG", "L", (900, 225))
        assert drawn.getpixel((0, 0)) == 255
        assert drawn.getextrema()[0] < 80


@pytest.mark.parametrize("size", [(480, 640), (1500, 2000), (900, 700), (500, 1200)])
def test_a_photo_is_always_three_by_four_and_never_larger_than_the_card_takes(
    size: tuple[int, int],
) -> None:
    drawn = photo(PORTRAIT.resize(size))
    assert drawn.width * 4 == pytest.approx(drawn.height * 3, abs=4)
    assert (480, 640) <= (drawn.width, drawn.height) <= (1200, 1600)
    assert len(drawn.content) <= 500_000


@pytest.mark.parametrize(
    ("picture", "rule"),
    [
        (lambda: PORTRAIT.resize((360, 480)), "too_small"),
        (lambda: PORTRAIT.filter(ImageFilter.GaussianBlur(8)), "not_sharp"),
        (lambda: PORTRAIT.point(lambda value: value // 5), "too_dark"),
        (lambda: PORTRAIT.point(lambda value: 200 + value // 5), "no_contrast"),
        (lambda: Image.new("RGB", (900, 1200), (128, 128, 128)), "no_contrast"),
        (lambda: PORTRAIT.point(lambda value: min(255, value * 4 + 100)), "too_bright"),
    ],
)
def test_a_photo_that_nobody_would_be_known_by_is_refused(
    picture: Callable[[], Image.Image], rule: str
) -> None:
    assert rule_of(draw_photo, jpeg(picture())) == rule  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("face", "remark"),
    [
        (Face(crown=0.3, chin=0.7), "face_too_small"),
        (Face(crown=0.03, chin=0.995), "face_too_large"),
        (Face(crown=0.2, chin=0.85, middle=0.36), "face_off_center"),
        (Face(background=(70, 70, 80)), "background_dark"),
    ],
)
def test_what_is_worth_a_look_is_remarked_upon_and_not_refused(face: Face, remark: str) -> None:
    assert remark in photo(drawn_face(face, size=(600, 800))).remarks


@pytest.mark.parametrize("skin", [(224, 188, 160), (150, 110, 85), (110, 75, 55)])
def test_people_of_every_color_are_found(skin: tuple[int, int, int]) -> None:
    assert (
        "face_not_found" not in photo(drawn_face(Face(skin=skin, hair=(25, 20, 18)), size=(600, 800))).remarks
    )


def test_a_picture_without_a_face_is_only_remarked_upon() -> None:
    hair_alone = PORTRAIT.crop((0, 0, 600, 200)).resize((600, 800))
    assert "face_not_found" in photo(hair_alone).remarks


def test_a_dim_room_and_an_old_file_are_told() -> None:
    exif = Image.Exif()
    exif[0x0132] = "2025:01:31 10:00:00"
    dim = PORTRAIT.point(lambda value: int(value * 0.4))
    read = read_picture(PictureKind.PHOTO, jpeg(dim, exif=exif), on=TODAY)
    assert {"a_little_dark", "taken_long_ago"} <= set(read.remarks)


def test_a_phone_held_sideways_and_a_wide_color_space_come_out_right() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = draw_photo(
        jpeg(PORTRAIT.rotate(90, expand=True), exif=exif, icc_profile=profile), picture_rules()
    )
    assert (turned.width, turned.height, turned.remarks) == (600, 800, [])


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (lambda: b"", "nothing_uploaded"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no_picture"),
        (lambda: b"%PDF-1.7\n%%EOF", "no_picture"),
        (lambda: b"GIF89a" + bytes(100), "no_picture"),
        (lambda: jpeg(PORTRAIT)[:20_000], "no_picture"),
        (lambda: png(PORTRAIT)[:20_000], "no_picture"),
        (lambda: _claiming(30_000, 30_000), "too_many_pixels"),
        (lambda: _claiming(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        (lambda: png(Image.new("1", (5_001, 5_001))), "too_many_pixels"),
        (lambda: bytes(8_000_001), "file_too_large"),
    ],
    ids=["empty", "svg", "pdf", "gif", "cut jpeg", "cut png", "bomb", "monster", "wide", "large"],
)
def test_a_file_that_is_no_picture_or_too_much_of_one_is_refused(
    content: Callable[[], bytes], rule: str
) -> None:
    """F39 and the uploads of the threat model: bombs, SVG, truncated, huge."""
    assert rule_of(draw_photo, content()) == rule  # type: ignore[arg-type]
    if rule != "file_too_large":
        assert rule_of(draw_signature, content()) == rule  # type: ignore[arg-type]


def test_a_compressed_text_that_unfolds_in_a_png_is_refused() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("comment", "a" * 8_000_000, zip=True)
    out = BytesIO()
    PORTRAIT.resize((480, 640)).save(out, format="PNG", pnginfo=told)
    assert rule_of(draw_photo, out.getvalue()) == "no_picture"  # type: ignore[arg-type]


def test_a_polyglot_comes_out_as_a_picture_alone() -> None:
    script = b"<script>alert(1)</script>"
    drawn = draw_photo(jpeg(PORTRAIT) + script, picture_rules())
    assert script not in drawn.content
    assert drawn.content.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    ("picture", "rule"),
    [
        (lambda: Image.new("RGB", (800, 200), "white"), "nothing_signed"),
        (lambda: ImageOps.invert(drawn_signature()), "signature_not_on_white"),
        (lambda: drawn_signature(size=(400, 100)), "too_small"),
    ],
)
def test_what_is_no_signature_is_refused(picture: Callable[[], Image.Image], rule: str) -> None:
    assert rule_of(draw_signature, png(picture())) == rule  # type: ignore[arg-type]


def test_what_takes_too_much_ends_with_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's process is killed or runs out of memory: a refusal, and nothing else happens."""
    monkeypatch.setattr("cards.pictures.reading.sys.executable", "/bin/false")
    with pytest.raises(PictureRefused) as caught:
        read_picture(PictureKind.PHOTO, jpeg(PORTRAIT), on=TODAY)
    assert caught.value.facts["rule"] == "too_demanding"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("least_width = 480", 'least_width = "480"'),
        ("least_width = 480", "least_width = 480.5"),
        ("least_width = 480", "least_width = -1"),
        ("least_width = 480", "least_width = 480\ncolour = 1"),
        ("least_width = 480\n", ""),
        ("[signature]", "[autograph]"),
        ("ink_least = 0.002", "ink_least = true"),
    ],
)
def test_rules_that_say_something_else_are_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(RulesInvalid):
        parse_rules(TEXT.replace(old, new))
