"""The facts that stop an order for several at once."""

from cards.errors import CardsError


class BulkOrderNotFound(CardsError):
    """There is no such order for several, or not for this actor."""

    code = "bulk_order_not_found"


class BulkOrderRefused(CardsError):
    """It is not prepared, placed, approved or changed: ``facts["rule"]`` says which rule."""

    code = "bulk_order_refused"


class BulkListUnreadable(CardsError):
    """What was sent is no list of persons; ``facts["rule"]`` says why."""

    code = "bulk_list_unreadable"
