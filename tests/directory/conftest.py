"""The registers, served over HTTP on a private port, with a data file that a test may edit."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from pytest_django import Settings

from directory import registers
from directory.bounded_http import Endpoint
from directory.hsa_client import HsaClient
from directory.pu_client import PuClient
from directory.simulators.faults import Fault
from directory.simulators.people import PACKAGED
from directory.simulators.server import SimulatorServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """Running simulators."""

    server: SimulatorServer
    people: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def endpoint(self, register: str, *, deadline: float = 60.0, max_bytes: int = 20_000_000) -> Endpoint:
        return Endpoint(
            register=register,
            url=f"{self.address}/{register}",
            logical_address="SE165565594230-1000",
            deadline=deadline,
            max_bytes=max_bytes,
        )

    def hsa(self, *, deadline: float = 60.0, max_bytes: int = 20_000_000) -> HsaClient:
        return HsaClient(self.endpoint("hsa", deadline=deadline, max_bytes=max_bytes), include_feigned=True)

    def pu(
        self, *, is_unrestricted: bool = True, deadline: float = 60.0, max_bytes: int = 20_000_000
    ) -> PuClient:
        return PuClient(
            self.endpoint("pu", deadline=deadline, max_bytes=max_bytes),
            include_test_people=True,
            is_unrestricted=is_unrestricted,
        )

    def show(self, register: str, kind: str, **rest: float) -> None:
        self.server.faults.put(register, Fault(kind=kind, **rest))  # type: ignore[arg-type]

    def edit(self, pattern: str, replacement: str) -> None:
        """Change the data file; the pattern must be found."""
        before = self.people.read_text()
        after, count = re.subn(pattern, replacement, before, flags=re.DOTALL)
        assert count, pattern
        self.people.write_text(after)


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registers]:
    people = tmp_path_factory.mktemp("registers") / "people.toml"
    shutil.copy(PACKAGED, people)
    server = SimulatorServer(("127.0.0.1", 0), people)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Registers(server=server, people=people)
    server.shutdown()
    server.server_close()
    thread.join(60)


@pytest.fixture
def registers_running(_running: Registers, settings: Settings) -> Iterator[Registers]:
    """Give the simulators, healthy and with the packaged people, and point the settings at them."""
    shutil.copyfile(PACKAGED, _running.people)
    settings.SIGILL_HSA_URL = f"{_running.address}/hsa"
    settings.SIGILL_PU_URL = f"{_running.address}/pu"
    settings.SIGILL_HSA_PAUSE_MILLISECONDS = 0
    registers.forget()
    yield _running
    for register in ("hsa", "pu"):
        _running.server.faults.put(register, Fault())
    registers.forget()
