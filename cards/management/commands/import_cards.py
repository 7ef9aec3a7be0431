"""Takes over cards from the system before this one: ``manage.py import_cards FILE``."""

import csv
from argparse import ArgumentParser
from datetime import date
from itertools import groupby
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cards.errors import CardsError
from cards.importing import ForeignFacts, OldCard, import_card
from cards.states import CardState
from journal.actor import Actor

COLUMNS = (
    "hsa_id",
    "card_number",
    "product_code",
    "loa",
    "issued_on",
    "valid_until",
    "foreign_issuer",
    "foreign_serial",
)
ACTIVATED_ON = "activated_on"


class Command(BaseCommand):
    """One line of CSV for a card; a line more for each further certificate of another issuer on it.

    With the column ``activated_on`` a card whose day is empty was never activated: it is blocked (POR-5).
    """

    help = (
        f"Imports cards from CSV with the columns {', '.join(COLUMNS)}; with {ACTIVATED_ON} after them, cards"
        " without that day were never activated and are blocked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_options: object) -> None:
        """Import every card, and say how many there were; nothing is imported twice."""
        try:
            with file.open(encoding="utf-8", newline="") as lines:
                reader = csv.DictReader(lines)
                if tuple(reader.fieldnames or ()) not in {COLUMNS, (*COLUMNS, ACTIVATED_ON)}:
                    raise CommandError(
                        f"{file.name}: the columns must be {', '.join(COLUMNS)}; then {ACTIVATED_ON}, if not"
                        " all cards were activated"
                    )
                rows = list(reader)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        actor, at = Actor.system("import_cards"), timezone.now()
        count = blocked = 0
        for number, group in groupby(rows, key=lambda row: row["card_number"]):
            try:
                card = import_card(_old_card(list(group)), actor=actor, at=at)
            except (CardsError, ValueError, KeyError) as error:
                raise CommandError(
                    f"{file.name}, card {number}: {error}; {count} before it are in"
                ) from error
            count += 1
            blocked += card.state == CardState.BLOCKED.value
        self.stdout.write(
            f"{count - blocked} cards are in use here; whoever logs in with one needs certificates of ours."
        )
        if blocked:
            self.stdout.write(f"{blocked} cards are blocked, with their place in the record.")


def _old_card(rows: list[dict[str, str]]) -> OldCard:
    first = rows[0]
    # A line cut short must not read as a card that nobody activated: its block could not be undone.
    if any(value is None for row in rows for value in row.values()):
        raise ValueError("a column is missing in one of its lines")
    if len({row.get(ACTIVATED_ON) for row in rows}) > 1:
        raise ValueError(f"its lines do not agree on {ACTIVATED_ON}")
    if activated_on := first.get(ACTIVATED_ON, first["issued_on"]):
        date.fromisoformat(activated_on)  # a word in this column is no day on which a card was activated
    return OldCard(
        hsa_id=first["hsa_id"],
        card_number=first["card_number"],
        product_code=first["product_code"],
        loa=int(first["loa"]),
        issued_on=date.fromisoformat(first["issued_on"]),
        valid_until=date.fromisoformat(first["valid_until"]),
        is_activated=bool(activated_on),
        foreign=tuple(
            ForeignFacts(issuer_name=row["foreign_issuer"], serial_hex=row["foreign_serial"].lower())
            for row in rows
            if row["foreign_issuer"]
        ),
    )
