"""Reads of organizations for those who answer for them, within the scope of their role."""

from uuid import UUID

from django.db.models import Count, QuerySet

from directory import policies
from directory.errors import OrganizationNotFound
from directory.models import Employment, Organization
from directory.organization_models import OrganizationSettings
from directory.row_ids import row_id
from journal.actor import Actor, ActorKind

MOST = 1000


def list_organizations(*, actor: Actor) -> list[Organization]:
    """Return the organizations in scope with their areas, by area and name."""
    return list(_visible(actor).order_by("issuance_area__name", "name", "pk")[:MOST])


def get_organization(organization_id: UUID | str, *, actor: Actor) -> Organization:
    """Return one; raises ``OrganizationNotFound``, also outside the actor's scope."""
    found = _visible(actor).filter(pk=row_id(organization_id)).first()
    if found is None:
        raise OrganizationNotFound(str(organization_id))
    return found


def default_product(organization_id: str) -> str:
    """Return the product code that an organization usually orders; empty without one."""
    rows = OrganizationSettings.objects.filter(organization_id=organization_id)
    return rows.values_list("default_product", flat=True).first() or ""


def settings_of(organization: Organization) -> OrganizationSettings | None:
    """Return how it is set up here; None where nobody ever has. The logo itself is not read."""
    return OrganizationSettings.objects.defer("logo_png").filter(organization=organization).first()


def logo_of(organization: Organization) -> bytes | None:
    """Return the logo as PNG, or None."""
    png = (
        OrganizationSettings.objects.filter(organization=organization)
        .values_list("logo_png", flat=True)
        .first()
    )
    return bytes(png) if png else None


def people_counted(*, actor: Actor) -> dict[str, int]:
    """Return how many people HSA knows in each organization in scope."""
    counted = (
        Employment.objects.filter(organization__in=_visible(actor), missing_since__isnull=True)
        .values_list("organization_id")
        .annotate(Count("person_id", distinct=True))
        .order_by()
    )
    return {str(pk): number for pk, number in counted}


def _visible(actor: Actor) -> QuerySet[Organization]:
    rows = Organization.objects.select_related("issuance_area", "agent_organization")
    if actor.kind is ActorKind.SYSTEM:
        return rows
    if policies.may_view_organizations(actor) is not None:
        return rows.none()
    return rows.filter(pk__in=actor.organization_ids)
