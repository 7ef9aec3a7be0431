"""Reads of function objects and their certificates, inside the bounds of the actor's role."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime

from ca.models import Certificate
from ca.selectors import certificate as get_certificate
from ca.selectors import certificates_by_id
from directory.reach import placed_within
from directory.row_ids import row_id
from functioncerts import policies
from functioncerts.errors import FunctionObjectNotFound, FunctionOrderNotFound
from functioncerts.models import FunctionObject, FunctionOrder, NameValidation
from functioncerts.states import FunctionObjectState, FunctionOrderState
from journal.actor import Actor, ActorKind

MOST_ON_A_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOrderPage:
    """Some orders, newest first; ``after`` fetches the next page, empty at the end."""

    orders: tuple[FunctionOrder, ...]
    after: str


def get_function_object(hsa_id: str, *, actor: Actor) -> FunctionObject:
    """Return the function object with this HSA-id; raise FunctionObjectNotFound, also outside the scope."""
    found = visible_objects(actor).filter(hsa_id=hsa_id).first()
    if found is None:
        raise FunctionObjectNotFound(hsa_id)
    return found


def list_function_objects(*, actor: Actor, limit: int = MOST_ON_A_PAGE) -> tuple[FunctionObject, ...]:
    """Return the function objects that the actor is authorized for, by HSA-id (POR-10)."""
    return tuple(visible_objects(actor).order_by("hsa_id")[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionObjectPage:
    """Some function objects by HSA-id; ``after`` fetches the next page, empty at the end."""

    objects: tuple[FunctionObject, ...]
    after: str


def find_function_objects(
    query: str = "", *, actor: Actor, after: str = "", limit: int = 50
) -> FunctionObjectPage:
    """Return function objects by a part of their name, HSA-id or a name they have validated (POR-10).

    Those that are not validated yet are shown to validation specialists only (domain.md 1.3).
    """
    objects = listed_objects(actor)
    if text := query.strip():
        name = NameValidation.objects.filter(
            Q(function_object=OuterRef("pk"))
            | Q(function_object__isnull=True, organization=OuterRef("organization")),
            name__icontains=text,
        )
        objects = objects.filter(Q(name__icontains=text) | Q(hsa_id__istartswith=text) | Exists(name))
    limit = max(1, min(limit, MOST_ON_A_PAGE))
    rows = list(objects.filter(hsa_id__gt=after).order_by("hsa_id")[: limit + 1])
    shown = tuple(rows[:limit])
    return FunctionObjectPage(objects=shown, after=shown[-1].hsa_id if len(rows) > limit else "")


def get_function_object_by_id(object_id: str, *, actor: Actor) -> FunctionObject:
    """Return the function object that ``find_function_objects`` may show; raise FunctionObjectNotFound."""
    found = listed_objects(actor).filter(pk=row_id(object_id)).first()
    if found is None:
        raise FunctionObjectNotFound(str(object_id))
    return found


def get_listed_object(hsa_id: str, *, actor: Actor) -> FunctionObject:
    """Return the function object with this HSA-id that lists may show; raise FunctionObjectNotFound."""
    found = listed_objects(actor).filter(hsa_id=hsa_id).first()
    if found is None:
        raise FunctionObjectNotFound(hsa_id)
    return found


def function_of_certificate(certificate_id: str, *, actor: Actor) -> FunctionObject | None:
    """Return the function whose certificate it is, or None, also outside the scope."""
    order = visible_orders(actor).filter(certificate_id=certificate_id).exclude(certificate_id="").first()
    return order.function_object if order else None


def orders_of(function_object: FunctionObject, *, actor: Actor, limit: int = 50) -> tuple[FunctionOrder, ...]:
    """Return the newest orders of a function within the scope."""
    return tuple(
        visible_orders(actor).filter(function_object=function_object).order_by("-ordered_at", "-pk")[:limit]
    )


def get_order(order_id: str, *, actor: Actor) -> FunctionOrder:
    """Return the order; raise FunctionOrderNotFound, also outside the scope."""
    found = visible_orders(actor).filter(pk=row_id(order_id)).first()
    if found is None:
        raise FunctionOrderNotFound(str(order_id))
    return found


def list_orders(
    *,
    actor: Actor,
    state: FunctionOrderState | None = None,
    after: str = "",
    limit: int = 50,
) -> FunctionOrderPage:
    """Return orders in scope, newest first, from ``after`` on; an unreadable one begins at the start."""
    orders = visible_orders(actor)
    if state is not None:
        orders = orders.filter(state=state.value)
    if (key := _read_key(after)) is not None:
        ordered_at, pk = key
        orders = orders.filter(Q(ordered_at__lt=ordered_at) | Q(ordered_at=ordered_at, pk__lt=pk))
    limit = max(1, min(limit, MOST_ON_A_PAGE))
    rows = list(orders.order_by("-ordered_at", "-pk")[: limit + 1])
    shown = rows[:limit]
    after_key = f"{shown[-1].ordered_at.isoformat()}~{shown[-1].pk}" if len(rows) > limit else ""
    return FunctionOrderPage(orders=tuple(shown), after=after_key)


def certificates_of(orders: Iterable[FunctionOrder]) -> dict[str, Certificate]:
    """Return the delivered certificates of orders by their ids, in one query."""
    return certificates_by_id({order.certificate_id for order in orders if order.certificate_id})


def certificates_counted(*, actor: Actor) -> dict[str, int]:
    """Return how many delivered certificates each organization in the actor's scope has, by its id."""
    delivered = FunctionOrder.objects.filter(state=FunctionOrderState.DELIVERED.value)
    delivered = delivered.filter(placed_within(actor, "function_object__"))
    counted = delivered.values_list("organization_id").annotate(Count("pk")).order_by()
    return {str(pk): number for pk, number in counted}


def certificate_of(order: FunctionOrder) -> Certificate | None:
    """Return the delivered certificate of an order, or None before delivery."""
    return get_certificate(order.certificate_id) if order.certificate_id else None


def visible_objects(actor: Actor) -> QuerySet[FunctionObject]:
    """Return the function objects in the actor's reach; specialists see all, also what waits for them."""
    objects = FunctionObject.objects.select_related("organization", "unit")
    if actor.kind is ActorKind.SYSTEM or policies.has_role(actor, policies.MAY_VALIDATE):
        return objects
    if not policies.has_role(actor, policies.MAY_READ):
        return objects.none()
    return objects.filter(placed_within(actor))


def listed_objects(actor: Actor) -> QuerySet[FunctionObject]:
    """Return those in reach that lists show: what waits for validation, to specialists alone (POR-10)."""
    objects = visible_objects(actor)
    if policies.has_role(actor, policies.MAY_VALIDATE):
        return objects
    return objects.exclude(state=FunctionObjectState.NOT_VALIDATED.value)


def visible_orders(actor: Actor) -> QuerySet[FunctionOrder]:
    """Return the orders in the actor's reach."""
    orders = FunctionOrder.objects.select_related("function_object", "organization")
    if actor.kind is ActorKind.SYSTEM:
        return orders
    if not policies.has_role(actor, policies.MAY_READ):
        return orders.none()
    return orders.filter(placed_within(actor, "function_object__"))


def _read_key(text: str) -> tuple[datetime, uuid.UUID] | None:
    moment_text, _, pk_text = text.partition("~")
    try:
        moment = parse_datetime(moment_text)
        if moment is None or moment.tzinfo is None:
            return None
        return moment.astimezone(UTC), row_id(pk_text)
    except (ValueError, OverflowError):  # no date, or one that is no moment of UTC
        return None
