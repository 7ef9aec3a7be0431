"""Reads a register: ``manage.py sync hsa`` or ``manage.py sync pu``."""

from argparse import ArgumentParser
from dataclasses import replace
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from directory import configuration
from directory.hsa_sync import sync_hsa
from directory.models import SyncRun, SyncState
from directory.pu_sync import sync_pu
from journal.actor import Actor

_SYNCS = {"hsa": sync_hsa, "pu": sync_pu}


class Command(BaseCommand):
    """Read HSA or PU, showing progress, and say what came of it."""

    help = "Read everybody from HSA (organizations too, one at a time) or PU (500 at a time)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the register, and the pause between HSA calls."""
        parser.add_argument("register", choices=sorted(_SYNCS))
        parser.add_argument(
            "--pause-milliseconds", type=int, help="between HSA calls; their batch rule asks for 50"
        )

    def handle(self, *, register: str, pause_milliseconds: int | None, **_options: object) -> None:
        """Run it. Fails with a sentence when the register could not be read whole."""
        rules = configuration.sync_rules()
        if pause_milliseconds is not None:
            rules = replace(rules, pause=timedelta(milliseconds=pause_milliseconds))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as shown:
            task = shown.add_task(f"Reading {register.upper()}", total=None)
            run = _SYNCS[register](
                actor=Actor.system(f"directory.sync_{register}"),
                at=timezone.now(),
                rules=rules,
                progress=lambda done, total: shown.update(task, completed=done, total=total),
            )
        self._tell(run)

    def _tell(self, run: SyncRun) -> None:
        name = run.register.upper()
        self.stdout.write(
            f"{name}: {run.read} of {run.asked} read, {run.imported} new, {run.changed} changed, "
            f"{run.absent} not known there."
        )
        if run.failure and run.state == SyncState.COMPLETE.value:
            self.stdout.write(f"PU did not answer about the new people ({run.failure}): run sync pu.")
        if run.state == SyncState.QUARANTINED.value:
            raise CommandError(
                f"{name}: {run.held} people would be affected, more than one run may; "
                "nothing of that was done. Somebody decides about it on the page Registers."
            )
        if run.state != SyncState.COMPLETE.value:
            raise CommandError(f"{name} could not be read whole ({run.failure}); nobody was marked missing.")
