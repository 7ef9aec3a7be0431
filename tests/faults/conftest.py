"""Fault tests share an installation of their own, in one worker of the run; each leaves everything intact."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.aftermath import Aftermath
from tests.running.installation import Installation

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put all tests of this folder into the installation's group, before the groups are read."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("faults"))


@pytest.fixture
def aftermath(installation: Installation, tmp_path: Path) -> Iterator[Aftermath]:
    """What is checked when the fault is over; that the journal is intact is checked after every test."""
    after = Aftermath(installation=installation, folder=tmp_path)
    yield after
    installation.heal()
    after.journal_is_intact()
