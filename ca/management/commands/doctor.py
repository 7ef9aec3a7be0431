"""Looks at everything that the CA needs and says what is wrong: ``manage.py doctor``."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ca.health import examine
from ca.hsm.installation import token_configuration

_MARKS = {True: "ok   ", False: "WRONG", None: "note "}


class Command(BaseCommand):
    """Examine policy, database, keys, copies, clock, CRLs, published files, ledger and waiting requests."""

    requires_system_checks = ()  # what they refuse is said here, as one thing among the others
    help = "Examine this installation; exit status 1 when something is wrong."

    def handle(self, *_: object, **__: object) -> None:
        """Say one line for each thing looked at."""
        wrong = 0
        for check in examine(token_configuration(), at=timezone.now()):
            self.stdout.write(f"{_MARKS[check.is_right]} {check.what}: {check.said}")
            wrong += check.is_right is False
        if wrong:
            raise CommandError(f"{wrong} things are wrong")
        self.stdout.write("nothing is wrong")
