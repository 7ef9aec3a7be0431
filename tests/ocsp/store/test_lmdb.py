"""LMDB: what a killed writer leaves, how the map grows, how a reader follows."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ocsp.store.interface import StoreUnavailable
from ocsp.store.lmdb_reader import LmdbReader
from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.record import StoredAnswer
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import HashAlgorithm
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import SECONDS, make_authority
from tests.ocsp.store.killed_writer import BATCH
from tests.ocsp.store.test_contract import answer

ROOT = Path(__file__).resolve().parents[3]


def read_in_another_process(path: Path, keys: list[bytes]) -> list[StoredAnswer]:
    """Read with ``LmdbReader``; one process may not open the same store twice."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_read, (path, keys))


def _read(path: Path, keys: list[bytes]) -> list[StoredAnswer]:
    reader = LmdbReader(path)
    reader.renew()
    found = [reader.get(key) for key in keys]
    reader.close()
    return [StoredAnswer.decode(stored) for stored in found if stored is not None]


def test_a_writer_killed_in_the_middle_leaves_whole_batches_and_a_store_that_can_be_written(
    tmp_path: Path,
) -> None:
    """R8 for the publisher."""
    path = tmp_path / "lmdb"
    keys = [answer_key(1, HashAlgorithm.SHA1, serial) for serial in range(BATCH)]
    acknowledged = 0
    draw = random.Random(1)  # noqa: S311 - any moment will do
    for _ in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.ocsp.store.killed_writer", str(path), str(acknowledged + 1)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert writer.stdout is not None
        for _ in range(draw.randrange(1, 40)):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.communicate()[0].split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        reader = LmdbReader(path)
        assert reader.renew()
        found = {StoredAnswer.decode(reader.get(key) or b"") for key in keys}
        assert len(found) == 1, "a batch was stored in part"
        (one,) = found
        assert one.this_update >= acknowledged, "what was acknowledged is gone"
        assert int.from_bytes(one.signed, "big") == one.this_update
        assert reader.freshness().answers == BATCH
        acknowledged = one.this_update
        reader.close()


def test_the_map_grows_while_a_reader_looks_on(tmp_path: Path) -> None:
    path = tmp_path / "lmdb"
    store = LmdbStore(path, first_map_size=128 * 1024)
    first = answer_key(1, HashAlgorithm.SHA1, 1)
    store.put([(first, answer(CertStatus.GOOD, SECONDS))])
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_follow, args=(path, theirs))
    process.start()
    ours.send(first)
    assert ours.recv() is True
    many = [answer_key(1, HashAlgorithm.SHA1, number) for number in range(2, 6000)]
    for at in range(0, len(many), 1000):
        store.put([(key, answer(CertStatus.GOOD, SECONDS, text=b"x" * 300)) for key in many[at : at + 1000]])
    assert (path / "data.mdb").stat().st_size > 1024 * 1024
    for key in (many[-1], first):
        ours.send(key)
        assert ours.recv() is True
    ours.send(b"")
    process.join(60)
    assert process.exitcode == 0
    store.close()


def _follow(path: Path, pipe: "multiprocessing.connection.Connection[bool, bytes]") -> None:
    reader = LmdbReader(path)
    while key := pipe.recv():
        reader.renew()
        pipe.send(reader.get(key) is not None)


def test_a_reader_follows_a_store_that_was_put_in_place_of_another(tmp_path: Path) -> None:
    """A restore replaces the folder under a running responder."""
    key = answer_key(1, HashAlgorithm.SHA1, 5)
    for name, text in (("old", b"old"), ("young", b"young")):
        store = LmdbStore(tmp_path / name)
        store.put([(key, answer(CertStatus.GOOD, SECONDS, text=text))])
        store.close()
    path = tmp_path / "lmdb"
    (tmp_path / "old").rename(path)
    reader = LmdbReader(path)
    reader.renew()
    assert StoredAnswer.decode(reader.get(key) or b"").signed == b"old"
    shutil.rmtree(path)
    with pytest.raises(StoreUnavailable):
        reader.renew()
    with pytest.raises(StoreUnavailable):
        reader.get(key)
    (tmp_path / "young").rename(path)
    assert reader.renew()
    assert StoredAnswer.decode(reader.get(key) or b"").signed == b"young"
    reader.close()


def test_a_store_that_is_not_there_or_is_no_store_is_unavailable(tmp_path: Path) -> None:
    reader = LmdbReader(tmp_path / "nothing")
    with pytest.raises(StoreUnavailable):
        reader.renew()
    with pytest.raises(StoreUnavailable):
        reader.freshness()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "data.mdb").write_bytes(b"not LMDB" * 1000)
    for unavailable in (LmdbReader(broken), LmdbStore(broken)):
        with pytest.raises(StoreUnavailable):
            unavailable.renew()


def test_a_reader_sees_a_new_issuer_without_being_told(tmp_path: Path) -> None:
    path = tmp_path / "lmdb"
    store = LmdbStore(path)
    store.register_issuer(name="one", name_der=b"1", key_bits=b"1")
    store.close()
    reader = LmdbReader(path)
    assert reader.renew()
    assert not reader.renew()
    assert len(reader.registry.issuers) == 1
    reader.close()
    authority = make_authority()
    authority.register(store)
    store.close()
    assert reader.renew()
    assert {issuer.name for issuer in reader.registry.issuers.values()} == {"one", "person_id_3"}
    reader.close()


def test_a_child_process_opens_the_store_for_itself(tmp_path: Path) -> None:
    """A worker that forks after first use."""
    store = LmdbStore(tmp_path / "lmdb")
    mine, its = (answer_key(1, HashAlgorithm.SHA1, number) for number in (1, 2))
    store.put([(mine, answer(CertStatus.GOOD, SECONDS))])
    child = os.fork()
    if child == 0:
        stored = store.put([(its, answer(CertStatus.REVOKED, SECONDS))]).stored
        os._exit(0 if stored == 1 and store.get(mine) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert StoredAnswer.decode(store.get(its) or b"").status is CertStatus.REVOKED
    store.close()


def test_a_full_disk_refuses_the_batch_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "lmdb"
    store = LmdbStore(path, first_map_size=128 * 1024)
    key = answer_key(1, HashAlgorithm.SHA1, 1)
    store.put([(key, answer(CertStatus.GOOD, SECONDS))])
    store.close()
    big = answer(CertStatus.GOOD, SECONDS, text=b"x" * 300)
    # A limit on file size stands for the full disk: the write fails in the same place.
    child = os.fork()
    if child == 0:
        import resource  # noqa: PLC0415 - only in the child

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, 256 * 1024))
        try:
            store.put([(answer_key(1, HashAlgorithm.SHA1, n), big) for n in range(9999)])
        except StoreUnavailable:
            os._exit(0 if store.get(key) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert StoredAnswer.decode(store.get(key) or b"").this_update == SECONDS
    assert store.freshness().answers == 1
    assert store.put([(key, answer(CertStatus.GOOD, SECONDS + 1))]).stored == 1
    store.close()
