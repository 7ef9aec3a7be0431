"""Fault tests share the one installation, in one worker of the test run; each leaves everything intact."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.aftermath import Aftermath
from tests.running.installation import Installation


@pytest.fixture
def aftermath(installation: Installation, tmp_path: Path) -> Iterator[Aftermath]:
    """What is checked when the fault is over; that the journal is intact is checked after every test."""
    after = Aftermath(installation=installation, folder=tmp_path)
    yield after
    installation.heal()
    after.journal_is_intact()
