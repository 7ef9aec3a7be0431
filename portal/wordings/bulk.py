"""The words of orders for several: their states and rows, what a list may be, and why an act is refused."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from cards.bulk.models import BulkSource
from cards.bulk.states import BulkOrderState, BulkRowState
from portal.wordings.wording import Wording
from portal.words import Tag, Text

SOURCES: Final[Mapping[BulkSource, Text]] = {
    BulkSource.LIST: _("From a list"),
    BulkSource.UNIT: _("From a unit"),
    BulkSource.EXPIRING: _("Cards that end"),
    BulkSource.FILE: _("From a file"),
}
STATES: Final[Mapping[BulkOrderState, Tag]] = {
    BulkOrderState.CHECKING: Tag(tone="info", icon="arrow-repeat", label=_("Being checked")),
    BulkOrderState.READY: Tag(tone="warn", icon="eye", label=_("Not ordered yet")),
    BulkOrderState.WAITING: Tag(tone="warn", icon="people", label=_("Waits for a second person")),
    BulkOrderState.RUNNING: Tag(tone="info", icon="arrow-repeat", label=_("Under way")),
    BulkOrderState.PAUSED: Tag(tone="warn", icon="hourglass-split", label=_("Paused")),
    BulkOrderState.FINISHED: Tag(tone="ok", icon="check-circle", label=_("Finished")),
    BulkOrderState.CANCELLED: Tag(tone="mute", icon="x-circle", label=_("The rest cancelled")),
    BulkOrderState.LAPSED: Tag(tone="mute", icon="clock-history", label=_("Lapsed, nothing was ordered")),
}
_DISCARDED: Final = Tag(tone="mute", icon="x-circle", label=_("Discarded, nothing was ordered"))


def state_tag(state: BulkOrderState, *, was_placed: bool) -> Tag:
    """Return how an order for several is shown."""
    return STATES[state] if was_placed or state is not BulkOrderState.CANCELLED else _DISCARDED


ROW_STATES: Final[Mapping[BulkRowState, Tag]] = {
    BulkRowState.UNCHECKED: Tag(tone="mute", icon="hourglass-split", label=_("Being checked")),
    BulkRowState.READY: Tag(tone="info", icon="credit-card-2-front", label=_("Will be ordered")),
    BulkRowState.ORDERED: Tag(tone="ok", icon="check-circle", label=_("Ordered")),
    BulkRowState.REFUSED: Tag(tone="warn", icon="exclamation-triangle", label=_("Not ordered")),
    BulkRowState.CANCELLED: Tag(tone="mute", icon="x-circle", label=_("Cancelled before it was ordered")),
}
RULES: Final[Mapping[str, Text]] = {
    "empty": _("Nobody is on the list. Write at least one personal number or HSA-id."),
    "nobody": _("Nobody to order for was found there."),
    "too_many": _("It is more than 10 000 rows. Choose fewer, and order in several goes."),
    "columns": _("No column is called person, personal number or HSA-id. Look at the example."),
    "no_csv": _("The file cannot be read as CSV. Save it as CSV in UTF-8 and send it again."),
    "no_unit": _("Choose a unit."),
    "no_day": _("Write the day as YYYY-MM-DD, a day to come."),
    "no_product": _("Choose a card."),
    "no_organization": _("Choose an organization."),
    "not_yours": _("Somebody else prepared this order. Only they can place it."),
    "same_person": _("Whoever placed the order cannot approve it as well."),
    "role": _("Whoever placed the order has no right to order any more. Cancel it and start anew."),
}
"""Why a list is not taken or an act not done, by the fact ``rule``."""

BULK: Final[Mapping[str, Wording]] = {
    "bulk_order_not_found": Wording(
        status=404,
        title=_("The order for several was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "bulk_order_refused": Wording(
        status=409,
        title=_("This cannot be done with the order"),
        text=_("A rule stops it."),
    ),
    "bulk_list_unreadable": Wording(
        status=422,
        title=_("The list cannot be used"),
        text=_("It is empty, too long, or has no column with persons."),
        fixer="you",
    ),
    "bulk_unreadable": Wording(
        status=422,
        title=_("Not a personal number or HSA-id"),
        text=_("Check what is written on this line."),
        fixer="you",
    ),
    "bulk_unknown": Wording(
        status=404,
        title=_("Nobody with this number in your organization"),
        text=_("Search for the person to read them from the registers, then order again."),
        fixer="you",
    ),
    "bulk_ambiguous": Wording(
        status=409,
        title=_("Several employments"),
        text=_("The person has several in the organization. Write the HSA-id of the right one."),
        fixer="you",
    ),
    "bulk_duplicate": Wording(
        status=409,
        title=_("The same person stands on line %(line)s"),
        text=_("One card is ordered for that line, none for this."),
    ),
}
