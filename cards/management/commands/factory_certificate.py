"""Gets the card factory that stands here its function certificate: order files are encrypted to it."""

import time
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cards.manufacturing.factory_certificate import (
    NotIssued,
    lasting_until,
    present,
    request_for_factory,
    write_when_issued,
)
from journal.actor import Actor
from journal.errors import DomainError

WAIT_SECONDS = 60.0


class Command(BaseCommand):
    """factory_certificate [--renew]: run again it changes nothing until the certificate nears its end."""

    help = "Gets the simulated card factory its certificate, from its request, or the next; needs a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to renew one that is good for long."""
        parser.add_argument("--renew", action="store_true", help="although the present one lasts")

    def handle(self, *, renew: bool, **_options: object) -> None:
        """Request, wait and write; fails with a sentence when no certificate came."""
        file = Path(settings.SIGILL_FACTORY_CERTIFICATE)
        now = timezone.now()
        ends = lasting_until(file, at=now)
        if ends is not None and not renew:
            self.stdout.write(f"The card factory has its certificate, until {ends:%Y-%m-%d}.")
            return
        after = next((f"{one.serial_number:x}" for one in present(file)), "")
        try:
            csr = Path(settings.SIGILL_FACTORY_REQUEST).read_bytes()
        except OSError as error:
            raise CommandError(f"no card factory has written a request here: {error.strerror}") from error
        try:
            request_id = request_for_factory(
                csr, after=after, actor=Actor.system("factory_certificate"), at=now
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
