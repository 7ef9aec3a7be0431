"""Starts the processes, starts them again when they die, and ends them cleanly."""

import fcntl
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.processes import Process, environment

READY_SECONDS = 60.0
END_SECONDS = 15.0
FIRST_PAUSE, LAST_PAUSE = 0.2, 5.0
STEADY_SECONDS = 10.0
"""A process that lived this long is started again at once."""


class NotReady(Exception):
    """A process did not become ready; the message names its log."""


class AlreadyServed(Exception):
    """Another supervisor lives that keeps this installation's processes."""


class ToldToEnd(Exception):
    """Somebody asked for the end while the processes were starting."""


@dataclass(slots=True)
class _Running:
    process: Process
    log: Path
    child: subprocess.Popen[bytes]
    started: float
    pause: float = FIRST_PAUSE
    start_after: float = 0.0


class Supervisor:
    """Keeps a list of processes alive, with a log file and a pid file for each."""

    def __init__(self, processes: list[Process], *, logs: Path, run: Path) -> None:
        self._processes = processes
        self._logs = logs
        self._run = run
        self._running: dict[str, _Running] = {}
        self._lock: IO[bytes] | None = None

    def take_over(self) -> None:
        """Be this installation's only supervisor, and end what one that was killed left behind.

        Raises ``AlreadyServed`` when another one lives, and ``NotReady`` when a process cannot be ended.
        """
        self._run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = (self._run / "supervisor.lock").open("ab")  # held as long as this process lives
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise AlreadyServed(
                f"Another `make up` or `make demo` serves this installation ({self._run}): end that first."
            ) from error
        left = [pid for process in self._processes if (pid := self._left_behind(process))]
        deadline = time.monotonic() + END_SECONDS
        _signal(left, signal.SIGTERM)
        while left := [pid for pid in left if _lives(pid)]:
            if time.monotonic() > deadline + END_SECONDS:
                raise NotReady(f"Processes of an earlier run do not end: {left}. End them, then start again.")
            if time.monotonic() > deadline:
                _signal(left, signal.SIGKILL)
            time.sleep(0.05)

    def _left_behind(self, process: Process) -> int | None:
        """Return the living process of this name and command line that a supervisor before us started."""
        try:
            pid = int((self._run / f"{process.name}.pid").read_text())
            told = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # Each argument ends with a zero octet, also an empty one at the end.
        is_ours = told == b"".join(os.fsencode(one) + b"\0" for one in process.arguments)
        return pid if is_ours else None

    def start(self, told: threading.Event | None = None) -> None:
        """Start every process in order and wait until each is ready.

        Raises ``NotReady`` with the name and the last lines of the log of one that is not, ``ToldToEnd``
        when ``told`` is set before all are; what was started then is for ``stop``.
        """
        told = told or threading.Event()
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for process in self._processes:
            ready = self._run / f"{process.name}.ready"
            ready.unlink(missing_ok=True)
            self._running[process.name] = self._spawn(process)
        for process in self._processes:
            self._await_ready(process, told)

    def start_one(self, name: str) -> None:
        """Start one process by name and wait until it is ready."""
        process = next(process for process in self._processes if process.name == name)
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._running[name] = self._spawn(process)
        self._await_ready(process, threading.Event())

    def _spawn(self, process: Process) -> _Running:
        log = self._logs / f"{process.name}.log"
        handle: IO[bytes]
        with log.open("ab") as handle:
            child = subprocess.Popen(
                process.arguments,
                env={**environment(), **process.environment},
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self._run / f"{process.name}.pid").write_text(f"{child.pid}\n")
        return _Running(process=process, log=log, child=child, started=time.monotonic())

    def _await_ready(self, process: Process, told: threading.Event) -> None:
        running = self._running[process.name]
        deadline = time.monotonic() + READY_SECONDS
        while not process.is_ready():
            ended = running.child.poll()
            if ended is not None or time.monotonic() > deadline:
                state = (
                    f"ended with {ended}" if ended is not None else f"was not ready in {READY_SECONDS:.0f} s"
                )
                tail = b"\n".join(running.log.read_bytes().splitlines()[-15:]).decode(errors="replace")
                raise NotReady(f"{process.name} {state}; the end of {running.log}:\n{tail}")
            if told.wait(0.05):
                raise ToldToEnd

    def watch(self) -> None:
        """Start again what has died; call it a few times a second."""
        now = time.monotonic()
        for name, running in list(self._running.items()):
            if running.child.poll() is None:
                continue
            if not running.start_after:
                lived = now - running.started
                running.pause = FIRST_PAUSE if lived > STEADY_SECONDS else min(running.pause * 2, LAST_PAUSE)
                running.start_after = now + running.pause
            if now >= running.start_after:
                pause = running.pause
                self._running[name] = self._spawn(running.process)
                self._running[name].pause = pause

    def stop(self) -> None:
        """End every process in the reverse order: SIGTERM to its group, SIGKILL after a grace."""
        for running in reversed(self._running.values()):
            self._signal(running, signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        for running in reversed(self._running.values()):
            try:
                running.child.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._signal(running, signal.SIGKILL)
                running.child.wait()
            (self._run / f"{running.process.name}.pid").unlink(missing_ok=True)
        self._running.clear()
        if self._lock is not None:
            self._lock.close()

    @staticmethod
    def _signal(running: _Running, number: signal.Signals) -> None:
        if running.child.poll() is None:
            os.killpg(running.child.pid, number)


def _signal(groups: list[int], number: signal.Signals) -> None:
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):  # told by the name of who still lives
            os.killpg(group, number)


def _lives(pid: int) -> bool:
    """Tell whether a process that is no child of ours is still there; a zombie is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
