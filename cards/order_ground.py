"""What an order is held against besides its person: looked up once, for however many are ordered together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from ca.environments import Environment
from cards.models import CardOrder, OrderStop
from cards.states import RUNNING_ORDER_STATES
from directory.models import Employment, Role
from directory.organization_models import OrganizationSettings
from journal.errors import Refusal

_RUNNING: Final = sorted(state.value for state in RUNNING_ORDER_STATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationTerms:
    """How an organization is set up for orders: no products are all products."""

    products: Collection[str] = ()
    issuer_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGround:
    """Stops, settings and running orders, of the employments that it was laid for and as they were then."""

    stops: Mapping[str, Refusal]
    terms: Mapping[str, OrganizationTerms]
    running: Mapping[tuple[str, str, str], CardOrder]

    def stop(self, employment: Employment) -> Refusal | None:
        """Return the order stop that is in force for the organization, if any."""
        return self.stops.get(str(employment.organization_id))

    def terms_of(self, employment: Employment) -> OrganizationTerms:
        """Return how the organization is set up."""
        return self.terms.get(str(employment.organization_id), OrganizationTerms())

    def running_order(self, employment: Employment, environment: Environment) -> CardOrder | None:
        """Return the order of the same person that runs in the organization, if any."""
        key = (str(employment.person_id), str(employment.organization_id), environment.value)
        return self.running.get(key)


def ground_for(employments: Sequence[Employment], *, at: datetime) -> OrderGround:
    """Look up what orders for these employments are held against: as many queries for one as for many."""
    organizations = {str(employment.organization_id) for employment in employments}
    people = {employment.person_id for employment in employments}
    running = CardOrder.objects.filter(
        from_stock=False, person_id__in=people, organization_id__in=organizations, state__in=_RUNNING
    )
    return OrderGround(
        stops=_stops(organizations, at=at),
        terms=_terms(organizations),
        running={(str(one.person_id), str(one.organization_id), one.environment): one for one in running},
    )


def order_stop_refusal(*, at: datetime, organization_id: str = "") -> Refusal | None:
    """Return the order stop in force at this moment, if any: of all, or of the organization (POR-16)."""
    return _stops({organization_id}, at=at).get(organization_id)


def _stops(organizations: Collection[str], *, at: datetime) -> dict[str, Refusal]:
    """Return the stop in force for each organization that has one: the one that began first."""
    named = [one for one in organizations if one]
    concerned = Q(organization__isnull=True) | Q(organization_id__in=named)
    in_force = OrderStop.objects.filter(concerned, starts_at__lte=at).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at)
    )
    found: dict[str, Refusal] = {}
    for stop in in_force.order_by("starts_at"):
        facts = [("reason", stop.reason), ("since", stop.starts_at.isoformat())]
        if stop.ends_at is not None:
            facts.append(("until", stop.ends_at.isoformat()))
        told = Refusal(code="ordering_stopped", facts=tuple(facts), fixer=Role.CENTRAL_ADMINISTRATOR.value)
        for one in organizations if stop.organization_id is None else [str(stop.organization_id)]:
            found.setdefault(one, told)
    return found


def _terms(organizations: Collection[str]) -> dict[str, OrganizationTerms]:
    rows = OrganizationSettings.objects.filter(organization_id__in=organizations)
    return {
        str(pk): OrganizationTerms(products=tuple(products), issuer_number=issuer_number)
        for pk, products, issuer_number in rows.values_list("organization_id", "products", "issuer_number")
    }
