"""Explanations of what the stock of reserve cards refuses."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

STOCK: Final[Mapping[str, Wording]] = {
    "stock_place_not_found": Wording(
        status=404,
        title=_("The place was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "stock_transfer_not_found": Wording(
        status=404,
        title=_("The hand-over was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "stock_place_exists": Wording(
        status=409,
        title=_("There is such a place already"),
        text=_("The organization has a place called %(name)s. Choose another name."),
        fixer="you",
    ),
    "serial_list_unreadable": Wording(
        status=422,
        title=_("The serial list cannot be read"),
        text=_("Line %(line)s is not as the producer writes it. Nothing was received."),
        fixer="you",
    ),
    "stock_box_already_received": Wording(
        status=409,
        title=_("The box was received before"),
        text=_("Box %(box)s, or a card on its list, is known already. Nothing was received."),
    ),
    "stock_box_count_differs": Wording(
        status=409,
        title=_("The box and its list differ"),
        text=_(
            "You counted %(counted)s envelopes; the list has %(listed)s, of which you named %(missing)s as "
            "missing. Count again, or name those that are not there."
        ),
        fixer="you",
    ),
    "reserve_cards_not_in_stock": Wording(
        status=409,
        title=_("Not where they would have to be"),
        text=_("%(count)s cards are not in stock here: %(numbers)s. Nothing was changed."),
        fixer="you",
    ),
    "stock_reason_missing": Wording(
        status=422,
        title=_("It differs: say why"),
        text=_("What is there is not what was expected. Write what happened, and send it again."),
        fixer="you",
    ),
    "no_reserve_cards_named": Wording(
        status=422,
        title=_("No cards were named"),
        text=_("Write the number of at least one card."),
        fixer="you",
    ),
}
