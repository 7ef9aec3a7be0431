"""The jobs that do what people decided about readings and on basis lists."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from cards.basis_selectors import cards_on_basis
from cards.models import Card, CardOrder
from directory import registers
from directory.basis_decisions import Chosen, decide
from directory.basis_models import BasisDecision, BasisSubject
from directory.models import Person, SyncRun
from directory.nightly import NIGHTLY
from tests.scenarios import Scene, a_pending_order, a_scene, an_active_card
from worker import tasks
from worker.models import JobStatus
from worker.schedule import BEAT_SCHEDULE

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene(at=datetime.now(tz=UTC) - timedelta(days=9))


def test_the_job_blocks_what_was_decided_and_then_has_nothing_to_do(scene: Scene) -> None:
    """POR-11: from the decision to the blocked card, by the job alone; no run without work."""
    card = an_active_card(scene)
    tasks.carry_out_decisions()
    assert not JobStatus.objects.filter(name="carry_out_decisions").exists()
    Person.objects.filter(pk=card.person_id).update(registration_status="deceased")
    (row,) = cards_on_basis(actor=scene.cast.alva, at=scene.at)
    chosen = Chosen(
        subject_id=card.pk,
        person_id=card.person_id,
        organization_id=card.organization_id,
        ground=row.ground.value,
    )
    decide(BasisSubject.CARD, [chosen], reason="dead", actor=scene.cast.alva, at=scene.at)
    tasks.carry_out_decisions()
    assert Card.objects.get().state == "BLOCKED"
    assert BasisDecision.objects.get().finished_at is not None
    assert JobStatus.objects.get(name="carry_out_decisions").result == "1 rows"


def test_a_reading_that_was_asked_for_is_begun_by_the_job(db: None, settings: Settings) -> None:
    """POR-8, POR-14: a register that is away ends it as not complete, and nobody is missing for it."""
    settings.SIGILL_PU_URL = settings.SIGILL_HSA_URL = "http://127.0.0.1:9"  # nobody answers there
    registers.forget()
    Person.objects.create(
        personal_identity_number="198308309908", surname="Lindqvist", birth_date="1983-08-30"
    )
    SyncRun.objects.create(register="pu", state="requested", started_at=datetime.now(tz=UTC))
    tasks.sync_requested()
    registers.forget()
    run = SyncRun.objects.get()
    assert (run.state, run.failure, run.held) == ("incomplete", "pu.connection", 0)
    assert Person.objects.get().pu_missed_reads == 0
    assert "incomplete" in JobStatus.objects.get(name="sync_pu").result


def test_the_job_removes_orders_that_were_never_made(scene: Scene) -> None:
    """POR-13."""
    order = a_pending_order(scene)
    CardOrder.objects.filter(pk=order.pk).update(placed_at=scene.at - timedelta(days=70))
    tasks.remove_outdated()
    order.refresh_from_db()
    assert (order.state, order.lapse_reason) == ("LAPSED", "outdated")


def test_the_nights_are_those_that_the_page_shows() -> None:
    for register, clock in NIGHTLY.items():
        planned = BEAT_SCHEDULE[f"sync_{register}"]["schedule"]
        assert (planned.hour, planned.minute) == ({clock.hour}, {clock.minute})  # type: ignore[attr-defined]
