"""Explanations of what the ground and the portal itself refuse, and the words of who can fix what."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording
from portal.words import Text

GROUND: Final[Mapping[str, Wording]] = {
    "domain_error": Wording(
        status=409, title=_("This cannot be done"), text=_("A rule stops it. Nothing was changed.")
    ),
    "not_recordable": Wording(
        status=500,
        title=_("It could not be recorded"),
        text=_("What cannot be recorded is not done. Nothing was changed."),
        fixer="operator",
    ),
    "journal_not_writable": Wording(
        status=503,
        title=_("The journal cannot be written"),
        text=_(
            "What cannot be recorded is not done, and nothing was changed. If a card must be blocked at once,"
            " call the operators and note the time: the block is registered afterwards."
        ),
        fixer="operator",
    ),
    "journal_stopped": Wording(
        status=503,
        title=_("The journal stands still"),
        text=_(
            "Entries are written, but get no place in the signed record. Until they do, nobody can order,"
            " activate, give roles or make reports. Blocking works, and nothing was changed by this try."
        ),
        fixer="operator",
    ),
    "bad_request": Wording(
        status=400,
        title=_("The request could not be understood"),
        text=_("Something in the address or the form was not as expected. Go back and try again."),
        fixer="you",
    ),
    "csrf": Wording(
        status=403,
        title=_("The form was too old"),
        text=_("You logged in or out after the page was opened. Go back, reload and send again."),
        fixer="you",
    ),
    "forbidden": Wording(
        status=403,
        title=_("Your role does not allow this"),
        text=_("The page exists, but is for another role than the one you have chosen."),
        fixer="role",
    ),
    "not_found": Wording(
        status=404,
        title=_("The page was not found"),
        text=_("The address is wrong, or what it shows lies outside your role."),
    ),
    "internal_error": Wording(
        status=500,
        title=_("Something went wrong with us"),
        text=_("The fault is recorded. Check whether your last act was done before you do it again."),
        fixer="support",
    ),
    "unavailable": Wording(
        status=503,
        title=_("The portal is busy or being cared for"),
        text=_("Try again in a moment. Status checks of certificates go on all the time."),
        fixer="time",
    ),
}

FIXERS: Final[Mapping[str, Text]] = {
    "you": _("You can change this yourself."),
    "role": _("If you need it, ask your issuance manager which role you should have."),
    "holder": _("The holder can change this."),
    "register": _("It is changed in the register (HSA or the population register), not here."),
    "time": _("Wait a moment and try again."),
    "nobody": "",
    "operator": _("The operators must repair it."),
    "support": _("Tell support, with the code below."),
    "central_administrator": _("The central administration can change this."),
    "validation_specialist": _("A validation specialist can change this."),
    "issuance_manager": _("Your issuance manager can change this."),
    "deputy_issuance_manager": _("Your deputy issuance manager can change this."),
    "id_administrator": _("An ID administrator can change this."),
    "function_cert_orderer": _("A function certificate orderer can change this."),
    "revocation_officer": _("A revocation officer can do this."),
    "auditor": "",
    "": "",
}
