"""Reads people.toml into typed values, again whenever the file has been edited."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

PACKAGED = Path(__file__).with_name("people.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization in the catalogue. ``agent`` is the HSA-id of its ombud."""

    hsa_id: str
    number: str
    name: str
    locality: str
    kind: str
    area: str
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit below an organization, ``parent`` its own unit or empty."""

    hsa_id: str
    organization: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A street address in Sweden."""

    street: str
    postal_code: int
    city: str
    care_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    """A person object in HSA."""

    hsa_id: str
    unit: str
    title: str = ""
    mail: str = ""
    starts_on: str = ""
    ends_on: str = ""
    in_hsa: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """An authorization that HSA itself keeps, for a unit and everything below it."""

    hsa_id: str
    property: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function object in the tree of services: a server, a client or a mailbox of an organization."""

    hsa_id: str
    name: str
    kind: str
    organization: str
    names: tuple[str, ...] = ()
    mail: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as both registers know them; dates are ISO texts, ``version`` is YYYYMMDDhhmmss.

    ``deceased_on`` is how the holder of a coordination number dies; others are deregistered.
    """

    number: str
    given_name: str
    surname: str
    given_name_indicator: int = 10
    middle_name: str = ""
    secrecy_marked: bool = False
    protected_registration: bool = False
    protected_in_hsa: bool = False
    address: Address | None = None
    deregistration_code: str = ""
    deregistered_on: str = ""
    identity_level: str = ""
    identity_status: str = ""
    referred_to: str = ""
    referred_from: str = ""
    deceased_on: str = ""
    test: bool = True
    version: str = "20260901120000"
    in_pu: bool = True
    employments: tuple[Employment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """Everything in the file, with look-ups."""

    organizations: tuple[Organization, ...]
    units: Mapping[str, Unit]
    people: Mapping[str, Person]
    commissions: tuple[Commission, ...]
    by_hsa_id: Mapping[str, tuple[Person, Employment]] = field(default_factory=dict)
    functions: tuple[Function, ...] = ()

    def entries(self) -> Iterable[tuple[str, str]]:
        """Return number and HSA-id of every person object."""
        return ((one.number, work.hsa_id) for one in self.people.values() for work in one.employments)

    def distinguished_name(self, person: Person, employment: Employment) -> str:
        """Return where the person object stands, most specific part first."""
        parts = [f"cn={person.given_name.split()[0]} {person.surname}".replace("'", "")]
        unit = self.units.get(employment.unit)
        organization = unit.organization if unit else ""
        while unit:
            parts.append(f"ou={unit.name}")
            unit = self.units.get(unit.parent)
        for known in self.organizations:
            if known.hsa_id == organization:
                parts += [f"o={known.name}", f"l={known.locality}"]
        return ",".join([*parts, "c=SE"])


def load(path: Path) -> Registers:
    """Return the registers in the file. Raises ``TypeError`` for a key that is not known."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    people: dict[str, Person] = {}
    for entry in content["person"]:
        address = Address(**entry.pop("address")) if "address" in entry else None
        employments = tuple(Employment(**work) for work in entry.pop("employment", []))
        person = Person(**entry, address=address, employments=employments)
        people[person.number] = person
    return Registers(
        organizations=tuple(Organization(**entry) for entry in content["organization"]),
        units={entry["hsa_id"]: Unit(**entry) for entry in content["unit"]},
        people=people,
        commissions=tuple(Commission(**entry) for entry in content.get("commission", [])),
        functions=tuple(
            Function(**{**entry, "names": tuple(entry.get("names", ()))})
            for entry in content.get("function", [])
        ),
        by_hsa_id={
            work.hsa_id.upper(): (person, work) for person in people.values() for work in person.employments
        },
    )


class LiveFile:
    """The registers of a file that a tester may edit while the simulators run.

    A file in the making (not whole, or with a key that is not known) leaves what was there before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._stamp = -1
        self._registers: Registers | None = None

    def registers(self) -> Registers:
        """Return the file's content as it is now."""
        with self._lock:
            stamp = self._path.stat().st_mtime_ns
            if self._registers is None:
                self._registers, self._stamp = load(self._path), stamp
            elif stamp != self._stamp:
                try:
                    self._registers = load(self._path)
                except (tomllib.TOMLDecodeError, TypeError, KeyError, UnicodeDecodeError) as error:
                    print(f"{self._path.name} cannot be read, the earlier content stays: {error}", flush=True)
                self._stamp = stamp
            return self._registers
