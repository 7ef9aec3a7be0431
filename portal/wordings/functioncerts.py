"""Explanations of what function certificates refuse."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

FUNCTIONCERTS: Final[Mapping[str, Wording]] = {
    "function_certificates_error": Wording(
        status=409,
        title=_("This cannot be done with the function certificate"),
        text=_("Its state does not allow it."),
    ),
    "function_object_not_found": Wording(
        status=404,
        title=_("The function object was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "name_validation_not_found": Wording(
        status=404,
        title=_("The validation was not found"),
        text=_("It does not exist, or the link has been replaced by a newer one."),
        fixer="you",
    ),
    "method_not_for_name": Wording(
        status=422,
        title=_("The method does not suit the name."),
        text=_("Domains are shown by DNS, HTTP, mail or paper; a mail address by mail or paper."),
    ),
    "paper_without_reference": Wording(
        status=422,
        title=_("The document needs its reference."),
        text=_("Write the number under which the document is kept, so that an auditor can find it."),
    ),
    "power_without_end": Wording(
        status=422,
        title=_("A power of attorney needs its last day."),
        text=_("Write the last day that the paper names."),
    ),
    "validation_end_not_allowed": Wording(
        status=422,
        title=_("The last day cannot be used."),
        text=_("It must lie ahead, at most %(longest_days)s days from today."),
    ),
    "address_not_allowed": Wording(
        status=422,
        title=_("The link cannot go to that address."),
        text=_("It goes to one of these, which speak for the domain: %(allowed)s."),
    ),
    "function_order_not_found": Wording(
        status=404,
        title=_("The order was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "certificate_request_invalid": Wording(
        status=422,
        title=_("The certificate request cannot be used"),
        text=_("It cannot be read, does not prove that you hold the key, or the key may not be certified."),
        fixer="you",
    ),
    "already_revoked": Wording(
        status=409,
        title=_("The certificate is already revoked"),
        text=_("It was revoked %(at)s. Nothing was changed now."),
    ),
    "acme_key_not_found": Wording(
        status=404,
        title=_("The key was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "acme_account_not_found": Wording(
        status=404,
        title=_("The account was not found"),
        text=_("It does not exist, or it belongs to an organization outside your role."),
        fixer="role",
    ),
    "acme_not_for_mailboxes": Wording(
        status=409,
        title=_("ACME is for servers and clients"),
        text=_("A mailbox proves itself in another way: order its certificate on its page."),
        fixer="nobody",
    ),
    "idempotency_key_reused": Wording(
        status=409,
        title=_("The same request was sent before with other content"),
        text=_("Send it again as a new request."),
        fixer="you",
    ),
    "reason_not_allowed": Wording(
        status=422,
        title=_("The reason cannot be used"),
        text=_("Choose a reason from the list."),
        fixer="you",
    ),
    "token_not_granted": Wording(
        status=403,
        title=_("No API token can be given"),
        text=_("A token is only made for a role that the employment holds now."),
        fixer="issuance_manager",
    ),
    "keys_are_made_by_their_holders": Wording(
        status=409,
        title=_("No key is made here."),
        text=_("Make it where it is used, and order from a request. A manager may allow keys made here."),
    ),
    "mobile_missing": Wording(
        status=409,
        title=_("The function object has no mobile."),
        text=_("The password goes there. Enter the mobile on the page of %(function_object)s."),
    ),
    "mobile_awaits_password": Wording(
        status=409,
        title=_("The mobile cannot be changed now."),
        text=_(
            "The order %(function_order)s was signed with the password going to %(mobile)s. Change the "
            "number when the key is made or the order declined."
        ),
    ),
    "mobile_is_another": Wording(
        status=409,
        title=_("The mobile was changed meanwhile."),
        text=_("The password would go to %(now)s, not to %(mobile)s. Look at it and order once more."),
    ),
    "no_sms_gateway": Wording(
        status=409,
        title=_("No SMS can be sent from here."),
        text=_("The password has no way to its receiver. Order from a request instead."),
    ),
    "key_not_to_be_fetched": Wording(
        status=409,
        title=_("There is no key to fetch."),
        text=_("It is fetched once, within 72 hours, with the receipt accepted; then it is kept no more."),
        fixer="you",
    ),
    "nowhere_to_mail": Wording(
        status=409,
        title=_("There is no address to send it to."),
        text=_("Enter the mailbox in HSA, or a receiver on the page of the function object."),
        fixer="you",
    ),
    "mailed_often": Wording(
        status=429,
        title=_("This certificate was just sent."),
        text=_("In the last hour it went out in %(number)s mails. Ask again in an hour."),
        fixer="time",
    ),
    "token_for_somebody_else": Wording(
        status=403,
        title=_("A token is made for oneself"),
        text=_("A program acts as whoever made its token, in the role in use: %(hsa_id)s makes it."),
    ),
    "token_without_scope": Wording(
        status=422,
        title=_("The token would be good for nothing"),
        text=_("Tick at least one thing that the program may do."),
    ),
    "api_token_not_found": Wording(
        status=404,
        title=_("The API token was not found"),
        text=_("It does not exist, or your role does not reach it."),
        fixer="role",
    ),
    "token_scope_missing": Wording(
        status=403,
        title=_("The token is not for this"),
        text=_("It lacks the scope %(needed)s. Make another token with it."),
    ),
    "function_object_not_validated": Wording(
        status=409,
        title=_("The function object is not validated."),
        text=_("%(function_object)s must be validated before certificates can be ordered for it."),
    ),
    "certificate_not_delivered": Wording(
        status=409,
        title=_("There is no certificate yet."),
        text=_("The order is %(state)s. It can be revoked when it has been delivered."),
    ),
    "name_not_allowed": Wording(
        status=422,
        title=_("A name is not allowed."),
        text=_("Only full DNS names or addresses, no wildcards, IP numbers or internal names."),
    ),
    "order_not_to_be_renewed": Wording(
        status=409,
        title=_("This certificate cannot be renewed."),
        text=_("Only a delivered certificate of the same function object is renewed."),
    ),
    "receipt_not_accepted": Wording(
        status=422,
        title=_("The receipt is not accepted."),
        text=_("Tick that you have read and accept it: no certificate is received without."),
    ),
    "link_not_mailed": Wording(
        status=503,
        title=_("The mail with the link could not be sent."),
        text=_("Reject this validation, and ask for another one when the mail server is there."),
    ),
    "tags_not_allowed": Wording(
        status=422,
        title=_("The tags cannot be used."),
        text=_("At most %(maximum)s tags of letters, digits and spaces, forty characters each."),
    ),
    "mobile_not_allowed": Wording(
        status=422,
        title=_("The mobile number cannot be used."),
        text=_("Write it with its country code, like +46701234567."),
    ),
    "responsible_not_employed": Wording(
        status=422,
        title=_("Somebody does not work for the organization."),
        text=_("These HSA-ids have no employment there: %(hsa_id)s."),
    ),
    "nobody_to_delegate_to": Wording(
        status=422,
        title=_("The renewal cannot be passed on to that person."),
        text=_("Choose somebody who orders function certificates for the organization."),
    ),
    "order_not_waiting": Wording(
        status=409,
        title=_("The order does not wait for approval."),
        text=_("Somebody decided before you, or it never needed a second person."),
    ),
    "second_person_is_the_first": Wording(
        status=403,
        title=_("Another person must decide."),
        text=_("Who ordered cannot approve or decline the same order."),
    ),
    "number_of_names": Wording(
        status=422, title=_("Too few or too many names."), text=_("A certificate has one to twenty names.")
    ),
    "name_outside_validated": Wording(
        status=403,
        title=_("A name lies outside the validated ones."),
        text=_("The organization has not shown that it owns the name."),
    ),
}
