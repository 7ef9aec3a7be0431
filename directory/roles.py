"""Which roles exclude each other and which role may give which: the matrix of domain.md 1.2 as data."""

from directory.models import Role

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

UNSCOPED_ROLES = frozenset({Role.CENTRAL_ADMINISTRATOR, Role.VALIDATION_SPECIALIST})
"""Roles of the central administration, which hold for all organizations."""


def conflicts(one: Role, other: Role) -> bool:
    """Return whether one person may not hold both roles at the same time."""
    return (one is Role.AUDITOR) is not (other is Role.AUDITOR)
