"""Both stores, each new for a test, and the Redis that one of them lies in."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import private_services
from ocsp.store.interface import StatusStore
from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.redis_store import RedisStore

_numbers = itertools.count()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Run one Redis for all tests of this process; each takes a prefix of its own."""
    with private_services.redis() as url:
        yield url


@pytest.fixture
def redis_store(redis_url: str) -> Iterator[RedisStore]:
    """Make a store that nobody else knows."""
    made = RedisStore(redis_url, prefix=f"test-{next(_numbers)}")
    yield made
    made.close()


@pytest.fixture(params=["lmdb", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StatusStore]:
    """Each kind of store in its turn."""
    if request.param == "redis":
        yield request.getfixturevalue("redis_store")
        return
    made = LmdbStore(tmp_path / "lmdb")
    yield made
    made.close()
