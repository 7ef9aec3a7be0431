"""Adds to the revocation ledger what is revoked in the database and not in it."""

from django.core.management.base import BaseCommand, CommandError

from ca.errors import LedgerDamaged
from ca.ledger_replay import append_missing
from ca.models import Certificate, Issuer


class Command(BaseCommand):
    """Make the ledger whole again after it was lost; the worker does the same with each list it signs."""

    help = "Append revocations that the ledger lacks; exit status 1 when it is damaged."

    def handle(self, *_: object, **__: object) -> None:
        """Append, and say how many."""
        added = 0
        try:
            for issuer in Issuer.objects.values_list("key", flat=True):
                revoked = Certificate.objects.filter(issuer_id=issuer, revoked_at__isnull=False)
                added += append_missing(issuer, list(revoked.values_list("serial_hex", flat=True)))
        except (LedgerDamaged, OSError) as error:
            raise CommandError(
                f"the ledger cannot be completed: {error}; manage.py doctor says more"
            ) from error
        self.stdout.write(f"{added} revocations were added to the ledger.")
