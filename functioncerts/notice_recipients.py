"""Who is told that a certificate ends: authorized orderers, who is responsible, the mailbox, managers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from directory.agency_models import Agency
from directory.models import Employment, Organization, Role, RoleAssignment
from directory.reach import in_force as agency_in_force
from directory.reach import units_above
from directory.role_selectors import in_force
from functioncerts.models import Answer, FunctionObject, FunctionResponsible, NoticeAnswer, Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class To:
    """An address, whose it is, and why it is written to."""

    recipient: Recipient
    address: str
    hsa_id: str = ""


def recipients(
    function_object: FunctionObject, *, answer: NoticeAnswer | None, escalates: bool, at: datetime
) -> tuple[To, ...]:
    """Return the addresses, each once; nobody's whose data are protected.

    Who took it on, or to whom it was delegated, is written to alone, beside the mailbox, until it escalates:
    then everybody is, and the managers too.
    """
    found: list[To] = []
    if answer is not None and answer.answer == Answer.DELEGATED.value:
        found += _people(Recipient.DELEGATE, [answer.delegated_to])
    elif answer is not None:
        found += _people(Recipient.ORDERER, [answer.answered_by])
    if answer is None or escalates:
        places = _handling(function_object.organization, at=at)
        found += _holders(
            Recipient.ORDERER, {Role.FUNCTION_CERT_ORDERER}, places, function_object=function_object, at=at
        )
        named = FunctionResponsible.objects.filter(function_object=function_object)
        found += _people(Recipient.RESPONSIBLE, named.values_list("hsa_id", flat=True))
    if escalates:
        managers = {Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER}
        found += _holders(
            Recipient.MANAGER,
            managers,
            [function_object.organization_id],
            function_object=function_object,
            at=at,
        )
    if function_object.mailbox:
        found.append(To(recipient=Recipient.MAILBOX, address=function_object.mailbox))
    first: dict[str, To] = {}
    for one in found:
        first.setdefault(one.address.lower(), one)
    return tuple(first.values())


def _people(recipient: Recipient, hsa_ids: Iterable[str]) -> list[To]:
    found = Employment.objects.filter(hsa_id__in=list(hsa_ids), person__protected_identity=False).exclude(
        email=""
    )
    rows = found.order_by("hsa_id").values_list("hsa_id", "email")
    return [To(recipient=recipient, hsa_id=hsa_id, address=email) for hsa_id, email in rows]


def _handling(organization: Organization, *, at: datetime) -> list[UUID]:
    """Return the organization and its agents for functions, whose orderers are authorized too."""
    agents = Agency.objects.filter(agency_in_force(at), organization=organization, for_functions=True)
    named = [organization.agent_organization_id] if organization.agent_organization_id else []
    return [organization.pk, *named, *agents.values_list("agent_id", flat=True)]


def _holders(
    recipient: Recipient,
    roles: set[Role],
    places: list[UUID],
    *,
    function_object: FunctionObject,
    at: datetime,
) -> list[To]:
    """Return who holds a role for one of the places, or for a unit that the function object lies in."""
    above = units_above(str(function_object.unit_id or ""))
    held = RoleAssignment.objects.filter(
        in_force(at),
        Q(unit__isnull=True) | Q(unit_id__in=above),
        organization_id__in=places,
        role__in=[role.value for role in roles],
        employment__person__protected_identity=False,
    ).exclude(employment__email="")
    rows = held.order_by("employment__hsa_id").values_list("employment__hsa_id", "employment__email")
    return [To(recipient=recipient, hsa_id=hsa_id, address=email) for hsa_id, email in rows.distinct()]
