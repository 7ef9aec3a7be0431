"""The basis of what the operator bills: what was dispatched, once, in the month when it was (CRD-3)."""

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cards.manufacturing.billing import as_csv, billing_basis
from cards.manufacturing.models import ProductionRow
from directory.models import Organization
from tests.scenarios import Scene, a_sent_order, a_shipped_card


def test_a_card_is_billed_in_the_swedish_month_in_which_it_was_dispatched(scene: Scene) -> None:
    a_shipped_card(scene)
    a_sent_order(scene, scene.cast.erik)  # not dispatched
    ProductionRow.objects.filter(dispatched_at__isnull=False).update(
        dispatched_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    )
    assert billing_basis(date(2026, 11, 15)) == []
    (line,) = billing_basis(date(2026, 12, 1))
    assert (line.month, line.organization_number, line.product_code, line.cards) == (
        "2026-12",
        "2321000016",
        "7C1",
        1,
    )


def test_the_file_says_so_and_holds_no_formula(scene: Scene, tmp_path: Path) -> None:
    a_shipped_card(scene)
    Organization.objects.filter(pk=scene.cast.norr.pk).update(name="=HYPERLINK(1)")
    told, target = StringIO(), tmp_path / "basis.csv"
    call_command("billing_basis", "2026-11", out=str(target), stdout=told)
    assert "1 cards in 1 lines" in told.getvalue()
    assert "2026-11;2321000016;'=HYPERLINK(1);7C1;PROD;1" in target.read_text("utf-8")
    with pytest.raises(CommandError, match="no month"):
        call_command("billing_basis", "soon", out=str(target))
    assert as_csv([]).startswith("month;")
