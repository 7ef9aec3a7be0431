"""Which reports there are: their codes, names, columns, filters and readers (domain.md chapter 6)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from directory.models import Role
from reports.columns import Cell, Column
from reports.errors import UnknownReport


class ReportNature(StrEnum):
    """A status report tells how things stand at a moment, an event report what happened in a period."""

    STATUS = "status"
    EVENT = "event"


class Filter(StrEnum):
    """What a report can be narrowed by, besides its moment or period."""

    AREA = "area"
    ORGANIZATION = "organization"
    UNIT = "unit"
    PRODUCT = "product"
    LOA = "loa"
    STATE = "state"
    OPERATOR = "operator"
    DAYS = "days"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKind:
    """A report as data: what it is called, what it shows, by what it is narrowed, and who may pull it."""

    code: str
    nature: ReportNature
    name: tuple[str, str]
    fields: tuple[Column, ...]
    filters: tuple[Filter, ...]
    roles: frozenset[str]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return each column's name in Swedish and English."""
        return tuple((field.swedish, field.english) for field in self.fields if not field.is_personal_number)

    @property
    def has_numbers(self) -> bool:
        """Tell whether the report can hold personal identity numbers, for those who may have them."""
        return any(field.is_personal_number for field in self.fields)


_MANAGERS: Final = frozenset(
    role.value
    for role in (
        Role.CENTRAL_ADMINISTRATOR,
        Role.ISSUANCE_MANAGER,
        Role.DEPUTY_ISSUANCE_MANAGER,
        Role.AUDITOR,
    )
)
_DESK: Final = _MANAGERS | {Role.ID_ADMINISTRATOR.value}
_FUNCTIONS: Final = _MANAGERS | {Role.FUNCTION_CERT_ORDERER.value}
REPORT_ROLES: Final = _DESK | _FUNCTIONS
"""The row "Reports" of domain.md 1.2: each role, within its scope; orderers those of functions."""
NUMBER_READERS: Final = frozenset(
    role.value for role in (Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER, Role.ID_ADMINISTRATOR)
)
"""Who may have the column of personal identity numbers (domain.md 6): who orders and blocks by them."""

_NUMBER: Final = Column(swedish="Kortnummer", english="Card number", cell=Cell.CODE, tells_who=True)
_PRODUCT: Final = Column(swedish="Produkt", english="Product", cell=Cell.CODE)
_STATE: Final = Column(swedish="Läge", english="State", cell=Cell.CODE)
_HSA_ID: Final = Column(swedish="HSA-id", english="HSA-id", tells_who=True)
_PERSONAL_NUMBER: Final = Column(
    swedish="Personnummer", english="Personal identity number", tells_who=True, is_personal_number=True
)
_WHO: Final = (_HSA_ID, _PERSONAL_NUMBER)
_UNIT: Final = Column(swedish="Enhet", english="Unit", tells_who=True)
_KIND: Final = Column(swedish="Slag", english="Kind", cell=Cell.CODE)
_CARD_OR_SERIAL: Final = Column(
    swedish="Kort- eller serienummer", english="Card or serial number", cell=Cell.CODE, tells_who=True
)
_ORGANIZATION: Final = Column(swedish="Organisation", english="Organization", cell=Cell.ORGANIZATION)
_ENVIRONMENT: Final = Column(swedish="Miljö", english="Environment", cell=Cell.CODE)
_SERIAL: Final = Column(swedish="Serienummer", english="Serial number", cell=Cell.CODE, tells_who=True)
_FUNCTION_SERIAL: Final = Column(swedish="Serienummer", english="Serial number", cell=Cell.CODE)
_FUNCTION: Final = (
    Column(swedish="Funktionens HSA-id", english="Function's HSA-id"),
    Column(swedish="Namn", english="Name"),
)
_NAMES: Final = Column(swedish="Namn i certifikatet", english="Names in the certificate")
_ORDERER: Final = Column(swedish="Beställare", english="Ordered by")
_PROFILE: Final = Column(swedish="Typ", english="Profile", cell=Cell.CODE)
_ISSUER: Final = Column(swedish="Utfärdare", english="Issuer", cell=Cell.CODE)
_ROLE: Final = Column(swedish="Roll", english="Role", cell=Cell.CODE)
_SOURCE: Final = Column(swedish="Källa", english="Source", cell=Cell.CODE)
_GRANTED_BY: Final = Column(swedish="Tilldelad av", english="Granted by", cell=Cell.CODE)
_SCOPE: Final = Column(swedish="Gäller enhet", english="For unit")
_LOA: Final = Column(swedish="Tillitsnivå", english="Assurance level", cell=Cell.NUMBER)
_EVENT: Final = Column(swedish="Händelse", english="Event", cell=Cell.CODE)
_BY: Final = Column(swedish="Utfört av", english="Done by")
_REASON: Final = Column(swedish="Orsak", english="Reason", cell=Cell.CODE)


