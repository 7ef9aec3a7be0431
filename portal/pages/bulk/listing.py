"""The orders for several of one's organizations, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards.bulk.models import BulkOrder, BulkSource
from cards.bulk.policies import may_order_for_several
from cards.bulk.selectors import list_bulk_orders
from cards.bulk.states import BulkOrderState
from cards.policies import MAY_READ
from directory.selectors import names_of
from journal.actor import Actor
from portal import moments
from portal.pages import asking
from portal.pages.parts import Crumb
from portal.wordings import bulk as words_of
from portal.words import Tag, Text

_ROWS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkLine:
    """One order for several in the list."""

    url: str
    when: str
    source: Text
    organization: str
    by: str
    count: Text
    tag: Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkListPage:
    """What the list shows."""

    rows: Sequence[BulkLine]
    new_url: str
    next_url: str
    first_url: str
    crumbs: Sequence[Crumb]


@require_safe
def show_bulk_orders(request: HttpRequest) -> HttpResponse:
    """Show orders for several by keyset: no page counts rows."""
    actor = asking.who(request)
    if actor.role not in MAY_READ:
        raise PermissionDenied
    page = list_page(request.GET.get("after", ""), actor=actor)
    return render(request, "portal/bulk_orders.html", {"page": page})


def list_page(after: str, *, actor: Actor) -> BulkListPage:
    """Return the list within what the actor may see."""
    listed = list_bulk_orders(actor=actor, after=after, limit=_ROWS)
    names = names_of({one.started_by for one in listed.orders})
    here = reverse("bulk-orders")
    return BulkListPage(
        rows=[_line(one, names) for one in listed.orders],
        new_url=reverse("bulk-order-new") if may_order_for_several(actor) is None else "",
        next_url=f"{here}?{urlencode({'after': listed.after})}" if listed.after else "",
        first_url=here if after else "",
        crumbs=(Crumb(label=_("Orders"), url=reverse("orders")), Crumb(label=_("For several"))),
    )


def _line(bulk: BulkOrder, names: Mapping[str, str]) -> BulkLine:
    return BulkLine(
        url=reverse("bulk-order", args=[bulk.pk]),
        when=moments.moment(bulk.started_at, now=asking.now()),
        source=words_of.SOURCES[BulkSource(bulk.source)],
        organization=bulk.organization.name,
        by=names.get(bulk.started_by, bulk.started_by),
        count=_("%(ordered)d ordered of %(total)d rows") % {"ordered": bulk.ordered, "total": bulk.total},
        tag=words_of.state_tag(BulkOrderState(bulk.state), was_placed=bulk.placed_at is not None),
    )
