"""Writes what the operator bills for cards: one line for each organization and product of a month."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cards.manufacturing.billing import as_csv, billing_basis


class Command(BaseCommand):
    """billing_basis YYYY-MM --out FILE: the cards that were dispatched in the month, as CSV."""

    help = "Writes how many cards were dispatched in a month, by organization and product, as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the month and the file."""
        parser.add_argument("month", help="as 2026-11")
        parser.add_argument("--out", required=True)

    def handle(self, *, month: str, out: str, **_options: object) -> None:
        """Write the file; fails with a sentence for what is no month."""
        try:
            day = date.fromisoformat(f"{month}-01")
        except ValueError as error:
            raise CommandError(f"{month} is no month: write it as 2026-11") from error
        lines = billing_basis(day)
        Path(out).write_text("\ufeff" + as_csv(lines), encoding="utf-8")
        self.stdout.write(f"{sum(line.cards for line in lines)} cards in {len(lines)} lines: {out}")
