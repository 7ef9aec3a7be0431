"""The matrix of domain.md 1.2 as data: what each role may do, for the pages that tell it.

The decisions are made where the acts are (``policies.py`` of each app); a test holds both together. Ordering
and activating take the ID administrator's role explicitly, as the matrix's own hard rules say.
"""

from enum import StrEnum
from typing import Final

from directory.models import Role

_CENTRAL, _SPECIALIST, _MANAGER, _DEPUTY, _ADMINISTRATOR, _ORDERER, _OFFICER, _AUDITOR = (
    Role.CENTRAL_ADMINISTRATOR,
    Role.VALIDATION_SPECIALIST,
    Role.ISSUANCE_MANAGER,
    Role.DEPUTY_ISSUANCE_MANAGER,
    Role.ID_ADMINISTRATOR,
    Role.FUNCTION_CERT_ORDERER,
    Role.REVOCATION_OFFICER,
    Role.AUDITOR,
)


class Capability(StrEnum):
    """Something that a role allows."""

    SEARCH_PEOPLE = "search_people"
    ORDER_CARDS = "order_cards"
    ACTIVATE_CARDS = "activate_cards"
    BLOCK_CARDS = "block_cards"
    ORDER_FUNCTION_CERTIFICATES = "order_function_certificates"
    REVOKE_FUNCTION_CERTIFICATES = "revoke_function_certificates"
    VALIDATE_FUNCTION_OBJECTS = "validate_function_objects"
    APPOINT_ISSUANCE_MANAGER = "appoint_issuance_manager"
    APPOINT_DEPUTY = "appoint_deputy"
    APPOINT_OPERATORS = "appoint_operators"
    OPEN_PROTECTED = "open_protected"
    VIEW_ORGANIZATIONS = "view_organizations"
    CHANGE_ORGANIZATIONS = "change_organizations"
    STOP_ORDERING = "stop_ordering"
    READ_JOURNAL = "read_journal"


MATRIX: Final[dict[Capability, frozenset[Role]]] = {
    Capability.SEARCH_PEOPLE: frozenset({_CENTRAL, _MANAGER, _DEPUTY, _ADMINISTRATOR, _OFFICER}),
    Capability.ORDER_CARDS: frozenset({_ADMINISTRATOR}),
    Capability.ACTIVATE_CARDS: frozenset({_ADMINISTRATOR}),
    Capability.BLOCK_CARDS: frozenset({_CENTRAL, _MANAGER, _DEPUTY, _ADMINISTRATOR, _OFFICER}),
    Capability.ORDER_FUNCTION_CERTIFICATES: frozenset({_MANAGER, _DEPUTY, _ORDERER}),
    Capability.REVOKE_FUNCTION_CERTIFICATES: frozenset({_MANAGER, _DEPUTY, _ORDERER, _OFFICER}),
    Capability.VALIDATE_FUNCTION_OBJECTS: frozenset({_SPECIALIST}),
    Capability.APPOINT_ISSUANCE_MANAGER: frozenset({_CENTRAL}),
    Capability.APPOINT_DEPUTY: frozenset({_CENTRAL, _MANAGER}),
    Capability.APPOINT_OPERATORS: frozenset({_MANAGER, _DEPUTY}),
    Capability.OPEN_PROTECTED: frozenset({_MANAGER}),
    Capability.VIEW_ORGANIZATIONS: frozenset({_CENTRAL, _MANAGER, _DEPUTY}),
    Capability.CHANGE_ORGANIZATIONS: frozenset({_CENTRAL}),
    Capability.STOP_ORDERING: frozenset({_CENTRAL}),
    Capability.READ_JOURNAL: frozenset({_CENTRAL, _MANAGER, _DEPUTY, _AUDITOR}),
}
"""Who may what. ``OPEN_PROTECTED`` is the right to give the add-on."""


def capabilities_of(role: Role) -> tuple[Capability, ...]:
    """Return what a role allows, in the order of the matrix."""
    return tuple(capability for capability, roles in MATRIX.items() if role in roles)
