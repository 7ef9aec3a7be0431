"""A whole installation of the CA in a temporary folder: home, run folder, database, token, signer."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ca.hsm.proxy import SocketSigners
from tests.ca.forked import forked
from tests.temporary import short_folder

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """An installation on SQLite, run by processes of its own as an operator would."""

    home: Path
    run: Path
    extra: dict[str, str] = field(default_factory=dict)
    signer: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SIGILL_")}
        clean.pop("DATABASE_URL", None)
        return {
            **clean,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SIGILL_HOME": str(self.home),
            "SIGILL_RUN": str(self.run),
            **self.extra,
        }

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end."""
        return forked(arguments=arguments, root=ROOT, environment=self.environment, timeout=300)

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run code in a process of its own, with Django set up."""
        whole = f"import django\ndjango.setup()\n{code}"
        return forked(code=whole, root=ROOT, environment=self.environment, timeout=120)

    def start_signer(self) -> SocketSigners:
        """Start the signer process and wait until it answers."""
        with (self.run / "signer.log").open("a") as log:
            command = [sys.executable, "-m", "worker.mains.signer"]
            self.signer = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=log, text=True)
        signers = SocketSigners(self.run / "signer.sock", patience=30)
        signers.health()
        return signers

    def kill_signer(self) -> None:
        assert self.signer is not None
        self.signer.send_signal(signal.SIGKILL)
        self.signer.wait()

    def stop(self) -> None:
        if self.signer is not None and self.signer.poll() is None:
            self.signer.terminate()
            self.signer.wait(60)

    def copy_to(self, folder: Path) -> "Installation":
        """Copy the data elsewhere; nothing in it holds an absolute path."""
        shutil.copytree(self.home, folder, ignore=shutil.ignore_patterns("*.lock"))
        return Installation(home=folder, run=short_folder("r"), extra=dict(self.extra))


@contextmanager
def new_installation(home: Path, **extra: str) -> Iterator[Installation]:
    """Make an installation whose database is there and whose ceremony is not."""
    installation = Installation(home=home, run=short_folder("r"), extra=extra)
    made = installation.manage("migrate", "--verbosity", "0")
    assert made.returncode == 0, made.stderr
    try:
        yield installation
    finally:
        installation.stop()
        shutil.rmtree(installation.run, ignore_errors=True)


def hold_ceremony(installation: Installation) -> None:
    """Hold the ceremony, which must succeed."""
    held = installation.manage("key_ceremony", "--officer", "Cia Lund", "--witness", "Bo Ek")
    assert held.returncode == 0, held.stdout + held.stderr
