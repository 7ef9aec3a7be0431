"""The words that a page shows, in either language, so that one text of a test walks both."""

from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from typing import Final

from django.conf import settings
from playwright.sync_api import BrowserContext

from client.texts import Language, text
from portal.settings import BASE_DIR

LANGUAGES: Final = ("sv", "en")
"""What a flow's test is parametrized on."""
CATALOGUE = BASE_DIR / "portal" / "locale" / "sv" / "LC_MESSAGES" / "django.mo"


class NoSuchWords(AssertionError):
    """No page says this: the text that a test looks for stands in no catalogue."""


class _NothingElse(NullTranslations):
    """What is asked when the catalogue has no answer."""

    def gettext(self, message: str) -> str:
        raise NoSuchWords(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise NoSuchWords(f"{msgid1} / {msgid2} ({n})")


def _swedish() -> GNUTranslations:
    with CATALOGUE.open("rb") as file:
        catalogue = GNUTranslations(file)
    catalogue.add_fallback(_NothingElse())
    return catalogue


_SWEDISH: Final = _swedish()


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Call it with the English text of a page (the msgid) to get what the page says."""

    language: str

    def __call__(self, english: str, **facts: object) -> str:
        """Return the page's words. Raises ``NoSuchWords``, in English too, for what no page says."""
        swedish = _SWEDISH.gettext(english)
        return _filled(swedish if self.language == "sv" else english, facts)

    def several(self, one: str, many: str, count: int, /, **facts: object) -> str:
        """Return the words for so many of them. Raises ``NoSuchWords`` for what no page says."""
        swedish = _SWEDISH.ngettext(one, many, count)
        english = one if count == 1 else many
        return _filled(swedish if self.language == "sv" else english, facts)

    def client(self, key: str, **facts: object) -> str:
        """Return what the card client says, by the key of ``client.texts``. Raises KeyError."""
        return text(key, Language(self.language), **facts)

    def choose_in(self, context: BrowserContext, portal: str) -> None:
        """Let a browser have chosen this language at the portal's address, as the button does."""
        context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": self.language, "url": portal}])


def _filled(words: str, facts: dict[str, object]) -> str:
    return words % facts if facts else words


def in_language(language: str) -> Words:
    """Return the words of ``sv`` or ``en``: ``in_language("sv")("Unlock the card")``."""
    assert language in LANGUAGES
    return Words(language)
