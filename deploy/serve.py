"""Serves an installation in the foreground: every process, started again when it dies, until SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from rich.console import Console

from deploy.processes import Installation, environment, processes
from deploy.supervisor import AlreadyServed, NotReady, Supervisor, ToldToEnd

console = Console(highlight=False, stderr=False)


def installation() -> Installation:
    """Return this installation's places and ports, as the settings have them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.conf import settings  # noqa: PLC0415 - reads SIGILL_HOME when it is loaded

    return Installation(
        home=Path(settings.SIGILL_HOME),
        run=Path(settings.SIGILL_RUN),
        portal_port=settings.SIGILL_PORTAL_PORT,
        status_port=settings.SIGILL_STATUS_PORT,
        client_port=settings.SIGILL_CLIENT_PORT,
        directory_port=settings.SIGILL_DIRECTORY_PORT,
        factory_port=settings.SIGILL_FACTORY_PORT,
    )


class CommandFailed(Exception):
    """A management command ended badly; the message holds what it printed."""


def manage(*arguments: str) -> str:
    """Run a management command and return what it printed; raises ``CommandFailed``."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CommandFailed(f"manage.py {' '.join(arguments)}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def _registers_know_us() -> bool:
    from django.conf import settings  # noqa: PLC0415 - as above

    return Path(settings.SIGILL_REGISTER_CERTIFICATE).exists()


def _factory_waits() -> bool:
    from django.conf import settings  # noqa: PLC0415 - as above

    here = Path(settings.SIGILL_FACTORY_REQUEST).exists()
    return here and not Path(settings.SIGILL_FACTORY_CERTIFICATE).exists()


def prepare() -> None:
    """Bring the database and the static files up to this version of the code."""
    manage("migrate", "--verbosity", "0")
    # The API speaks JSON only: the framework's own pages and their files are not used.
    manage("collectstatic", "--noinput", "--verbosity", "0", "--ignore", "rest_framework")


def supervisor_for(place: Installation) -> Supervisor:
    """Return the supervisor of this installation."""
    return Supervisor(processes(place), logs=place.home / "logs", run=place.run)


class PortTaken(Exception):
    """Something listens already where we are to listen."""


def demand_ports(place: Installation) -> None:
    """Refuse to start where another program listens; raises ``PortTaken``.

    The status servers share their port on purpose: those of two installations would deal its callers out
    between them, and answer for each other's certificates.
    """
    for name in ("portal", "status", "client", "directory", "factory"):
        port = getattr(place, f"{name}_port")
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError as error:
                raise PortTaken(
                    f"Port {port} on 127.0.0.1 cannot be had ({error.strerror}): another installation or "
                    f"program has it. End that one, or choose another port with SIGILL_{name.upper()}_PORT."
                ) from error


def told_to_end() -> threading.Event:
    """Return what SIGTERM and Ctrl-C set from now on, instead of ending this process in the middle."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told


def serve_until(told: threading.Event, supervisor: Supervisor) -> None:
    """Watch over the processes until somebody tells us to end, then end them."""
    while not told.wait(0.2):
        supervisor.watch()
    started = time.monotonic()
    supervisor.stop()
    console.print(f"ended cleanly in {time.monotonic() - started:.1f} s")


def main() -> int:
    """Serve; 1 with a plain sentence when there is nothing to serve or a process does not start."""
    place = installation()
    if not (place.home / "ceremony" / "protocol.json").exists():
        console.print("Nothing is installed here: run `make demo`, or `manage.py key_ceremony` first.")
        return 1
    # Before the first process: one that starts while we are ended would be left behind.
    told = told_to_end()
    supervisor = supervisor_for(place)
    try:
        supervisor.take_over()
        demand_ports(place)
        prepare()
        supervisor.start(told)
        if not _registers_know_us():
            manage("register_certificate")  # of an installation from before registers asked for one
        if _factory_waits():
            # Of one from before orders went in encrypted files; without it they wait, and all else serves.
            try:
                manage("factory_certificate")
            except CommandFailed as error:
                console.print(str(error), markup=False)
    except ToldToEnd:
        supervisor.stop()
        return 0
    except (AlreadyServed, CommandFailed, NotReady, PortTaken) as error:
        console.print(str(error), markup=False, soft_wrap=True)
        supervisor.stop()
        return 1
    console.print(
        f"portal http://127.0.0.1:{place.portal_port}   "
        f"status services http://127.0.0.1:{place.status_port}   "
        f"card client http://127.0.0.1:{place.client_port}\nlogs in {place.home / 'logs'}; Ctrl-C ends it",
        soft_wrap=True,  # programs read it as well
    )
    serve_until(told, supervisor)
    return 0


if __name__ == "__main__":
    sys.exit(main())
