"""What is signed when cards are ordered for several at once: how many, which products, for whom."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.bulk.models import BulkOrder
from cards.bulk.selectors import list_digest, products_of
from cards.products import product
from portal import words
from portal.signing.acts import Act, ActKind


def is_signed(bulk: BulkOrder) -> bool:
    """Tell whether it is signed: from the second card on."""
    return bulk.ready > 1


def placing(bulk: BulkOrder) -> Act:
    """Return the act of placing what the check let through."""
    return Act(kind=ActKind.CARDS_ORDER, text=_told(bulk), facts=_facts(bulk))


def approving(bulk: BulkOrder) -> Act:
    """Return the act of the second person who approves a large one."""
    return Act(
        kind=ActKind.CARDS_ORDER,
        text=_("I approve a colleague's order. %(order)s") % {"order": _told(bulk)},
        facts={**_facts(bulk), "approves": "true"},
    )


def products_told(bulk: BulkOrder) -> str:
    """Return how many of which product, in words."""
    return ", ".join(f"{count} {_name(code)}" for code, count in products_of(bulk).items())


def _told(bulk: BulkOrder) -> str:
    return ngettext(
        "%(count)d card is ordered for %(organization)s: %(products)s.",
        "%(count)d cards are ordered for %(organization)s: %(products)s.",
        bulk.ready,
    ) % {"count": bulk.ready, "organization": bulk.organization.name, "products": products_told(bulk)}


def _facts(bulk: BulkOrder) -> dict[str, str]:
    return {
        "bulk_order_id": str(bulk.pk),
        "organization_id": str(bulk.organization_id),
        "count": str(bulk.ready),
        "products": ",".join(f"{code}:{count}" for code, count in products_of(bulk).items()),
        "digest": list_digest(bulk),
    }


def _name(code: str) -> str:
    item = product(code)
    return words.product_name(item) if item is not None else code
