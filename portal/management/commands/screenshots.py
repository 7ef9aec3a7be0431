"""manage.py screenshots: a picture of each page of a running demo, for the documentation."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Goes through a running demo with a browser and writes PNG files."""

    help = "Take a picture of each page of the running demo."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where the pictures go, and who gets a card on the way."""
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "docs" / "screenshots")
        parser.add_argument("--holder", default="", help="personal number of somebody without a card")

    def handle(self, *, out: Path, holder: str, **_options: object) -> None:
        """Take the pictures; a plain sentence when the demo is not there."""
        if not (settings.SIGILL_HOME / "demo.json").exists():
            raise CommandError("There is no demo.json: run make demo first, and leave it running.")
        # Playwright is a tool of developers: only this command needs it.
        from portal.screenshots import take_all  # noqa: PLC0415

        more = {"holder": holder} if holder else {}
        take_all(home=settings.SIGILL_HOME, folder=out, say=self.stdout.write, **more)
