"""Rows of production that the database refuses, one for each part of each constraint."""

from collections.abc import Callable
from datetime import UTC, datetime

from cards.manufacturing.models import FactoryCursor, FactoryFile, ProductionBatch, ProductionRow
from tests.scenarios import Scene, a_pending_order

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
Act = Callable[[], object]


def batch(**changes: object) -> Act:
    facts = {"number": 7, "state": "ASSEMBLED", "assembled_at": NOW, **changes}
    return lambda: ProductionBatch.objects.create(**facts)


def rows(scene: Scene, *places: tuple[int, int, datetime | None]) -> Act:
    """Put one order into batches at places; the third says when it was taken out."""
    order = a_pending_order(scene)

    def act() -> None:
        for number, position, withdrawn_at in places:
            into, _ = ProductionBatch.objects.get_or_create(
                number=number, state="ASSEMBLED", defaults={"assembled_at": NOW}
            )
            ProductionRow.objects.create(
                batch=into, position=position, order=order, withdrawn_at=withdrawn_at
            )

    return act


def tracked(scene: Scene) -> Act:
    order = a_pending_order(scene)

    def act() -> None:
        into = ProductionBatch.objects.create(number=7, state="ASSEMBLED", assembled_at=NOW)
        ProductionRow.objects.create(batch=into, position=1, order=order, tracking_number="RR1SE")

    return act


def file(**changes: object) -> Act:
    facts = {
        "number": 7,
        "state": "APPLIED",
        "content": b"x",
        "sha256": "0" * 64,
        "received_at": NOW,
        **changes,
    }
    return lambda: FactoryFile.objects.create(**facts)


PRODUCTION_VIOLATIONS: list[tuple[str, Callable[[Scene], Act]]] = [
    ("production_batch_state_is_known", lambda _: batch(state="LOST")),
    ("production_batch_counts_from_one", lambda _: batch(number=0)),
    ("production_batch_sent_iff_when", lambda _: batch(sent_at=NOW)),
    ("production_batch_sent_iff_when", lambda _: batch(state="SENT")),
    ("production_batch_sent_iff_when", lambda _: batch(state="ACKNOWLEDGED", acknowledged_at=NOW)),
    ("production_batch_acknowledged_iff_when", lambda _: batch(state="ACKNOWLEDGED", sent_at=NOW)),
    ("production_batch_acknowledged_iff_when", lambda _: batch(acknowledged_at=NOW)),
    ("production_batch_withdrawn_iff_when", lambda _: batch(state="WITHDRAWN")),
    ("production_batch_withdrawn_iff_when", lambda _: batch(withdrawn_at=NOW)),
    ("one_order_per_place_in_a_batch", lambda s: rows(s, (7, 1, NOW), (7, 1, None))),
    ("an_order_is_in_one_batch", lambda s: rows(s, (7, 1, None), (8, 1, None))),
    ("production_row_tracked_was_dispatched", tracked),
    ("factory_file_state_is_known", lambda _: file(state="RECEIVED", problem="x")),
    ("factory_file_set_aside_iff_why", lambda _: file(problem="x")),
    ("factory_file_set_aside_iff_why", lambda _: file(state="SET_ASIDE")),
    ("factory_file_emptied_was_dealt_with", lambda _: file(emptied_at=NOW)),
    (
        "factory_file_emptied_was_dealt_with",
        lambda _: file(emptied_at=NOW, content=b"", state="SET_ASIDE", problem="x"),
    ),
    ("factory_file_settled_iff_when_and_by_whom", lambda _: file(state="SETTLED", problem="x")),
    (
        "factory_file_settled_iff_when_and_by_whom",
        lambda _: file(state="SETTLED", problem="x", settled_at=NOW),
    ),
    (
        "factory_file_settled_iff_when_and_by_whom",
        lambda _: file(state="SET_ASIDE", problem="x", settled_by="x"),
    ),
    ("there_is_one_factory_cursor", lambda _: lambda: FactoryCursor.objects.create(pk=2)),
    ("factory_cursor_counts_from_zero", lambda _: lambda: FactoryCursor.objects.create(pk=1, position=-1)),
    (
        "factory_cursor_counts_from_zero",
        lambda _: lambda: FactoryCursor.objects.create(pk=1, file_position=-1),
    ),
    ("factory_cursor_counts_from_zero", lambda _: lambda: FactoryCursor.objects.create(pk=1, last_batch=-1)),
]
