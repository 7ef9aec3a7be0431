"""A running status server over a CA whose addresses lead to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from deploy.free_ports import free_port
from ocsp.store.lmdb_store import LmdbStore
from tests.authority import the_authority
from tests.ocsp.probe.site import node, now
from tests.ocsp.test_publisher import Token, World


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> Iterator[World]:
    """Run the status server as an installation does, over a CA whose addresses lead to it."""
    port = free_port()
    settings.SIGILL_HOME = tmp_path
    settings.SIGILL_PUBLIC = tmp_path / "public"
    settings.SIGILL_LEDGER = tmp_path / "ledger" / "revocations.log"
    settings.SIGILL_STATUS_URL = settings.SIGILL_QA_STATUS_URL = f"http://127.0.0.1:{port}"
    path = tmp_path / "ocsp" / "lmdb"
    made = World(Token(the_authority()), LmdbStore(path), path)
    made.refresh(now())
    with node(tmp_path, port):
        yield made
    made.store.close()
