"""Each test has a revocation ledger of its own: it outlives the database that a test rolls back."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _ledger(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_LEDGER = tmp_path / "ledger" / "revocations.log"
