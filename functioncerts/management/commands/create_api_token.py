"""Makes an API token for a role that somebody holds, and shows it this once."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from functioncerts.errors import TokenNotGranted
from functioncerts.models import TokenScope
from functioncerts.receipts import ACCEPTED, TEXT, VERSION
from functioncerts.token_models import DEFAULT_SCOPES
from functioncerts.tokens import create_token
from journal.actor import Actor


class Command(BaseCommand):
    """create_api_token --hsa-id HSA-ID --role ROLE."""

    help = "Makes an API token bound to an employment in a role; prints it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the employment and the role."""
        parser.add_argument("--hsa-id", required=True)
        parser.add_argument("--role", required=True, help="for example function_cert_orderer")
        parser.add_argument(
            "--scope",
            action="append",
            choices=[one.value for one in TokenScope],
            help="what it may be used for, repeated; read, order and revoke if left out",
        )
        parser.add_argument("--label", default="", help="what it is for, as lists of tokens show it")
        parser.add_argument(
            "--receipt-per-order",
            action="store_true",
            help="do not accept the receipt now for all that is ordered with it, but order by order",
        )
        parser.add_argument("--only-token", action="store_true", help="print nothing but the token")

    def handle(
        self,
        *,
        hsa_id: str,
        role: str,
        scope: list[str] | None,
        label: str,
        receipt_per_order: bool,
        only_token: bool,
        **_options: object,
    ) -> None:
        """Make the token and print it."""
        try:
            created = create_token(
                hsa_id=hsa_id,
                role=role.lower(),
                scopes=[TokenScope(one) for one in scope or DEFAULT_SCOPES],
                label=label,
                receipt=None if receipt_per_order else ACCEPTED,
                actor=Actor.operator("create_api_token"),
                at=timezone.now(),
            )
        except TokenNotGranted as error:
            raise CommandError(f"{hsa_id} does not hold the role {role} now: no token was made.") from error
        if only_token:
            self.stdout.write(created.text)
            return
        self.stdout.write(
            f"Token for {hsa_id} as {created.api_token.role}, "
            f"for {', '.join(created.api_token.scopes)}, good until {created.api_token.expires_at:%Y-%m-%d}.",
        )
        if not receipt_per_order:
            self.stdout.write(
                f"Who uses it accepts receipt {VERSION} for all that is ordered with it:\n{TEXT}"
            )
        self.stdout.write(
            f"It is shown only now:\n{created.text}",
        )
