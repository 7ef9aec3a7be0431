"""Keeps a running installation for the tests: a child process that answers questions, one JSON line each.

Everything ends when its standard input ends, so that nothing is left behind whatever becomes of the tests.
"""

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import django
from django.core.management import call_command

from deploy.processes import Process, processes
from deploy.serve import installation
from deploy.supervisor import Supervisor
from directory.simulators.people import PACKAGED

Answer = dict[str, object]


def with_faults_on_order(process: Process) -> Process:
    """Give the signer, and nobody else, the file that says which of its HSM's calls fail."""
    if process.name != "signer":
        return process
    faults = str(Path(os.environ["SIGILL_RUN"]) / "hsm-faults")
    return replace(process, environment={**process.environment, "SIGILL_SHIM_FAULTS": faults})


def with_registers_of_its_own(process: Process, registers: Path) -> Process:
    """Let HSA and PU say what stands in a copy that a test may edit (``Installation.edit_registers``)."""
    if process.name != "registers":
        return process
    shutil.copyfile(PACKAGED, registers)
    return replace(process, arguments=(*process.arguments, "--people", str(registers)))


def prepare() -> None:
    """Make the database, the static files and the keys."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["rest_framework"])
    call_command("key_ceremony", environment="both", stdout=StringIO())


def people(first_cards: list[str]) -> list[Answer]:
    """Read the registers, give the first roles, and make cards for those named; none is activated."""
    call_command("register_certificate", stdout=StringIO())
    call_command("factory_certificate", stdout=StringIO())
    call_command("sync", "hsa", stdout=StringIO())
    call_command("sync", "pu", stdout=StringIO())
    call_command("bootstrap_roles", stdout=StringIO())
    return made_first_cards(first_cards) if first_cards else []


def made_first_cards(hsa_ids: list[str]) -> list[Answer]:
    """Return the cards made for first administrators, and where their activations start."""
    said = _said("first_card", *(f"--hsa-id={hsa_id}" for hsa_id in hsa_ids))
    return [json.loads(line) for line in said.splitlines()]


def _said(*arguments: str) -> str:
    from django.db import connection  # noqa: PLC0415 - after Django is set up

    told = StringIO()
    try:
        call_command(*arguments, stdout=told)
    finally:
        connection.close()
    return told.getvalue()


def manage(arguments: list[str]) -> Answer:
    """Run a management command in this process and return what it said, or why it failed."""
    from django.core.management import CommandError  # noqa: PLC0415 - after Django is set up

    try:
        return {"said": _said(*arguments)}
    except CommandError as error:
        return {"failed": str(error)}


def serve(supervisor: Supervisor, questions: Iterator[str], answer: Callable[[object], None]) -> None:
    """Answer questions until there are no more."""
    from django.db import connection  # noqa: PLC0415 - after Django is set up

    from tests.running import facts  # noqa: PLC0415 - after Django is set up

    for line in questions:
        question: dict[str, object] = json.loads(line)
        connection.close()  # it may have been cut in the meantime: that is one of the faults
        match question.pop("ask"):
            case "ready":
                answer(supervisor_is_ready(supervisor))
            case "manage":
                answer(manage([str(argument) for argument in question["arguments"]]))  # type: ignore[attr-defined]
            case "first_card":
                answer(made_first_cards([str(question["hsa_id"])])[0])
            case name:
                answer(getattr(facts, str(name))(**question))


def supervisor_is_ready(supervisor: Supervisor) -> list[str]:
    """Return the names of processes that are not ready now."""
    running = list(supervisor._running.values())
    return [one.process.name for one in running if one.child.poll() is not None or not one.process.is_ready()]


def main() -> int:
    """Start, say so, answer, stop."""
    out = sys.stdout
    sys.stdout = sys.stderr  # commands that print must not answer for us

    def answer(content: object) -> None:
        out.write(json.dumps(content) + "\n")
        out.flush()

    django.setup()
    prepare()
    place = installation()
    registers = place.home / "people.toml"
    started = [
        with_registers_of_its_own(with_faults_on_order(process), registers) for process in processes(place)
    ]
    supervisor = Supervisor(started, logs=place.home / "logs", run=place.run)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            supervisor.watch()

    watcher = threading.Thread(target=watch)
    try:
        supervisor.start()
        watcher.start()
        answer(people(sys.argv[1:]))
        serve(supervisor, iter(sys.stdin.readline, ""), answer)
    finally:
        ended.set()
        if watcher.ident:
            watcher.join()
        supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
