"""products.toml is read strictly, and says what domain.md 2.1 and 2.2 say."""

import pytest

from ca.environments import Environment
from cards.products import PRODUCTS_FILE, CardKind, IdentityKind, ProductsInvalid, catalogue, parse_catalogue

TEXT = PRODUCTS_FILE.read_text(encoding="utf-8")


def test_the_four_products_and_the_test_card_are_there() -> None:
    assert set(catalogue().products) == {"7A1", "7B1", "7C1", "773", "7T1"}
    assert catalogue().products["773"].kind is CardKind.RESERVE


def test_the_test_card_and_nothing_else_is_of_qa() -> None:
    """QA-2."""
    of_qa = [item.code for item in catalogue().products.values() if item.environment is Environment.QA]
    assert of_qa == ["7T1"]


def test_loa3_wants_eighteen_years_a_personal_number_and_an_address() -> None:
    level = catalogue().levels[3]
    assert level.minimum_age == 18
    assert level.identity_kinds == {IdentityKind.PERSONAL_IDENTITY_NUMBER}
    assert level.needs_registered_address


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('code = "7A1"', 'code = "7A1"\ncolour = "red"'),
        (
            "generation = 7\n",
            "",
        ),
        ('kind = "sis"', 'kind = "silver"'),
        ("max_validity_months = 60", "max_validity_months = 61"),
        ("max_validity_months = 60", 'max_validity_months = "60"'),
        ("has_photo = true", "has_photo = 1"),
        ("loa_allowed = [3]", "loa_allowed = [4]"),
        ("loa_allowed = [3]", "loa_allowed = []"),
        ('code = "7B1"', 'code = "7A1"'),
        ("level = 2", "level = 3"),
        ('name_sv = "SIS-kort med foto"', 'name_sv = ""'),
        ('identity_check_methods = ["visit"]', 'identity_check_methods = ["letter"]'),
        ("[[assurance_level]]", "[[level]]"),
        ('environment = "QA"', 'environment = "DEV"'),
        ("needs_issuer_number = true", "needs_issuer_number = 1"),
        ("coordination_number_levels = []", 'coordination_number_levels = "Styrkt"'),
        ("coordination_number_levels = []", "coordination_number_levels = [3]"),
    ],
)
def test_a_file_that_says_something_else_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(ProductsInvalid):
        parse_catalogue(TEXT.replace(old, new))
