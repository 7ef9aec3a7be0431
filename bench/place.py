"""Where a run keeps its things: one private folder, children that end with it, progress."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from bench.measuring import NotMeasured

ROOT = Path(__file__).resolve().parent.parent
_console = Console(highlight=False)


@dataclass(slots=True)
class Place:
    """A run's folder, size, and the children that it ends when it is over."""

    folder: Path
    quick: bool
    stack: ExitStack
    started: float = field(default_factory=time.monotonic)
    row: str = ""

    def size(self, full: int, quick: int) -> int:
        """Return how many: ``full``, or ``quick`` in a run that only tries."""
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        """How many interleaved rounds."""
        return self.size(5, 2)

    @property
    def seconds(self) -> float:
        """How long a load lasts in one round."""
        return 1.5 if self.quick else 4.0

    def say(self, text: str) -> None:
        """Show progress, with the time since the start."""
        elapsed = time.monotonic() - self.started
        _console.print(f"{elapsed:5.0f} s  {self.row:<22} {text}", markup=False, soft_wrap=True)

    def child(
        self, name: str, arguments: Sequence[str], environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process that ends with the run; what it says goes to a log in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                arguments,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.stack.callback(end, child)
        return child

    def await_ready(
        self, name: str, child: subprocess.Popen[bytes], is_ready: Callable[[], bool], seconds: float = 60
    ) -> None:
        """Wait until a child is ready. Raises ``NotMeasured`` with its last words."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / f"{name}.log").read_text(errors="replace")
                raise NotMeasured(f"{name} did not start: {log[-600:].strip() or 'it said nothing'}")
            time.sleep(0.02)


def end(child: subprocess.Popen[bytes]) -> None:
    """End a child, patiently first."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def get(url: str, body: bytes | None = None) -> bytes | None:
    """Return what a URL answers with 200, None for anything else; a body makes it an OCSP POST."""
    request = urllib.request.Request(url, data=body)  # noqa: S310 - our own loopback address
    if body is not None:
        request.add_header("Content-Type", "application/ocsp-request")
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - as above
            answer: bytes = response.read()
            return answer if response.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None
