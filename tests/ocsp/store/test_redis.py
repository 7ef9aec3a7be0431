"""Redis: what a killed writer leaves, what is away, what a second publisher does meanwhile."""

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy import private_services
from ocsp.store.interface import StoreUnavailable
from ocsp.store.opening import open_store
from ocsp.store.record import StoredAnswer
from ocsp.store.redis_store import RedisStore
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import HashAlgorithm
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import SECONDS, make_authority
from tests.ocsp.responder.conftest import ROOT
from tests.ocsp.store.killed_writer import BATCH
from tests.ocsp.store.test_contract import KEY, answer


def test_a_writer_killed_in_the_middle_leaves_whole_batches(redis_url: str) -> None:
    """R8 for the publisher, where the store is another machine's."""
    keys = [answer_key(1, HashAlgorithm.SHA1, serial) for serial in range(BATCH)]
    store = RedisStore(redis_url, prefix="killed")
    acknowledged, draw = 0, random.Random(2)  # noqa: S311 - any moment will do
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.ocsp.store.killed_writer", redis_url, str(acknowledged + 1)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert writer.stdout is not None
        for _ in range(draw.randrange(1, 20)):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.communicate()[0].split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        found = {StoredAnswer.decode(stored or b"").this_update for stored in store.get_many(keys)}
        assert len(found) == 1, "a batch was stored in part"
        assert found.pop() >= acknowledged, "what was acknowledged is gone"
        assert store.freshness().answers == BATCH
        assert len(store.oldest(before=2**40, limit=9999)) == BATCH
    store.close()


def test_a_store_that_is_away_or_is_none_is_unavailable(tmp_path: Path) -> None:
    place = tmp_path / "redis"
    place.mkdir()
    with private_services.redis(place) as url:
        store = RedisStore(url)
        store.put([(KEY, answer(CertStatus.REVOKED, SECONDS))])
    for ask in (
        store.renew, store.freshness, lambda: store.get(KEY), lambda: store.oldest(before=1, limit=1),
        lambda: store.put([(KEY, answer(CertStatus.GOOD, SECONDS))]), lambda: store.mark_reconciled(1),
        lambda: store.register_issuer(name="x", name_der=b"x", key_bits=b"x"),
        lambda: store.changes(after=0, limit=1), lambda: store.remove_expired([KEY], before=1),
    ):  # fmt: skip
        with pytest.raises(StoreUnavailable, match="Redis"):
            ask()
    with private_services.redis(place):  # the same data, another process
        assert StoredAnswer.decode(store.get(KEY) or b"").status is CertStatus.REVOKED
        assert store.put([(KEY, answer(CertStatus.GOOD, SECONDS + 9))]).refused == (KEY,)
        store._client.set(store._keys["answers"].replace(b"answers", b"issuers"), b"not a hash")
        with pytest.raises(StoreUnavailable):
            RedisStore(url).renew()
        store.close()


def test_two_publishers_that_register_at_once_give_different_numbers(redis_store: RedisStore) -> None:
    """Each reads and writes in one step."""
    authorities = [make_authority(f"TEST {n}") for n in range(6)]
    numbers: dict[str, int] = {}

    def register(at: int) -> None:
        for _ in range(3):
            numbers[f"{at}"] = authorities[at].register(redis_store, name=f"{at}")

    threads = [threading.Thread(target=register, args=(at,)) for at in range(len(authorities))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    redis_store.renew()
    assert sorted(numbers.values()) == sorted(redis_store.registry.issuers) == [1, 2, 3, 4, 5, 6]
    assert {number: redis_store.registry.issuers[number].name for number in numbers.values()} == {
        number: name for name, number in numbers.items()
    }


def test_the_address_chooses_the_store(tmp_path: Path, redis_url: str) -> None:
    chosen = open_store(redis_url, tmp_path / "none")
    assert isinstance(chosen, RedisStore)
    assert not chosen.renew() or chosen.freshness().answers == 0
    chosen.close()
    local = open_store("", tmp_path / "lmdb")
    assert not isinstance(local, RedisStore)
    local.close()
    with pytest.raises(ValueError, match="scheme"):
        open_store("http://example.test", tmp_path)
