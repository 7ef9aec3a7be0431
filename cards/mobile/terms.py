"""The terms of a mobile eID and what the phone signs at its end, read strictly from terms.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from cards.terms import LANGUAGES, TermsInvalid

TERMS_FILE: Final = Path(__file__).with_name("terms.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileTerms:
    """One version of the terms in both languages."""

    version: str
    text_sv: str
    text_en: str
    statement_sv: str
    statement_en: str

    def text(self, language: str) -> str:
        """Return the terms in a language; anything but English is answered in Swedish."""
        return self.text_en if language == "en" else self.text_sv

    def signed_text(self) -> str:
        """Return the terms whose digest the holder signs: in Swedish and in English."""
        return "\n\n".join(self.text(one) for one in LANGUAGES)

    def statement(self) -> str:
        """Return what the phone signs when it keeps the certificate, in Swedish and in English."""
        return f"{self.statement_sv}\n\n{self.statement_en}"


@cache
def current_mobile_terms() -> MobileTerms:
    """Return the terms now in force; read once per process."""
    return parse_mobile_terms(TERMS_FILE.read_text(encoding="utf-8"))


def parse_mobile_terms(text: str) -> MobileTerms:
    """Read the TOML text; raise TermsInvalid on an unknown, missing or empty key."""
    document = tomllib.loads(text)
    expected = set(MobileTerms.__dataclass_fields__)
    if set(document) != expected:
        raise TermsInvalid(f"keys differ: {', '.join(sorted(set(document) ^ expected))}")
    values = {key: value.strip() for key, value in document.items() if isinstance(value, str)}
    if empty := sorted(key for key in expected if not values.get(key)):
        raise TermsInvalid(f"no text: {', '.join(empty)}")
    return MobileTerms(**values)
