"""Writes people.toml: the cast, the special cases and some ordinary people, the same each time."""

import random
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from directory.identifiers import luhn_digit

NORR, SYD = "SE2321009801", "SE2321009900"
MUNICIPALITY, CARE, CENTRAL = "SE2120009804", "SE5599990016", "SE2021009804"

ORGANIZATIONS = (
    (NORR, "Region Norr", "Norrlands län", "region", "Region Norr", ""),
    (SYD, "Region Syd", "Sydlands län", "region", "Region Syd", ""),
    (MUNICIPALITY, "Ängsby kommun", "Norrlands län", "municipality", "Ängsby kommun", ""),
    (CARE, "Fjällhälsan Vård AB", "Norrlands län", "private_care_provider", "Region Norr", NORR),
    (CENTRAL, "Central förvaltning", "Stockholms län", "central", "Central förvaltning", ""),
)
UNITS = (
    (NORR, "1001", "", "Norrby sjukhus"),
    (NORR, "1002", "1001", "Akutmottagningen"),
    (NORR, "1003", "1001", "Medicinkliniken"),
    (NORR, "1004", "1001", "Röntgenavdelningen"),
    (NORR, "1005", "", "Älvdalens vårdcentral"),
    (NORR, "1006", "", "IT och säkerhet"),
    (SYD, "2001", "", "Sydsala sjukhus"),
    (SYD, "2002", "2001", "Ögonkliniken"),
    (SYD, "2003", "2001", "Barnkliniken"),
    (SYD, "2004", "", "Kortkontoret"),
    (MUNICIPALITY, "3001", "", "Äldreomsorgen"),
    (MUNICIPALITY, "3002", "", "Elevhälsan"),
    (CARE, "4001", "", "Mottagningen i Åre"),
    (CENTRAL, "5001", "", "Identitet och behörighet"),
)


FUNCTIONS = (
    (
        NORR,
        "JOURNAL",
        "server",
        "Journalsystemet",
        ("journal.regionnorr.test", "journal-api.regionnorr.test"),
        "1006",
    ),
    (NORR, "REMISS", "client", "Remissklienten", ("remiss.regionnorr.test",), "1006"),
    (NORR, "LABB", "client", "Labbklienten", ("labb.regionnorr.test",), "1003"),
    (NORR, "BREVLADA", "email", "Akutmottagningens brevlåda", ("akuten@regionnorr.test",), "1002"),
    (SYD, "RIS", "server", "Röntgeninformationssystemet", ("ris.regionsyd.test",), ""),
)
"""Function objects in the tree of services; those of Region Norr are ordered for in the demo."""


COMMISSIONS = {
    "Alva Maria Berg": "ID_ADMINISTRATOR",
    "Bo Ek": "FUNCTION_CERT_ORDERER",
    "Cia Lund": "AUDITOR",
    "Doris Strand": "ID_ADMINISTRATOR",
    "Gun Britt Sjödin": "ISSUANCE_MANAGER",
    "Lars-Göran Malmborg": "ISSUANCE_MANAGER",
}
"""What HSA itself says some of the cast may do, for the whole of their organization."""


@dataclass(slots=True, kw_only=True)
class Made:
    """A person to write. ``facts`` are further lines of the person's table."""

    born: date
    woman: bool
    given: str
    surname: str
    works: list[tuple[str, str, str]]
    indicator: int = 10
    middle: str = ""
    coordination: bool = False
    address: bool = True
    facts: dict[str, str | bool] = field(default_factory=dict)


