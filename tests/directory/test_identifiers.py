"""Numbers of people and organizations, and HSA-ids: what is accepted, what is refused and why."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.errors import (
    DateInFuture,
    InvalidIdentifier,
    WrongCharacters,
    WrongCheckDigit,
    WrongDate,
    WrongLength,
)
from directory.identifiers import (
    HsaId,
    OrganizationNumber,
    PersonalIdentityNumber,
    luhn_digit,
    parse_personal_identity_number,
)

TODAY = date(2026, 11, 21)

# Published test numbers (domain.md 4.5): the independent oracle of the check digit.
PUBLISHED = ["189912289809", "189912309805", "189912299816", "189912319812", "191212121212", "189001019802"]
COORDINATION = ["199001619809", "199001629816", "198503639828", "198503649835"]

birth_dates = st.dates(min_value=date(1840, 1, 1), max_value=TODAY)
birth_numbers = st.integers(min_value=980, max_value=999)


def written(born: date, birth_number: int, *, coordination: bool = False) -> str:
    """Return twelve digits with a right check digit."""
    digits = f"{born:%Y%m}{born.day + 60 * coordination:02d}{birth_number:03d}"
    return digits + str(luhn_digit(digits[2:]))


def parse(text: str) -> PersonalIdentityNumber:
    return parse_personal_identity_number(text, today=TODAY)


@pytest.mark.parametrize("number", PUBLISHED + COORDINATION)
def test_published_test_numbers_are_accepted(number: str) -> None:
    assert parse(number).value == number


def test_skatteverkets_own_example_of_a_coordination_number_is_accepted() -> None:
    number = parse("701063-2391")
    assert number.value == "197010632391"
    assert number.is_coordination_number
    assert number.birth_date == date(1970, 10, 3)


@pytest.mark.parametrize(
    "text",
    [
        "198503639828",
        "19850363-9828",
        "850363-9828",
        "8503639828",
        " 850363 9828 ",
        "850363\u00a0-\u00a09828",
        "850363\u20139828",
        "\u200b8503639828\ufeff",
        "８５０３６３9828",  # noqa: RUF001 - full width, as pasted from some systems
    ],
)
def test_every_usual_way_of_writing_a_number_gives_the_same_number(text: str) -> None:
    assert parse(text) == PersonalIdentityNumber("198503639828")


@given(born=birth_dates, birth_number=birth_numbers, coordination=st.booleans())
def test_twelve_digits_are_read_back_as_they_were_written(
    born: date,
    birth_number: int,
    coordination: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    digits = written(born, birth_number, coordination=coordination)
    number = parse(digits)
    assert (number.value, number.birth_date) == (digits, born)
    assert number.is_coordination_number is coordination
    assert parse(number.display()) == number


@given(born=st.dates(min_value=date(1927, 1, 1), max_value=TODAY), birth_number=birth_numbers)
def test_ten_digits_with_a_dash_mean_someone_below_a_hundred(born: date, birth_number: int) -> None:
    digits = written(born, birth_number)
    assert parse(f"{digits[2:8]}-{digits[8:]}").value == digits
    assert parse(digits[2:]).value == digits


@given(born=st.dates(min_value=date(1827, 1, 1), max_value=date(1926, 12, 31)), birth_number=birth_numbers)
def test_ten_digits_with_a_plus_mean_someone_of_a_hundred_or_more(born: date, birth_number: int) -> None:
    digits = written(born, birth_number)
    assert parse(f"{digits[2:8]}+{digits[8:]}").value == digits


@given(born=birth_dates, birth_number=birth_numbers, position=st.integers(8, 11), other=st.integers(1, 9))
def test_one_wrong_digit_at_the_end_is_always_seen(
    born: date, birth_number: int, position: int, other: int
) -> None:
    digits = written(born, birth_number)
    mistyped = digits[:position] + str((int(digits[position]) + other) % 10) + digits[position + 1 :]
    with pytest.raises(WrongCheckDigit):
        parse(mistyped)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", WrongLength),
        ("85036398", WrongLength),
        ("8503639828123", WrongLength),
        ("19850363982", WrongLength),
        ("850363-982", WrongLength),
        ("85036A-9828", WrongCharacters),
        ("8503-639828", WrongCharacters),
        ("850363--9828", WrongCharacters),
        ("19850363/9828", WrongCharacters),
        ("19851363-9828", WrongDate),
        ("19850230-9828", WrongDate),
        ("19850300-9828", WrongDate),
        ("19850360-9828", WrongDate),
        ("19850392-9828", WrongDate),
        ("00000000-0000", WrongDate),
        ("20261122-9801", DateInFuture),
        ("20991231-9801", DateInFuture),
        ("19850363-9829", WrongCheckDigit),
    ],
)
def test_a_refusal_says_which_rule_is_broken(text: str, error: type[InvalidIdentifier]) -> None:
    with pytest.raises(error) as caught:
        parse(text)
    assert caught.value.code == error.code
    assert text == "" or text not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_either_a_number_or_a_refusal(text: str) -> None:
    try:
        number = parse(text)
    except InvalidIdentifier:
        return
    assert len(number.value) == 12


def test_the_number_does_not_stand_in_a_repr() -> None:
    assert repr(parse("198503639828")) == "PersonalIdentityNumber(1985…)"


@pytest.mark.parametrize(
    ("day", "age"),
    [(date(2008, 11, 20), 17), (date(2008, 11, 21), 18), (date(2008, 11, 22), 18), (date(1990, 11, 21), 0)],
)
def test_the_age_turns_on_the_birthday(day: date, age: int) -> None:
    assert PersonalIdentityNumber(written(date(1990, 11, 21), 981)).age_at(day) == age


def test_who_is_born_on_29_february_ages_on_1_march() -> None:
    number = PersonalIdentityNumber(written(date(2008, 2, 29), 981))
    assert number.age_at(date(2026, 2, 28)) == 17
    assert number.age_at(date(2026, 3, 1)) == 18


@pytest.mark.parametrize(
    "text", ["202100-5489", "2021005489", "162021005489", "16202100-5489", "202100\u00a05489"]
)
def test_an_organization_number_is_read_in_its_usual_forms(text: str) -> None:
    assert OrganizationNumber.parse(text).display() == "202100-5489"


@pytest.mark.parametrize(
    ("text", "error"),
    [("202100-5488", WrongCheckDigit), ("202100", WrongLength), ("192021005489", WrongCharacters)],
)
def test_a_wrong_organization_number_is_refused(text: str, error: type[InvalidIdentifier]) -> None:
    with pytest.raises(error):
        OrganizationNumber.parse(text)


def test_hsa_ids_are_equal_in_any_case_but_kept_as_given() -> None:
    one, other = HsaId.parse("SE2321009876-1a2B"), HsaId.parse(" se2321009876-1A2b ")
    assert one == other
    assert len({one, other}) == 1
    assert str(other) == "se2321009876-1A2b"
    assert one.organization_number == "2321009876"


@given(st.from_regex(r"SE[0-9]{10}-[A-Za-z0-9]{1,18}", fullmatch=True))
def test_every_hsa_id_of_the_documented_form_is_accepted(text: str) -> None:
    assert HsaId.parse(text).value == text


@pytest.mark.parametrize(
    "text",
    [
        "SE2321009876",
        "SE2321009876-",
        "SE232100987-A1",
        "NO2321009876-A1",
        "SE2321009876-Å1",
        "SE2321009876-A_1",
    ],
)
def test_other_forms_of_hsa_id_are_refused(text: str) -> None:
    with pytest.raises(WrongCharacters):
        HsaId.parse(text)


def test_an_hsa_id_has_at_most_31_characters() -> None:
    assert HsaId.parse("SE2321009876-" + "a" * 18)
    with pytest.raises(WrongLength):
        HsaId.parse("SE2321009876-" + "a" * 19)


def test_inera_test_prefixes_are_accepted_only_where_allowed() -> None:
    assert HsaId.parse("TSTNMT2321000156-1099", allow_test_prefixes=True).organization_number == "2321000156"
    with pytest.raises(WrongCharacters):
        HsaId.parse("TSTNMT2321000156-1099")
