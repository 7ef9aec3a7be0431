"""Holds key ceremonies: ``manage.py key_ceremony`` the first one, with ``--script FILE`` each after it.

Each is held once; an interrupted one goes on where it stopped when the same command is run again.
"""

from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ca.ceremony.ceremony import People, hold_ceremony
from ca.ceremony.ceremony import Progress as Step
from ca.ceremony.holding import hold_script
from ca.ceremony.planning import plan_ceremony
from ca.ceremony.proposal import propose as register
from ca.ceremony.recorded import protocol_file
from ca.ceremony.script import Script, read_script
from ca.ceremony.signers import ceremony_keys
from ca.ceremony.telling import tell
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


_ENVIRONMENTS: Final = {**{one.value.lower(): (one,) for one in Environment}, "both": tuple(Environment)}


class Command(BaseCommand):
    """Make the keys of the hierarchy and everything that must be there before the first certificate."""

    help = (
        "Make root, issuers, OCSP signers, audit and seal keys; first CRLs; chain; protocol. Names given "
        "here prove nothing: they stand in the protocol, for the people to sign it. A later ceremony "
        "(--script) takes two people who approve it logged in to the portal."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names of those present, for the protocol."""
        parser.add_argument(
            "--environment",
            choices=[*_ENVIRONMENTS],
            default=Environment.PROD.value.lower(),
            help="whose hierarchy: prod, qa for test cards and test function certificates, or both",
        )
        parser.add_argument("--officer", default="", help="who leads the ceremony; as typed")
        parser.add_argument(
            "--witness", action="append", default=[], help="who watches; as typed; may be given again"
        )
        parser.add_argument("--script", type=Path, metavar="FILE", help="a later ceremony, from a file")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--dry-run", action="store_true", help="say what the script would do; change nothing"
        )
        what.add_argument("--propose", action="store_true", help="let two people approve it in the portal")

    def handle(
        self,
        *_: object,
        environment: str,
        officer: str,
        witness: list[str],
        script: Path | None,
        dry_run: bool,
        propose: bool,
        **__: object,
    ) -> None:
        """Hold the ceremony, show how far it has come, and say what was made."""
        if script is None:
            if dry_run or propose:
                raise CommandError("--dry-run and --propose are for ceremonies with --script FILE")
            for one in _ENVIRONMENTS[environment]:
                self._hold_first(one, officer, witness)
            return
        if officer or witness:
            raise CommandError(
                "officer and witness of a later ceremony are the two who approved it in the portal"
            )
        try:
            self._run_script(read_script(script.read_bytes()), is_dry=dry_run, is_proposal=propose)
        except OSError as error:
            raise CommandError(f"the script cannot be read: {error}") from error
        except (DomainError, PkiError) as error:
            raise CommandError(str(error)) from error

    def _run_script(self, script: Script, *, is_dry: bool, is_proposal: bool) -> None:
        if is_dry or is_proposal:
            planned = plan_ceremony(script, at=timezone.now())
            self.stdout.write("\n".join(tell(planned)))
            if is_dry:
                self.stdout.write("Nothing was changed.")
                return
            plan = register(planned, actor=Actor.system("key_ceremony"), at=timezone.now())
            self.stdout.write(
                f"Proposed as {plan.pk}: two different people of the central administration approve it in "
                "the portal (Issuers and ceremonies), then run the command without --propose."
            )
            return
        configuration = token_configuration()
        with ceremony_keys(configuration) as hold:
            held = hold_script(
                script,
                hold=hold,
                configuration=configuration,
                actor=Actor.system("key_ceremony"),
                clock=timezone.now,
                watch=self.stdout.write,
            )
        self.stdout.write(
            f"Held: {held.title}. Protocol: {settings.SIGILL_HOME.name}/ceremony/protocols/"
            f"{held.protocol_name}.pdf and .json, SHA-256 {held.protocol_sha256}"
        )

    def _hold_first(self, wanted: Environment, officer: str, witness: list[str]) -> None:
        console = Console()
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
