"""Looks at everything that the installation needs and says what is wrong: ``manage.py doctor``."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ca.hsm.installation import token_configuration
from worker.health import examine

_MARKS = {True: "ok   ", False: "WRONG", None: "note "}


class Command(BaseCommand):
    """Examine ground, keys, clock, lists, files, ledger, signatures, OCSP and journal; say how to mend."""

    requires_system_checks = ()  # what they refuse is said here, as one thing among the others
    help = "Examine this installation; exit status 1 when something is wrong."

    def handle(self, *_: object, **__: object) -> None:
        """Say one line for each thing looked at, and below what is wrong how to mend it."""
        wrong = 0
        for check in examine(token_configuration(), at=timezone.now()):
            self.stdout.write(f"{_MARKS[check.is_right]} {check.what}: {check.said}")
            if check.remedy and check.is_right is not True:
                self.stdout.write(f"      -> {check.remedy}")
            wrong += check.is_right is False
        if wrong:
            raise CommandError(f"{wrong} things are wrong" if wrong > 1 else "1 thing is wrong")
        self.stdout.write("nothing is wrong")
