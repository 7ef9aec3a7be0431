"""Where a person object belongs here: the organization by its HSA-id, the unit by its place in the tree."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from directory.hsa_client import DistinguishedName
from directory.identifiers import HsaId
from directory.models import Organization, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The connected organizations and their units, read once for a whole synchronization."""

    organizations: dict[str, UUID]
    units: dict[tuple[UUID, tuple[str, ...]], UUID]

    @classmethod
    def load(cls) -> Self:
        """Read them from the database."""
        rows = {unit.pk: unit for unit in Unit.objects.all()}
        units: dict[tuple[UUID, tuple[str, ...]], UUID] = {}
        for unit in rows.values():
            path = [unit.name]
            above = unit.parent_id
            while above and len(path) <= len(rows):  # a loop in the register must not be one here
                path.append(rows[above].name)
                above = rows[above].parent_id
            units[unit.organization_id, tuple(reversed(path))] = unit.pk
        organizations = dict(Organization.objects.values_list("organization_number", "pk"))
        return cls(organizations=organizations, units=units)

    def organization(self, hsa_id: str) -> UUID | None:
        """Return the connected organization that owns this HSA-id, or None when it is not connected."""
        return self.organizations.get(HsaId(hsa_id).organization_number)

    def unit(self, organization_id: UUID, place: DistinguishedName) -> UUID | None:
        """Return the unit, or the nearest one above it that is known here."""
        for depth in range(len(place.units), 0, -1):
            found = self.units.get((organization_id, place.units[:depth]))
            if found:
                return found
        return None
