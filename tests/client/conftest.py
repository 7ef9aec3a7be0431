"""A home with cards made as the factory makes them, and a service to talk to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import flows
from client.configuration import Configuration, configuration_from_environment
from client.hardware import Hardware
from client.virtual_readers import VirtualReaders
from hsm_sim.build import build
from tests.client.fixture_service import FixtureService
from tests.hsm_sim.cards import make_card

PIN = "749201"


@pytest.fixture(scope="session")
def module() -> Path:
    return build()


@pytest.fixture
def service() -> Iterator[FixtureService]:
    server = FixtureService()
    yield server
    server.stop()


@pytest.fixture
def home(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "SIGILL_CARDS",
        "SIGILL_READERS",
        "SIGILL_CARD_MODULE",
        "SIGILL_CLIENT_API",
        "SIGILL_PORTAL_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIGILL_CARDS", "")  # so that what Hardware sets is undone afterwards
    monkeypatch.setenv("SIGILL_READERS", "")
    monkeypatch.setenv("SIGILL_SHIM_FAULTS", str(tmp_path / "faults"))
    monkeypatch.setenv("SIGILL_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def configuration(home: Path, service: FixtureService) -> Configuration:
    return configuration_from_environment(server=service.api)


@pytest.fixture
def hardware(configuration: Configuration) -> Iterator[Hardware]:
    owner = Hardware(configuration)
    yield owner
    owner.close()


@pytest.fixture
def readers(configuration: Configuration) -> VirtualReaders:
    return VirtualReaders(configuration)


@dataclass(frozen=True, kw_only=True)
class CardInHand:
    number: str
    admin_key: str


@pytest.fixture
def card(home: Path, module: Path) -> CardInHand:
    """A card as it comes from the factory: no PIN, no keys."""
    number, admin_key = make_card(home, module, name="Åsa Lindqvist")
    return CardInHand(number=number, admin_key=admin_key)


@pytest.fixture
def active_card(card: CardInHand, service: FixtureService, configuration: Configuration) -> CardInHand:
    """A card that has been activated with PIN, and lies in no reader."""
    url, _ = service.start_activation(card.number, card.admin_key)
    flows.activate(url, new_pin=PIN, configuration=configuration)
    VirtualReaders(configuration).remove(reader=0)
    service.log.clear()
    return card
