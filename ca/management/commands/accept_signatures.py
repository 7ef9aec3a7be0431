"""Accepts signatures and logins that no row tells of, once their cause is found."""

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ca.hsm.installation import token_configuration
from ca.hsm.login_count import accept_logins
from ca.signature_counts import accept_differences
from journal.actor import Actor

_REASONS = ("restored", "maintenance", "migration", "test")


class Command(BaseCommand):
    """Put the present difference into the journal; the doctor counts from there."""

    help = "Accept what the doctor says of signatures and logins; each key's figure goes into the journal."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the reason."""
        parser.add_argument("--reason", required=True, choices=_REASONS)

    def handle(self, *_: object, reason: str, **__: object) -> None:
        """Accept, and say how many."""
        signatures = accept_differences(
            reason=reason, actor=Actor.system("accept_signatures"), at=timezone.now(), is_set_back=True
        )
        logins = accept_logins(token_configuration())
        self.stdout.write(f"{signatures} signatures and {logins} logins are accepted.")
