"""The words of roles on pages: what each allows, whose it is, how long it holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.matrix import Capability, capabilities_of
from directory.models import Employment, Person, Role, RoleAssignment, RoleSource
from directory.policies import REMINDED_BEFORE
from directory.role_selectors import confirmation_due
from portal import moments, words
from portal.words import Tag, Text

CAPABILITIES: Final[Mapping[Capability, Text]] = {
    Capability.SEARCH_PEOPLE: gettext_lazy("Search for people and see their cards"),
    Capability.ORDER_CARDS: gettext_lazy("Order cards"),
    Capability.ACTIVATE_CARDS: gettext_lazy("Check identities and activate cards"),
    Capability.BLOCK_CARDS: gettext_lazy("Block cards"),
    Capability.ORDER_FUNCTION_CERTIFICATES: gettext_lazy("Order function certificates"),
    Capability.REVOKE_FUNCTION_CERTIFICATES: gettext_lazy("Revoke function certificates"),
    Capability.VALIDATE_FUNCTION_OBJECTS: gettext_lazy("Validate function objects and domains"),
    Capability.APPOINT_ISSUANCE_MANAGER: gettext_lazy("Appoint issuance managers, two together"),
    Capability.APPOINT_DEPUTY: gettext_lazy("Appoint deputy issuance managers"),
    Capability.APPOINT_OPERATORS: gettext_lazy("Give the roles of those who order, activate and block"),
    Capability.OPEN_PROTECTED: gettext_lazy("Give the right to people with protected data"),
    Capability.VIEW_ORGANIZATIONS: gettext_lazy("See how organizations are set up"),
    Capability.CHANGE_ORGANIZATIONS: gettext_lazy("Change how organizations are set up"),
    Capability.STOP_ORDERING: gettext_lazy("Stop the ordering of cards"),
    Capability.READ_JOURNAL: gettext_lazy("Read the journal"),
}
SOURCES: Final[Mapping[RoleSource, Text]] = {
    RoleSource.PORTAL: gettext_lazy("Given in the portal"),
    RoleSource.HSA: gettext_lazy("Comes from HSA"),
}


def allowed(role: Role) -> Sequence[Text]:
    """Return what a role allows, in words."""
    return [CAPABILITIES[one] for one in capabilities_of(role)]


def shown_name(person: Person) -> str:
    """Return the name of a person in a list: nobody's whose data are protected, whoever looks."""
    return _("Person with protected data") if person.protected_identity else person.full_name


def named(employment: Employment) -> str:
    """Return the name in a list and the HSA-id, by which two of the same name differ."""
    return f"{shown_name(employment.person)} ({employment.hsa_id})"


def place_of(assignment: RoleAssignment) -> str:
    """Return what a role is for: the unit and its organization, or the organization."""
    places = (assignment.unit.name if assignment.unit else "", assignment.organization.name)
    return ", ".join(filter(None, places))


def standing(assignment: RoleAssignment, *, at: datetime) -> Tag:
    """Return how a role stands: ended, to come, to be confirmed, or in force."""
    if assignment.valid_to is not None and assignment.valid_to <= at:
        return Tag(tone="mute", icon="x-circle", label=_("Ended"))
    if assignment.valid_from > at:
        return Tag(tone="info", icon="clock-history", label=_("Not begun"))
    if assignment.source == RoleSource.HSA.value:
        return Tag(tone="ok", icon="check-circle", label=_("In force"))
    due = confirmation_due(assignment)
    if due - at <= REMINDED_BEFORE:
        label = _("Confirm before %(day)s") % {"day": moments.day(due)}
        return Tag(tone="warn", icon="exclamation-triangle", label=label)
    return Tag(tone="ok", icon="check-circle", label=_("In force"))


def role_name(role: str) -> Text:
    """Return what a role is called."""
    return words.ROLES[Role(role)]
