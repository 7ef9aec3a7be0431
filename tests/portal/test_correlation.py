"""One id runs from a request through everything that it causes, in the portal and in the worker."""

import json
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import Client

from journal import correlation, sequencing
from journal.actor import Actor
from journal.models import Entry
from journal.recording import record
from tests.journal.test_recording import BellRung
from tests.portal.conftest import logged_in
from tests.scenarios import Scene
from worker.consumers import Consumer, consume_available
from worker.jobs import run_job

AT = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)


def told(entry: Entry) -> str:
    return str(json.loads(entry.content)["actor"]["correlation"])


def ring(actor: Actor) -> Entry:
    with transaction.atomic():
        return record(BellRung(person_id="p1", times=1), actor=actor, at=AT)


@pytest.mark.django_db
def test_every_answer_says_its_id_and_a_callers_own_is_ignored() -> None:
    first, second = (Client().get("/healthz", headers={"X-Correlation-Id": "mine"}) for _ in range(2))
    ids = {first["X-Correlation-Id"], second["X-Correlation-Id"]}
    assert len(ids) == 2
    assert "mine" not in ids


@pytest.mark.django_db
def test_what_a_page_records_carries_the_id_of_the_request_and_of_the_session(scene: Scene) -> None:
    answer = logged_in(scene.cast.alva).post("/people/search/", {"q": scene.cast.asa.hsa_id})
    entry = Entry.objects.get(type="directory.person_searched")
    assert told(entry) == answer["X-Correlation-Id"]
    assert json.loads(entry.content)["actor"]["credential"]


@pytest.mark.django_db
def test_what_a_consumer_does_carries_the_id_of_what_caused_it() -> None:
    with correlation.caused_by("request-1"):
        ring(Actor.system("portal"))
    sequencing.sequence_committed()
    caused = []
    consumer = Consumer(
        name="bells", handlers={"test.bell_rung": lambda _: caused.append(ring(Actor.system("worker")))}
    )
    assert consume_available(consumer) == 1
    assert [told(entry) for entry in caused] == ["request-1"]
    assert correlation.current() == ""


@pytest.mark.django_db
def test_each_run_of_a_job_has_an_id_of_its_own() -> None:
    entries: list[Entry] = []

    def work(_: datetime) -> str:
        entries.extend((ring(Actor.system("job")), ring(Actor.system("job"))))
        return ""

    run_job("bells", work)
    run_job("bells", work)
    first, same, second, _ = (told(entry) for entry in entries)
    assert first == same != second
    assert first
