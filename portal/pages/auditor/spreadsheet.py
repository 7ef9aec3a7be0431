"""The lines of an exported table: UTF-8 with a mark, semicolons, and no cell that a spreadsheet computes."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _

from journal.actor import Actor
from portal.pages.auditor.known import Known, Told, is_own
from portal.pages.auditor.telling import actor_name, exact, name_of, role_name, sentence
from reports.cells import inert

_MARK: Final = "\ufeff"


def heading() -> str:
    """Return the first line, with the mark that tells a spreadsheet that this is UTF-8."""
    return _MARK + _line(
        (
            _("Row"),
            _("When"),
            _("Event"),
            _("What happened"),
            _("Who"),
            _("HSA-id or name"),
            _("Role"),
            _("Assurance level"),
            _("Person"),
            _("Card number"),
            _("Serial number"),
            _("Organization"),
            _("Type"),
            _("Leaf hash"),
        )
    )


def line(told: Told, *, position: int, leaf: str, is_hidden: bool, known: Known, reader: Actor) -> str:
    """Return an event as a line; a hidden one tells when and what, and nothing of whom."""
    is_named = is_own(told.acted, reader) and str(told.acted.get("person", "")) not in known.protected
    person = told.text("person_id")
    return _line(
        (
            str(position),
            exact(told.entry.at.isoformat()),
            str(name_of(told.entry.type)),
            _("Content hidden: protected personal data")
            if is_hidden
            else sentence(told, known=known, reader=reader),
            actor_name(told, known=known, reader=reader),
            str(told.acted.get("identifier", "")) if is_named else "",
            str(role_name(told)),
            str(told.acted.get("loa", "") or ""),
            known.person(person) if person else "",
            "" if is_hidden else known.card_number(told.text("card_id")),
            "" if is_hidden else told.text("serial") or known.serials.get(told.text("certificate_id"), ""),
            known.organizations.get(told.text("organization_id"), ""),
            told.entry.type,
            leaf,
        )
    )


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerow([defused(cell) for cell in cells])
    return buffer.getvalue()


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return inert(cell.replace("\u2060", ""))
