"""A running installation as the tests see it: where it is, how to ask it, how to hurt it."""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests

from client import flows
from client.configuration import Configuration
from deploy.demo.cast import FIRST_CARDS, Member
from deploy.free_ports import free_ports
from deploy.private_services import Broker, rabbitmq
from hsm_sim.build import build

REPOSITORY = Path(__file__).resolve().parents[2]
ACME_PORTS = ("ACME_TLS", "ACME_DNS", "ACME_HTTP")
PATIENCE = 120.0
"""Seconds after which what must come is held to be lost: a deadline for failing, never a pause."""
WITH_BROKER = bool(os.environ.get("SIGILL_TEST_BROKER_URL"))
"""Whether consumers and beat are processes of their own; without a broker they are part of the worker."""

Value = TypeVar("Value")


class NeverCame(AssertionError):
    """What must come did not come in time; the message says what was there instead."""


def eventually(look: Callable[[], Value], *, within: float = PATIENCE, why: str = "") -> Value:
    """Look again and again until there is something true, and return it. Raises ``NeverCame``."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NeverCame(f"{why or look.__name__}: still {found!r} after {within:.0f} s")
        time.sleep(0.05)


@dataclass(slots=True)
class Installation:
    """One installation on this machine.

    ``cards`` is the card number of each member of the cast by HSA-id, ``database`` its URL where it is a
    PostgreSQL's, ``broker`` its own RabbitMQ where it has one.
    """

    home: Path
    run: Path
    ports: dict[str, int]
    keeper: subprocess.Popen[str]
    database: str
    broker: Broker | None = None
    cards: dict[str, str] = field(default_factory=dict)

    # --- where it is ------------------------------------------------------------------------------

    @property
    def portal(self) -> str:
        return f"http://127.0.0.1:{self.ports['PORTAL']}"

    @property
    def status(self) -> str:
        return f"http://127.0.0.1:{self.ports['STATUS']}"

    @property
    def client(self) -> str:
        return f"http://127.0.0.1:{self.ports['CLIENT']}"

    @property
    def configuration(self) -> Configuration:
        """Return a card client of this installation; explicit, so that no environment plays in."""
        return Configuration(
            phones=self.home / "phones",
            module=build(),
            cards=self.home / "cards",
            readers=self.home / "cards" / "readers",
            server=f"{self.portal}/c/v1/",
            spki_pins=frozenset(),
            certificate_authorities=None,
            page_port=self.ports["CLIENT"],
            is_test=True,
        )

    # --- what it says -----------------------------------------------------------------------------

    def ask(self, name: str, **arguments: object) -> Any:
        """Ask the keeper; see ``tests.running.facts`` for what it knows."""
        assert self.keeper.stdin
        assert self.keeper.stdout
        self.keeper.stdin.write(json.dumps({"ask": name, **arguments}) + "\n")
        self.keeper.stdin.flush()
        line = self.keeper.stdout.readline()
        assert line, f"the keeper ended: see {self.home / 'logs' / 'keeper.log'}"
        return json.loads(line)

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it said; a failed command fails the test."""
        answer = self.ask("manage", arguments=arguments)
        assert "said" in answer, answer
        return str(answer["said"])

    def member_card(self, member: Member) -> str:
        """Return the number of a member's active card."""
        return self.cards[member.hsa_id]

    # --- what is done to it -----------------------------------------------------------------------

    def pid(self, process: str) -> int:
        """Return the process id of a supervised process."""
        return int((self.run / f"{process}.pid").read_text())

    def kill(self, process: str) -> None:
        """End a process with SIGKILL, at once; the supervisor starts it again."""
        with suppress(ProcessLookupError):  # it is being started again already
            os.kill(self.pid(process), signal.SIGKILL)

    def kill_portal_workers(self) -> None:
        """End every worker of gunicorn with SIGKILL and leave the master alone."""
        with suppress(OSError, ValueError):
            master = self.pid("portal")
            children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)

    @contextmanager
    def stopped(self, process: str) -> Iterator[None]:
        """Hold a process with SIGSTOP for the length of the block: hung, not gone."""
        pid = self.pid(process)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def connections_cut(self) -> Iterator[None]:
        """Let PostgreSQL end all connections of the installation again and again within the block."""
        ended = threading.Event()

        def cut() -> None:
            with psycopg.connect(self.database, autocommit=True) as connection:
                # Pauses of all lengths: each thing that waits for the database meets a cut, and gets through.
                for pause in itertools.cycle((0.05, 0.2, 0.8, 2.0)):
                    if ended.wait(pause):
                        return
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )

        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            yield
        finally:
            ended.set()
            cutter.join()

    def order_hsm_faults(self, *lines: str) -> None:
        """Write which calls of the signer's HSM fail from now on (``hsm_sim/pkcs11/faults.c``)."""
        draft = self.run / "hsm-faults.draft"
        draft.write_text("".join(f"{line}\n" for line in lines))
        draft.replace(self.run / "hsm-faults")

    def hsm_faults_that_happened(self) -> list[str]:
        """Return the faults that fired since they were last ordered."""
        with suppress(FileNotFoundError):
            return (self.run / "hsm-faults.fired").read_text().splitlines()
        return []

    def order_register_faults(self, **faults: dict[str, object]) -> None:
        """Set the fault of ``hsa`` and ``pu``; a register that is not named works."""
        chosen = {"hsa": {"kind": ""}, "pu": {"kind": ""}, **faults}
        self._put("DIRECTORY", chosen)

    def edit_registers(self, says: str, shall_say: str) -> None:
        """Change what HSA and PU say: one place of their file, which they read again at the next call."""
        file = self.home / "people.toml"
        content = file.read_text(encoding="utf-8")
        assert content.count(says) == 1, says
        draft = file.with_suffix(".draft")
        draft.write_text(content.replace(says, shall_say), encoding="utf-8")
        draft.replace(file)

    def order_factory_faults(self, **switches: object) -> None:
        """Turn the factory's switches; those not named are off."""
        self._put("FACTORY", switches)

    def _put(self, port: str, content: object) -> None:
        address = f"http://127.0.0.1:{self.ports[port]}/faults"
        requests.put(address, json=content, timeout=60).raise_for_status()

    def heal(self) -> None:
        """Take all faults back and wait until every process is ready and the consumers have caught up."""
        for file in ("hsm-faults", "hsm-faults.fired"):
            (self.run / file).unlink(missing_ok=True)
        self.await_ready()
        self.order_register_faults()
        self.order_factory_faults()
        eventually(self.is_settled, why="the consumers have caught up")

    def await_ready(self) -> None:
        """Wait until every process is ready."""
        eventually(lambda: not self.ask("ready"), why="all processes ready")

    def is_settled(self) -> bool:
        """Return whether every event has its place and every consumer has taken it."""
        journal = self.ask("journal")
        cursors = journal["cursors"].values()
        return not journal["unsequenced"] and bool(cursors) and min(cursors) >= journal["leaves"]


