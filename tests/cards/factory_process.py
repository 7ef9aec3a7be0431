"""The card factory as a process of our own, certified by the test's CA, and how tests talk with it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.models import Issuer
from cards.factory import Factory
from cards.manufacturing.factory_certificate import request_for_factory, write_when_issued
from cards.manufacturing.models import FactoryCursor, FactoryFile
from cards.manufacturing.receiving import poll_factory_files, receive_file
from cards.manufacturing.sending import send_due_batches
from cards.models import CardOrder
from cards.states import CardOrderState
from deploy.free_ports import free_port
from hsm_sim.factory.ledger import Ledger
from tests.ca.house_keys import HouseKeys
from tests.hsm_sim.customer import Customer
from tests.scenarios import WORKER, OpenEnvelopes, Scene
from worker.order_files import OrderFileKeys

REPOSITORY = Path(__file__).parents[2]
BATCHES = count(1000, 1000)


@dataclass
class FactoryProcess:
    """A running factory of our own, on a private port with a private home."""

    url: str
    client: Factory
    home: Path
    sealing: OrderFileKeys | None = None

    def fault(self, **switches: object) -> None:
        requests.put(f"{self.url}/faults", json=switches, timeout=60).raise_for_status()

    @property
    def certificate(self) -> Path:
        return self.home / "factory" / "certificate.pem"

    @property
    def keys(self) -> OrderFileKeys:
        assert self.sealing is not None
        return self.sealing


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryProcess]:
    home = tmp_path_factory.mktemp("factory-home")
    Customer().give_key(home / "factory")
    port = free_port()
    environment = {
        **os.environ,
        "SIGILL_HOME": str(home),
        "SIGILL_FACTORY_PORT": str(port),
        "SIGILL_FACTORY_SECONDS": "0.1",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "hsm_sim.factory", "serve"], cwd=REPOSITORY, env=environment
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(url))
        client = Factory(url=url, timeout=(30.0, 60.0))
        yield FactoryProcess(url=url, client=client, home=home)
        client.close()
    finally:
        running.terminate()
        running.wait(60)


@pytest.fixture
def factory(process: FactoryProcess, scene: Scene) -> Iterator[FactoryProcess]:
    """The factory with a certificate that this test's CA knows, and numbers that no other test used."""
    process.fault()
    keys = HouseKeys()
    keys.renew(at=scene.at)
    (process.home / "public").mkdir(exist_ok=True)
    root = Issuer.objects.get(key="root")
    pem = x509.load_der_x509_certificate(bytes(root.certificate_der)).public_bytes(Encoding.PEM)
    (process.home / "public" / "root.pem").write_bytes(pem)
    request = (process.home / "factory" / "request.pem").read_bytes()
    asked = request_for_factory(request, actor=WORKER, at=scene.at)
    scene.authority.issue_and_publish(at=scene.at)
    process.certificate.unlink(missing_ok=True)  # of the test before, whose CA is not ours
    assert write_when_issued(asked, process.certificate)
    process.sealing = OrderFileKeys(signers=keys, certificates=process.certificate)
    seen = max(process.client.files_after(0), default=0)
    FactoryCursor.objects.create(pk=1, last_batch=next(BATCHES), file_position=seen)
    yield process
    process.fault()
    # What a test left on the line would tell of itself in the middle of the next.
    ledger = Ledger(process.home / "factory" / "factory.sqlite3")
    until(lambda: not ledger.unfinished())
    ledger.close()


def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def poll(scene: Scene, factory: FactoryProcess) -> int:
    return poll_factory_files(
        factory=factory.client, sealing=factory.keys, actor=WORKER, at=scene.later(seconds=1)
    )


def send(scene: Scene, factory: FactoryProcess) -> int:
    return send_due_batches(
        factory=factory.client, sealing=factory.keys, actor=WORKER, at=scene.later(minutes=30)
    )


def shipped(scene: Scene, factory: FactoryProcess, *, orders: int = 1) -> bool:
    poll(scene, factory)
    return CardOrder.objects.filter(state=CardOrderState.SHIPPED.value).count() == orders


def receive(scene: Scene, number: int, **members: object) -> FactoryFile:
    """Let the factory give a file in an open envelope."""
    content = {"format": "sigill.factory-file/1", "file": number, "kind": "status", "count": 0, "rows": []}
    message = json.dumps({**content, **members}).encode()
    receive_file(number, message, sealing=OpenEnvelopes(), actor=WORKER, at=scene.at)
    return FactoryFile.objects.get(pk=number)


def row(number: int, order: CardOrder, event: str, **more: str) -> dict[str, object]:
    return {"n": number, "order_id": str(order.pk), "event": event, "at": "2026-11-21T12:00:00Z", **more}
