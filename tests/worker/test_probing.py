"""The worker's side of the probe: one run at a time, and an alarm is told once, when it begins and ends."""

import logging
import threading

import pytest

from ocsp.probe.alarms import Alarm, AlarmKind
from worker import probing


def test_a_run_that_meets_another_goes_away() -> None:
    lane, inside, leave = probing.Lane(), threading.Event(), threading.Event()

    def slow(_: object) -> str:
        inside.set()
        leave.wait(60)
        return "done"

    thread = threading.Thread(target=lane.run, args=(slow,))
    thread.start()
    inside.wait(60)
    assert lane.run(slow) == "the run before this one is not over"
    leave.set()
    thread.join(60)
    assert lane.run(lambda _: "again") == "again"


def test_an_alarm_is_logged_when_it_begins_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """R7: a log that says the same each minute is a log that nobody reads."""
    alarm = Alarm(kind=AlarmKind.FAULT, issuer_key="function", service="aia", node="n", fault="HTTP 503")
    probing._told.clear()
    with caplog.at_level(logging.INFO, logger="worker.probing"):
        for found in ([alarm], [alarm], []):
            probing._tell(found)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "HTTP 503" in caplog.records[0].getMessage()
