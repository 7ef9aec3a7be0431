"""Explanations of what the card world refuses."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

CARDS: Final[Mapping[str, Wording]] = {
    "cards_error": Wording(
        status=409,
        title=_("This cannot be done with the card"),
        text=_("The card's state does not allow it."),
    ),
    "card_not_found": Wording(
        status=404,
        title=_("The card was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "card_order_not_found": Wording(
        status=404,
        title=_("The order was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "activation_not_found": Wording(
        status=404,
        title=_("The activation was not found"),
        text=_("It does not exist, has ended, or belongs to an organization outside your role."),
        fixer="role",
    ),
    "refused": Wording(status=409, title=_("This is not allowed"), text=_("A rule stops it.")),
    "illegal_transition": Wording(
        status=409,
        title=_("Too late: the state has changed"),
        text=_("Somebody else was faster, or the page was old. Look at the present state and decide again."),
    ),
    "import_refused": Wording(
        status=422,
        title=_("The card cannot be taken over"),
        text=_("Its holder, its number or its days are not what they must be."),
    ),
    "already_blocked": Wording(
        status=409,
        title=_("The card is already blocked"),
        text=_("It was blocked %(at)s by %(by)s: %(reason)s. Nothing was changed now."),
    ),
    "certificate_not_found": Wording(
        status=404,
        title=_("The certificate was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "requested_before_the_certificate": Wording(
        status=422,
        title=_("The time lies before the certificate"),
        text=_("It began %(begins_at)s; nobody can have asked earlier. Check date and time."),
        fixer="you",
    ),
    "too_many_blocks": Wording(
        status=409,
        title=_("Too many for one person in a day"),
        text=_(
            "One person registers at most %(most)s blocks in a day, and you have %(left)s left. "
            "Let a colleague register the rest."
        ),
    ),
    "paper_log_unreadable": Wording(
        status=422,
        title=_("The list cannot be read"),
        text=_("It needs the header row and at most 500 lines, parted by semicolons."),
        fixer="you",
    ),
    "requested_in_the_future": Wording(
        status=422,
        title=_("The time lies in the future"),
        text=_("A block cannot have been requested later than now. Check date and time."),
        fixer="you",
    ),
    "requested_before_the_card": Wording(
        status=422,
        title=_("The time lies before the card"),
        text=_(
            "The card was ordered %(ordered_at)s; nobody can have asked for the block earlier. Check date "
            "and time."
        ),
        fixer="you",
    ),
    "order_already_running": Wording(
        status=409,
        title=_("An order is already under way"),
        text=_("The person has a running order in this organization. Wait for it, or cancel it first."),
        fixer="you",
    ),
    "order_being_handed_over": Wording(
        status=409,
        title=_("The order has left"),
        text=_("The producer has it, so it cannot be cancelled. Block the card when it has been made."),
        fixer="you",
    ),
    "factory_unavailable": Wording(
        status=503,
        title=_("The card producer does not answer"),
        text=_("The order is kept and sent again by itself. Nothing is lost."),
        fixer="time",
    ),
    "production_not_found": Wording(
        status=404,
        title=_("There is nothing here"),
        text=_("It does not exist, or none of its orders belongs to an organization of your role."),
        fixer="role",
    ),
    "batch_contradicted": Wording(
        status=409,
        title=_("The producer has another file under this number"),
        text=_("The orders are sent in another file by themselves. Nothing is lost."),
        fixer="time",
    ),
    "order_refused_by_factory": Wording(
        status=409,
        title=_("The producer refused the order"),
        text=_("It will not make this card. Check name and address, then order again."),
        fixer="you",
    ),
    "token_invalid": Wording(
        status=404,
        title=_("The link is used or too old"),
        text=_("An activation link works once and for a short time. Open a new one from the card."),
        fixer="you",
    ),
    "activation_expired": Wording(
        status=410,
        title=_("The activation took too long"),
        text=_("Start it again: what is already on the card is kept and used."),
        fixer="you",
    ),
    "activation_aborted": Wording(
        status=409, title=_("The activation was ended"), text=_("Reason: %(reason)s"), fixer="you"
    ),
    "puk_letter_running": Wording(
        status=409,
        title=_("A PUK letter is on its way."),
        text=_("It was ordered %(ordered_at)s. Wait until it has come before you order another."),
    ),
    "unlock_not_found": Wording(
        status=404,
        title=_("There is no such unlocking"),
        text=_("It does not exist, or it is outside what your role reaches."),
        fixer="you",
    ),
    "unlock_expired": Wording(
        status=410,
        title=_("The unlocking took too long"),
        text=_("Check the identity again and start anew. The card is as it was."),
        fixer="you",
    ),
    "unlock_aborted": Wording(
        status=409, title=_("The unlocking has ended"), text=_("Reason: %(reason)s"), fixer="you"
    ),
    "own_unlock_expired": Wording(
        status=410,
        title=_("The unlocking took too long"),
        text=_("Begin again, with the card in the reader."),
        fixer="you",
    ),
    "renewal_not_found": Wording(
        status=404,
        title=_("There is no such renewal"),
        text=_("It does not exist, or it is outside what your role reaches."),
        fixer="you",
    ),
    "renewal_expired": Wording(
        status=410,
        title=_("The renewal took too long"),
        text=_("Begin again. What was on the card is as it was."),
        fixer="you",
    ),
    "renewal_aborted": Wording(
        status=409, title=_("The renewal has ended"), text=_("Reason: %(reason)s"), fixer="you"
    ),
    "mobile_not_found": Wording(
        status=404,
        title=_("There is no such mobile eID"),
        text=_("It does not exist, or it is somebody else's."),
        fixer="you",
    ),
    "mobile_expired": Wording(
        status=410,
        title=_("It took too long"),
        text=_("Begin again on your own pages. Nothing is left in the phone that works."),
        fixer="you",
    ),
    "mobile_not_approved": Wording(
        status=409,
        title=_("Nobody has said that it is the holder's phone"),
        text=_("The holder compares the digits and says so on the page that showed the code."),
        fixer="you",
    ),
    "mobile_ended": Wording(
        status=409, title=_("The mobile eID came to nothing"), text=_("Reason: %(reason)s"), fixer="you"
    ),
    "confirmation_invalid": Wording(
        status=422,
        title=_("The card's confirmation does not hold"),
        text=_("It was not signed by this card with its new PIN. Start the unlocking anew."),
        fixer="support",
    ),
    "keys_invalid": Wording(
        status=422,
        title=_("The card's keys were not accepted"),
        text=_("The request from the card does not prove that the card holds the key. Nothing was issued."),
        fixer="support",
    ),
    "written_mismatch": Wording(
        status=422,
        title=_("The card holds something else than was issued"),
        text=_("What was read back differs from the certificate. The card is not activated."),
        fixer="support",
    ),
    "call_invalid": Wording(
        status=400,
        title=_("The card client's call was not understood"),
        text=_("A part of it is missing or has the wrong form. Update the client."),
        fixer="support",
    ),
    "call_unsigned": Wording(
        status=401,
        title=_("The call is not signed by the right client"),
        text=_("Only the client that started the activation may go on with it."),
        fixer="support",
    ),
    "receipt_invalid": Wording(
        status=422,
        title=_("The receipt's signature does not hold"),
        text=_("It was not made by the certificate that was just written. The card is not activated."),
        fixer="support",
    ),
}
