"""How names are folded for searching and sorting, and which given name a person goes by."""

from functools import cmp_to_key

import pytest

from directory.collation import compare
from directory.names import calling_name, fold, search_key


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Åsa", "åsa"), ("A\u030asa", "åsa"), ("ÉLISE", "elise"), ("Müller", "muller"), ("Strauß", "strauss"),
     ("Bjørn", "björn"), ("İpek", "ipek"), ("Łukasz", "lukasz"), ("", "")],
)  # fmt: skip
def test_accents_fold_but_the_letters_after_z_stay(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_search_key_holds_each_word_with_and_without_the_letters_after_z() -> None:
    assert search_key("Åsa", "", "von Bergström-Öst") == " åsa von bergström öst asa bergstrom ost"


@pytest.mark.parametrize(
    ("given", "indicator", "calling"),
    [
        ("Anna Maria", 10, "Anna"),
        ("Anna Maria", 20, "Maria"),
        ("Karl-Erik Olof", 12, "Karl-Erik"),
        ("Karl-Erik Olof", 30, "Olof"),
        ("Anna Maria", 12, "Anna Maria"),
        ("Anna Maria Lo", 13, "Anna Lo"),
        ("Anna Maria", None, "Anna Maria"),
        ("Anna", 20, "Anna"),
        ("", 10, ""),
    ],
)
def test_the_calling_name_follows_the_indicator(given: str, indicator: int | None, calling: str) -> None:
    assert calling_name(given, indicator) == calling


def test_names_sort_as_in_a_swedish_telephone_book() -> None:
    names = ["Ödla", "Ärlig", "Zebra", "Åre", "Anna", "Wall", "Vall", "Édith", "anna", "Ek"]
    assert sorted(names, key=cmp_to_key(compare)) == [
        "Anna", "anna", "Édith", "Ek", "Vall", "Wall", "Zebra", "Åre", "Ärlig", "Ödla"
    ]  # fmt: skip
