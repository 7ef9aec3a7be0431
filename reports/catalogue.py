"""Which reports there are: their codes, names and columns (domain.md chapter 6)."""

from dataclasses import dataclass
from enum import StrEnum

from reports.errors import UnknownReport


class ReportNature(StrEnum):
    """A status report tells how things stand at a moment, an event report what happened until then."""

    STATUS = "status"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKind:
    """A report: its code, its nature, its name and its columns, each in Swedish and English."""

    code: str
    nature: ReportNature
    name: tuple[str, str]
    columns: tuple[tuple[str, str], ...]


_CATALOGUE = (
    ReportKind(
        code="S1",
        nature=ReportNature.STATUS,
        name=("Kort", "Cards"),
        columns=(
            ("Kortnummer", "Card number"), ("Produkt", "Product"), ("Läge", "State"),
            ("Beställt", "Ordered"), ("Skickat", "Shipped"), ("Aktiverat", "Activated"),
            ("Spärrat", "Blocked"), ("Giltigt t.o.m.", "Valid until"), ("HSA-id", "HSA-id"),
            ("Organisation", "Organization"), ("Miljö", "Environment"),
        ),
    ),
    ReportKind(
        code="S2",
        nature=ReportNature.STATUS,
        name=("SITHS eID, certifikat", "Person certificates"),
        columns=(
            ("Serienummer", "Serial number"), ("Utfärdare", "Issuer"), ("Profil", "Profile"),
            ("Giltigt fr.o.m.", "Valid from"), ("Giltigt t.o.m.", "Valid until"), ("Läge", "State"),
            ("Organisation", "Organization"), ("Miljö", "Environment"),
        ),
    ),
    ReportKind(
        code="S3",
        nature=ReportNature.STATUS,
        name=("Kort som inte aktiverats", "Cards not activated"),
        columns=(
            ("Kortnummer", "Card number"), ("Produkt", "Product"), ("Skickat", "Shipped"),
            ("Dagar sedan skickat", "Days since shipped"), ("HSA-id", "HSA-id"),
            ("Organisation", "Organization"), ("Miljö", "Environment"),
        ),
    ),
    ReportKind(
        code="S5",
        nature=ReportNature.STATUS,
        name=("Funktionscertifikat", "Function certificates"),
        columns=(
            ("Serienummer", "Serial number"), ("Ämne", "Subject"), ("Profil", "Profile"),
            ("Giltigt t.o.m.", "Valid until"), ("Läge", "State"), ("Organisation", "Organization"),
            ("Miljö", "Environment"),
        ),
    ),
    ReportKind(
        code="H1",
        nature=ReportNature.EVENT,
        name=("Beställningar", "Orders"),
        columns=(
            ("Beställt", "Placed"), ("Produkt", "Product"), ("HSA-id", "HSA-id"),
            ("Beställd av", "Placed by"), ("Läge", "State"), ("Organisation", "Organization"),
            ("Miljö", "Environment"),
        ),
    ),
    ReportKind(
        code="H2",
        nature=ReportNature.EVENT,
        name=("Aktiveringar", "Activations"),
        columns=(
            ("Aktiverat", "Activated"), ("Kortnummer", "Card number"), ("HSA-id", "HSA-id"),
            ("Utfört av", "Done by"), ("Organisation", "Organization"), ("Miljö", "Environment"),
        ),
    ),
    ReportKind(
        code="H3",
        nature=ReportNature.EVENT,
        name=("Spärrar", "Blocks"),
        columns=(
            ("Begärt", "Requested"), ("Utfört", "Done"), ("Orsak", "Reason"),
            ("Kortnummer", "Card number"), ("HSA-id", "HSA-id"), ("Utfört av", "Done by"),
            ("Organisation", "Organization"), ("Miljö", "Environment"),
        ),
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
