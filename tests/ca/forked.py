"""What a new process of an installation runs: a management command, or code with Django set up.

The processes are forked from one that has read the libraries already, which takes longer than most commands
do; settings, models and all our own modules are read by each process for itself, from its own environment.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: TC002 - a local annotation
from django.db.backends.signals import connection_created

LIBRARIES = [
    "asn1crypto.algos",
    "cryptography.x509",
    "django.contrib.sessions.backends.db",
    "django.core.management.commands.migrate",
    "django.db.backends.sqlite3.base",
    "django.db.models",
    "django.template.engine",
    "django.urls",
    "django.views",
    "httpx",
    "psycopg",
    "pydantic",
    "pyhanko.sign",
    "PyKCS11",
    "requests",
    "rich.console",
    "segno",
    "yaml",
    "zeep",
]
"""None of them looks at the settings when it is read."""

_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(LIBRARIES)


def forked(
    *,
    code: str = "",
    arguments: tuple[str, ...] = (),
    root: Path,
    environment: Mapping[str, str],
    timeout: float,
) -> subprocess.CompletedProcess[str]:
    """Run code, or ``manage.py`` with arguments, to its end; raises TimeoutExpired after killing it."""
    command = [code] if code else ["manage.py", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        child = _fork.Process(target=_main, args=(code, command, root, dict(environment), (out, err)))
        child.start()
        child.join(timeout)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, child.exitcode, out.read_text(), err.read_text())


def _main(
    code: str, command: list[str], root: Path, environment: dict[str, str], said: tuple[Path, Path]
) -> None:
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = command
    opened: list[BaseDatabaseWrapper] = []
    connection_created.connect(lambda connection, **_: opened.append(connection), weak=False)
    try:
        if code:
            exec(compile(code, "<installation>", "exec"), {"__name__": "__main__"})  # noqa: S102 - the test's own
        else:
            import manage  # noqa: PLC0415 - in the environment of this process

            manage.main()
    finally:
        # A forked process takes nothing down when it ends; SQLite folds its log into the file on closing.
        for connection in opened:
            connection.close()
