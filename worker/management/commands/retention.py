"""Says what the journal may forget by now and what is held back; with --apply it forgets and archives."""

from collections import Counter

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from journal.actor import Actor
from worker.archive import archive_segments
from worker.retention import CAP, due, erase_due, periods, terms


class Command(BaseCommand):
    """manage.py retention [--apply]."""

    help = "List whose data in the journal is due for erasure and what holds the rest back; --apply erases."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the wish to erase."""
        parser.add_argument(
            "--apply", action="store_true", help=f"destroy the keys that are due, {CAP} at most"
        )

    def handle(self, *_: object, apply: bool, **__: object) -> None:
        """List, and do what was asked for."""
        at, kept = timezone.now(), periods()
        over = due(at=at)
        held = Counter(term.held_by.value for term in terms(kept) if term.ends_at > at)
        self.stdout.write(
            f"Kept for {kept.years} years after the last certificate; of nobody known, "
            f"{kept.technical_months} months."
        )
        for term in over:
            self.stdout.write(f"due since {term.ends_at:%Y-%m-%d} ({term.held_by.value}): {term.subject}")
        for what, count in sorted(held.items()):
            self.stdout.write(f"held back by {what}: {count}")
        self.stdout.write(f"{len(over)} due, {sum(held.values())} held back.")
        if not apply:
            return
        actor = Actor.system("retention")
        erased = erase_due(actor=actor, at=at)
        archived = archive_segments(actor=actor, at=at)
        self.stdout.write(f"{erased} keys destroyed, {archived} segments archived.")
