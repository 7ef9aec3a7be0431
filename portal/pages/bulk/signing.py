"""What is signed when cards are ordered for several at once: how many, which products, for whom."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.bulk.models import BulkOrder
from cards.bulk.selectors import list_digest, products_of, replaced_count
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


def replaced_told(bulk: BulkOrder) -> str:
    """Return what becomes of the old cards, in words; nothing where none is replaced."""
    count = replaced_count(bulk)
    if not count:
        return ""
    return ngettext(
        "%(count)d card ends: it works until the new one is activated and is blocked in that moment.",
        "%(count)d cards end: each works until its new one is activated and is blocked in that moment.",
        count,
    ) % {"count": count}


def _told(bulk: BulkOrder) -> str:
    ordered = ngettext(
        "%(count)d card is ordered for %(organization)s: %(products)s.",
        "%(count)d cards are ordered for %(organization)s: %(products)s.",
        bulk.ready,
    ) % {"count": bulk.ready, "organization": bulk.organization.name, "products": products_told(bulk)}
    return f"{ordered} {replaced_told(bulk)}".rstrip()


def _facts(bulk: BulkOrder) -> dict[str, str]:
    return {
        "bulk_order_id": str(bulk.pk),
        "organization_id": str(bulk.organization_id),
        "count": str(bulk.ready),
        "products": ",".join(f"{code}:{count}" for code, count in products_of(bulk).items()),
        "replaced": str(replaced_count(bulk)),
        "digest": list_digest(bulk),
    }


def _name(code: str) -> str:
    item = product(code)
    return words.product_name(item) if item is not None else code
