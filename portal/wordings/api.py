"""Explanations of what the API refuses by itself, and the Swedish that its framework lacks."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording
from portal.words import Text

API: Final[Mapping[str, Wording]] = {
    "request_invalid": Wording(
        status=400,
        title=_("The request is not filled in right"),
        text=_("Each field that is wrong is named, with what is wrong."),
        fixer="you",
    ),
    "unauthenticated": Wording(
        status=401,
        title=_("The token is missing or does not work"),
        text=_("It is unknown, has expired or been taken back, or its holder no longer has the role."),
        fixer="issuance_manager",
    ),
}

FRAMEWORK: Final[tuple[Text, ...]] = (
    # functioncerts/api.py and api_base.py, which lie outside the folder whose texts are collected
    _("Another text stands now: read it first."),
    _("There is no such field."),
    _("At most %(count)s characters."),
    # Django REST framework's own, which it has no Swedish for
    _("Invalid input."),
    _("Must be a valid UUID."),
    _("Not a valid string."),
    _("Datetime value out of range."),
    _("Ensure this field has at least {min_length} elements."),
    _("Ensure this field has no more than {max_length} elements."),
    _('Invalid datetime for the timezone "{timezone}".'),
    _("Surrogate characters are not allowed: U+{code_point:X}."),
)
"""Named here so that the catalogue of texts holds them."""
