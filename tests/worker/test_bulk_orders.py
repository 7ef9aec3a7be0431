"""The job that checks and places rows of orders for several."""

from datetime import UTC, datetime, timedelta

import pytest

from cards.bulk.lifecycle import place_bulk_order
from cards.bulk.models import BulkOrder
from tests.cards.bulk.conftest import prepared
from tests.scenarios import Scene, a_scene
from worker import tasks
from worker.models import JobStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene(at=datetime.now(tz=UTC) - timedelta(days=9))


def test_the_job_checks_then_places_and_then_has_nothing_to_do(scene: Scene) -> None:
    """POR-17: no run without work."""
    tasks.order_for_several()
    assert not JobStatus.objects.filter(name="order_for_several").exists()
    bulk = prepared(scene, scene.cast.asa.hsa_id)
    tasks.order_for_several()
    assert JobStatus.objects.get(name="order_for_several").result == "1 rows checked, 0 done"
    place_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    tasks.order_for_several()
    bulk = BulkOrder.objects.get()
    assert (bulk.state, bulk.ordered) == ("FINISHED", 1)


def test_a_draft_of_last_week_lapses_with_the_nights_job(scene: Scene) -> None:
    prepared(scene, scene.cast.asa.hsa_id)
    tasks.remove_outdated()
    assert BulkOrder.objects.get().state == "LAPSED"
