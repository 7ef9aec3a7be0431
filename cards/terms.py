"""The terms and the receipt's wording, read strictly from terms.toml."""

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

TERMS_FILE: Final = Path(__file__).with_name("terms.toml")
LANGUAGES: Final = ("sv", "en")


class TermsInvalid(Exception):
    """terms.toml lacks a key, has one too many, or holds no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One version of the terms in both languages."""

    version: str
    text_sv: str
    text_en: str
    receipt_sv: str
    receipt_en: str

    def text(self, language: str) -> str:
        """Return the terms in a language; anything but English is answered in Swedish."""
        return self.text_en if language == "en" else self.text_sv

    def receipt(self, *, name: str, card_number: str, language: str) -> str:
        """Return the receipt's text, in NFC, as it is shown and signed."""
        wording = self.receipt_en if language == "en" else self.receipt_sv
        filled = wording.format(name=name, card_number=card_number, terms_version=self.version)
        return unicodedata.normalize("NFC", filled)

    def signed_receipt(self, *, name: str, card_number: str) -> str:
        """Return what the holder is shown and signs: the receipt's text in Swedish and in English."""
        texts = (self.receipt(name=name, card_number=card_number, language=one) for one in LANGUAGES)
        return "\n\n".join(texts)

    def signed_text(self) -> str:
        """Return the terms whose digest the holder signs: in Swedish and in English."""
        return "\n\n".join(self.text(one) for one in LANGUAGES)


@cache
def current_terms() -> Terms:
    """Return the terms now in force; read once per process."""
    return parse_terms(TERMS_FILE.read_text(encoding="utf-8"))


def parse_terms(text: str) -> Terms:
    """Read the TOML text; raise TermsInvalid on an unknown, missing or empty key."""
    document = tomllib.loads(text)
    expected = set(Terms.__dataclass_fields__)
    if set(document) != expected:
        raise TermsInvalid(f"keys differ: {', '.join(sorted(set(document) ^ expected))}")
    values = {key: value.strip() for key, value in document.items() if isinstance(value, str)}
    if empty := sorted(key for key in expected if not values.get(key)):
        raise TermsInvalid(f"no text: {', '.join(empty)}")
    return Terms(
        version=values["version"],
        text_sv=values["text_sv"],
        text_en=values["text_en"],
        receipt_sv=values["receipt_sv"],
        receipt_en=values["receipt_en"],
    )