def special_people() -> list[Made]:
    """Return the cast of the tests and everyone whose register entry is out of the ordinary."""
    akuten, it, kort = (NORR, "1002"), (NORR, "1006"), (SYD, "2004")

    def someone(
        born: str, names: str, at: tuple[str, str], title: str, *, woman: bool, **more: object
    ) -> Made:
        given, _, surname = names.partition("|")
        made = Made(
            born=date.fromisoformat(born), woman=woman, given=given, surname=surname, works=[(*at, title)]
        )
        for name, value in more.items():
            setattr(made, name, value)
        return made

    return [
        someone("1985-04-12", "Alva Maria|Berg", it, "Handläggare", woman=True),
        someone("1979-09-03", "Bo|Ek", it, "Systemförvaltare", woman=False),
        someone("1972-01-25", "Cia|Lund", it, "Revisor", woman=True),
        someone("1988-06-17", "Doris|Strand", kort, "Handläggare", woman=True),
        someone("1990-02-14", "Erik|Sandberg", akuten, "Läkare", woman=False, facts={"secrecy_marked": True}),
        someone("1983-08-30", "Åsa Kristina|Lindqvist", akuten, "Sjuksköterska", woman=True),
        someone("1976-11-08", "Frida|Holm", it, "Handläggare", woman=True),
        someone("1968-03-19", "Gun Britt|Sjödin", it, "Säkerhetschef", woman=True, indicator=12),
        someone("1981-07-22", "Henrik|Öberg", it, "Säkerhetssamordnare", woman=False),
        someone("1974-05-05", "Ines|Wallin", (CENTRAL, "5001"), "Förvaltningsledare", woman=True),
        someone("1986-12-11", "Jonas|Åkesson", (CENTRAL, "5001"), "Valideringsspecialist", woman=False),
        someone("1991-10-01", "Karin|Nyström", it, "Spärrhandläggare", woman=True),
        someone("1970-08-27", "Lars-Göran|Malmborg", kort, "Säkerhetschef", woman=False, indicator=12),
        someone(
            "1987-01-31", "Sara|Hjort", (NORR, "1003"), "Undersköterska", woman=True, address=False,
            facts={"protected_registration": True},
        ),
        someone(
            "1993-03-16", "Maria Lucía|Santos Ferreira", (NORR, "1004"), "Röntgensjuksköterska", woman=True,
            coordination=True, address=False, facts={"identity_level": "Styrkt", "identity_status": "Aktiv"},
        ),
        someone(
            "1989-09-09", "Oleksandr|Kovalenko", (SYD, "2002"), "Läkare", woman=False, coordination=True,
            address=False, facts={"identity_level": "Osäker", "identity_status": "Aktiv"},
        ),
        someone(
            "1949-02-02", "Gösta|Bergman", (NORR, "1005"), "Läkare", woman=False, address=False,
            facts={"deregistration_code": "AV", "deregistered_on": "2026-10-30"},
        ),
        someone(
            "1984-06-06", "Petra|Lindahl", (NORR, "1003"), "Sjuksköterska", woman=True, address=False,
            facts={"deregistration_code": "UV", "deregistered_on": "2026-09-01"},
        ),
        someone("2010-05-20", "Noah|Axelsson", (MUNICIPALITY, "3001"), "Feriearbetare", woman=False),
        someone("1995-04-04", "Tove|Utter", (NORR, "1005"), "Läkarsekreterare", woman=True, address=False),
        someone(
            "1982-02-28", "Linnéa|Öhman", (NORR, "1003"), "Överläkare", woman=True,
            works=[(NORR, "1003", "Överläkare"), (SYD, "2003", "Konsultläkare")],
        ),
        someone(
            "1977-07-07", "Maximiliana Alexandra Wilhelmina Charlotta Elisabeth|von Hermansson-Bergenstråhle "
            "af Östersunda", (SYD, "2001"), "Biträdande överläkare i allmän internmedicin", woman=True,
        ),
        someone("1992-12-24", "Zoë Élise|D'Angelo-Müller", (NORR, "1002"), "Läkare", woman=True),
        someone("1980-10-10", "Rut|Ekdahl", (SYD, "2003"), "Barnmorska", woman=True, facts={"in_pu": False}),
        someone("1966-06-01", "Östen|Ågren", (CARE, "4001"), "Sjukgymnast", woman=False),
        someone("1998-08-18", "Ylva|Ödmark", (CARE, "4001"), "Sjuksköterska", woman=True),
    ]  # fmt: skip


WOMEN = [
    "Agnes",
    "Astrid",
    "Birgitta",
    "Ebba",
    "Elin",
    "Gerd",
    "Hanna",
    "Hillevi",
    "Ida",
    "Johanna",
    "Klara",
    "Märta",
    "Sigrid",
    "Ulla",
]
MEN = [
    "Albin",
    "Anders",
    "Börje",
    "Emil",
    "Folke",
    "Gustav",
    "Håkan",
    "Ivar",
    "Kjell",
    "Måns",
    "Nils",
    "Ove",
    "Rasmus",
    "Sören",
]
SURNAMES = [
    "Andersson",
    "Björk",
    "Dahlström",
    "Engström",
    "Forsberg",
    "Grönlund",
    "Hägglund",
    "Isaksson",
    "Jönsson",
    "Lövgren",
    "Nordin",
    "Palm",
    "Rönnqvist",
    "Sjöström",
    "Törnqvist",
    "Vallgren",
    "Wikström",
    "Zetterlund",
    "Ålund",
    "Äng",
    "Österberg",
]
TITLES = [
    "Sjuksköterska",
    "Undersköterska",
    "Läkare",
    "Läkarsekreterare",
    "Fysioterapeut",
    "Kurator",
    "Barnmorska",
]
PLACES = ((80001, "Norrby"), (80320, "Älvdalen"), (23010, "Sydsala"), (83010, "Åre"), (84050, "Ängsby"))
STREETS = [
    "Storgatan",
    "Kyrkogatan",
    "Åsgatan",
    "Björkvägen",
    "Ängsstigen",
    "Hamngatan",
    "Östra",
    "Järnvägsgatan",
]


