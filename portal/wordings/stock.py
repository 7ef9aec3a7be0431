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
    "reserve_hand_out_not_found": Wording(
        status=404,
        title=_("The reserve card was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "envelope_code_wrong": Wording(
        status=422,
        title=_("Number and code do not go together"),
        text=_(
            "Check the number on the card and the code in the envelope. Perhaps the card is not approved yet."
        ),
        fixer="you",
    ),
    "reserve_card_not_approved": Wording(
        status=409,
        title=_("Another administrator has not approved it."),
        text=_("A reserve card at level 3 takes two people."),
    ),
    "reserve_card_fetched_by_holder": Wording(
        status=409,
        title=_("The holder activates this card."),
        text=_("A reserve card is activated on the holder's own pages, with the code in the envelope."),
    ),
    "reserve_card_under_way": Wording(
        status=409,
        title=_("A reserve card waits already."),
        text=_("One was handed out %(since)s and is not activated yet."),
    ),
    "reserve_card_decided": Wording(
        status=409,
        title=_("It waits no longer."),
        text=_("The order no longer waits for a second person: it was approved, refused or ended."),
    ),
    "second_person_needed": Wording(
        status=403,
        title=_("It takes another person."),
        text=_("Whoever took the first step cannot take the second, under whatever HSA-id."),
    ),
    "reserve_card_not_fetched_in_time": Wording(
        status=409,
        title=_("It was not fetched in time."),
        text=_("What an ID administrator let you fetch is fetched within fourteen days. Ask again."),
    ),
    "not_your_card": Wording(
        status=403,
        title=_("It is not your card."),
        text=_("Only its holder extends a reserve card."),
    ),
    "reserve_card_not_extendable": Wording(
        status=403,
        title=_("This card is not extended."),
        text=_("Only a reserve card at level %(needed)s is, by a login at that level."),
    ),
    "reserve_card_extended_before": Wording(
        status=409,
        title=_("It was extended before."),
        text=_("A reserve card is extended once; this one was %(at)s."),
    ),
    "reserve_card_at_its_end": Wording(
        status=409,
        title=_("The card is made for no longer."),
        text=_("Its last day is the last for which it was made."),
    ),
    "not_a_reserve_card": Wording(
        status=409,
        title=_("It is not a reserve card."),
        text=_("Only a reserve card of the stock gets new certificates by an order. Others are renewed."),
    ),
    "reserve_card_has_certificates": Wording(
        status=409,
        title=_("A certificate on the card is valid."),
        text=_(
            "New ones are ordered when none is; one is valid until %(until)s. Renew it, or block it first."
        ),
    ),
    "reserve_card_not_filled_again": Wording(
        status=409,
        title=_("This card gets no new certificates."),
        text=_(
            "A certificate on it was blocked since somebody else may use it. Hand out another reserve card."
        ),
    ),
    "reserve_refill_under_way": Wording(
        status=409,
        title=_("New certificates are ordered already."),
        text=_(
            "They were ordered %(since)s and are not fetched yet. The holder fetches them on the own pages,"
            " with the code in the envelope; at level 3 another administrator approves first."
        ),
    ),
    "no_reserve_cards_named": Wording(
        status=422,
        title=_("No cards were named"),
        text=_("Write the number of at least one card."),
        fixer="you",
    ),
}
