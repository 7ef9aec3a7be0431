"""What every store must do, whatever lies beneath: LMDB and Redis (``conftest.store``)."""

import pytest

from ocsp.store.interface import Freshness, StatusStore
from ocsp.store.record import StoredAnswer
from ocsp.store.registry import answer_key, split_key
from ocsp.wire.cert_id import CertId, HashAlgorithm
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import HOUR, SECONDS, make_authority

KEY = answer_key(1, HashAlgorithm.SHA1, 4711)


def answer(
    status: CertStatus, this_update: int, *, text: bytes = b"signed", not_after: int = SECONDS
) -> StoredAnswer:
    return StoredAnswer(
        status=status,
        reason=1 if status is CertStatus.REVOKED else None,
        signer_id=1,
        this_update=this_update,
        next_update=this_update + 8 * HOUR,
        revoked_at=this_update if status is CertStatus.REVOKED else 0,
        not_after=not_after,
        signed=text,
    )


def read(store: StatusStore, key: bytes = KEY) -> StoredAnswer:
    stored = store.get(key)
    assert stored is not None
    return StoredAnswer.decode(stored)


def test_what_is_put_is_got(store: StatusStore) -> None:
    for status in (CertStatus.GOOD, CertStatus.REVOKED):
        put = answer(status, SECONDS)
        assert store.put([(KEY, put)]).stored == 1
        assert read(store) == put
    assert store.get(answer_key(1, HashAlgorithm.SHA256, 4711)) is None
    assert store.get(answer_key(2, HashAlgorithm.SHA1, 4711)) is None


def test_a_newer_answer_replaces_an_older_one_and_not_the_other_way(store: StatusStore) -> None:
    store.put([(KEY, answer(CertStatus.GOOD, SECONDS, text=b"newer"))])
    refused = store.put([(KEY, answer(CertStatus.GOOD, SECONDS - 1, text=b"older"))])
    assert refused.refused == (KEY,)
    assert refused.stored == 0
    assert read(store).signed == b"newer"
    assert store.put([(KEY, answer(CertStatus.GOOD, SECONDS + 1, text=b"newest"))]).stored == 1
    assert read(store).signed == b"newest"


@pytest.mark.parametrize("later", [-HOUR, 0, HOUR, 1000 * HOUR])
@pytest.mark.parametrize("status", [CertStatus.GOOD, CertStatus.UNKNOWN])
def test_revoked_never_becomes_anything_else(store: StatusStore, later: int, status: CertStatus) -> None:
    """F14, R6."""
    store.put([(KEY, answer(CertStatus.REVOKED, SECONDS))])
    assert store.put([(KEY, answer(status, SECONDS + later))]).refused == (KEY,)
    assert read(store).status is CertStatus.REVOKED


def test_revoked_replaces_good_even_when_its_clock_was_behind(store: StatusStore) -> None:
    store.put([(KEY, answer(CertStatus.GOOD, SECONDS))])
    assert store.put([(KEY, answer(CertStatus.REVOKED, SECONDS - HOUR))]).stored == 1
    assert read(store).status is CertStatus.REVOKED


def test_one_refused_answer_does_not_stop_the_others_of_its_batch(store: StatusStore) -> None:
    other = answer_key(1, HashAlgorithm.SHA1, 4712)
    store.put([(KEY, answer(CertStatus.REVOKED, SECONDS))])
    published = store.put(
        [(KEY, answer(CertStatus.GOOD, SECONDS + 9)), (other, answer(CertStatus.GOOD, SECONDS + 9))]
    )
    assert (published.stored, published.refused) == (1, (KEY,))
    assert read(store, other).status is CertStatus.GOOD


