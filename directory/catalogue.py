"""The catalogue file that HSA exports: connected organizations, their units, and whose HSA-id is whose.

HSA's operations answer about one person at a time; which people there are comes from this file.
"""

from dataclasses import dataclass

from lxml import etree

from directory.bounded_http import Caller, Endpoint
from directory.errors import RegisterUnavailable

NAMESPACE = "urn:sigill:catalogue:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueOrganization:
    """An organization that this installation serves; ``agent`` is the HSA-id of its ombud, or empty."""

    hsa_id: str
    organization_number: str
    name: str
    locality: str
    kind: str
    issuance_area: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueUnit:
    """A unit of an organization; ``parent`` is the unit above it, or empty."""

    hsa_id: str
    organization: str
    parent: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The whole file. ``people`` is (personal identity number as written, HSA-id)."""

    organizations: tuple[CatalogueOrganization, ...]
    units: tuple[CatalogueUnit, ...]
    people: tuple[tuple[str, str], ...]


def read_catalogue(endpoint: Endpoint) -> Catalogue:
    """Return the catalogue at ``<url>/catalogue``. Raises ``RegisterUnavailable``, also for a part of it."""
    _, content = Caller(endpoint).call("GET", f"{endpoint.url}/catalogue")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(content, parser)
        if b"<!DOCTYPE" in content or root.get("entries") != str(len(root)):
            raise RegisterUnavailable(register=endpoint.register, reason="malformed", detail="catalogue")
        return _catalogue(root)
    except (etree.XMLSyntaxError, KeyError) as error:
        raise RegisterUnavailable(
            register=endpoint.register, reason="malformed", detail=type(error).__name__
        ) from None


def _catalogue(root: etree._Element) -> Catalogue:
    def each(tag: str) -> list[dict[str, str]]:
        found = root.iter(f"{{{NAMESPACE}}}{tag}")
        return [{str(key): str(value) for key, value in one.attrib.items()} for one in found]

    return Catalogue(
        organizations=tuple(
            CatalogueOrganization(
                hsa_id=one["hsaId"],
                organization_number=one["organizationNumber"],
                name=one["name"],
                locality=one["locality"],
                kind=one["kind"],
                issuance_area=one["issuanceArea"],
                agent=one["agent"],
            )
            for one in each("organization")
        ),
        units=tuple(
            CatalogueUnit(
                hsa_id=one["hsaId"], organization=one["organization"], parent=one["parent"], name=one["name"]
            )
            for one in each("unit")
        ),
        people=tuple((one["personalIdentityNumber"], one["hsaId"]) for one in each("person")),
    )
