"""A machine's own LMDB follows Redis: in time, and never from revoked back to good, whatever Redis forgets.

The mirror is the only writer of its folder; a process may open a store once.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import private_services
from ocsp.store.interface import StoreUnavailable
from ocsp.store.lmdb_mirror import LmdbMirror
from ocsp.store.lmdb_reader import LmdbReader
from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.mirror import Mirror
from ocsp.store.record import StoredAnswer
from ocsp.store.redis_store import RedisStore
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import HashAlgorithm
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import DER, HOUR, SECONDS, make_authority
from tests.ocsp.responder.conftest import GOOD, REVOKED, ROOT, question, start
from tests.ocsp.store.test_contract import answer

FIRST, SECOND = make_authority("TEST One"), make_authority("TEST Two")


def key_of(serial_number: int, issuer: int = 1) -> bytes:
    return answer_key(issuer, HashAlgorithm.SHA1, serial_number)


def seen(path: Path, serial_number: int, issuer: int = 1) -> CertStatus | None:
    """Read as a responder does, in a process of its own: one process may not open a store twice."""
    code = (
        "import sys; from pathlib import Path; from ocsp.store.lmdb_reader import LmdbReader; "
        "reader = LmdbReader(Path(sys.argv[1])); reader.renew(); "
        "stored = reader.get(bytes.fromhex(sys.argv[2])); print(-1 if stored is None else stored[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), key_of(serial_number, issuer).hex()],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return None if int(done.stdout) < 0 else CertStatus(int(done.stdout))


def test_what_is_published_is_followed_in_order(redis_store: RedisStore, tmp_path: Path) -> None:
    path = tmp_path / "lmdb"
    mirror = Mirror(redis_store, path)
    assert not mirror.step()
    assert not path.exists()  # a store without issuers would call ours somebody else's
    FIRST.publish(redis_store, [1, 2, 3])
    assert not mirror.step()
    assert not path.exists()  # nor is a store followed that nobody vouched for
    redis_store.mark_reconciled(SECONDS)
    assert mirror.step()
    assert not mirror.step()
    FIRST.publish(redis_store, [2], status=CertStatus.REVOKED, at=SECONDS + 1)
    assert mirror.step()
    mirror.close()
    assert [seen(path, number) for number in (1, 2, 3, 4)] == [
        CertStatus.GOOD,
        CertStatus.REVOKED,
        CertStatus.GOOD,
        None,
    ]
    reader = LmdbReader(path)
    reader.renew()
    assert reader.freshness() == redis_store.freshness()
    assert reader.registry.issuers == redis_store.registry.issuers
    assert reader.registry.signers == redis_store.registry.signers
    reader.close()


def test_more_than_a_page_is_followed_and_only_what_is_new_is_read_again(
    redis_store: RedisStore, tmp_path: Path
) -> None:
    FIRST.register(redis_store)
    many = [(key_of(number), answer(CertStatus.GOOD, SECONDS)) for number in range(4500)]
    redis_store.put(many)
    redis_store.mark_reconciled(SECONDS)
    path = tmp_path / "lmdb"
    Mirror(redis_store, path).step()
    again = Mirror(redis_store, path)  # a new process
    redis_store.put([(key_of(7), answer(CertStatus.REVOKED, SECONDS))])
    local = LmdbMirror(path)
    followed = local.followed()
    assert followed is not None
    assert followed.sequence == 4500
    local.close()
    assert len(redis_store.changes(after=followed.sequence, limit=9999)) == 1
    again.step()
    again._local.close()
    reader = LmdbReader(path)
    reader.renew()
    assert reader.freshness().answers == 4500
    assert StoredAnswer.decode(reader.get(key_of(7)) or b"").status is CertStatus.REVOKED
    reader.close()


def test_a_redis_that_lost_everything_cannot_make_revoked_good(
    redis_store: RedisStore, tmp_path: Path
) -> None:
    """F14, R6: another epoch, other numbers, a publisher with an old backup."""
    path = tmp_path / "lmdb"
    mirror = Mirror(redis_store, path)
    FIRST.publish(redis_store, [1, 2])
    SECOND.register(redis_store, name="two")
    FIRST.publish(redis_store, [2], status=CertStatus.REVOKED, at=SECONDS + 1)
    redis_store.mark_reconciled(SECONDS)
    mirror.step()
    for name in redis_store._keys.values():
        redis_store._client.delete(name)
    assert not mirror.step()
    SECOND.register(redis_store, name="two")  # now the first
    FIRST.publish(redis_store, [1, 2], at=SECONDS + HOUR)
    assert redis_store.registry.issuers[1].name == "two"
    mirror.step()
    mirror._local.renew()  # until the new content is vouched for, the old one serves
    assert mirror._local.registry.issuers[1].name == "person_id_3"
    assert StoredAnswer.decode(mirror._local.get(key_of(2)) or b"").status is CertStatus.REVOKED
    redis_store.mark_reconciled(SECONDS + HOUR)
    assert mirror.step()
    FIRST.publish(redis_store, [3], at=SECONDS + 2 * HOUR)
    FIRST.publish(redis_store, [2], at=SECONDS + 2 * HOUR)
    assert mirror.step()
    assert not path.with_name("lmdb.next").exists()
    assert not path.with_name("lmdb.before").exists()
    mirror._local.close()
    assert seen(path, 2, issuer=2) is CertStatus.REVOKED
    assert seen(path, 1, issuer=2) is CertStatus.GOOD
    assert seen(path, 3, issuer=2) is CertStatus.GOOD
    assert [seen(path, number, issuer=1) for number in (1, 2, 3)] == [None, None, None]


def test_a_revocation_by_a_signer_that_redis_forgot_is_still_served(
    redis_store: RedisStore, tmp_path: Path
) -> None:
    path = tmp_path / "lmdb"
    mirror = Mirror(redis_store, path)
    FIRST.publish(redis_store, [1], status=CertStatus.REVOKED)
    redis_store.mark_reconciled(SECONDS)
    mirror.step()
    mirror._local.renew()
    old_signer = mirror._local.registry.signers
    for name in redis_store._keys.values():
        redis_store._client.delete(name)
    renewed = make_authority("TEST One")
    redis_store.register_issuer(name="person_id_3", name_der=FIRST.name_der, key_bits=FIRST.key_bits)
    redis_store.put([(key_of(9), answer(CertStatus.GOOD, SECONDS))])
    redis_store.mark_reconciled(SECONDS)
    renewed.register(redis_store, name="other")
    mirror.step()
    mirror.step()
    kept = StoredAnswer.decode(mirror._local.get(key_of(1)) or b"")
    mirror._local.renew()
    signers = mirror._local.registry.signers
    assert kept.status is CertStatus.REVOKED
    assert signers[kept.signer_id].certificate_der == old_signer[1].certificate_der
    assert signers[1].certificate_der == renewed.signer_certificate.public_bytes(DER)
    mirror._local.close()


def test_a_redis_that_lost_its_last_second_is_compared_from_the_beginning(tmp_path: Path) -> None:
    """Its sequence is used a second time; nothing may be passed over for that."""
    home, path = tmp_path / "redis", tmp_path / "lmdb"
    home.mkdir()
    with private_services.redis(home) as url:
        store = RedisStore(url)
        mirror = Mirror(store, path)
        FIRST.publish(store, [1, 2])
        store.mark_reconciled(SECONDS)
        mirror.step()
        shutil.copytree(home / "appendonlydir", tmp_path / "kept")
        FIRST.publish(store, [1], status=CertStatus.REVOKED, at=SECONDS + 1)
        mirror.step()
    with pytest.raises(StoreUnavailable):
        mirror.step()
    shutil.rmtree(home / "appendonlydir")
    shutil.copytree(tmp_path / "kept", home / "appendonlydir")
    with private_services.redis(home):
        assert StoredAnswer.decode(store.get(key_of(1)) or b"").status is CertStatus.GOOD
        FIRST.publish(store, [2], status=CertStatus.REVOKED, at=SECONDS + 2)
        FIRST.publish(store, [1, 4], at=SECONDS + 2)
        assert mirror.step()
        mirror._local.close()
        assert seen(path, 1) is CertStatus.REVOKED
        assert seen(path, 2) is CertStatus.REVOKED
        assert seen(path, 4) is CertStatus.GOOD
        store.close()


def test_an_answer_leaves_the_mirror_when_the_source_let_it_go(
    redis_store: RedisStore, tmp_path: Path
) -> None:
    mirror = Mirror(redis_store, tmp_path / "lmdb")
    assert mirror.sweep(at=SECONDS) == 0
    FIRST.publish(redis_store, [1, 2])
    redis_store.mark_reconciled(SECONDS)
    mirror.step()
    after = SECONDS + 366 * 24 * HOUR
    assert mirror.sweep(at=after) == 0  # kept beyond its end by the publisher (archive cutoff): kept here
    both = [answer_key(1, algorithm, 1) for algorithm in (HashAlgorithm.SHA1, HashAlgorithm.SHA256)]
    assert redis_store.remove_expired(both, before=after) == 2
    assert mirror.sweep(at=SECONDS) == 0
    assert mirror.sweep(at=after) == 2
    mirror._local.close()
    assert seen(tmp_path / "lmdb", 1) is None
    assert seen(tmp_path / "lmdb", 2) is CertStatus.GOOD


def test_a_folder_that_the_publisher_wrote_to_becomes_a_mirror_and_forgets_no_revocation(
    redis_store: RedisStore, tmp_path: Path
) -> None:
    """An installation that moves from LMDB to Redis."""
    path = tmp_path / "lmdb"
    before = LmdbStore(path)
    FIRST.publish(before, [1, 2], status=CertStatus.REVOKED)
    before.close()
    FIRST.publish(redis_store, [1, 3], at=SECONDS + 1)
    redis_store.mark_reconciled(SECONDS + 1)
    mirror = Mirror(redis_store, path)
    assert mirror.step()
    mirror._local.close()
    assert [seen(path, n) for n in (1, 2, 3)] == [CertStatus.REVOKED, CertStatus.REVOKED, CertStatus.GOOD]


def _ended(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(60)


def test_responders_go_on_without_redis_and_follow_it_when_it_is_back(tmp_path: Path) -> None:
    """Design decision 8: whatever is away, what lies here is served until it ends."""
    place = tmp_path / "redis"
    place.mkdir()
    authority = make_authority()
    now = int(time.time())
    environment = {**os.environ, "SIGILL_HOME": str(tmp_path)}
    with private_services.redis(place) as url:
        store = RedisStore(url)
        authority.publish(store, [GOOD, REVOKED], at=now)
        store.mark_reconciled(now)
        follower = subprocess.Popen(
            [sys.executable, "-m", "worker.mains.ocsp_mirror"],
            cwd=ROOT, env={**environment, "SIGILL_OCSP_STORE": url},
        )  # fmt: skip
        server = start(tmp_path, authority, may_sign=False)

        def says(number: int) -> Callable[[], str]:
            return lambda: server.post(question(authority, number)).says

        server.wait_for(lambda: says(GOOD)() == "GOOD")
        authority.publish(store, [REVOKED], status=CertStatus.REVOKED, at=now + 1)
        server.wait_for(lambda: says(REVOKED)() == "REVOKED")
    assert (says(GOOD)(), says(REVOKED)()) == ("GOOD", "REVOKED")
    follower.kill()
    assert follower.wait(60) == -signal.SIGKILL
    assert (says(GOOD)(), says(REVOKED)()) == ("GOOD", "REVOKED")
    follower = subprocess.Popen(
        [sys.executable, "-m", "worker.mains.ocsp_mirror"],
        cwd=ROOT, env={**environment, "SIGILL_OCSP_STORE": url},
    )  # fmt: skip
    with private_services.redis(place):
        authority.publish(store, [GOOD], status=CertStatus.REVOKED, at=now + 2)
        server.wait_for(lambda: says(GOOD)() == "REVOKED")
        store.close()
    assert says(GOOD)() == "REVOKED"
    assert server.stop() == 0
    assert _ended(follower) == 0


def test_the_mirror_without_an_address_says_so(tmp_path: Path) -> None:
    environment = {**os.environ, "SIGILL_HOME": str(tmp_path)}
    environment.pop("SIGILL_OCSP_STORE", None)
    done = subprocess.run(
        [sys.executable, "-m", "worker.mains.ocsp_mirror"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "names no Redis" in done.stderr


def test_numbers_that_name_another_issuer_are_not_mixed_with_ours(
    redis_store: RedisStore, tmp_path: Path
) -> None:
    """A registration that Redis lost, and another one that took its number: the same epoch all the while."""
    path = tmp_path / "lmdb"
    mirror = Mirror(redis_store, path)
    FIRST.publish(redis_store, [1], status=CertStatus.REVOKED)
    redis_store.mark_reconciled(SECONDS)
    mirror.step()
    for name in ("issuers", "signers"):
        redis_store._client.delete(redis_store._keys[name])
    SECOND.register(redis_store, name="two")
    FIRST.publish(redis_store, [5], at=SECONDS + 1)
    assert mirror.step()
    mirror._local.renew()
    assert [mirror._local.registry.issuers[number].name for number in (1, 2)] == ["two", "person_id_3"]
    assert StoredAnswer.decode(mirror._local.get(key_of(1, issuer=2)) or b"").status is CertStatus.REVOKED
    mirror._local.close()
