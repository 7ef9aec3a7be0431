"""Stops the ordering of cards from an instant on, or lets it go on; blocking is never stopped (POR-16)."""

from argparse import ArgumentParser
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cards.lifecycle import resume_ordering, stop_ordering
from journal.actor import Actor


class Command(BaseCommand):
    """stop_ordering --reason TEXT [--from TIME], or stop_ordering --end."""

    help = (
        "Stops the ordering of cards from an instant on (--from, else now), or lets it go on again (--end)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say why and from when, or that it ends."""
        parser.add_argument("--reason", default="", help="shown to those who want to order")
        parser.add_argument("--from", dest="starts", default="", help="for example 2026-12-18T08:00+01:00")
        parser.add_argument("--end", action="store_true", help="let ordering go on")

    def handle(self, *, reason: str, starts: str, end: bool, **_options: object) -> None:
        """Stop or resume, and print what holds now."""
        actor, at = Actor.system("stop_ordering"), timezone.now()
        if end:
            ended = resume_ordering(actor=actor, at=at)
            self.stdout.write(
                "Ordering goes on." if ended else "Ordering was not stopped; nothing was changed."
            )
            return
        if not reason:
            raise CommandError("Say with --reason why, for those who want to order.")
        stop = stop_ordering(starts_at=_moment(starts) if starts else at, reason=reason, actor=actor, at=at)
        self.stdout.write(
            f"No cards are ordered from {timezone.localtime(stop.starts_at):%Y-%m-%d %H:%M} on."
        )


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{text} is no time; write for example 2026-12-18T08:00+01:00.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
