"""Signing again is spread over time: a simulated day of runs after everything began in one minute."""

from collections import Counter
from datetime import timedelta

import pytest

from ocsp import publisher
from tests.ocsp.test_publisher import AT, World
from tests.ocsp.test_publisher import world as world  # noqa: PLC0414 - the fixture

pytestmark = pytest.mark.django_db(transaction=True)
_CERTIFICATES = 20
_DAY = 24 * 60


def test_over_a_day_no_minute_carries_a_herd_and_nothing_ages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7, A4: made within one minute, they part ways: no run signs more than its even share."""
    monkeypatch.setattr(publisher, "_LEAST_QUOTA", 1)
    monkeypatch.setattr(publisher, "_BATCH", 1)
    for certificate in [world.issue() for _ in range(_CERTIFICATES)]:
        world.publish(certificate)
    answers = world.store.freshness().answers
    # The OCSP signer of another issuer may be renewed in a run; only answers of certificates are counted.
    signed: Counter[int] = Counter()
    oldest = 0.0
    for minute in range(1, _DAY):
        at = AT + timedelta(minutes=minute)
        signed[minute] = world.refresh(at).refreshed
        freshness = world.store.freshness()
        assert freshness.oldest_this_update is not None
        oldest = max(oldest, at.timestamp() - freshness.oldest_this_update)
    assert oldest <= publisher.MUST_REFRESH_AFTER.total_seconds()
    assert max(signed.values()) <= 2, "one certificate has two answers: more in one minute is a herd"
    busy = sum(1 for count in signed.values() if count)
    assert busy >= 8 * answers / 2, "each is signed again at least every three and a half hours"