def _at(swedish: str, english: str) -> Column:
    return Column(swedish=swedish, english=english, cell=Cell.MOMENT)


_SHIPPED: Final = _at("Skickat", "Shipped")
_UNTIL: Final = _at("Giltigt t.o.m.", "Valid until")
_LAST_DAY: Final = Column(swedish="Giltigt t.o.m.", english="Valid until", cell=Cell.DAY)
_WHEN: Final = _at("Tidpunkt", "Time")
_WHERE: Final = (Filter.AREA, Filter.ORGANIZATION, Filter.UNIT)
_OF_CARDS: Final = (*_WHERE, Filter.PRODUCT, Filter.LOA)


def _status(
    code: str, name: tuple[str, str], fields: tuple[Column, ...],
    filters: tuple[Filter, ...], roles: frozenset[str] = _DESK,
) -> ReportKind:  # fmt: skip
    shown = (*fields, _ORGANIZATION, _ENVIRONMENT)
    return ReportKind(
        code=code, nature=ReportNature.STATUS, name=name, fields=shown, filters=filters, roles=roles
    )


def _event(
    code: str, name: tuple[str, str], fields: tuple[Column, ...],
    filters: tuple[Filter, ...], roles: frozenset[str] = _DESK,
) -> ReportKind:  # fmt: skip
    shown = (*fields, _ORGANIZATION, _ENVIRONMENT)
    return ReportKind(
        code=code, nature=ReportNature.EVENT, name=name, fields=shown, filters=filters, roles=roles
    )


_CATALOGUE: Final = (
    _status(
        "S1", ("Kort", "Cards"),
        (
            _NUMBER, _PRODUCT, _STATE, _at("Beställt", "Ordered"), _SHIPPED, _at("Aktiverat", "Activated"),
            _at("Spärrat", "Blocked"), _LAST_DAY, _LOA, *_WHO, _UNIT,
        ),
        (*_OF_CARDS, Filter.STATE),
    ),
    _status(
        "S2", ("SITHS eID, certifikat", "Person certificates"),
        (
            _SERIAL, _ISSUER, _LOA, _PROFILE, Column(swedish="Bärare", english="Carrier", cell=Cell.CODE),
            _at("Giltigt fr.o.m.", "Valid from"), _UNTIL, _STATE,
        ),
        (*_WHERE, Filter.LOA, Filter.STATE),
    ),
    _status(
        "S3", ("Kort som inte aktiverats", "Cards not activated"),
        (
            _NUMBER, _PRODUCT, _SHIPPED,
            Column(swedish="Dagar sedan skickat", english="Days since shipped", cell=Cell.DAYS_SINCE),
            *_WHO, _UNIT,
        ),
        _OF_CARDS,
    ),
    _status(
        "S4", ("Kort och certifikat som går ut", "Cards and certificates that expire"),
        (
            _KIND, _CARD_OR_SERIAL, _PRODUCT, _LAST_DAY,
            Column(swedish="Dagar kvar", english="Days left", cell=Cell.DAYS_UNTIL), _STATE, _LOA, *_WHO,
        ),
        (*_OF_CARDS, Filter.DAYS),
    ),
    _status(
        "S5", ("Funktionscertifikat", "Function certificates"),
        (*_FUNCTION, _FUNCTION_SERIAL, _PROFILE, _NAMES, _UNTIL, _ORDERER, _STATE),
        (*_WHERE, Filter.STATE, Filter.DAYS), _FUNCTIONS,
    ),
    _status(
        "S6", ("Rolltilldelningar", "Role assignments"),
        (
            *_WHO, _ROLE, _SCOPE, _SOURCE, _GRANTED_BY,
            _at("Tilldelad", "Granted"), _at("Senast inloggad", "Last login"),
            Column(swedish="Inaktuell", english="Outdated", cell=Cell.CODE),
        ),
        (*_WHERE, Filter.OPERATOR), _MANAGERS,
    ),
    _status(
        "S7", ("Personer som saknas i HSA eller PU", "People missing in HSA or PU"),
        (
            *_WHO, Column(swedish="Register", english="Register", cell=Cell.CODE),
            _at("Saknas sedan", "Missing since"),
        ),
        _WHERE,
    ),
    _status(
        "S8", ("Öppna beställningar", "Open orders"),
        (
            _at("Beställt", "Placed"), _PRODUCT, _LOA, _STATE,
            Column(swedish="Dagar sedan beställt", english="Days since placed", cell=Cell.DAYS_SINCE),
            *_WHO, Column(swedish="Beställd av", english="Placed by"),
        ),
        (*_OF_CARDS, Filter.STATE, Filter.OPERATOR),
    ),
    _status(
        "S9", ("Reservkort i lager", "Reserve cards in stock"),
        (
            Column(swedish="Kortnummer", english="Card number", cell=Cell.CODE), _PRODUCT,
            Column(swedish="Kartong", english="Box"), Column(swedish="Plats", english="Place"), _STATE,
            _at("Till lagret", "To the stock"), _LAST_DAY,
        ),
        (*_WHERE, Filter.PRODUCT, Filter.STATE),
    ),
    _event(
        "H1", ("Beställningar", "Orders"),
        (
            _at("Beställt", "Placed"), _PRODUCT, _LOA, *_WHO,
            Column(swedish="Beställd av", english="Placed by"), _STATE,
        ),
        (*_OF_CARDS, Filter.STATE, Filter.OPERATOR),
    ),
    _event(
        "H2", ("Aktiveringar", "Activations"),
        (_at("Aktiverat", "Activated"), _NUMBER, _PRODUCT, *_WHO, _BY),
        (*_OF_CARDS, Filter.OPERATOR),
    ),
    _event(
        "H3", ("Spärrar", "Blocks"),
        (
            _at("Begärt", "Requested"), _at("Utfört", "Done"), _KIND, _REASON, _CARD_OR_SERIAL, *_WHO, _BY,
        ),
        (*_OF_CARDS, Filter.OPERATOR),
    ),
    _event(
        "H4", ("Upplåsningar och PUK-brev", "Unlocks and PUK letters"),
        (_WHEN, _EVENT, _NUMBER, _PRODUCT, *_WHO, _BY),
        (*_OF_CARDS, Filter.OPERATOR),
    ),
    _event(
        "H5", ("Utfärdade och spärrade funktionscertifikat", "Function certificates issued and revoked"),
        (_WHEN, _EVENT, *_FUNCTION, _FUNCTION_SERIAL, _PROFILE, _NAMES, _ORDERER),
        _WHERE, _FUNCTIONS,
    ),
    _event(
        "H6", ("Rolländringar", "Role changes"),
        (_WHEN, _EVENT, *_WHO, _ROLE, _SCOPE, _SOURCE, _BY),
        (*_WHERE, Filter.OPERATOR), _MANAGERS,
    ),
    _event(
        "H7", ("Mobilt SITHS utfärdade", "Mobile SITHS issued"),
        (_at("Utfärdat", "Issued"), _SERIAL, _ISSUER, _LOA, _PROFILE, _UNTIL),
        _WHERE,
    ),
    _event(
        "H8", ("Identitetskontroller per id-handling", "Identity checks by document"),
        (
            _WHEN, Column(swedish="Id-handling", english="Document", cell=Cell.CODE),
            Column(swedish="Sätt", english="Method", cell=Cell.CODE),
            Column(swedish="Utfall", english="Outcome", cell=Cell.CODE), _NUMBER, *_WHO, _BY,
        ),
        (*_OF_CARDS, Filter.OPERATOR),
    ),
)  # fmt: skip

