"""Old traffic with the factory is thinned out: hashes and counts stay, what points at people goes."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from cards.manufacturing.models import FactoryFile, FactoryReport, ProductionBatch, ProductionRow
from cards.manufacturing.retention import thin_out
from journal.models import Entry
from tests.scenarios import WORKER, Scene, a_pending_order

pytestmark = pytest.mark.django_db


def a_file(scene: Scene, number: int, *, state: str = "APPLIED", problem: str = "") -> None:
    file = FactoryFile.objects.create(
        number=number, state=state, problem=problem, content=b"names an order", sha256="5b" * 32,
        received_at=scene.at,
    )  # fmt: skip
    FactoryReport.objects.create(
        number=number, file=file, order_id="order", kind="shipped", reported_at=scene.at,
        received_at=scene.at, outcome="applied",
    )  # fmt: skip


def test_what_was_dealt_with_goes_in_time_and_its_digest_stays(scene: Scene) -> None:
    a_file(scene, 1)
    a_file(scene, 2, state="SET_ASIDE", problem="malformed")
    order = a_pending_order(scene)
    batch = ProductionBatch.objects.create(
        number=7, state="ACKNOWLEDGED", assembled_at=scene.at, sent_at=scene.at, acknowledged_at=scene.at,
        content_hashes=["5b" * 32],
    )  # fmt: skip
    ProductionRow.objects.create(
        batch=batch,
        position=1,
        order=order,
        dispatched_at=scene.at,
        card_number="9752",
        tracking_number="RR1SE",
    )
    a_day_before = scene.at + timedelta(days=399)
    assert thin_out(actor=WORKER, at=a_day_before).startswith("0 files")
    told = thin_out(actor=WORKER, at=a_day_before + timedelta(days=1))
    assert told == "1 files of the factory emptied, 1 rows of production thinned out"
    kept = {one.number: (bytes(one.content), one.sha256) for one in FactoryFile.objects.all()}
    assert kept == {1: (b"", "5b" * 32), 2: (b"names an order", "5b" * 32)}
    assert list(FactoryReport.objects.order_by("number").values_list("order_id", "kind")) == [
        ("", "shipped"), ("order", "shipped"),
    ]  # fmt: skip
    row = ProductionRow.objects.get()
    assert (row.card_number, row.tracking_number, row.dispatched_at) == ("", "", scene.at)
    assert thin_out(actor=WORKER, at=a_day_before + timedelta(days=2)).startswith("0 files")
    assert Entry.objects.filter(type="production.thinned_out").count() == 1


def test_one_run_takes_no_more_than_its_cap(scene: Scene, settings: Settings) -> None:
    """A clock that jumped must not take everything (design.md, decision 9)."""
    settings.SIGILL_FACTORY_FILE_DAYS = 1
    for number in (1, 2, 3):
        a_file(scene, number)
    told = thin_out(actor=WORKER, at=scene.later(days=2), cap=2)
    assert told == "2 files of the factory emptied, 0 rows of production thinned out, 1 wait for the next run"