@contextmanager
def running(*first_cards: str) -> Iterator[Installation]:
    """Run an installation of its own and end it.

    PostgreSQL where ``DATABASE_URL`` names a server (a database of its own there), RabbitMQ where
    ``SIGILL_TEST_BROKER_URL`` does; otherwise everything embedded.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sigill-home-")))
        run = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sg-")))
        ports = free_ports("PORTAL", "STATUS", "CLIENT", "DIRECTORY", "FACTORY", *ACME_PORTS)
        environment = environment_of(home=home, run=run, ports=ports)
        environment["SIGILL_PKCS11_MODULE"] = str(build())
        environment |= acme_environment(ports)
        if os.environ.get("DATABASE_URL"):
            environment["DATABASE_URL"] = stack.enter_context(own_database(os.environ["DATABASE_URL"]))
        broker: Broker | None = None
        if os.environ.get("SIGILL_TEST_BROKER_URL"):
            # A broker of its own: on one that is shared, another installation's workers take its jobs.
            broker = stack.enter_context(rabbitmq())
            environment["SIGILL_BROKER_URL"] = broker.url
        (home / "logs").mkdir(mode=0o700)
        log = stack.enter_context((home / "logs" / "keeper.log").open("w"))
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.running.keeper", *first_cards],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            cwd=REPOSITORY, start_new_session=True,
        )  # fmt: skip
        assert keeper.stdin
        assert keeper.stdout
        try:
            first = keeper.stdout.readline()
            assert first, f"the installation did not start:\n{log_tails(home)}"
            database = environment.get("DATABASE_URL", "")
            installation = Installation(
                home=home, run=run, ports=ports, keeper=keeper, database=database, broker=broker
            )
            yield with_first_cards(installation, dict(zip(first_cards, json.loads(first), strict=True)))
        finally:
            with suppress(BrokenPipeError):
                keeper.stdin.close()
            try:
                assert keeper.wait(timeout=PATIENCE) == 0, log_tails(home)
            finally:
                keeper.stdout.close()


def with_first_cards(installation: Installation, made: dict[str, dict[str, str]]) -> Installation:
    """Activate the cards that were made, each with its holder's PIN."""
    pins = {member.hsa_id: member.pin for member in FIRST_CARDS}
    for hsa_id, card in made.items():
        flows.activate(card["url"], new_pin=pins[hsa_id], configuration=installation.configuration)
        installation.cards[hsa_id] = card["card_number"]
    return installation


def environment_of(*, home: Path, run: Path, ports: dict[str, int]) -> dict[str, str]:
    """Return the environment of an installation, with nothing of this process's own installation in it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SIGILL_", "PYTEST_", "DJANGO_", "SOFTHSM2_")) and name != "DATABASE_URL"
    }
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SIGILL_HOME": str(home),
        "SIGILL_RUN": str(run),
        "SIGILL_FACTORY_SECONDS": "0.2",
        "SIGILL_HSA_PAUSE_MILLISECONDS": "0",
        **{f"SIGILL_{name}_PORT": str(port) for name, port in ports.items()},
    }


def acme_environment(ports: dict[str, int]) -> dict[str, str]:
    """Return where ACME is asked (over TLS, by what a test puts in front) and where it looks for proofs."""
    return {
        "SIGILL_ACME_URL": f"https://localhost:{ports['ACME_TLS']}/acme",
        "SIGILL_ACME_RESOLVERS": f"127.0.0.1:{ports['ACME_DNS']}",
        "SIGILL_ACME_NETWORKS": "127.0.0.0/8",
        "SIGILL_ACME_ATTEMPTS": "1",
    }


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """Make a database on the server of a URL, yield its URL, and drop it."""
    name = f"sigill_running_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def log_tails(home: Path) -> str:
    """Return the last lines of every log."""
    return "\n".join(
        f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:])
        for path in sorted((home / "logs").glob("*.log"))
    )
