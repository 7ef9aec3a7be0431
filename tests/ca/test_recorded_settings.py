"""What the ceremony decided cannot be changed by a setting: nothing starts, and the doctor says why."""

import subprocess
import sys

import pytest

from tests.ca.installation import ROOT, Installation

CHANGED = [
    ("SIGILL_POLICY_ARC", "1.2.752.74.8", "1.3.6.1.4.1.32473.752.8"),
    ("SIGILL_HIERARCHY", "rsa", "p384"),
    ("SIGILL_ENVIRONMENT", "PROD", "TEST"),
]


@pytest.mark.parametrize(("setting", "value", "recorded"), CHANGED)
def test_a_management_command_and_the_doctor_name_the_setting(
    installation: Installation, setting: str, value: str, recorded: str
) -> None:
    installation.extra[setting] = value
    sentence = f"{setting} is '{value}', but the key ceremony recorded '{recorded}'"
    migrated = installation.manage("migrate", "--verbosity", "0")
    assert migrated.returncode == 1
    assert sentence in migrated.stderr
    examined = installation.manage("doctor")
    assert examined.returncode == 1
    assert f"WRONG settings: {sentence}" in examined.stdout
    assert "Traceback" not in migrated.stderr + examined.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "worker.mains.signer"],
        ["-m", "worker.mains.consumers"],
        ["-m", "celery", "-A", "worker.celery", "worker", "--pool", "solo"],
    ],
)
def test_no_process_that_issues_starts(installation: Installation, command: list[str]) -> None:
    installation.extra["SIGILL_POLICY_ARC"] = "1.2.752.74.8"
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode not in {0, -15}
    assert "SIGILL_POLICY_ARC is '1.2.752.74.8', but the key ceremony recorded" in ended.stderr
