"""One installation for all tests that need one, a browser, and an administrator at their desk."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from deploy.demo.cast import ALVA, DORIS, FRIDA, Member
from tests.running.cast import HOLDERS
from tests.running.chromium import launched
from tests.running.desk import Desk
from tests.running.installation import Installation, running


@pytest.fixture(scope="session")
def running_installation() -> Iterator[Installation]:
    """The one installation of this test session."""
    with running(ALVA.hsa_id, FRIDA.hsa_id, DORIS.hsa_id) as installation:
        yield installation


@pytest.fixture
def installation(running_installation: Installation) -> Iterator[Installation]:
    """The installation in good health, whatever the test before did to it; nothing may break inside it."""
    running_installation.heal()
    log = running_installation.home / "logs" / "portal.log"
    before = log.stat().st_size
    yield running_installation
    told = log.read_bytes()[before:].decode(errors="replace")
    assert "Internal Server Error" not in told, told[-4000:]


@pytest.fixture(scope="session")
def _alva(running_installation: Installation) -> Desk:
    return Desk.of(running_installation, ALVA)


@pytest.fixture
def alva(installation: Installation, _alva: Desk) -> Desk:
    """Alva at her desk, over HTTP."""
    return _alva


@pytest.fixture(scope="session")
def _holders() -> Iterator[Member]:
    def again_and_again() -> Iterator[Member]:
        while True:
            yield from HOLDERS

    return again_and_again()


@pytest.fixture
def holder(_holders: Iterator[Member]) -> Member:
    """Somebody who can have a card; hardly ever the one that the test before had."""
    return next(_holders)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, for one module: while it is open its event loop is in every other test's way."""
    with launched() as browser:
        yield browser
