"""Times as people here read them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portal import moments
from portal.pages.plot import DayCount, plot

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_today_and_yesterday_are_swedish_days_also_around_midnight() -> None:
    just_after_midnight = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    with translation.override("sv"):
        assert moments.moment(just_after_midnight, now=NOW) == "i dag 00:30"
        assert moments.moment(just_after_midnight - timedelta(hours=1), now=NOW) == "i går 23:30"
        assert moments.moment(NOW - timedelta(days=2), now=NOW) == "2026-11-19 13:00"


@pytest.mark.parametrize(
    ("days", "text"),
    [(1, "1 dag kvar"), (71, "71 dagar kvar"), (0, "sista dagen i dag"), (-1, "för 1 dag sedan")],
)
def test_days_left_in_words(days: int, text: str) -> None:
    today = date(2026, 11, 21)
    with translation.override("sv"):
        assert moments.days_left(today + timedelta(days=days), today=today) == text


def test_a_short_span_has_a_decimal_comma_in_swedish() -> None:
    with translation.override("sv"):
        assert moments.span(0.314) == "0,31 s"
        assert moments.span(12.4) == "12 s"
        assert moments.span(180) == "3 min"


@pytest.mark.parametrize("text", ["21/11 2026", "2026-13-01", "", "2026-11-21T"])
def test_another_notation_than_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moments.parse_local(text, "09:38")


@pytest.mark.parametrize(("day", "clock"), [("0001-01-01", "00:00"), ("0001-01-01", "01:11")])
def test_an_hour_that_is_no_moment_of_utc_is_refused(day: str, clock: str) -> None:
    with pytest.raises(ValueError, match="UTC"):
        moments.parse_local(day, clock)


@given(
    day=st.dates(min_value=date.min).map(str) | st.text(),
    clock=st.times().map(lambda one: f"{one:%H:%M}") | st.text(),
)
def test_any_text_is_a_moment_or_is_refused(day: str, clock: str) -> None:
    try:
        read = moments.parse_local(day, clock)
    except ValueError:
        return
    assert moments.moment(read.astimezone(UTC), now=read)


def test_a_local_time_is_read_as_swedish_summer_time_in_summer() -> None:
    assert moments.parse_local("2026-07-01", "09:38").astimezone(UTC).hour == 7


@pytest.mark.parametrize("most", [0, 1, 2, 3, 9, 10, 11, 47, 100, 1234])
def test_a_plot_keeps_every_bar_inside_its_frame(most: int) -> None:
    days = [DayCount(day=date(2026, 11, 1) + timedelta(days=one), first=most, second=1) for one in range(14)]
    drawn = plot(days, title="")
    for bar in drawn.bars:
        assert float(bar.y) >= 0
        assert float(bar.y) + float(bar.height) <= drawn.base_y + 0.1
        assert float(bar.x) + float(bar.width) <= drawn.width
    assert len(drawn.bars) == (28 if most else 14)
