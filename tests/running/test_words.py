"""One text of a test says what a page says, in both languages, and a slip of the pen is told."""

import pytest

from tests.running.words import LANGUAGES, NoSuchWords, in_language


@pytest.mark.parametrize(("language", "said"), [("sv", "Lås upp"), ("en", "Unlock")])
def test_words_are_those_of_the_page_and_of_the_client(language: str, said: str) -> None:
    """POR-7: what a test looks for stands in the one catalogue that the pages read."""
    say = in_language(language)
    assert say("Unlock") == said
    assert say.client("unlock.title").startswith(said)


def test_facts_and_numbers_are_filled_in() -> None:
    """POR-7: with the plural that the language has."""
    swedish, english = (in_language(one) for one in LANGUAGES)
    assert swedish("today %(clock)s", clock="09:41") == "i dag 09:41"
    assert english("today %(clock)s", clock="09:41") == "today 09:41"
    ago = ("%(days)d day ago", "%(days)d days ago")
    assert [swedish.several(*ago, n, days=n) for n in (1, 2)] == ["för 1 dag sedan", "för 2 dagar sedan"]
    assert [english.several(*ago, n, days=n) for n in (1, 2)] == ["1 day ago", "2 days ago"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_no_page_says_fails_the_test_that_looks_for_it(language: str) -> None:
    """A typo never becomes a test that waits for what cannot come."""
    say = in_language(language)
    with pytest.raises(NoSuchWords):
        say("Unlok")
    with pytest.raises(NoSuchWords):
        say.several("%(days)d dai ago", "%(days)d dais ago", 1, days=1)
    with pytest.raises(KeyError):
        say.client("unlock.titel")
