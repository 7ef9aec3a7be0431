"""What the worker sees goes into the journal once: faults of the HSM, jobs, dead letters, settings."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings

from ca.errors import SigningUnavailable
from journal import sequencing
from journal.actor import Actor
from journal.configuration import record_configuration
from journal.models import Entry
from portal.told_settings import tell_configuration, told_settings
from tests.journal.test_recording import ring
from worker.consumers import Consumer, consume_available
from worker.jobs import run_job
from worker.signer_watch import watch_signer

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def told(kind: str) -> list[dict[str, object]]:
    return [json.loads(entry.content)["event"] for entry in Entry.objects.filter(type=kind).order_by("id")]


class Signer:
    """A signer that says of itself what a test wants."""

    def __init__(self, **facts: object) -> None:
        self.facts: dict[str, object] = {"labels": ["root"], "repairs": 0, "faults": {}, "process": 7}
        self.facts |= facts

    def health(self) -> Mapping[str, object]:
        if not self.facts["process"]:
            raise SigningUnavailable("nobody answers")
        return self.facts


def test_a_fault_and_a_repair_of_the_hsm_are_told_once() -> None:
    watch_signer(Signer(), at=AT)
    for _ in range(2):
        watch_signer(Signer(faults={"CKR_DEVICE_ERROR": 2}, repairs=1), at=AT)
    assert told("hsm.faulted") == [{"process": 7, "faults": ["CKR_DEVICE_ERROR"], "counts": [2]}]
    assert told("hsm.repaired") == [{"process": 7, "repairs": 1}]
    watch_signer(Signer(faults={"CKR_DEVICE_ERROR": 3}, repairs=1), at=AT)
    assert [event["counts"] for event in told("hsm.faulted")] == [[2], [1]]


def test_a_lost_signer_is_told_once_and_so_is_its_return() -> None:
    for process in (7, 0, 0, 8, 8):
        watch_signer(Signer(process=process), at=AT)
    assert [event["process"] for event in told("signer.found")] == [7, 8]
    assert told("signer.lost") == [{"process": 7}]


def test_a_signer_started_anew_counts_from_zero() -> None:
    watch_signer(Signer(faults={"x": 5}), at=AT)
    watch_signer(Signer(process=8, faults={"x": 2}), at=AT)
    assert [event["counts"] for event in told("hsm.faulted")] == [[5], [2]]


def test_a_job_is_told_when_it_did_something_and_not_at_an_empty_tick() -> None:
    for result in ("0 issued", "3 issued", "0 issued"):
        run_job("issue_waiting", lambda _, result=result: result)  # type: ignore[misc]
    run_job("sign_head", lambda _: "head over 17 rows")
    assert told("job.ended") == [{"job": "issue_waiting", "outcome": "done", "failure": "", "counts": [3]}]


def test_of_a_row_of_failures_the_first_is_told_and_that_it_works_again() -> None:
    def fails(_: datetime) -> str:
        raise OSError("the text may hold anything, and is not told")

    for _ in range(3):
        with pytest.raises(OSError, match="anything"):
            run_job("sign_head", fails)
    run_job("sign_head", lambda _: "nothing new")
    assert [(event["outcome"], event["failure"]) for event in told("job.ended")] == [
        ("failed", "OSError"),
        ("recovered", ""),
    ]
    assert "anything" not in "".join(entry.content for entry in Entry.objects.all())


def test_a_dead_letter_is_told_with_the_name_of_its_error_only() -> None:
    ring()
    sequencing.sequence_committed()

    def fails(_: object) -> None:
        raise KeyError("19850412-9803")

    consume_available(Consumer(name="bells", handlers={"test.bell_rung": fails}))
    assert told("consumer.dead_letter") == [
        {"consumer": "bells", "position": 0, "entry_type": "test.bell_rung", "failure": "KeyError"}
    ]


def test_settings_are_told_when_they_differ_and_only_then() -> None:
    actor = Actor.system("portal")
    for values in ({"A": "1", "B": "2"}, {"A": "1", "B": "2"}, {"A": "1", "B": "3", "C": ""}):
        record_configuration("portal", values, actor=actor, at=AT)
    record_configuration("worker", {"A": "1"}, actor=Actor.system("worker"), at=AT)
    first, second, other = told("configuration.changed")
    assert first["previous_sha256"] == ""
    assert (second["changed"], second["previous_sha256"]) == (["B", "C"], first["sha256"])
    assert second["settings"] == ["A=1", "B=3", "C="]
    assert (other["process"], other["changed"]) == ("worker", ["A"])


def test_no_secret_address_or_path_is_told() -> None:
    tell_configuration("portal")
    text = Entry.objects.get(type="configuration.changed").content
    assert f'"SIGILL_ENVIRONMENT={django_settings.SIGILL_ENVIRONMENT}"' in text
    for secret in (
        django_settings.SECRET_KEY,
        django_settings.SIGILL_JOURNAL_MASTER,
        str(django_settings.SIGILL_HOME),
        "://",
    ):
        assert secret not in text
    assert len(told_settings()["policy"]) == 64
