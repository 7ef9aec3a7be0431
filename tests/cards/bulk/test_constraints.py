"""The database as the last guard, and the diagrams of the README: each constraint is violated once."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from cards.bulk.models import BulkOrder, BulkOrderRow
from cards.bulk.states import BULK_ORDER_MOVES, BULK_ROW_MOVES, BulkOrderState, BulkRowState
from tests.cards.bulk.conftest import employ, prepared
from tests.scenarios import Scene, a_pending_order

README = (Path(__file__).parents[3] / "cards" / "bulk" / "README.md").read_text(encoding="utf-8")
NOW = timezone.now()
Violation = Callable[[Scene], Callable[[], object]]


def bulk(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = BulkOrder.objects.filter(pk=prepared(scene, scene.cast.asa.hsa_id).pk)
    return lambda: rows.update(**changes)


def row(scene: Scene, text: str = "", **changes: object) -> Callable[[], object]:
    made = prepared(scene, text or scene.cast.asa.hsa_id)
    rows = BulkOrderRow.objects.filter(bulk_order=made)
    return lambda: rows.update(**changes)


def same_line(scene: Scene) -> Callable[[], object]:
    made = prepared(scene, f"{scene.cast.asa.hsa_id}\n{scene.cast.erik.hsa_id}")
    return lambda: made.rows.update(line=1)


def same_order(scene: Scene) -> Callable[[], object]:
    made = prepared(scene, f"{scene.cast.asa.hsa_id}\n{employ(scene.cast.norr, 900).hsa_id}")
    order = a_pending_order(scene)
    return lambda: made.rows.update(state="ORDERED", card_order=order, done_at=NOW)


VIOLATIONS: list[tuple[str, Violation]] = [
    ("bulk_order_state_is_known", lambda s: bulk(s, state="LOST")),
    ("bulk_order_source_is_known", lambda s: bulk(s, source="post")),
    ("bulk_order_ended_iff_when", lambda s: bulk(s, ended_at=NOW)),
    ("bulk_order_ended_iff_when", lambda s: bulk(s, state="CANCELLED")),
    ("bulk_order_that_runs_was_placed", lambda s: bulk(s, state="RUNNING")),
    (
        "large_bulk_order_runs_only_when_approved",
        lambda s: bulk(s, state="RUNNING", placed_at=NOW, needs_second_person=True),
    ),
    ("bulk_order_approved_iff_when_and_by_whom", lambda s: bulk(s, approved_by="x")),
    (
        "bulk_order_approved_iff_when_and_by_whom",
        lambda s: bulk(s, approved_at=NOW, approved_person_id="x"),
    ),
    (
        "bulk_order_is_approved_by_another_person",
        lambda s: bulk(s, approved_at=NOW, approved_by="x", approved_person_id=s.cast.alva.person_id),
    ),
    ("bulk_order_counts_no_more_than_its_rows", lambda s: bulk(s, checked=2)),
    ("bulk_order_counts_no_more_than_its_rows", lambda s: bulk(s, ready=1)),
    ("bulk_order_has_a_line_once", same_line),
    ("bulk_row_state_is_known", lambda s: row(s, state="LOST", done_at=NOW)),
    ("bulk_row_is_ordered_iff_it_has_an_order", lambda s: row(s, state="ORDERED", done_at=NOW)),
    ("bulk_row_is_refused_iff_it_says_why", lambda s: row(s, state="REFUSED", done_at=NOW)),
    ("bulk_row_is_refused_iff_it_says_why", lambda s: row(s, code="x")),
    ("bulk_row_is_done_iff_it_has_a_result", lambda s: row(s, done_at=NOW)),
    ("bulk_row_is_done_iff_it_has_a_result", lambda s: row(s, state="CANCELLED")),
    (
        "bulk_row_without_a_person_is_never_ordered",
        lambda s: row(s, "Kalle", state="READY", code="", done_at=None),
    ),
    ("bulk_orders_bulkorderrow_card_order_id_key", same_order),
]


@pytest.mark.parametrize(("constraint", "violate"), VIOLATIONS, ids=[name for name, _ in VIOLATIONS])
def test_the_database_refuses(scene: Scene, constraint: str, violate: Violation) -> None:
    act = violate(scene)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    assert constraint in str(caught.value) or "UNIQUE" in str(caught.value)


def test_every_constraint_is_violated_above() -> None:
    constraints = {
        item.name
        for model in apps.get_app_config("bulk_orders").get_models()
        for item in model._meta.constraints
        if isinstance(item, models.CheckConstraint | models.UniqueConstraint)
    }
    assert constraints == {name for name, _ in VIOLATIONS if not name.endswith("_key")}


@pytest.mark.parametrize(
    ("heading", "table"), [("The order for several", BULK_ORDER_MOVES), ("The row", BULK_ROW_MOVES)]
)
def test_the_diagram_in_the_readme_is_the_table(heading: str, table: Mapping[tuple[str, str], str]) -> None:
    chapter = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (\w+)$", chapter, flags=re.MULTILINE))
    assert drawn == {(source, goal, action) for (source, action), goal in table.items()}


def test_nothing_leads_out_of_a_result() -> None:
    ends = {BulkRowState.ORDERED, BulkRowState.REFUSED, BulkRowState.CANCELLED}
    assert not {state for state, _ in BULK_ROW_MOVES} & ends
    over = {BulkOrderState.FINISHED, BulkOrderState.CANCELLED, BulkOrderState.LAPSED}
    assert not {state for state, _ in BULK_ORDER_MOVES} & over
