"""Registers or closes a service that may ask for logins, where no central administrator has a browser yet."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from authn.errors import InvalidParameters
from authn.evidence import Flow, Purpose
from authn.relying_parties import Registration, close, register
from journal.actor import Actor

_ACTOR = Actor.operator("relying_party")


class Command(BaseCommand):
    """relying_party HSA-ID --name NAME --origin ORIGIN, or relying_party HSA-ID --close."""

    help = "Registers the service whose function certificate names this HSA-id, or closes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the service, what people are shown, and where browsers may return to."""
        parser.add_argument("hsa_id", metavar="HSA-ID")
        parser.add_argument("--name", default="", help="what people are shown")
        parser.add_argument("--origin", action="append", default=[], help="https://host of return addresses")
        parser.add_argument(
            "--mtls", action="store_true", help="people may show a certificate by two-way TLS"
        )
        parser.add_argument("--close", action="store_true", help="it may ask nobody any more")

    def handle(
        self, *, hsa_id: str, name: str, origin: list[str], mtls: bool, close: bool, **_options: object
    ) -> None:
        """Do it, or say why not."""
        if hsa_id == settings.SIGILL_RP_ID:
            raise CommandError("that is this portal itself.")
        if close:
            self._close(hsa_id)
            return
        if not name.strip() or not origin:
            raise CommandError("give --name and at least one --origin.")
        registration = Registration(
            rp_id=hsa_id,
            name_sv=name.strip(),
            name_en=name.strip(),
            return_origins=tuple(origin),
            flows=tuple(Flow),
            purposes=(Purpose.AUTH, Purpose.SIGN),
            allows_mtls=mtls,
        )
        try:
            register(registration, actor=_ACTOR, at=timezone.now())
        except InvalidParameters as error:
            raise CommandError(f"{error}.") from error
        self.stdout.write(
            f"{hsa_id} may ask people to identify themselves to {name.strip()}"
            f"{', also by two-way TLS' if mtls else ', not by two-way TLS'}.\n"
            f"nginx passes its requests to {settings.SIGILL_NGINX_SOCKETS / 'rp.sock'}"
        )

    def _close(self, hsa_id: str) -> None:
        if not close(hsa_id, actor=_ACTOR, at=timezone.now()):
            raise CommandError("no such service is registered.")
        self.stdout.write(f"{hsa_id} may ask nobody any more.")
