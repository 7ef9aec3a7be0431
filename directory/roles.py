"""Which roles exclude each other and which role may give which: the matrix of domain.md 1.2 as data."""

from datetime import timedelta
from typing import Final

from directory.models import TWO_PERSON_ROLES, Role

OPERATIVE_ROLES = frozenset(role for role in Role if role is not Role.AUDITOR)
"""Every role that acts. An auditor has none of them (GOV, domain.md 7.3)."""

GRANTERS: dict[Role, frozenset[Role]] = {
    Role.CENTRAL_ADMINISTRATOR: frozenset({Role.CENTRAL_ADMINISTRATOR}),
    Role.VALIDATION_SPECIALIST: frozenset({Role.CENTRAL_ADMINISTRATOR}),
    Role.AUDITOR: frozenset({Role.CENTRAL_ADMINISTRATOR}),
    Role.ISSUANCE_MANAGER: frozenset({Role.CENTRAL_ADMINISTRATOR}),
    Role.DEPUTY_ISSUANCE_MANAGER: frozenset({Role.CENTRAL_ADMINISTRATOR, Role.ISSUANCE_MANAGER}),
    Role.ID_ADMINISTRATOR: frozenset({Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER}),
    Role.FUNCTION_CERT_ORDERER: frozenset({Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER}),
    Role.REVOCATION_OFFICER: frozenset({Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER}),
}
"""For each role, the roles whose holder may grant and revoke it."""

PROTECTED_GRANTERS = frozenset({Role.ISSUANCE_MANAGER})
"""Who may add the right to see protected persons: only the issuance manager."""

TWO_PEOPLE: Final = frozenset(Role(role) for role in TWO_PERSON_ROLES)
"""Roles whose holders give roles: one central administrator asks for them, another one gives them."""

TRAINED_ROLES: Final = frozenset({Role.ID_ADMINISTRATOR})
"""Roles that need a training before the work begins, followed up yearly (GOV-2, domain.md 1.2)."""

TRAINING_LASTS: Final = timedelta(days=365)
CONFIRMATION_LASTS: Final = timedelta(days=365)
"""How long a role holds before somebody who may give it confirms that it is still needed (GOV-2)."""

HSA_ROLES: Final = frozenset(
    {
        Role.DEPUTY_ISSUANCE_MANAGER,
        Role.ID_ADMINISTRATOR,
        Role.FUNCTION_CERT_ORDERER,
        Role.REVOCATION_OFFICER,
        Role.AUDITOR,
    }
)
"""Roles that a commission in HSA gives: none that two people give, none of the central administration."""

UNSCOPED_ROLES = frozenset({Role.CENTRAL_ADMINISTRATOR, Role.VALIDATION_SPECIALIST})
"""Roles of the central administration, which hold for all organizations."""


def conflicts(one: Role, other: Role) -> bool:
    """Return whether one person may not hold both roles at the same time."""
    return (one is Role.AUDITOR) is not (other is Role.AUDITOR)
