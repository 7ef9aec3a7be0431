"""The small values: card numbers, Swedish days, PINs that are too easy, the terms."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authn.evidence import check_visible_text
from cards.card_number import CardNumberInvalid, parse_card_number
from cards.pin_rules import LONGEST, SHORTEST, forbidden_pins
from cards.reasons import DESK_REASONS, REVOCATION_REASONS, BlockReason
from cards.terms import TERMS_FILE, TermsInvalid, current_terms, parse_terms
from directory.swedish_time import age_on, end_of_swedish_day, months_after, swedish_day
from tests.scenarios import card_number


@given(st.integers(0, 9_999_999_999))
def test_a_well_formed_number_is_read_in_every_notation(place: int) -> None:
    number = card_number(place)
    parsed = parse_card_number(number)
    assert parse_card_number(parsed.grouped) == parsed
    assert str(parsed) == number


@given(st.integers(0, 9_999_999_999), st.integers(4, 18), st.integers(1, 9))
def test_one_wrong_digit_is_found(place: int, position: int, change: int) -> None:
    number = card_number(place)
    wrong = number[:position] + str((int(number[position]) + change) % 10) + number[position + 1 :]
    with pytest.raises(CardNumberInvalid):
        parse_card_number(wrong)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "length"),
        ("97522789", "length"),
        ("8752278900000000000", "prefix"),
        ("975227890000000000\u0660", "length"),
    ],
)
def test_the_broken_rule_is_named(text: str, rule: str) -> None:
    with pytest.raises(CardNumberInvalid, match=rule):
        parse_card_number(text)


def test_the_day_is_swedish() -> None:
    assert swedish_day(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == date(2026, 7, 1)
    assert swedish_day(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)) == date(2026, 12, 31)
    assert end_of_swedish_day(date(2026, 7, 1)) == datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC)
    assert end_of_swedish_day(date(2026, 10, 25)) == datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 60))
def test_months_never_skip_a_month(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day


def test_age_changes_on_the_birthday() -> None:
    assert age_on(date(2008, 11, 22), date(2026, 11, 21)) == 17
    assert age_on(date(2008, 11, 22), date(2026, 11, 22)) == 18
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_easy_pins_are_forbidden() -> None:
    forbidden = forbidden_pins(date(1983, 8, 30))
    assert {"000000", "123456", "654321", "890123", "19830830", "830830", "300883", "11111111"} <= set(
        forbidden
    )
    assert all(SHORTEST <= len(pin) <= LONGEST for pin in forbidden)
    assert "274913" not in forbidden


def test_every_block_reason_says_something_in_the_crl() -> None:
    """domain.md 2.8, F30."""
    assert set(REVOCATION_REASONS) == set(BlockReason)
    assert {REVOCATION_REASONS[reason].rfc_name for reason in BlockReason} == {
        "keyCompromise",
        "superseded",
        "cessationOfOperation",
        "affiliationChanged",
        "privilegeWithdrawn",
        "cACompromise",
    }
    assert BlockReason.ISSUER_COMPROMISED not in DESK_REASONS


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_receipt_names_card_person_and_terms_and_can_be_shown(language: str) -> None:
    text = current_terms().receipt(name="Åsa Lindqvist", card_number="9752278900000000003", language=language)
    assert check_visible_text(text) == text
    for part in ("Åsa Lindqvist", "9752278900000000003", current_terms().version):
        assert part in text


def test_the_holder_signs_the_receipt_in_both_languages() -> None:
    terms, who = current_terms(), {"name": "Åsa " + "Lindqvist" * 12, "card_number": "9752278900000000003"}
    text = terms.signed_receipt(**who)
    assert check_visible_text(text) == text
    for language in ("sv", "en"):
        assert terms.receipt(**who, language=language) in text
        assert terms.text(language) in terms.signed_text()


def test_terms_with_a_key_too_many_or_too_few_are_refused() -> None:
    text = TERMS_FILE.read_text(encoding="utf-8")
    with pytest.raises(TermsInvalid):
        parse_terms(text + '\ntext_fi = "x"\n')
    with pytest.raises(TermsInvalid):
        parse_terms(text.replace("version = ", "versionen = "))
    with pytest.raises(TermsInvalid):
        parse_terms(text.replace('version = "2026-11"', 'version = ""'))
