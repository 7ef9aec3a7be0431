"""Makes or revokes an external account key, with which ACME clients open accounts for a function object."""

from argparse import ArgumentParser
from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from functioncerts.acme.errors import ExternalKeyNotFound
from functioncerts.acme.external_keys import LIFETIME, create_external_key, revoke_external_key
from functioncerts.errors import FunctionObjectNotFound, Refused
from functioncerts.receipts import TEXT, VERSION
from journal.actor import Actor

_ACTOR = Actor.operator("acme_key")


class Command(BaseCommand):
    """acme_key --function-object HSA-ID, or acme_key --revoke KEY-ID."""

    help = "Makes an external account key for a function object and prints it once; or revokes one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the function object, or the key that is taken back."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--function-object", metavar="HSA-ID")
        what.add_argument("--revoke", metavar="KEY-ID", help="revoke this key and every account it opened")
        parser.add_argument(
            "--days", type=int, default=LIFETIME.days, help="for so long accounts may be opened with it"
        )
        parser.add_argument("--only-key", action="store_true", help="print nothing but key id and HMAC key")

    def handle(
        self,
        *,
        function_object: str | None,
        revoke: str | None,
        days: int,
        only_key: bool,
        **_options: object,
    ) -> None:
        """Do it, or say why not."""
        try:
            if function_object:
                self._create(function_object, timedelta(days=days), only_key=only_key)
                return
            revoke_external_key(external_key_id=str(revoke), actor=_ACTOR, at=timezone.now())
        except (ExternalKeyNotFound, FunctionObjectNotFound) as error:
            raise CommandError(f"there is no {error}.") from error
        except Refused as error:
            raise CommandError(f"refused: {error.refusal.code}.") from error
        self.stdout.write(f"{revoke} is revoked, and every account that it opened.")

    def _create(self, hsa_id: str, lifetime: timedelta, *, only_key: bool) -> None:
        created = create_external_key(hsa_id=hsa_id, lifetime=lifetime, actor=_ACTOR, at=timezone.now())
        if only_key:
            self.stdout.write(f"{created.key_id} {created.hmac_key}")
            return
        self.stdout.write(
            f"External account key for {hsa_id}; accounts may be opened with it until "
            f"{created.external_key.expires_at:%Y-%m-%d}. The HMAC key is shown only now:\n"
            f"  directory  {settings.SIGILL_ACME_URL}/directory\n"
            f"  key id     {created.key_id}\n"
            f"  HMAC key   {created.hmac_key}\n"
            f"Who made it accepts receipt {VERSION} for every certificate fetched with it:\n{TEXT}"
        )
