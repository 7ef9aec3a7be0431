"""Whole seconds, and a validity that counts its last second."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.pki import dates

AT = datetime(2026, 11, 21, 19, 5, 7, 999_999, tzinfo=UTC)


def test_a_fraction_is_dropped_and_never_rounded_up() -> None:
    """F12: notBefore is never ahead."""
    assert dates.whole_second(AT) == AT.replace(microsecond=0)


def test_a_naive_moment_is_refused() -> None:
    """F12: naive and aware moments are not mixed."""
    with pytest.raises(ValueError, match="time zone"):
        dates.whole_second(AT.replace(tzinfo=None))


def test_one_day_ends_one_second_before_the_same_time_tomorrow() -> None:
    """Let's Encrypt 2021-06-08: 90 days and one second."""
    not_before, not_after = dates.validity(at=AT, lasting=timedelta(days=1))
    assert not_before == datetime(2026, 11, 21, 19, 5, 7, tzinfo=UTC)
    assert not_after == datetime(2026, 11, 22, 19, 5, 6, tzinfo=UTC)
    assert dates.duration(not_before, not_after) == timedelta(days=1)


def test_a_certificate_ends_with_its_card() -> None:
    until = AT + timedelta(days=10)
    _, not_after = dates.validity(at=AT, lasting=timedelta(days=365), until=until)
    assert not_after == until.replace(microsecond=0)
    _, earlier = dates.validity(at=AT, lasting=timedelta(days=5), until=until)
    assert earlier < until


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11))])
    ),
    st.integers(min_value=1, max_value=10_000),
)
def test_the_duration_is_what_was_asked_for_in_every_zone(at: datetime, days: int) -> None:
    if not 1951 < at.year < 9900:
        return
    not_before, not_after = dates.validity(at=at, lasting=timedelta(days=days))
    assert dates.duration(not_before, not_after) == timedelta(days=days)
    assert not_before <= at
    assert not_before.utcoffset() == timedelta(0)
