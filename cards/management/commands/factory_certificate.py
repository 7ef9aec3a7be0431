"""Gets the card factory that stands here its function certificate: order files are encrypted to it."""

import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cards.manufacturing.factory_certificate import NotIssued, request_for_factory, write_when_issued
from journal.actor import Actor
from journal.errors import DomainError

WAIT_SECONDS = 60.0


class Command(BaseCommand):
    """factory_certificate: run again it changes nothing."""

    help = "Gets the simulated card factory its function certificate, from its request; needs a worker."

    def handle(self, **_options: object) -> None:
        """Request, wait and write; fails with a sentence when no certificate came."""
        file = Path(settings.SIGILL_FACTORY_CERTIFICATE)
        if file.exists():
            self.stdout.write("The card factory has its certificate.")
            return
        try:
            csr = Path(settings.SIGILL_FACTORY_REQUEST).read_bytes()
        except OSError as error:
            raise CommandError(f"no card factory has written a request here: {error.strerror}") from error
        try:
            request_id = request_for_factory(
                csr, actor=Actor.system("factory_certificate"), at=timezone.now()
            )
            deadline = time.monotonic() + WAIT_SECONDS
            while not write_when_issued(request_id, file):
                if time.monotonic() > deadline:
                    raise CommandError(f"no certificate after {WAIT_SECONDS:.0f} s: does a worker run?")
                time.sleep(0.1)
        except NotIssued as error:
            raise CommandError(f"no certificate was issued: {error}") from error
        except DomainError as error:
            raise CommandError(f"no certificate can be requested: {error}") from error
        self.stdout.write("The card factory has its certificate: order files are encrypted to it.")