def ordinary_people(count: int, chance: random.Random) -> list[Made]:
    """Return people with nothing remarkable about them."""
    made = []
    for number in range(count):
        woman = number % 2 == 0
        organization, unit, _, _ = UNITS[number % 13]
        born = date(chance.randint(1962, 2002), chance.randint(1, 12), chance.randint(1, 28))
        given = f"{chance.choice(WOMEN if woman else MEN)} {chance.choice(WOMEN if woman else MEN)}"
        made.append(
            Made(
                born=born, woman=woman, given=given, surname=SURNAMES[number % len(SURNAMES)],
                works=[(organization, unit, chance.choice(TITLES))], indicator=chance.choice((10, 20)),
            )
        )  # fmt: skip
    return made


def number_of(person: Made, serial: int) -> str:
    """Return the person's twelve digits: birth number 980-999, even for a woman, check digit by Luhn."""
    birth_number = 980 + serial % 10 * 2 + (0 if person.woman else 1)
    day = person.born.day + (60 if person.coordination else 0)
    digits = f"{person.born:%Y%m}{day:02d}{birth_number}"
    return digits + str(luhn_digit(digits[2:]))


def mail_of(person: Made, organization: str) -> str:
    """Return an address in the organization's domain, ASCII only."""
    domain = {NORR: "norr", SYD: "syd", MUNICIPALITY: "angsby", CARE: "fjallhalsan", CENTRAL: "central"}
    name = f"{person.given.split()[0]}.{person.surname.split()[-1]}".lower()
    plain = name.translate(str.maketrans("åäöéëü'", "aaoeeu-"))
    return f"{plain}@{domain[organization]}.example"


def written() -> str:
    """Return the whole file."""
    chance = random.Random(752)  # noqa: S311 - the same people each time
    out = ["# Written by directory/simulators/generate.py. Nobody here exists: test numbers only.", ""]
    for organization, name, locality, kind, area, agent in ORGANIZATIONS:
        out += ["[[organization]]", *_lines({
            "hsa_id": f"{organization}-0001", "number": organization[2:], "name": name, "locality": locality,
            "kind": kind, "area": area, "agent": f"{agent}-0001" if agent else "",
        }), ""]  # fmt: skip
    for organization, key, parent, name in UNITS:
        out += ["[[unit]]", *_lines({
            "hsa_id": f"{organization}-{key}", "organization": f"{organization}-0001",
            "parent": f"{organization}-{parent}" if parent else "", "name": name,
        }), ""]  # fmt: skip
    counters: dict[str, int] = {}
    commissions: list[str] = []
    for serial, person in enumerate([*special_people(), *ordinary_people(28, chance)]):
        street = f"{STREETS[serial % len(STREETS)]} {serial + 1}"
        code, city = PLACES[serial % len(PLACES)]
        facts: dict[str, str | bool | int] = {
            "number": number_of(person, serial), "given_name": person.given,
            "given_name_indicator": person.indicator, "surname": person.surname, **person.facts,
        }  # fmt: skip
        out += ["[[person]]", *_lines(facts)]
        if person.address:
            out.append(f'address = {{ street = "{street}", postal_code = {code}, city = "{city}" }}')
        for organization, unit, title in person.works:
            counters[organization] = counters.get(organization, 0) + 1
            out += ["[[person.employment]]", *_lines({
                "hsa_id": f"{organization}-P{counters[organization]:03d}", "unit": f"{organization}-{unit}",
                "title": title, "mail": mail_of(person, organization),
            })]  # fmt: skip
            role = COMMISSIONS.get(f"{person.given} {person.surname}")
            if role:
                commissions += ["[[commission]]", *_lines({
                    "hsa_id": f"{organization}-P{counters[organization]:03d}", "property": role,
                    "unit": f"{organization}-0001",
                }), ""]  # fmt: skip
        out.append("")
    return "\n".join([*out, *commissions, *_functions()])


def _functions() -> list[str]:
    out: list[str] = []
    for owner, key, kind, name, names, unit in FUNCTIONS:
        out += ["[[function]]", *_lines({
            "hsa_id": f"{owner}-{key}", "name": name, "kind": kind, "organization": f"{owner}-0001",
            "unit": unit and f"{owner}-{unit}", "mail": f"{key.lower()}@example.test",
        }), f"names = [{', '.join(map(_written, names))}]", ""]  # fmt: skip
    return out


def _lines(facts: dict[str, str | bool | int]) -> list[str]:
    shown = {True: "true", False: "false"}
    return [
        f"{key} = {shown[value] if isinstance(value, bool) else _written(value)}"
        for key, value in facts.items()
        if value != ""
    ]


def _written(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


if __name__ == "__main__":
    Path(__file__).with_name("people.toml").write_text(written(), encoding="utf-8")
