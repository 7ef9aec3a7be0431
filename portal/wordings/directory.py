"""Explanations of what the directory refuses."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

DIRECTORY: Final[Mapping[str, Wording]] = {
    "person_not_found": Wording(
        status=404,
        title=_("The person was not found"),
        text=_("There is no such person, or the person belongs to an organization outside your role."),
        fixer="role",
    ),
    "register_unavailable": Wording(
        status=503,
        title=_("%(register)s does not answer"),
        text=_(
            "The register could not be read just now, so nothing was changed. Older data are shown as old."
        ),
        fixer="time",
    ),
    "role_refused": Wording(
        status=403,
        title=_("The role cannot be given or taken"),
        text=_("A rule stops it (%(rule)s)."),
        fixer="issuance_manager",
    ),
    "erasure_refused": Wording(
        status=403,
        title=_("The erasure is refused"),
        text=_("A rule stops it (%(rule)s)."),
        fixer="central_administrator",
    ),
    "role_not_held": Wording(
        status=409,
        title=_("The role is not held"),
        text=_("It has already ended, so there is nothing to take back."),
    ),
    "identifier_invalid": Wording(
        status=422,
        title=_("The number is not right"),
        text=_("It follows none of the known forms."),
        fixer="you",
    ),
    "identifier_wrong_length": Wording(
        status=422,
        title=_("Too few or too many digits"),
        text=_("A personal number has ten or twelve digits, a card number nineteen."),
        fixer="you",
    ),
    "identifier_wrong_characters": Wording(
        status=422,
        title=_("There are characters that do not belong"),
        text=_("Only digits, a hyphen or a plus sign, and blanks may be there."),
        fixer="you",
    ),
    "identifier_wrong_date": Wording(
        status=422,
        title=_("The first digits are no date"),
        text=_("Year, month and day come first; in a coordination number 60 is added to the day."),
        fixer="you",
    ),
    "identifier_date_in_future": Wording(
        status=422, title=_("The date has not come yet"), text=_("Check the year of birth."), fixer="you"
    ),
    "identifier_wrong_check_digit": Wording(
        status=422,
        title=_("The last digit does not fit the others"),
        text=_("Some digit is mistyped. Compare with the document."),
        fixer="you",
    ),
}
