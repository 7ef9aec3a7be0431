"""Explanations of why a login or a role is refused."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

ACCOUNTS: Final[Mapping[str, Wording]] = {
    "loginFailed": Wording(
        status=403,
        title=_("The login came to nothing"),
        text=_("Nobody was logged in. Try again."),
        fixer="you",
    ),
    "notLoggedIn": Wording(
        status=401, title=_("You are not logged in"), text=_("Log in with your card to go on."), fixer="you"
    ),
    "roleNotHeld": Wording(
        status=403,
        title=_("You do not have the role"),
        text=_("It has ended or was never yours."),
        fixer="issuance_manager",
    ),
}
