"""What the operator bills: cards dispatched in a month, by organization and product (CRD-3)."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Count

from cards.manufacturing.models import ProductionRow
from directory.swedish_time import SWEDEN

HEADS: Final = ("month", "organization_number", "organization", "product_code", "environment", "cards")


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingLine:
    """Cards of one product that were dispatched for one organization; prices are the operator's own."""

    month: str
    organization_number: str
    organization: str
    product_code: str
    environment: str
    cards: int


def billing_basis(month: date) -> Sequence[BillingLine]:
    """Return the lines of the Swedish calendar month that the day lies in, by organization and product.

    What counts is what the factory says that it dispatched, once for each order.
    """
    first = datetime(month.year, month.month, 1, tzinfo=SWEDEN)
    after = (first + timedelta(days=32)).replace(day=1)
    found = (
        ProductionRow.objects.filter(dispatched_at__gte=first, dispatched_at__lt=after)
        .values(
            "order__organization__organization_number",
            "order__organization__name",
            "order__product_code",
            "order__environment",
        )
        .annotate(cards=Count("order", distinct=True))
        .order_by("order__organization__organization_number", "order__product_code")
    )
    return [
        BillingLine(
            month=f"{first:%Y-%m}",
            organization_number=one["order__organization__organization_number"],
            organization=one["order__organization__name"],
            product_code=one["order__product_code"],
            environment=one["order__environment"],
            cards=one["cards"],
        )
        for one in found
    ]


def as_csv(lines: Sequence[BillingLine]) -> str:
    """Return the lines as CSV; a name that a spreadsheet would take for a formula gets an apostrophe."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";")
    writer.writerow(HEADS)
    for line in lines:
        cells = (str(getattr(line, head)) for head in HEADS)
        writer.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in cells])
    return target.getvalue()
