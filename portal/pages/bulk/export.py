"""Every row of an order for several with its result, as CSV."""

import csv
import io
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards.bulk.reading import MOST_ROWS
from cards.bulk.selectors import get_bulk_order, rows_of
from portal.pages import asking
from portal.pages.bulk.rows import bulk_rows
from reports.cells import inert


@require_safe
def export_bulk_order(request: HttpRequest, bulk_order_id: UUID) -> HttpResponse:
    """Answer with every row and its result as CSV; no spreadsheet computes what stands in it."""
    actor, at = asking.who(request), asking.now()
    bulk = get_bulk_order(bulk_order_id, actor=actor)
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";")
    writer.writerow(
        (
            _("Line"),
            _("Person"),
            _("HSA-id"),
            _("Card"),
            _("Result"),
            _("Why"),
            _("Order"),
            _("Takes the place of"),
        )
    )
    rows = rows_of(bulk, limit=MOST_ROWS)
    shown = bulk_rows(rows.rows, bulk, actor=actor)
    for row, one in zip(shown, rows.rows, strict=True):
        hsa_id = one.employment.hsa_id if one.employment and row.person_url else ""
        why = f"{row.why.sentence} {row.why.text}" if row.why else ""
        cells = (
            str(row.line), str(row.person), hsa_id, row.product, str(row.tag.label), why,
            str(one.card_order_id) if row.order_url else "",
            str(one.replaces.card_number) if one.replaces and row.replaces and row.person_url else "",
        )  # fmt: skip
        writer.writerow([inert(cell) for cell in cells])
    response = HttpResponse("\ufeff" + file.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="cards-{asking.today(at)}.csv"'
    return response
