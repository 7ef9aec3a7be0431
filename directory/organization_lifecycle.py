"""The verbs of an organization's set-up: only the central administration's, each with its reason."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from directory import policies
from directory.errors import OrganizationNotFound, OrganizationRefused
from directory.events import OrganizationSetUp
from directory.logos import Logo
from directory.models import IssuanceArea, Organization
from directory.organization_models import OrganizationSettings
from journal.actor import Actor
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is decided here of an organization; no ``products`` means every product."""

    issuance_area: str
    back_text: str
    issuer_number: str
    products: tuple[str, ...]
    billing_reference: str
    default_product: str = ""


def set_up(organization_id: str, setup: Setup, *, reason: str, actor: Actor, at: datetime) -> tuple[str, ...]:
    """Write how an organization is set up, and return the names of what changed; the same again is nothing.

    Raises ``OrganizationNotFound`` outside the actor's scope, ``OrganizationRefused`` without role or reason.
    """
    with transaction.atomic():
        organization, settings = _demanded(organization_id, reason=reason, actor=actor)
        stands = setup_of(organization, settings)
        names = (
            "issuance_area",
            "back_text",
            "issuer_number",
            "products",
            "billing_reference",
            "default_product",
        )
        changed = tuple(name for name in names if getattr(stands, name) != getattr(setup, name))
        if not changed:
            return ()
        area, _ = IssuanceArea.objects.get_or_create(name=setup.issuance_area)
        Organization.objects.filter(pk=organization.pk).update(issuance_area=area, back_text=setup.back_text)
        OrganizationSettings.objects.filter(pk=settings.pk).update(
            issuer_number=setup.issuer_number,
            products=list(setup.products),
            billing_reference=setup.billing_reference,
            default_product=setup.default_product,
        )
        _record(organization, changed, reason=reason, actor=actor, at=at)
    return changed


def set_logo(organization_id: str, logo: Logo | None, *, reason: str, actor: Actor, at: datetime) -> None:
    """Write the logo, or take it away; raises as ``set_up``."""
    with transaction.atomic():
        organization, settings = _demanded(organization_id, reason=reason, actor=actor)
        digest = logo.sha256 if logo else ""
        if settings.logo_sha256 == digest:
            return
        OrganizationSettings.objects.filter(pk=settings.pk).update(
            logo_png=logo.png if logo else None, logo_sha256=digest
        )
        _record(organization, ("logo",), reason=reason, actor=actor, at=at)


def setup_of(organization: Organization, settings: OrganizationSettings | None) -> Setup:
    """Return how an organization is set up now."""
    return Setup(
        issuance_area=organization.issuance_area.name,
        back_text=organization.back_text,
        issuer_number=settings.issuer_number if settings else "",
        products=tuple(settings.products) if settings else (),
        billing_reference=settings.billing_reference if settings else "",
        default_product=settings.default_product if settings else "",
    )


def _demanded(
    organization_id: str, *, reason: str, actor: Actor
) -> tuple[Organization, OrganizationSettings]:
    organization = Organization.objects.select_related("issuance_area").filter(pk=organization_id).first()
    if organization is None or not policies.in_scope(actor, str(organization.pk)):
        raise OrganizationNotFound(str(organization_id))
    if (refusal := policies.may_set_up_organizations(actor)) is not None:
        raise OrganizationRefused("not for this role", facts=dict(refusal.facts))
    if not reason.strip():
        raise OrganizationRefused("no reason", facts={"rule": "reason_missing"})
    OrganizationSettings.objects.get_or_create(organization=organization)
    settings = OrganizationSettings.objects.select_for_update().get(organization=organization)
    return organization, settings


def _record(
    organization: Organization, changed: tuple[str, ...], *, reason: str, actor: Actor, at: datetime
) -> None:
    event = OrganizationSetUp(organization_id=str(organization.pk), fields=changed, reason=reason)
    record(event, actor=actor, at=at)