def test_the_oldest_come_first_and_each_only_once(store: StatusStore) -> None:
    """F7: freshness is asked of what is served."""
    keys = [answer_key(1, HashAlgorithm.SHA1, number) for number in range(50)]
    store.put([(key, answer(CertStatus.GOOD, SECONDS - n)) for n, key in enumerate(keys)])
    assert store.freshness() == Freshness(
        answers=50,
        oldest_this_update=SECONDS - 49,
        oldest_next_update=SECONDS - 49 + 8 * HOUR,
        reconciled_at=None,
    )
    assert [key for key, _ in store.oldest(before=SECONDS - 9, limit=100)] == keys[:9:-1]
    assert [key for key, _ in store.oldest(before=SECONDS + 1, limit=2)] == [keys[49], keys[48]]
    following = store.oldest(before=SECONDS + 1, limit=2, after=(SECONDS - 48, keys[48]))
    assert [key for key, _ in following] == [keys[47], keys[46]]
    assert [stored is not None for stored in store.get_many([keys[3], b"none", keys[1]])] == [
        True,
        False,
        True,
    ]
    store.put([(keys[49], answer(CertStatus.GOOD, SECONDS))])
    assert store.freshness().oldest_this_update == SECONDS - 48
    assert store.freshness().answers == 50
    assert len(store.oldest(before=SECONDS + 1, limit=100)) == 50


def test_an_empty_store_has_no_age(store: StatusStore) -> None:
    assert store.freshness() == Freshness(
        answers=0, oldest_this_update=None, oldest_next_update=None, reconciled_at=None
    )
    store.mark_reconciled(SECONDS)
    assert store.freshness().reconciled_at == SECONDS


def test_an_answer_leaves_only_after_its_certificate_has_ended(store: StatusStore) -> None:
    """A8."""
    store.put([(KEY, answer(CertStatus.REVOKED, SECONDS, not_after=SECONDS + HOUR))])
    assert store.remove_expired([KEY], before=SECONDS + HOUR) == 0
    assert read(store).status is CertStatus.REVOKED
    assert store.remove_expired([KEY, b"not there"], before=SECONDS + HOUR + 1) == 1
    assert store.get(KEY) is None
    assert store.freshness().answers == 0
    assert store.oldest(before=SECONDS * 2, limit=9) == []


def test_issuers_are_found_by_every_hash_of_their_name_and_key(store: StatusStore) -> None:
    first, second = make_authority("TEST One"), make_authority("TEST Two")
    numbers = [first.register(store, name="one"), second.register(store, name="two")]
    assert first.register(store, name="one") == numbers[0]
    assert len(set(numbers)) == 2
    for algorithm in HashAlgorithm:
        for number, authority in zip(numbers, (first, second), strict=True):
            names = {"name_der": authority.name_der, "key_bits": authority.key_bits}
            found = store.registry.issuer_of(CertId.of(algorithm=algorithm, serial_number=5, **names))
            assert found is not None
            assert found.issuer_id == number
        crossed = CertId.of(
            algorithm=algorithm, serial_number=5, name_der=first.name_der, key_bits=second.key_bits
        )
        assert store.registry.issuer_of(crossed) is None


def test_a_second_issuer_of_the_same_name_and_another_key_is_another_issuer(store: StatusStore) -> None:
    """F13."""
    first, second = make_authority("TEST Same"), make_authority("TEST Same")
    assert first.register(store) != second.register(store)


def test_a_renewed_signer_signs_new_answers_and_the_old_one_is_kept(
    store: StatusStore,
) -> None:
    authority = make_authority()
    number = authority.register(store)
    issuer = store.registry.issuers[number]
    before = store.registry.signer_of(issuer)
    assert before is not None
    renewed = make_authority()
    renewed.register(store, name="x")
    record = store.registry.signers[2]
    moved = store.register_signer(
        type(record)(
            signer_id=0,
            issuer_id=number,
            label="person_id_3.ocsp.2",
            algorithm="ECDSA_SHA256",
            certificate_der=b"another",
            key_hash=record.key_hash,
            public_key=record.public_key,
            not_after=9,
        )
    )
    after = store.registry.signer_of(store.registry.issuers[number])
    assert after is not None
    assert (after.signer_id, after.label) == (moved, "person_id_3.ocsp.2")
    assert store.registry.signers[before.signer_id] == before


@pytest.mark.parametrize("serial_number", [1, 127, 128, 2**64, 2**159 - 1])
def test_a_key_tells_whose_answer_it_is(serial_number: int) -> None:
    for algorithm in (HashAlgorithm.SHA1, HashAlgorithm.SHA256):
        assert split_key(answer_key(7, algorithm, serial_number)) == (7, algorithm, serial_number)
