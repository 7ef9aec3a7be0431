"""The identifiers of the field as values that cannot be wrong: people, HSA objects and organizations."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Self

from directory.errors import DateInFuture, WrongCharacters, WrongCheckDigit, WrongDate, WrongLength

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-")
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cf", "Cc"})
_SHORT, _LONG = 10, 12
_TAIL = 4
_COORDINATION = 60
"""A coordination number's day of birth is written 60 higher (SKV M 2010:3)."""
_HSA_ID_MAX = 31
_CENTURIES = ("18", "19", "20")


def luhn_digit(digits: str) -> int:
    """Return the check digit that follows ``digits`` (Luhn, weights 2 1 2 1 … from the right)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        product = int(digit) * (1 if position % 2 else 2)
        total += product // 10 + product % 10
    return -total % 10


def _tidy(text: str) -> str:
    """Return the text without blanks and invisible characters (also pasted NBSP), every dash as ``-``."""
    normal = unicodedata.normalize("NFKC", text.translate(_DASHES))
    return "".join(letter for letter in normal if unicodedata.category(letter) not in _INVISIBLE)


def _digits_and_separator(text: str, *, separators: str) -> tuple[str, str]:
    """Return the digits of ``text`` and the separator before its last four, which may be absent."""
    match = re.fullmatch(rf"(\d*)([{separators}]?)(\d*)", _tidy(text), re.ASCII)
    if match is None:
        raise WrongCharacters("only digits, and one separator before the last four")
    head, separator, tail = match.groups()
    if len(head + tail) not in {_SHORT, _LONG}:
        facts = {"expected": f"{_SHORT}, {_LONG}", "found": str(len(head + tail))}
        raise WrongLength("ten or twelve digits", facts=facts)
    if separator and len(tail) != _TAIL:
        raise WrongCharacters("the separator stands before the last four digits")
    return head + tail, separator


@dataclass(frozen=True, slots=True, order=True)
class PersonalIdentityNumber:
    """A personnummer or samordningsnummer; ``value`` is its twelve digits, century first.

    Text from people goes through ``parse_personal_identity_number``; made directly only of digits that were
    parsed before. Its repr tells no more than the year, since a repr ends in logs.
    """

    value: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{12}", self.value, re.ASCII):
            raise WrongLength("a personal identity number is kept as twelve digits")

    @property
    def is_coordination_number(self) -> bool:
        """Return whether it is a samordningsnummer."""
        return int(self.value[6:8]) > _COORDINATION

    @property
    def birth_date(self) -> date:
        """Return the date of birth that the number tells of. Raises ``ValueError`` when it is no date."""
        day = int(self.value[6:8]) - (_COORDINATION if self.is_coordination_number else 0)
        return date(int(self.value[:4]), int(self.value[4:6]), day)

    @property
    def is_test_number(self) -> bool:
        """Return whether the birth number is one that Skatteverket gives to nobody (980-999)."""
        return self.value[8:10] in {"98", "99"}

    def age_at(self, day: date) -> int:
        """Return the age in whole years on ``day``; who is born on 29 February ages on 1 March."""
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def display(self) -> str:
        """Return the number as people read it: ÅÅÅÅMMDD-NNNN."""
        return f"{self.value[:-_TAIL]}-{self.value[-_TAIL:]}"

    def __str__(self) -> str:
        return self.display()

    def __repr__(self) -> str:
        return f"PersonalIdentityNumber({self.value[:4]}…)"


def parse_personal_identity_number(text: str, *, today: date) -> PersonalIdentityNumber:
    """Return the number that ``text`` writes, in ten or twelve digits, with ``-``, ``+``, blanks or without.

    With ten digits the century follows from ``today``: with ``+`` the latest in which the person turns 100
    that year or has done so, else the latest that is not in the future. Raises ``WrongCharacters``,
    ``WrongLength``, ``WrongDate``, ``DateInFuture`` or ``WrongCheckDigit``.
    """
    digits, separator = _digits_and_separator(text, separators="+-")
    if len(digits) == _SHORT:
        digits = _century(digits, over_hundred=separator == "+", today=today) + digits
    number = PersonalIdentityNumber(digits)
    if _birth_date(number) > today:
        raise DateInFuture("the date of birth has not come yet")
    _check(number)
    return number


def possible_numbers(text: str) -> tuple[PersonalIdentityNumber, ...]:
    """Return every number that ``text`` can mean, for looking one up: with ten digits one for each century.

    Raises as ``parse_personal_identity_number`` does, when no century gives a number; but asks no clock.
    """
    digits, _ = _digits_and_separator(text, separators="+-")
    if len(digits) == _LONG:
        candidates = [PersonalIdentityNumber(digits)]
    else:
        candidates = [PersonalIdentityNumber(f"{century}{digits}") for century in _CENTURIES]
    found = tuple(number for number in candidates if _has_date(number))
    if not found:
        raise WrongDate("the first digits are no date")
    _check(found[0])  # the check digit does not depend on the century
    return found


def _birth_date(number: PersonalIdentityNumber) -> date:
    try:
        return number.birth_date
    except ValueError as error:
        raise WrongDate("the first digits are no date") from error


def _has_date(number: PersonalIdentityNumber) -> bool:
    try:
        return bool(number.birth_date)
    except ValueError:
        return False


def _check(number: PersonalIdentityNumber) -> None:
    if luhn_digit(number.value[2:-1]) != int(number.value[-1]):
        raise WrongCheckDigit("the last digit does not follow from the others")


def _century(digits: str, *, over_hundred: bool, today: date) -> str:
    year = today.year // 100 * 100 + int(digits[:2])
    if over_hundred:
        # The dash becomes a plus on New Year's Day of the year one turns 100 (folkbokföringslagen 18 §).
        while year > today.year - 100:
            year -= 100
    else:
        month, day = int(digits[2:4]), int(digits[4:6])
        day -= _COORDINATION if day > _COORDINATION else 0
        if (year, month, day) > (today.year, today.month, today.day):
            year -= 100
    return f"{year // 100:02d}"


@dataclass(frozen=True, slots=True, order=True)
class OrganizationNumber:
    """A Swedish organization number; ``value`` is its ten digits."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the number that ``text`` writes: ten digits, or twelve that begin with 16 (legal person).

        Raises ``WrongCharacters``, ``WrongLength`` or ``WrongCheckDigit``.
        """
        digits, _ = _digits_and_separator(text, separators="-")
        if len(digits) == _LONG:
            if not digits.startswith("16"):
                raise WrongCharacters("twelve digits begin with 16")
            digits = digits[2:]
        if luhn_digit(digits[:-1]) != int(digits[-1]):
            raise WrongCheckDigit("the last digit does not follow from the others")
        return cls(digits)

    def display(self) -> str:
        """Return the number as people read it: NNNNNN-NNNN."""
        return f"{self.value[:-_TAIL]}-{self.value[-_TAIL:]}"

    def __str__(self) -> str:
        return self.display()


@dataclass(frozen=True, slots=True, eq=False)
class HsaId:
    """The id of a person object, unit or function in HSA, kept as it was given, equal in any case.

    ``SE``, the ten digits of the organization that owns the catalogue, a dash and 1-18 of A-Z a-z 0-9: at
    most 31 characters (domain.md 4.1).
    """

    value: str

    @classmethod
    def parse(cls, text: str, *, allow_test_prefixes: bool = False) -> Self:
        """Return the id that ``text`` writes; other prefixes than SE (TSTNMT…, IFV…) only where allowed.

        Raises ``WrongLength`` or ``WrongCharacters``.
        """
        tidy = _tidy(text)
        if len(tidy) > _HSA_ID_MAX:
            facts = {"expected": f"{_HSA_ID_MAX}", "found": str(len(tidy))}
            raise WrongLength("an HSA-id has at most 31 characters", facts=facts)
        prefix = r"[A-Z]{2,6}" if allow_test_prefixes else "SE"
        if not re.fullmatch(rf"{prefix}\d{{10}}-[A-Z0-9]+", tidy, re.ASCII | re.IGNORECASE):
            raise WrongCharacters("an HSA-id is SE, ten digits, a dash, and letters a-z or digits")
        return cls(tidy)

    @property
    def organization_number(self) -> str:
        """Return the ten digits of the organization that owns the catalogue."""
        return self.value.partition("-")[0][-_SHORT:]

    @property
    def key(self) -> str:
        """Return the form to compare and look up by."""
        return self.value.upper()

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, HsaId) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.value
