"""Numbers and HSA-ids against the rules of Skatteverket and HSA, by an oracle of our own (PU-1, HSA-4).

SKV 704 and SKV 707 (personnummer), SKV M 2010:3 (samordningsnummer), folkbokföringslagen 18 § (the plus), and
HSA's form of its identities, as domain.md 4.1 and 4.5 tell them.
"""

import re
import string
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from directory.errors import InvalidIdentifier, WrongCharacters, WrongCheckDigit, WrongDate, WrongLength
from directory.identifiers import (
    HsaId,
    PersonalIdentityNumber,
    parse_personal_identity_number,
    possible_numbers,
)

TODAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
SEPARATORS = st.sampled_from(["", "-", " ", " - "])


def check_digit(nine: str) -> str:
    """Return the tenth digit as SKV 704 tells it: times 2 and 1 by turns, digits of the products summed."""
    products = "".join(str(int(digit) * factor) for digit, factor in zip(nine, [2, 1] * 5, strict=False))
    rest = sum(map(int, products)) % 10
    return str((10 - rest) % 10)


@st.composite
def numbers(
    draw: st.DrawFn, *, today: date, youngest_days: int = 0, oldest_days: int = 40_000
) -> tuple[str, date, bool]:
    """Draw twelve digits that Skatteverket could have given somebody by today, and what they tell."""
    born = today - timedelta(days=draw(st.integers(youngest_days, oldest_days)))
    is_coordination = draw(st.booleans())
    birth_number = draw(st.integers(1, 999))
    day = born.day + 60 if is_coordination else born.day
    nine = f"{born:%y%m}{day:02d}{birth_number:03d}"
    return f"{born.year // 100}{nine}{check_digit(nine)}", born, is_coordination


def is_right(digits: str, today: date) -> bool:
    """Tell by the rules, written out for themselves, whether twelve digits are a number by today."""
    day = int(digits[6:8])
    try:
        born = date(int(digits[:4]), int(digits[4:6]), day - 60 if day > 60 else day)
    except ValueError:
        return False
    return born <= today and check_digit(digits[2:11]) == digits[11]


@given(st.data(), TODAYS)
def test_every_number_that_could_be_somebodys_is_read(data: st.DataObject, today: date) -> None:
    digits, born, is_coordination = data.draw(numbers(today=today))
    found = parse_personal_identity_number(digits, today=today)
    assert (found.value, found.birth_date) == (digits, born)
    assert found.is_coordination_number is is_coordination
    assert found in possible_numbers(digits)


@given(st.from_regex(r"(18|19|20)[0-9]{10}", fullmatch=True), TODAYS)
def test_twelve_digits_are_read_exactly_when_the_rules_say_so(digits: str, today: date) -> None:
    try:
        parse_personal_identity_number(digits, today=today)
        is_read = True
    except InvalidIdentifier:
        is_read = False
    assert is_read is is_right(digits, today)


@given(st.data(), TODAYS, SEPARATORS)
def test_ten_digits_mean_the_youngest_it_can_be(data: st.DataObject, today: date, separator: str) -> None:
    digits, born, _ = data.draw(numbers(today=today, oldest_days=36_000))
    assume(today.year - born.year < 100)  # who turns a hundred this year is written with a plus
    text = f"{digits[2:8]}{separator}{digits[8:]}"
    assert parse_personal_identity_number(text, today=today).value == digits


@given(st.data(), TODAYS)
def test_a_plus_means_a_hundred_or_more_this_year(data: st.DataObject, today: date) -> None:
    digits, born, _ = data.draw(numbers(today=today, youngest_days=36_890, oldest_days=58_000))
    assert 100 <= today.year - born.year < 200
    text = f"{digits[2:8]}+{digits[8:]}"
    assert parse_personal_identity_number(text, today=today).value == digits


@given(st.data(), TODAYS)
def test_a_number_is_found_among_those_that_ten_digits_can_mean(data: st.DataObject, today: date) -> None:
    digits, _, _ = data.draw(numbers(today=today))
    assert digits in {one.value for one in possible_numbers(digits[2:])}


