"""Explanations of what the directory refuses."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording
from portal.words import Text

ROLE_RULES: Final[Mapping[str, Text]] = {
    "not_a_granter": _("your role does not give this role"),
    "own_role": _("nobody decides on a role of their own"),
    "out_of_scope": _("the organization is outside your role"),
    "auditor_is_alone": _("an auditor has no other role, and nobody with another role is auditor"),
    "already_held": _("the person has the role already"),
    "already_asked_for": _("the role is asked for already and waits for a second person"),
    "protected_needs_issuance_manager": _(
        "the right to people with protected data is given by the issuance manager"
    ),
    "ends_before_it_starts": _("it would be over before it begins"),
    "employment_missing": _("HSA no longer answers about the employment"),
    "two_people": _("two people give this role: one asks for it, another one gives it"),
    "one_person_gives_it": _("this role needs no second person"),
    "same_person": _("the second person is another than the one who asked"),
    "requester_left": _("who asked for it no longer has the role to do so"),
    "decided": _("somebody has decided on it already"),
    "reason_missing": _("a reason is missing"),
    "training_missing": _("training comes before the work, and its day is missing"),
    "training_in_future": _("the training has not been held yet"),
    "training_too_old": _("the training is older than a year"),
    "central_roles_are_central": _("roles of the central administration are for its own organization only"),
    "hsa_gives_it": _("the role comes from HSA and is confirmed there"),
    "lapsed": _("it has waited too long for a second person and has lapsed"),
    "last_two_of_the_centre": _(
        "at least two central administrators remain, or nobody could give the role anew: "
        "appoint another first"
    ),
    "role_is_for_the_whole": _("this role is for a whole organization, not for a part of one"),
    "unit_elsewhere": _("the unit belongs to another organization"),
}
"""Why a role may not be given, taken, asked for or confirmed."""

AGENCY_RULES: Final[Mapping[str, Text]] = {
    "not_central": _("only the central administration decides on agents"),
    "agent_is_itself": _("an agent is another organization, and none of the central administration"),
    "agent_for_nothing": _("an agent handles cards, function certificates or both"),
    "agent_already": _("the organization is agent already for some of that time"),
    "agent_no_more": _("the task has ended already"),
}
"""Why an agent may not be appointed or dismissed, beside the rules of roles."""

ROLE_FIXERS: Final[Mapping[str, str]] = {
    "own_role": "colleague",
    "same_person": "colleague",
    "two_people": "colleague",
    "already_asked_for": "colleague",
    "out_of_scope": "role",
    "protected_needs_issuance_manager": "issuance_manager",
    "employment_missing": "register",
    "hsa_gives_it": "register",
    "ends_before_it_starts": "you",
    "one_person_gives_it": "you",
    "requester_left": "you",
    "reason_missing": "you",
    "training_missing": "you",
    "training_in_future": "you",
    "training_too_old": "you",
    "central_roles_are_central": "you",
    "lapsed": "you",
    "role_is_for_the_whole": "you",
    "unit_elsewhere": "you",
    "already_held": "nobody",
    "decided": "nobody",
    "last_two_of_the_centre": "nobody",
}
"""Who can do something about it, by rule; who gives a role is told by the refusal itself."""

DIRECTORY: Final[Mapping[str, Wording]] = {
    "person_not_found": Wording(
        status=404,
        title=_("The person was not found"),
        text=_("There is no such person, or the person belongs to an organization outside your role."),
        fixer="role",
    ),
    "unit_not_found": Wording(
        status=404,
        title=_("The unit was not found"),
        text=_("There is no such unit, or it belongs to an organization outside your role."),
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
        text=_("A rule stops it: %(rule)s."),
        fixer="nobody",
    ),
    "role_not_found": Wording(
        status=404,
        title=_("The role was not found"),
        text=_("It does not exist, or belongs to an organization outside your role."),
        fixer="role",
    ),
    "role_gives_no_roles": Wording(
        status=403,
        title=_("Your role gives no roles"),
        text=_("Who holds which role is shown to those who give roles."),
        fixer="issuance_manager",
    ),
    "organization_not_found": Wording(
        status=404,
        title=_("The organization was not found"),
        text=_("It does not exist, or is outside your role."),
        fixer="role",
    ),
    "organization_refused": Wording(
        status=403,
        title=_("The organization cannot be changed"),
        text=_("Only the central administration changes how organizations are set up, and says why."),
        fixer="central_administrator",
    ),
    "agency_refused": Wording(
        status=409,
        title=_("The agent cannot be changed"),
        text=_("A rule stops it: %(rule)s."),
        fixer="you",
    ),
    "logo_refused": Wording(
        status=422,
        title=_("The file is no logo"),
        text=_("A logo is a PNG or JPEG picture of at most one megabyte and four million pixels."),
        fixer="you",
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
    "sync_run_taken": Wording(
        status=409,
        title=_("A reading is asked for already"),
        text=_("It begins within seconds."),
        fixer="time",
    ),
    "sync_decision_refused": Wording(
        status=409,
        title=_("It cannot be decided"),
        text=_("A rule stops it (%(rule)s)."),
        fixer="central_administrator",
    ),
    "basis_decision_refused": Wording(
        status=409, title=_("It cannot be decided"), text=_("A rule stops it (%(rule)s).")
    ),
    "basis_decision_not_found": Wording(
        status=404,
        title=_("The decision was not found"),
        text=_("There is no such decision, or it concerns an organization outside your role."),
        fixer="role",
    ),
}
