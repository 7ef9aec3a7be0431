"""Stored OCSP answers are linted as responders serve them; a planted bad one is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ca.linting import Read
from ca.second_opinion import SecondOpinion, second_opinion
from ocsp.linting import faults_in_answers
from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.record import StoredAnswer
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import HOUR, SECONDS, make_authority

GOOD, REVOKED = (1 << 120) + 1, (1 << 120) + 2


@pytest.fixture
def store(tmp_path: Path) -> LmdbStore:
    return LmdbStore(tmp_path / "lmdb")


def opinion() -> SecondOpinion:
    found = second_opinion()
    assert found is not None
    return found


@pytest.mark.parametrize("rsa_signer", [False, True])
def test_our_lints_and_pkilint_find_nothing_in_what_is_served(store: LmdbStore, *, rsa_signer: bool) -> None:
    """A18: good and revoked, with and without a reason, for both hashes that questions use."""
    authority = make_authority(rsa_signer=rsa_signer)
    authority.publish(store, [GOOD])
    authority.publish(store, [REVOKED], status=CertStatus.REVOKED, reason=1)
    authority.publish(store, [REVOKED + 1], status=CertStatus.REVOKED)
    read = Read()
    assert list(faults_in_answers(store, opinion=opinion(), limit=None, read=read)) == []
    assert read.things == read.by_pkilint == 6


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda answer: replace(answer, signed=answer.signed[:-1] + bytes([answer.signed[-1] ^ 1])),
            "is not the signer's",
        ),
        (lambda answer: replace(answer, signer_id=99), "nobody knows who signed it"),
    ],
)
def test_a_bad_answer_is_named(
    store: LmdbStore, spoil: Callable[[StoredAnswer], StoredAnswer], said: str
) -> None:
    authority = make_authority()
    authority.publish(store, [GOOD])
    ((key, answer), *_) = store.oldest(before=SECONDS + HOUR, limit=1)
    store.put([(key, spoil(replace(answer, this_update=answer.this_update + 1)))])
    faults = list(faults_in_answers(store, opinion=None, limit=None, read=Read()))
    assert [fault for fault in faults if said in fault.what and f"{GOOD:x}" in fault.where], faults
