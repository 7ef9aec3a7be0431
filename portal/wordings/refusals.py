"""Explanations of the policies' refusals: why a button is grey."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

REFUSALS: Final[Mapping[str, Wording]] = {
    "role_missing": Wording(
        status=403,
        title=_("Your role does not allow this."),
        text=_("You act as %(role)s; needed is %(needed)s."),
    ),
    "outside_scope": Wording(
        status=403,
        title=_("Outside your organizations."),
        text=_("Your role holds for other organizations than this one."),
    ),
    "login_too_weak": Wording(
        status=403,
        title=_("Your login is too weak."),
        text=_(
            "You logged in at assurance level %(loa)s; level %(needed)s is needed. Log in with another card."
        ),
    ),
    "self_service_forbidden": Wording(
        status=403,
        title=_("This concerns yourself."),
        text=_("Nobody orders or activates their own card."),
    ),
    "protected_identity_right_missing": Wording(
        status=403,
        title=_("Protected personal data."),
        text=_("Your role lacks the right to handle persons with protected data."),
    ),
    "employment_ended": Wording(
        status=409, title=_("The employment has ended."), text=_("It ended %(ended_on)s according to HSA.")
    ),
    "product_unknown": Wording(
        status=422, title=_("There is no such product."), text=_("%(product)s is not in the list.")
    ),
    "product_not_for_organization": Wording(
        status=409,
        title=_("Your organization does not order this product"),
        text=_("The central administration has chosen other products for it than %(product)s."),
        fixer="central_administrator",
    ),
    "product_not_orderable": Wording(
        status=409,
        title=_("The product cannot be ordered here."),
        text=_("%(product)s is not open for orders in this installation."),
    ),
    "product_comes_from_stock": Wording(
        status=409,
        title=_("It comes from your stock."),
        text=_(
            "Nobody orders %(product)s for a person: they are ordered in bundles and handed out at the desk."
        ),
    ),
    "issuer_number_missing": Wording(
        status=409,
        title=_("The organization has no issuer number."),
        text=_("%(product)s carries the number that DNV has given the organization."),
    ),
    "identity_level_too_low": Wording(
        status=409,
        title=_("The identity behind the number is not sure enough."),
        text=_(
            "The population register says %(identity_level)s of the coordination number; assurance level"
            " %(loa)s needs %(needed)s."
        ),
    ),
    "loa_not_allowed": Wording(
        status=422,
        title=_("Not at this assurance level."),
        text=_("%(product)s cannot be had at level %(loa)s."),
    ),
    "validity_not_allowed": Wording(
        status=422, title=_("Too long validity."), text=_("At most %(maximum)s months are allowed.")
    ),
    "identity_kind_not_allowed": Wording(
        status=409,
        title=_("A personal number is needed."),
        text=_("Assurance level %(loa)s cannot be given to a person with a coordination number."),
    ),
    "registered_address_missing": Wording(
        status=409,
        title=_("No registered address."),
        text=_("The card is posted to the address in the population register, and there is none."),
    ),
    "under_age": Wording(
        status=409,
        title=_("Too young."),
        text=_("Assurance level %(loa)s requires that the person has turned %(minimum_age)s."),
    ),
    "order_already_running": Wording(
        status=409,
        title=_("An order is already under way."),
        text=_(
            "It was placed %(placed_at)s and is now %(state)s. Wait until it has become a card, or cancel it"
            " if it has not left yet."
        ),
    ),
    "order_not_cancellable": Wording(
        status=409,
        title=_("It is too late to cancel."),
        text=_("The order is %(state)s. When the card is made it can be blocked instead."),
    ),
    "order_being_handed_over": Wording(
        status=409,
        title=_("The order is being handed over."),
        text=_("Since %(since)s it is on its way to the producer, which may already have it."),
    ),
    "ordering_stopped": Wording(
        status=409,
        title=_("Ordering is stopped."),
        text=_("Since %(since)s, until %(until)s: %(reason)s. Blocking works as usual."),
    ),
    "qa_not_set_up": Wording(
        status=409,
        title=_("QA is not set up here."),
        text=_("Test cards and test certificates come from issuers of their own, and there are none yet."),
    ),
    "environment_of_object_is_fixed": Wording(
        status=409,
        title=_("The function object belongs to %(environment)s."),
        text=_("It never changes: register another object."),
    ),
    "card_ends_soon": Wording(
        status=409,
        title=_("The card ends soon."),
        text=_("It is valid until %(valid_until)s, and no certificate outlives its card. Order a new card."),
    ),
    "name_changed": Wording(
        status=409,
        title=_("The name on the card is another one now."),
        text=_("New certificates would not agree with what is printed. Order a new card."),
    ),
    "extra_pair_taken": Wording(
        status=409,
        title=_("The card has its extra pair of certificates."),
        text=_("It is for HSA-id %(hsa_id)s. A card takes one."),
    ),
    "not_an_extra_identity": Wording(
        status=409,
        title=_("HSA-id %(hsa_id)s is not another employment of this person."),
        text=_("An extra pair is for an HSA-id of the holder that the card does not have."),
    ),
    "holder_deceased": Wording(
        status=409,
        title=_("The person is deceased."),
        text=_("So says the population register, read %(read_at)s."),
    ),
    "holder_emigrated": Wording(
        status=409,
        title=_("The person has emigrated."),
        text=_("So says the population register, read %(read_at)s."),
    ),
    "holder_deregistered": Wording(
        status=409,
        title=_("The person is deregistered."),
        text=_("So says the population register, read %(read_at)s."),
    ),
    "holder_not_read_from_register": Wording(
        status=409,
        title=_("Not seen in the population register."),
        text=_("The person must be read from the register before a card can be given."),
    ),
    "card_expired": Wording(
        status=409,
        title=_("The card has expired."),
        text=_("Its last day was %(valid_until)s. Order a new one."),
    ),
    "card_not_shipped": Wording(
        status=409,
        title=_("The card is not made yet."),
        text=_("It can be activated when the producer has sent it. The order is %(order_state)s."),
    ),
    "card_not_in_use": Wording(
        status=409,
        title=_("The card is not in use yet."),
        text=_("It has no PIN until it is activated; the holder chooses one then."),
    ),
    "card_already_active": Wording(
        status=409, title=_("The card is already active."), text=_("It was activated %(at)s.")
    ),
    "card_discarded": Wording(
        status=409, title=_("The card is discarded."), text=_("It never came into use and never will.")
    ),
    "card_already_replaced": Wording(
        status=409,
        title=_("A new card is ordered already."),
        text=_("It was ordered %(placed_at)s and takes the place of this one."),
    ),
    "name_not_changed": Wording(
        status=409,
        title=_("The name has not changed."),
        text=_("The card says the name that the register says. Choose another reason."),
    ),
    "nothing_to_block": Wording(
        status=409,
        title=_("There is nothing to block."),
        text=_("No card or certificate of the person works here."),
    ),
    "no_replacement_reason": Wording(
        status=422,
        title=_("No reason is chosen."),
        text=_("Choose why a new card is needed: the reason says how the old one ends."),
        fixer="you",
    ),
    "second_login_needed": Wording(
        status=409,
        title=_("Log in once more with the same card."),
        text=_("A mobile eID is made just after a login with the card that you are logged in with."),
        fixer="you",
    ),
    "mobile_terms_not_accepted": Wording(
        status=422,
        title=_("The terms are not accepted."),
        text=_("Read the terms now in force (%(current)s) and accept them."),
        fixer="you",
    ),
    "mobile_limit_reached": Wording(
        status=409,
        title=_("You have %(active)s mobile eIDs, and more than %(most)s nobody has."),
        text=_("Block one that you no longer use, and make the new one then."),
        fixer="you",
    ),
    "mobile_needs_card_here": Wording(
        status=409,
        title=_("Log in with your card on this device."),
        text=_(
            "A mobile eID is made by somebody who logged in with a card of level 3 in a reader here, not by"
            " a QR code, a return code or another mobile eID."
        ),
        fixer="you",
    ),
    "own_unlock_needs_mobile": Wording(
        status=409,
        title=_("Log in with your Mobilt SITHS eID to unlock a card yourself."),
        text=_(
            "A login with a card is not enough. Without a mobile eID, an ID administrator unlocks the card."
        ),
        fixer="you",
    ),
    "own_unlock_login_old": Wording(
        status=409,
        title=_("Log in once more with your Mobilt SITHS eID, just before you unlock the card."),
        text=_(
            "The login is older than five minutes. Log out, log in again with the phone, and begin at once."
        ),
        fixer="you",
    ),
    "own_unlock_mobile_ended": Wording(
        status=409,
        title=_("The mobile eID that this was begun with is no longer in use."),
        text=_("The card is not unlocked by it any more."),
        fixer="id_administrator",
    ),
    "mobile_not_in_use": Wording(
        status=409,
        title=_("The mobile eID is not in use."),
        text=_("There is nothing left to block."),
        fixer="nobody",
    ),
    "reserve_card_needs_order": Wording(
        status=409,
        title=_("A reserve card of level 2 is not renewed by its holder."),
        text=_("New certificates are fetched when an ID administrator has ordered them."),
    ),
    "no_certificate_to_prove_by": Wording(
        status=409,
        title=_("No certificate on the card is valid any more."),
        text=_(
            "The card cannot show that it is the one. Order a new card; for a reserve card, new certificates."
        ),
    ),
    "reason_not_for_holders": Wording(
        status=422,
        title=_("Only the desk blocks for this reason."),
        text=_("Choose another reason, or ask your ID administrator."),
        fixer="you",
    ),
    "replaces_other_holders_card": Wording(
        status=409,
        title=_("It is another card than theirs."),
        text=_("A new card takes the place of one of the same person and the same organization."),
        fixer="you",
    ),
    "certificate_revoked": Wording(
        status=409,
        title=_("The certificate is revoked."),
        text=_("It was revoked %(at)s. That cannot be undone."),
    ),
    "certificate_expired": Wording(
        status=409,
        title=_("The certificate has expired."),
        text=_("It ended %(at)s: there is nothing to block."),
    ),
    "card_blocked": Wording(
        status=409,
        title=_("The card is blocked."),
        text=_("Blocked %(at)s by %(by)s: %(reason)s. A block cannot be undone."),
    ),
    "employment_missing_in_register": Wording(
        status=409,
        title=_("The employment is missing in HSA."),
        text=_("It was not there at the latest reading. No new card is given before it is back."),
    ),
    "holder_missing_in_register": Wording(
        status=409,
        title=_("The person is missing in the register."),
        text=_(
            "The person was not there at the latest reading. No new card is given before that is cleared."
        ),
    ),
    "no_employment_in_scope": Wording(
        status=409,
        title=_("No employment here."),
        text=_("A card is given for an employment in HSA, and the person has none in your organizations."),
    ),
    "nothing_chosen": Wording(
        status=422,
        title=_("Nothing is chosen."),
        text=_("Choose a card, and the employment it is for."),
        fixer="you",
    ),
    "role_does_not_read_journal": Wording(
        status=403,
        title=_("Your role does not read the journal."),
        text=_("Auditors and the central administration read it, and managers that of their own area."),
        fixer="role",
    ),
    "role_does_not_search": Wording(
        status=403, title=_("Your role does not search for people."), text=_("You act as %(role)s.")
    ),
    "protected_identity": Wording(
        status=403,
        title=_("Protected personal data."),
        text=_("Your role lacks the right to handle persons with protected data."),
    ),
    "identity_check_incomplete": Wording(
        status=422,
        title=_("The identity check is not complete."),
        text=_("Still to do: %(missing)s."),
    ),
    "identity_check_method_not_allowed": Wording(
        status=409,
        title=_("The method is not enough."),
        text=_("%(method)s is not accepted at assurance level %(loa)s."),
    ),
    "document_kind_not_allowed": Wording(
        status=409,
        title=_("The document is not enough."),
        text=_("%(document_kind)s is not accepted at assurance level %(loa)s. Ask for another document."),
    ),
    "document_of_another_method": Wording(
        status=422,
        title=_("Method and document do not go together."),
        text=_("A foreign passport is the method with a foreign document, and no other document is."),
        fixer="you",
    ),
    "document_country_missing": Wording(
        status=422,
        title=_("The country of the document is missing."),
        text=_("Write its three letters as they stand in the passport, for example NOR."),
        fixer="you",
    ),
    "attestor_missing": Wording(
        status=422,
        title=_("Who vouches is missing."),
        text=_("Write the attestor's name and personal number from the attestor's own document."),
        fixer="you",
    ),
    "attestor_number_wrong": Wording(
        status=422,
        title=_("The attestor's personal number is nobody's."),
        text=_("Write it as it stands on the attestor's document."),
        fixer="you",
    ),
    "attestor_is_the_person": Wording(
        status=409,
        title=_("Nobody vouches for themselves."),
        text=_("The attestor is somebody else, present together with the person."),
        fixer="holder",
    ),
    "attestor_under_age": Wording(
        status=409,
        title=_("The attestor is too young."),
        text=_("Who vouches is 18 or older."),
        fixer="holder",
    ),
    "attestor_not_asked_of_pu": Wording(
        status=409,
        title=_("PU was not asked about the attestor."),
        text=_("Send the form again."),
        fixer="you",
    ),
    "attestor_not_in_pu": Wording(
        status=409,
        title=_("PU knows nobody with the attestor's personal number."),
        text=_("Compare it with the attestor's document. If it stands there so, break off on suspicion."),
        fixer="you",
    ),
    "attestor_deceased": Wording(
        status=409,
        title=_("Whoever had the attestor's personal number is deceased."),
        text=_("Compare it with the attestor's document. If it stands there so, break off on suspicion."),
        fixer="you",
    ),
    "attestor_number_not_in_force": Wording(
        status=409,
        title=_("The attestor's personal number is no longer in force."),
        text=_("Compare it with the attestor's document, or ask for another attestor."),
        fixer="holder",
    ),
    "attestor_in_card_organization": Wording(
        status=409,
        title=_("The attestor works with cards here."),
        text=_("Who orders, approves or looks after cards vouches for nobody. Ask for another attestor."),
        fixer="holder",
    ),
    "guardian_needed": Wording(
        status=409,
        title=_("A guardian is needed."),
        text=_("For who is under 18 a guardian vouches, and nobody else."),
        fixer="holder",
    ),
    "guardian_of_an_adult": Wording(
        status=409,
        title=_("No guardian vouches for an adult."),
        text=_("For who is of age a manager or somebody responsible for staff vouches."),
        fixer="holder",
    ),
    "document_number_missing": Wording(
        status=422,
        title=_("The document number is missing."),
        text=_("Write it as it stands on the document."),
    ),
    "document_expired": Wording(
        status=409,
        title=_("The document is no longer valid."),
        text=_("Its last day was %(valid_until)s. Ask for another document."),
    ),
    "not_reached_yet": Wording(
        status=409,
        title=_("Unlocking is not possible."),
        text=_("The card has no PIN until it is activated."),
    ),
}
