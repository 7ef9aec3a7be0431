"""Gets this installation the function certificate by which HSA and PU know it."""

import time
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from functioncerts import register_client
from journal.actor import Actor
from journal.errors import DomainError

WAIT_SECONDS = 60.0


class Command(BaseCommand):
    """register_certificate [--renew]: run again it changes nothing until the certificate nears its end."""

    help = "Gets the function certificate that the registers know us by, or renews it; needs a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to renew one that is good for long."""
        parser.add_argument("--renew", action="store_true", help="although the present one lasts")

    def handle(self, *, renew: bool, **_options: object) -> None:
        """Request, wait and write; fails with a sentence when no certificate came."""
        file = Path(settings.SIGILL_REGISTER_CERTIFICATE)
        now = timezone.now()
        ends = register_client.valid_until(file)
        if ends is not None and ends - now > register_client.RENEWED_WITHIN and not renew:
            self.stdout.write(f"The registers know us until {ends:%Y-%m-%d}.")
            return
        try:
            asked = register_client.request(actor=Actor.system("register_certificate"), at=now)
            self._await(asked, file)
        except register_client.NotIssued as error:
            raise CommandError(f"no certificate was issued: {error}") from error
        except DomainError as error:
            raise CommandError(f"no certificate can be requested: {error}") from error
        self.stdout.write(
            f"The registers know us until {register_client.valid_until(file):%Y-%m-%d}. "
            "Where a register keeps a list of callers, tell it of the new certificate."
        )

    def _await(self, asked: register_client.RegisterRequest, file: Path) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not register_client.settle(asked, file):
            if time.monotonic() > deadline:
                raise CommandError(f"no certificate after {WAIT_SECONDS:.0f} s: does a worker run?")
            time.sleep(0.1)
