"""The words of signed acts: their names, how a signature goes, and why one is refused."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.signing.acts import ActKind
from portal.wordings.wording import Wording
from portal.words import LOGIN_HINTS, Text

SIGNED_ACTS: Final[Mapping[str, Text]] = {
    ActKind.CARD_HAND_OUT: _("Hand out and activate a card"),
    ActKind.CERTIFICATES_RENEW: _("Put new certificates on a card"),
    ActKind.CARDS_BLOCK: _("Block several cards"),
    ActKind.CARDS_ORDER: _("Order cards for several"),
    ActKind.PUK_LETTER: _("Order a PUK letter"),
    ActKind.ROLE_GIVE: _("Give a role"),
    ActKind.ROLE_TAKE: _("Take back a role"),
    ActKind.ROLE_DECIDE: _("Decide about a role"),
    ActKind.ROLES_CONFIRM: _("Confirm roles"),
    ActKind.FUNCTION_CERTIFICATE_ISSUE: _("Issue a function certificate"),
    ActKind.ACME_KEY: _("Let a program order certificates"),
    ActKind.API_TOKEN: _("Let a program act in my role"),
    ActKind.RELYING_PARTY: _("Change who may ask for logins"),
    ActKind.MOBILE_MAKE: _("Make a mobile eID"),
    ActKind.CA_SETTINGS: _("Change how the CA works"),
}

SIGNING_HINTS: Final[Mapping[str, Text]] = {
    **LOGIN_HINTS,
    "outstanding": _("Start the card client to sign"),
    "expired": _("It took too long, so nothing was signed."),
    "rpCancel": _("The signature was cancelled."),
    "notMe": _("You said that this was not yours. It is reported, and nothing was signed."),
    "certificateUsage": _("The card's certificate is not made for this signature."),
    "wrongSubject": _("Another person's card was used. Use the card that you logged in with."),
    "otherCard": _("Another of your cards was used. Use the card that you logged in with."),
    "signatureInvalid": _(
        "The signature could not be confirmed. Try again, and tell support if it happens once more."
    ),
    "bindingMismatch": _(
        "The signature could not be confirmed. Try again, and tell support if it happens once more."
    ),
    "revocationUnavailable": _(
        "The card's status cannot be checked right now, so nothing was signed. Try again soon."
    ),
    "riskBlocked": _("The signature was stopped by a rule. Contact support."),
    "unknownPerson": _("Your card works, but you are not registered here. Ask your issuance manager."),
    "returnCodeSpent": _("The digits were wrong three times, so nothing was signed. Ask the card again."),
    "returnMismatch": _(
        "The client came back to another browser than the one that asked. Nothing was done. Try again here."
    ),
}

SIGNING: Final[Mapping[str, Wording]] = {
    "nothingToSign": Wording(
        status=404,
        title=_("Nothing waits for your signature here"),
        text=_("It is done, or has ended, or was asked for in another browser. Start again from the form."),
        fixer="you",
    ),
    "signatureFailed": Wording(
        status=409,
        title=_("The signature is not accepted"),
        text=_("Nothing was done. Try again with the card that you logged in with."),
        fixer="you",
    ),
    "signatureUnfit": Wording(
        status=409,
        title=_("The signature does not fit what would be done"),
        text=_("Something changed after you signed, or it took too long. Nothing was done."),
        fixer="you",
    ),
}
