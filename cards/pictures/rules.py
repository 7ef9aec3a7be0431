"""What a picture for a card must be: figures as data, read once and strictly from rules.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

RULES_FILE: Final = Path(__file__).with_name("rules.toml")

_Section = TypeVar("_Section", bound="UploadRules | PhotoRules | SignatureRules")


class RulesInvalid(Exception):
    """rules.toml says something that we do not understand; the message names key and place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRules:
    """What is looked at at all, and what looking may cost."""

    most_octets: int
    most_pixels: int
    seconds: int
    memory_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRules:
    """A photo: its size on the card, and where a look at it is needed."""

    ratio_width: int
    ratio_height: int
    least_width: int
    least_height: int
    most_width: int
    most_height: int
    most_octets: int
    oldest_days: int
    sharpness_refused: float
    sharpness_remarked: float
    dark_refused: float
    dark_remarked: float
    bright_refused: float
    bright_remarked: float
    contrast_refused: float
    contrast_remarked: float
    background_dark_remarked: float
    background_uneven_remarked: float
    face_smallest: float
    face_largest: float
    face_off_center: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRules:
    """A signature: its size on the card, and how much ink is a signature."""

    ratio_width: int
    ratio_height: int
    least_width: int
    least_height: int
    drawn_width: int
    drawn_height: int
    most_octets: int
    ink_least: float
    ink_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRules:
    """All of it."""

    upload: UploadRules
    photo: PhotoRules
    signature: SignatureRules


@cache
def picture_rules() -> PictureRules:
    """Return the rules of this installation; read once per process."""
    return parse_rules(RULES_FILE.read_text(encoding="utf-8"))


def parse_rules(text: str) -> PictureRules:
    """Read the TOML text; raise ``RulesInvalid`` on an unknown, missing or ill-typed key."""
    document = tomllib.loads(text)
    _demand_exact_keys("rules.toml", document, {"upload", "photo", "signature"})
    return PictureRules(
        upload=_section(document, "upload", UploadRules),
        photo=_section(document, "photo", PhotoRules),
        signature=_section(document, "signature", SignatureRules),
    )


def _section(document: Mapping[str, object], name: str, kind: type[_Section]) -> _Section:
    row = document[name]
    if not isinstance(row, dict):
        raise RulesInvalid(f"{name}: must be a table")
    _demand_exact_keys(name, row, {field.name for field in fields(kind)})
    for field in fields(kind):
        value, whole = row[field.name], field.type is int
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < 0:
            raise RulesInvalid(f"{name}: {field.name} must be a {'whole ' if whole else ''}number")
    return kind(**row)


def _demand_exact_keys(place: str, row: Mapping[str, object], expected: set[str]) -> None:
    if unknown := sorted(set(row) - expected):
        raise RulesInvalid(f"{place}: unknown key {', '.join(unknown)}")
    if missing := sorted(expected - set(row)):
        raise RulesInvalid(f"{place}: missing key {', '.join(missing)}")
