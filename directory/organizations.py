"""Writes the catalogue's organizations and units into our tables. What the catalogue leaves out stays."""

from datetime import datetime

from django.db import transaction

from directory.catalogue import Catalogue, CatalogueOrganization
from directory.events import OrganizationChanged, OrganizationImported
from directory.models import IssuanceArea, Organization, Unit
from journal.actor import Actor
from journal.recording import record

_FIELDS = ("name", "locality", "kind")


def write_organizations(catalogue: Catalogue, *, actor: Actor, at: datetime) -> None:
    """Write every organization and unit, the same again changing nothing."""
    with transaction.atomic():
        for entry in catalogue.organizations:
            _write_organization(entry, actor=actor, at=at)
        by_hsa_id = {one.hsa_id: one for one in Organization.objects.all()}
        for entry in catalogue.organizations:
            _write_agent(by_hsa_id[entry.hsa_id], by_hsa_id.get(entry.agent), actor=actor, at=at)
        _write_units(catalogue, by_hsa_id)


def _write_organization(entry: CatalogueOrganization, *, actor: Actor, at: datetime) -> None:
    area, _ = IssuanceArea.objects.get_or_create(name=entry.issuance_area)
    facts = {"name": entry.name, "locality": entry.locality, "kind": entry.kind}
    organization = Organization.objects.filter(hsa_id=entry.hsa_id).first()
    if organization is None:
        organization = Organization.objects.create(
            hsa_id=entry.hsa_id,
            organization_number=entry.organization_number,
            issuance_area=area,
            **facts,
        )
        record(OrganizationImported(organization_id=str(organization.pk)), actor=actor, at=at)
        return
    # The issuance area is this installation's own decision and is not moved by a file.
    changed = tuple(name for name in _FIELDS if getattr(organization, name) != facts[name])
    if changed:
        Organization.objects.filter(pk=organization.pk).update(**facts)
        event = OrganizationChanged(organization_id=str(organization.pk), fields=changed)
        record(event, actor=actor, at=at)


def _write_agent(
    organization: Organization, agent: Organization | None, *, actor: Actor, at: datetime
) -> None:
    """Write who is agent (ombud): their roles reach the organization from now on, so it is told."""
    if organization.agent_organization_id == (agent.pk if agent else None):
        return
    Organization.objects.filter(pk=organization.pk).update(agent_organization=agent)
    event = OrganizationChanged(organization_id=str(organization.pk), fields=("agent_organization",))
    record(event, actor=actor, at=at)


def _write_units(catalogue: Catalogue, organizations: dict[str, Organization]) -> None:
    for entry in catalogue.units:
        organization = organizations.get(entry.organization)
        if organization:
            facts = {"name": entry.name, "organization": organization}
            Unit.objects.update_or_create(hsa_id=entry.hsa_id, defaults=facts)
    units = {unit.hsa_id: unit for unit in Unit.objects.all()}
    for entry in catalogue.units:
        parent = units.get(entry.parent)
        Unit.objects.filter(hsa_id=entry.hsa_id).exclude(parent=parent).update(parent=parent)