@given(st.data(), TODAYS, st.integers(2, 11), st.integers(1, 9))
def test_one_mistyped_digit_never_gives_somebody_else(
    data: st.DataObject, today: date, place: int, other: int
) -> None:
    digits, _, _ = data.draw(numbers(today=today))
    wrong = digits[:place] + str((int(digits[place]) + other) % 10) + digits[place + 1 :]
    with pytest.raises((WrongCheckDigit, WrongDate, InvalidIdentifier)):
        parse_personal_identity_number(wrong, today=today)


@given(st.data(), TODAYS, st.integers(2, 10))
def test_two_digits_in_the_wrong_order_are_seen_but_for_nine_and_nought(
    data: st.DataObject, today: date, place: int
) -> None:
    """Luhn's own limit: 09 and 90 look the same to it."""
    digits, _, _ = data.draw(numbers(today=today))
    pair = digits[place : place + 2]
    assume(pair[0] != pair[1] and set(pair) != {"0", "9"})
    with pytest.raises(InvalidIdentifier):
        parse_personal_identity_number(digits[:place] + pair[::-1] + digits[place + 2 :], today=today)


@given(st.integers(32, 60) | st.integers(92, 99), st.integers(1, 999))
def test_a_day_that_no_month_has_is_none(day: int, birth_number: int) -> None:
    nine = f"8501{day:02d}{birth_number:03d}"
    with pytest.raises(WrongDate):
        parse_personal_identity_number(f"19{nine}{check_digit(nine)}", today=date(2026, 11, 22))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("99202612345C", "SLL: 99yyyyNNNNNC"),
        ("992026123451", "SLL, all digits: its month is 26"),
        ("19900101K012", "VGR: yyyymmddGggC with a letter for the sex"),
        ("19900101M123", "VGR"),
        ("19900101X123", "VGR"),
        ("22900101-0012", "national reserve identity: century 22 and on"),
    ],
)
def test_a_reserve_number_is_nobodys_number_here(text: str, why: str) -> None:
    """DECIDED in domain.md 4.5: no reserve number may be the ground of an electronic identity."""
    with pytest.raises(InvalidIdentifier):
        parse_personal_identity_number(text, today=date(2026, 11, 22))
    assert why


@given(
    prefix=st.sampled_from(["SE", "se", "Se", "NO", "S", "SEE", ""]),
    digits=st.text(string.digits, min_size=8, max_size=12),
    dash=st.sampled_from(["-", "", "--", "_"]),
    suffix=st.text(string.ascii_letters + string.digits + "åÖ@-_.", max_size=22),
)
def test_an_hsa_id_is_read_exactly_when_hsa_could_have_given_it(
    prefix: str, digits: str, dash: str, suffix: str
) -> None:
    text = f"{prefix}{digits}{dash}{suffix}"
    is_right = re.fullmatch(r"(?i:SE)[0-9]{10}-[A-Za-z0-9]{1,18}", text, re.ASCII) is not None
    try:
        found = HsaId.parse(text)
    except (WrongLength, WrongCharacters):
        assert not is_right
        return
    assert is_right
    assert (found.value, found.organization_number, found.key) == (text, text[2:12], text.upper())
    assert len(found.value) <= 31


@given(st.from_regex(r"(TSTNMT|IFV|SE|tst)[0-9]{10}-[A-Z0-9]{1,14}", fullmatch=True))
def test_ineras_test_prefixes_are_a_matter_of_the_setting(text: str) -> None:
    assert HsaId.parse(text, allow_test_prefixes=True).value == text
    if not text.upper().startswith("SE"):
        with pytest.raises(WrongCharacters):
            HsaId.parse(text)


@given(st.from_regex(r"SE[0-9]{10}-[A-Za-z0-9]{1,18}", fullmatch=True), st.randoms())
def test_hsa_ids_are_one_in_any_case(text: str, chance: object) -> None:
    other = "".join(letter.swapcase() if chance.random() < 0.5 else letter for letter in text)  # type: ignore[attr-defined]
    assert HsaId.parse(text) == HsaId.parse(other)
    assert hash(HsaId.parse(text)) == hash(HsaId.parse(other))


def test_a_number_made_of_parsed_digits_is_the_same_value() -> None:
    assert PersonalIdentityNumber("198503639828") == parse_personal_identity_number(
        "850363-9828", today=date(2026, 11, 22)
    )
