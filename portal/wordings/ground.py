"""Explanations of what the ground and the portal itself refuse."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

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
