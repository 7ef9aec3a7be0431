"""Makes load data: as many people as wanted, up to a million: ``python -m directory.simulators.population``.

Streaming, the same people for the same seed, and no number that anybody could have: the birth numbers are 980
to 999, which Skatteverket gives to test persons only.
"""

import argparse
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from directory.identifiers import luhn_digit
from directory.simulators import stored
from directory.simulators.generate import MEN, ORGANIZATIONS, PLACES, STREETS, SURNAMES, TITLES, UNITS, WOMEN
from directory.simulators.people import Address, Employment, Organization, Person, Unit

_BIRTH_NUMBERS = 20
_FIRST_BIRTH_NUMBER = 980
_COORDINATION_EVERY = 25
_MORE_SURNAMES = tuple(
    begin + end
    for begin in ("Berg", "Lind", "Sjö", "Ek", "Al", "Björk", "Lund", "Norr", "Söder", "Öst", "Häll", "Åker")
    for end in ("gren", "qvist", "ström", "man", "dahl", "mark", "stedt", "blad", "fors", "näs")
)
_SURNAMES = (*SURNAMES, *_MORE_SURNAMES)
_OLDEST_ALIVE = date(1916, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Days of birth, both included, and how many numbers they have."""

    first: date
    last: date

    @property
    def size(self) -> int:
        return ((self.last - self.first).days + 1) * _BIRTH_NUMBERS


_AT_WORK = _Span(first=date(1959, 1, 1), last=date(2008, 6, 30))
_OTHERS = (
    _Span(first=date(1890, 1, 1), last=date(1958, 12, 31)),
    _Span(first=date(2008, 7, 1), last=date(2026, 6, 30)),
)
_COORDINATION = _Span(first=date(1945, 1, 1), last=date(2006, 12, 31))
MOST = (_AT_WORK.size + sum(one.size for one in _OTHERS)) * _COORDINATION_EVERY // (_COORDINATION_EVERY - 1)
"""How many people there are numbers for."""


def people(count: int, *, seed: int = 752) -> Iterator[Person]:
    """Yield people, those of working age first. Raises ``ValueError`` for more than there are numbers for."""
    if count > MOST:
        msg = f"there are test numbers for {MOST} people"
        raise ValueError(msg)
    chance = random.Random(seed)  # noqa: S311 - the same people each time are the point
    numbers, coordination = _numbers(seed), _shuffled((_COORDINATION,), seed + 1)
    for place in range(count):
        is_coordination = place % _COORDINATION_EVERY == _COORDINATION_EVERY - 1
        born, birth_number = next(coordination if is_coordination else numbers)
        yield _person(place, born, birth_number, is_coordination=is_coordination, chance=chance)


def organizations() -> list[Organization]:
    """Return the organizations of people.toml."""
    return [
        Organization(
            hsa_id=f"{one}-0001", number=one[2:], name=name, locality=locality, kind=kind, area=area,
            agent=f"{agent}-0001" if agent else "",
        )
        for one, name, locality, kind, area, agent in ORGANIZATIONS
    ]  # fmt: skip


def units() -> list[Unit]:
    """Return the units of people.toml."""
    return [
        Unit(
            hsa_id=f"{owner}-{key}", organization=f"{owner}-0001", name=name,
            parent=f"{owner}-{parent}" if parent else "",
        )
        for owner, key, parent, name in UNITS
    ]  # fmt: skip


def _numbers(seed: int) -> Iterator[tuple[date, int]]:
    yield from _shuffled((_AT_WORK,), seed)
    yield from _shuffled(_OTHERS, seed)


def _shuffled(spans: tuple[_Span, ...], seed: int) -> Iterator[tuple[date, int]]:
    """Yield every day and birth number of the spans once, in an order that the seed decides."""
    size = sum(one.size for one in spans)
    step = random.Random(seed).randrange(size // 3, size // 2)  # noqa: S311 - as above
    while math.gcd(step, size) != 1:
        step += 1
    for place in range(size):
        at = place * step % size
        for span in spans:
            if at < span.size:
                yield span.first + timedelta(days=at // _BIRTH_NUMBERS), at % _BIRTH_NUMBERS
                break
            at -= span.size


def _person(
    place: int, born: date, birth_number: int, *, is_coordination: bool, chance: random.Random
) -> Person:
    day = born.day + 60 * is_coordination
    digits = f"{born.year}{born.month:02d}{day:02d}{_FIRST_BIRTH_NUMBER + birth_number}"
    number = digits + str(luhn_digit(digits[2:]))
    names = WOMEN if birth_number % 2 == 0 else MEN  # an even birth number is a woman's
    draw = chance.random
    given = f"{names[int(draw() * len(names))]} {names[int(draw() * len(names))]}"
    surname = _SURNAMES[int(draw() * len(_SURNAMES))]
    owner, key, _, _ = UNITS[int(draw() * (len(UNITS) - 1))]
    code, city = PLACES[int(draw() * len(PLACES))]
    lot = draw()
    is_dead = born < _OLDEST_ALIVE or lot < 0.004  # noqa: PLR2004 - shares of a plausible population
    has_left = not is_dead and lot < 0.01  # noqa: PLR2004
    has_address = not (is_dead or has_left or is_coordination) and lot < 0.995  # noqa: PLR2004
    protection = draw()
    return Person(
        number=number,
        given_name=given,
        given_name_indicator=10 if lot < 0.7 else 20,  # noqa: PLR2004
        surname=surname,
        secrecy_marked=protection < 0.003,  # noqa: PLR2004
        protected_registration=protection > 0.9995,  # noqa: PLR2004
        address=Address(
            street=f"{STREETS[int(draw() * len(STREETS))]} {int(draw() * 120) + 1}",
            postal_code=code,
            city=city,
        )
        if has_address
        else None,
        deregistration_code="" if is_coordination else "AV" if is_dead else "UV" if has_left else "",
        deregistered_on="2026-06-30" if (is_dead or has_left) and not is_coordination else "",
        identity_level=("Styrkt", "Sannolik", "Osäker")[int(draw() * 3)] if is_coordination else "",
        identity_status="Aktiv" if is_coordination else "",
        employments=(
            Employment(
                hsa_id=f"{owner}-L{place:06X}",
                unit=f"{owner}-{key}",
                title=TITLES[int(draw() * len(TITLES))],
            ),
        ),
    )


def main() -> None:
    """Write a store of people and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m directory.simulators.population", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=752)
    parser.add_argument("out", type=Path, help="a SQLite file for ``directory.simulators --people``")
    chosen = parser.parse_args()
    started = time.monotonic()
    made = people(chosen.count, seed=chosen.seed)
    count = stored.write(chosen.out, organizations=organizations(), units=units(), people=made)
    size = chosen.out.stat().st_size / 1_000_000
    print(f"{count:,} people, {size:,.0f} MB, {time.monotonic() - started:.1f} s: {chosen.out}")


if __name__ == "__main__":
    main()