CATALOGUE: dict[str, ReportKind] = {kind.code: kind for kind in _CATALOGUE}


def report_kind(code: str) -> ReportKind:
    """Return the report of this code; raises ``UnknownReport``."""
    kind = CATALOGUE.get(code.upper())
    if kind is None:
        raise UnknownReport(
            f"there is no report {code}", facts={"report": code, "reports": ", ".join(CATALOGUE)}
        )
    return kind


_CARD_STATES: Final = ("BESTÄLLT", "SKICKAT", "AKTIVT", "SPÄRRAT", "MAKULERAT", "UTGÅNGET")
_CERTIFICATE_STATES: Final = ("AKTIVT", "SPÄRRAT", "UTGÅNGET")
_OPEN_ORDER_STATES: Final = ("BESTÄLLD", "SKICKAD_TILL_PRODUKTION", "I_PRODUKTION", "SKICKAD")
_ORDER_STATES: Final = (
    *_OPEN_ORDER_STATES, "AKTIVERAD", "AVBRUTEN", "AVVISAD_AV_PRODUCENT", "FÖRFALLEN",
)  # fmt: skip
_STOCK_STATES: Final = ("IN_STOCK", "IN_TRANSIT", "MISSING", "RETURNED")
_STATES: Final = {
    "S1": _CARD_STATES, "S2": _CERTIFICATE_STATES, "S5": _CERTIFICATE_STATES, "S8": _OPEN_ORDER_STATES,
    "S9": _STOCK_STATES, "H1": _ORDER_STATES,
}  # fmt: skip


def states_of(kind: ReportKind) -> tuple[str, ...]:
    """Return the states that a report tells of, in the order in which they come."""
    return _STATES.get(kind.code, ())
