"""A region's worth of rows, in PostgreSQL: a million people and certificates, a tenth as many cards."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Model

from bench.certificates import PROFILE
from bench.place import Place
from cards.models import Card, CardOrder
from directory import search_index
from directory.identifiers import luhn_digit
from directory.models import IssuanceArea, Organization, Unit
from directory.names import search_key


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GIVEN = _words(
    "Anna Maria Eva Karin Lena Kerstin Ingrid Birgitta Margareta Elisabeth Åsa Ulla Gun Märta Hanna "
    "Emma Sara Lars Erik Karl Anders Per Nils Jan Johan Olof Sven Göran Björn Åke Håkan Ove Emil "
    "Gustav Zoë José Ali Mehmet"
)
_BEGIN = _words(
    "Berg Lind Sjö Ström Ek Al Björk Gran Lund Norr Söder Väster Öster Hag Dal Holm Ny Sand Sten Å "
    "Blom Hed Forss Kvarn Vik Wall Zetter Häll Rön Ås Ängs Öd Kron Silver Guld Järn Stål Svan Falk "
    "Örn"
)
_END = _words(
    "gren qvist berg ström man lund kvist dahl ell én ing mark stedt blad holm fors vall näs rot "
    "stam by ås sson in ander erson lind kull hage torp sten borg"
)
_WARDS = _words(
    "Akutmottagningen Vårdcentralen Röntgen Avdelning Ögonkliniken Barnmottagningen Labb Ambulansen"
)
_UNITS = 250
_FIRST_DAY = date(1926, 1, 1)
_DAYS = 36_000
_MOMENT = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """How many there are, and what one searches them by."""

    organization_ids: tuple[str, ...]
    people: int
    numbers: list[str]
    hsa_ids: list[str]
    names: list[tuple[str, str]]
    """Given name and surname of people taken at random."""


def _copy(table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.ensure_connection()
    raw: Any = connection.connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _uuid(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def _number(place: int) -> str:
    """Return a test number (Skatteverket's 980 to 999), personal identity number or coordination number."""
    day = _FIRST_DAY + timedelta(days=place % _DAYS)
    serial = 980 + place // _DAYS % 20
    is_coordination = place // (_DAYS * 20) % 2
    digits = f"{day:%Y%m}{day.day + 60 * is_coordination:02d}{serial}"
    return digits + str(luhn_digit(digits[2:]))


def people(place: Place, count: int) -> Population:
    """Copy people with one employment each into twenty organizations, the first of which has half."""
    random = Random(5)  # noqa: S311 - the same people each time are the point
    organizations = [_organization(at) for at in range(20)]
    surnames = [begin + end for begin in _BEGIN for end in _END]
    found = Population(organization_ids=tuple(organizations), people=count, numbers=[], hsa_ids=[], names=[])
    sample = set(random.sample(range(count), 400))

    units = _units(organizations)

    def persons() -> Iterator[tuple[Any, ...]]:
        for at in range(count):
            given, surname = random.choice(_GIVEN), random.choice(surnames)
            number = _number(at)
            if at in sample:
                found.numbers.append(number)
                found.hsa_ids.append(_hsa_id(at))
                found.names.append((given, surname))
            kind = "personal_identity_number" if int(number[6:8]) < 60 else "coordination_number"
            born = _FIRST_DAY + timedelta(days=at % _DAYS)
            yield (
                _uuid(1, at), number, kind, given, given, "", surname, search_key(given, surname), born,
                "registered", False, "", "[]", "", _MOMENT, _MOMENT, 0,
            )  # fmt: skip

    _triggers(are_on=False)
    _copy(
        "directory_person",
        "id, personal_identity_number, number_kind, given_name, calling_name, middle_name, surname, "
        "search_key, birth_date, registration_status, protected_identity, protection, address_lines, "
        "identity_level, pu_read_at, hsa_read_at, pu_missed_reads",
        persons(),
    )
    place.say(f"{count:,} people are there")
    employments = (
        (
            _uuid(2, at), _uuid(1, at), _hsa_id(at), organizations[_place(at)],
            units[_place(at)][at % _UNITS], "Sjuksköterska", f"{at:x}@region{_place(at)}.test", "", False, 0,
        )
        for at in range(count)
    )  # fmt: skip
    _copy(
        "directory_employment",
        "id, person_id, hsa_id, organization_id, unit_id, title, email, user_principal_name, "
        "protected_in_hsa, missed_reads",
        employments,
    )
    _triggers(are_on=True)
    search_index.fill(connection)
    _analyze(
        "directory_person", "directory_employment", "directory_organization", "directory_unit",
        "directory_searchword",
    )  # fmt: skip
    place.say(f"{count:,} employments in {len(organizations)} organizations are there")
    return found


def ward(at: int) -> str:
    """Return what a unit is called, but for its number."""
    return _WARDS[at % len(_WARDS)]


def _place(at: int) -> int:
    return 0 if at % 2 else at // 2 % 20


def _units(organizations: list[str]) -> list[list[str]]:
    """Make as many units in each organization, and return their ids."""
    made = [
        [
            Unit(
                organization_id=organization,
                name=f"{ward(at)} {at}",
                hsa_id=f"SE2321009801-E{place:02d}{at:03d}",
            )
            for at in range(_UNITS)
        ]
        for place, organization in enumerate(organizations)
    ]
    for units in made:
        Unit.objects.bulk_create(units)
    return [[str(unit.pk) for unit in units] for units in made]


def _triggers(*, are_on: bool) -> None:
    """Let rows in without triggers; foreign keys and words of the search are seen to by who calls."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET session_replication_role = {'DEFAULT' if are_on else 'replica'}")


def _hsa_id(at: int) -> str:
    return f"SE2321009801-{at:07X}"


def _organization(at: int) -> str:
    area = IssuanceArea.objects.create(name=f"Område {at}")
    made = Organization.objects.create(
        name=f"Region {at}",
        hsa_id=f"SE23210098{at:02d}-BENCH",
        organization_number=f"23210098{at:02d}",
        locality="Norrlands län",
        kind="region",
        issuance_area=area,
    )
    return str(made.pk)


def certificates(place: Place, count: int, organization_ids: tuple[str, ...]) -> None:
    """Write certificates of cards with their requests, evenly over the organizations."""
    names = "ARRAY[" + ",".join(f"'{uuid.UUID(one)}'" for one in organization_ids) + "]"
    many = len(organization_ids)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no trigger checks foreign keys meanwhile
        cursor.execute(
            f"""INSERT INTO ca_certificaterequest (environment, id, issuer_id, profile, subject, public_key,
              person_id, organization_id, carrier_kind, carrier_id, name, idempotency_key,
              fingerprint, state, failure,
              requested_at, certificate_id)
            SELECT 'PROD', ('00000003-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'person_id_3', %s,
              '{{}}', '', '00000001-0000-4000-8000-' || lpad(to_hex(n %% 20000), 12, '0'),
              ({names})[n %% {many} + 1], 'card', 'bulk-' || n, 'id', 'bulk:' || n, '', 'issued', '',
              %s, ('00000004-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
            FROM generate_series(1, %s) n""",  # noqa: S608 - our own identifiers
            [PROFILE, _MOMENT, count],
        )
        cursor.execute(
            """INSERT INTO ca_certificate (environment, id, issuer_id, request_id, serial_hex,
              certificate_der,
              sha256, public_key_sha256, profile, profile_sha256, subject_text, person_id, organization_id,
              carrier_kind, carrier_id, name, not_before, not_after, issued_at, published_at, crl_entry_der)
            SELECT environment, certificate_id, issuer_id, id, md5(id::text),
              decode(repeat(md5(id::text), 25), 'hex'),
              md5(id::text) || md5(id::text), md5(id::text), profile, '', 'CN=Åsa Lindqvist', person_id,
              organization_id, carrier_kind, carrier_id, name, requested_at,
              requested_at + interval '5 years', requested_at, requested_at, ''
            FROM ca_certificaterequest WHERE idempotency_key LIKE 'bulk:%%'""",
            [],
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    _analyze("ca_certificate", "ca_certificaterequest")
    place.say(f"{count:,} certificates are there")


def cards(place: Place, count: int) -> None:
    """Write activated cards with their orders for the first people of the population."""
    moment = "%s::timestamptz - (n %% 86400) * interval '1 second'"
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        _default_as_models_do(cursor, CardOrder, Card)
        cursor.execute(
            f"""INSERT INTO cards_cardorder (environment, id, state, person_id, organization_id,
              hsa_id, product_code,
              loa, printed_name, organization_name, back_text, valid_until, placed_at, placed_by,
              handover_is_uncertain, attempts, last_problem, sent_at, production_started_at, shipped_at,
              activated_at, cancelled_by, rejection_reason, lapse_reason)
            SELECT 'PROD', ('00000005-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'ACTIVATED',
              e.person_id, e.organization_id, e.hsa_id, '7C1', 3, 'Åsa Lindqvist', 'Region 0', '',
              '2031-10-01',
              {moment}, 'SE2321009801-A001', false, 1, '', {moment}, {moment}, {moment}, {moment}, '', '', ''
            FROM (SELECT row_number() OVER (ORDER BY id) n, * FROM directory_employment
                  WHERE hsa_id LIKE 'SE2321009801-%%' ORDER BY id LIMIT %s) e""",  # noqa: S608 - as above
            [*[_MOMENT] * 5, count],
        )
        cursor.execute(
            """INSERT INTO cards_card (environment, id, state, order_id, person_id, organization_id, hsa_id,
              product_code, loa, holder_name, valid_until, card_number, ordered_at, produced_at,
              shipped_at, activated_at,
              block_reason, blocked_by, block_note, discard_reason)
            SELECT environment, id, 'ACTIVE', id, person_id, organization_id, hsa_id, product_code, loa,
              printed_name,
              valid_until, '97522789' || lpad(row_number() OVER (ORDER BY id)::text, 11, '0'), placed_at,
              shipped_at, shipped_at, activated_at, '', '', '', ''
            FROM cards_cardorder""",
            [],
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    _analyze("cards_card", "cards_cardorder")
    place.say(f"{count:,} cards and orders are there")


def _default_as_models_do(cursor: Any, *models: type[Model]) -> None:  # noqa: ANN401 - Django's cursor
    """Give columns that are not named the value of the model, so that new ones need no word here."""
    for model in models:
        for field in model._meta.concrete_fields:  # noqa: SLF001 - Django's documented Model API
            if not field.null and not field.primary_key and (field.has_default() or field.blank):
                told = f"ALTER TABLE {model._meta.db_table} ALTER COLUMN {field.column} SET DEFAULT %s"  # noqa: SLF001 - as above
                cursor.execute(told, [field.get_default()])


def _analyze(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(tables)}")
