"""Holds the key ceremony: ``manage.py key_ceremony``. Once; an interrupted one goes on where it stopped."""

from typing import Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ca.ceremony.ceremony import People, hold_ceremony
from ca.ceremony.ceremony import Progress as Step
from ca.ceremony.recorded import protocol_file
from ca.environments import Environment
from ca.hsm.installation import token_configuration
from ca.pki.errors import PkiError
from journal.actor import Actor
from journal.errors import DomainError

_STEPS: Final = {
    "token": "token",
    "keys": "keys",
    "certificates": "certificates",
    "crls": "first CRLs",
    "publish": "published files",
    "protocol": "protocol",
}


class Command(BaseCommand):
    """Make the keys of the hierarchy and everything that must be there before the first certificate."""

    help = "Make root, issuers, OCSP signers, audit and seal keys; first CRLs; chain; protocol."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names of those present, for the protocol."""
        parser.add_argument(
            "--environment",
            choices=[one.value.lower() for one in Environment],
            default=Environment.PROD.value.lower(),
            help="whose hierarchy: prod, or qa for test cards and test function certificates",
        )
        parser.add_argument("--officer", default="", help="who leads the ceremony")
        parser.add_argument("--witness", action="append", default=[], help="who watches; may be given again")

    def handle(self, *_: object, environment: str, officer: str, witness: list[str], **__: object) -> None:
        """Hold the ceremony, show how far it has come, and say what was made."""
        console = Console()
        wanted = Environment(environment.upper())
        columns = (
            TextColumn("{task.description:<16}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, TextColumn("{task.fields[what]}"), console=console) as shown:
            tasks: dict[str, TaskID] = {}

            def watch(step: Step) -> None:
                if step.step not in tasks:
                    tasks[step.step] = shown.add_task(_STEPS[step.step], total=step.total, what="")
                shown.update(tasks[step.step], completed=step.done, total=step.total, what=step.what)

            try:
                protocol = hold_ceremony(
                    configuration=token_configuration(),
                    people=People(officer=officer, witnesses=tuple(witness)),
                    actor=Actor.system("key_ceremony"),
                    clock=timezone.now,
                    watch=watch,
                    environment=wanted,
                )
            except (DomainError, PkiError) as error:
                raise CommandError(str(error)) from error
        root = protocol.certificates[0]
        self.stdout.write(
            f"The {protocol.hierarchy} hierarchy of {wanted.value} is made: {len(protocol.keys)} keys, "
            f"{len(protocol.certificates)} certificates, {len(protocol.crls)} CRLs.\n"
            f"Root certificate SHA-256 {root.sha256}\n"
            f"Protocol: {protocol_file(wanted).parent.relative_to(settings.SIGILL_HOME.parent)}"
            "/protocol.pdf and protocol.json"
        )
