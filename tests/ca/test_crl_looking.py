"""The look for lists that are due costs one question while nothing happens, and misses nothing that does."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from ca.crl_lists import CrlList, crl_file, lists_of
from ca.crl_looking import LONGEST_QUIET, SETTLING, CrlLooking
from ca.crl_schedule import due_at, is_due
from ca.models import Issuer
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from journal.sequencing import sequence_committed
from tests.ca.conftest import ALVA, WORKER, Authority
from tests.ca.test_crl_publishing import SlowSigners, issuer, read, revoked, serials

pytestmark = pytest.mark.usefixtures("policy")
Queries = Callable[[int], AbstractContextManager[object]]


@pytest.fixture
def look(authority: Authority) -> Callable[[], int]:
    """One look, at the authority's time, by a worker for which all is quiet."""
    looking = CrlLooking()

    def once() -> int:
        return looking.publish_due(signers=authority.signers, actor=WORKER, at=authority.at)

    while sequence_committed():
        pass
    assert once() == 0
    authority.later(seconds=SETTLING.seconds)
    assert once() == 0
    return once


def test_while_nothing_happens_a_look_is_one_question(
    authority: Authority, look: Callable[[], int], django_assert_num_queries: Queries
) -> None:
    for _ in range(5):
        authority.later(seconds=2)
        with django_assert_num_queries(1):
            assert look() == 0


def test_a_revocation_is_seen_by_the_next_look(authority: Authority, look: Callable[[], int]) -> None:
    """PKI-3: also when its entry has no place in the journal yet."""
    certificate = revoked(authority)
    authority.later(seconds=1)
    assert look() == 1
    assert int(certificate.serial_hex, 16) in serials(read(issuer("person_hsa_id_3")))


def test_a_look_is_not_begun_beside_one_that_still_makes_a_list(authority: Authority) -> None:
    """A list of a million takes longer than the two seconds between looks: it is made once."""
    revoked(authority)
    looking, beside = CrlLooking(), []

    def another() -> None:
        beside.append(looking.publish_due(signers=authority.signers, actor=WORKER, at=authority.at))

    slow = SlowSigners(authority.signers, another)
    assert looking.publish_due(signers=slow, actor=WORKER, at=authority.at) == 1
    assert beside == [0]
    assert looking.publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0


def test_a_revocation_by_a_clock_that_is_ahead_waits_until_its_time_and_no_longer(
    authority: Authority, look: Callable[[], int]
) -> None:
    certificate = authority.certificate()
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at + timedelta(seconds=5),
    )
    while sequence_committed():
        pass
    made = []
    for _ in range(4):
        authority.later(seconds=2)
        made.append(look())
    assert made == [0, 0, 1, 0]


def test_time_ends_the_quiet(authority: Authority, look: Callable[[], int]) -> None:
    authority.later(minutes=61)
    assert look() == 6


def test_a_list_that_is_gone_or_replaced_comes_back(authority: Authority, look: Callable[[], int]) -> None:
    file = crl_file(issuer("person_hsa_id_3"))
    before = file.read_bytes()
    file.unlink()
    authority.later(seconds=2)
    look()
    assert file.read_bytes() == before
    file.write_bytes(crl_file(issuer("person_id_3")).read_bytes())
    authority.later(seconds=2)
    look()
    assert file.read_bytes() == before


def test_while_entries_wait_for_their_place_nothing_counts_as_quiet(
    authority: Authority, look: Callable[[], int]
) -> None:
    """PKI-3: a sequencer that stands still hides no second revocation behind the first."""
    revoked(authority)
    for seconds in (1, SETTLING.seconds, 2):
        authority.later(seconds=seconds)
        look()
    certificate = revoked(authority)
    authority.later(seconds=2)
    assert look() == 1
    assert int(certificate.serial_hex, 16) in serials(read(issuer("person_hsa_id_3")))


def test_a_place_that_takes_no_list_is_tried_at_every_look(
    authority: Authority, look: Callable[[], int]
) -> None:
    file = crl_file(issuer("person_hsa_id_3"))
    before, folder = file.read_bytes(), file.parent
    folder.rename(folder.with_name("away"))
    folder.write_bytes(b"in the way")
    for _ in range(2):
        authority.later(seconds=2)
        assert look() == 0
    folder.unlink()
    authority.later(seconds=2)
    look()
    assert file.read_bytes() == before


def test_whatever_the_signs_say_everything_is_looked_at_now_and_then(
    authority: Authority, look: Callable[[], int], django_assert_max_num_queries: Queries
) -> None:
    authority.later(seconds=LONGEST_QUIET.seconds + 1)
    with pytest.raises(pytest.fail.Exception), django_assert_max_num_queries(1):
        look()


def test_when_a_list_is_due_is_told_to_the_second(authority: Authority) -> None:
    revoked(authority)
    for one in (one for each in Issuer.objects.all() for one in lists_of(each)):
        is_now = one == CrlList(issuer=issuer("person_hsa_id_3"))
        assert is_due(one, at=authority.at) is is_now
        moment = due_at(one, at=authority.at)
        assert (moment <= authority.at) is is_now
        if not is_now:
            assert not is_due(one, at=moment - timedelta(seconds=1))
            assert is_due(one, at=moment)
