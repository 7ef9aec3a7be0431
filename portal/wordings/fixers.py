"""Who can change what stops an act, said to the one who reads it: never "ask yourself"."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from directory.models import Role
from portal.words import Text

FIXERS: Final[Mapping[str, Text]] = {
    "you": _("You can change this yourself."),
    "colleague": _("Somebody else with your role can do it, not you yourself."),
    "role": _("If you need it, ask your issuance manager which role you should have."),
    "role_of_manager": _("If you need it, ask the central administration which role you should have."),
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
_ABOUT_ONESELF: Final = frozenset(
    {
        "role_missing",
        "outside_scope",
        "role_does_not_search",
        "role_does_not_read_journal",
        "role_gives_no_roles",
        "role_refused",
        "roleNotHeld",
        "token_not_granted",
        "organization_refused",
        "erasure_refused",
        "self_service_forbidden",
        "protected_identity",
        "protected_identity_right_missing",
        "second_person_is_the_first",
        "second_person_needed",
    }
)
"""Codes that say what somebody may not do: nobody widens their own rights or handles their own card."""


def fixer_said(fixer: str, *, code: str, reader: str) -> Text:
    """Return who can change it, said to somebody in the role ``reader``; empty where nobody can."""
    return FIXERS.get(_seen_by(fixer, code=code, reader=reader), "")


def _seen_by(fixer: str, *, code: str, reader: str) -> str:
    if fixer == "role":
        return {
            Role.ISSUANCE_MANAGER.value: "role_of_manager",
            Role.CENTRAL_ADMINISTRATOR.value: "nobody",
        }.get(reader, fixer)
    if not reader or fixer != reader:
        return fixer
    return "colleague" if code in _ABOUT_ONESELF else "you"
