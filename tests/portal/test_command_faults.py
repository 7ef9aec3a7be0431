"""What stops a command is said in one plain sentence, wherever the installation lacks something."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, ProgrammingError, connection
from pytest_django import Settings

from ca.errors import UnknownIssuer
from ca.pki.errors import WeakKey
from journal.errors import DomainError
from ocsp.store.interface import StoreUnavailable
from portal.command_faults import in_words

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("command", ["lint_all", "probe_status", "mass_revocation list"])
def test_on_a_database_without_tables_a_command_says_what_to_run_and_nothing_else(
    tmp_path: Path, command: str
) -> None:
    """Decision 10: internals never leak; exit status 1."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        cwd=ROOT,
        env=environment | {"SIGILL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = done.stderr.splitlines()[-1]
    assert said == "CommandError: the database is not set up for this version: run manage.py migrate"


@pytest.mark.parametrize(
    ("setting", "value"), [("SIGILL_QA_MANUAL_UNTIL", "tomorrow"), ("SIGILL_PORTAL_PORT", "http")]
)
def test_a_setting_that_cannot_be_used_is_named_and_nothing_else(
    tmp_path: Path, setting: str, value: str
) -> None:
    """QA-4, decision 10."""
    done = subprocess.run(
        [sys.executable, "manage.py", "lint_all"],
        cwd=ROOT,
        env=os.environ | {"SIGILL_HOME": str(tmp_path), setting: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: a setting cannot be used: {setting} must be ")
    assert repr(value) in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["lint_all", "probe_status"])
def test_before_the_ceremony_a_command_says_that_nothing_has_been_issued(
    settings: Settings, tmp_path: Path, command: str
) -> None:
    settings.SIGILL_HOME = tmp_path
    settings.SIGILL_OCSP_STORE = tmp_path / "no-store"
    with pytest.raises(CommandError, match="no certificate"):
        call_command(command, stdout=StringIO())


@pytest.mark.django_db
def test_a_table_that_is_not_there_is_recognized_in_the_database_in_use() -> None:
    with pytest.raises((OperationalError, ProgrammingError)) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM a_table_of_a_later_version")
    assert in_words(raised.value) == "the database is not set up for this version: run manage.py migrate"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OperationalError("connection refused\nIs the server running?"),
            "the database cannot be used: connection refused; manage.py doctor says more",
        ),
        (
            UnknownIssuer("the key ceremony has not been held", facts={"issuer": "function"}),
            "the key ceremony has not been held (issuer function)",
        ),
        (DomainError("no"), "no"),
        (WeakKey("size", "an RSA key of 512 bits"), "an RSA key of 512 bits (weakness size)"),
        (StoreUnavailable("full"), "the store of OCSP answers cannot be used: full"),
    ],
)
def test_what_the_installation_lacks_is_said_in_words(error: Exception, said: str) -> None:
    assert in_words(error) == said


@pytest.mark.parametrize("error", [KeyError("x"), IntegrityError("UNIQUE"), ProgrammingError("syntax")])
def test_a_fault_of_the_program_keeps_its_traceback(error: Exception) -> None:
    assert in_words(error) is None
