"""Function certificates and their orders as lines of a list, and the start page of those who order them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from ca.models import Certificate
from functioncerts.models import FunctionOrder
from functioncerts.selectors import certificates_of, list_orders
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from portal import words
from portal.words import Tag

_ROWS: Final = 50
_SOON: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """A function certificate, or its order."""

    function: str
    hsa_id: str
    names: str
    ordered_at: datetime
    not_after: datetime | None
    tag: Tag
    environment: Tag | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionsPage:
    """What the list shows."""

    rows: Sequence[FunctionRow]
    waiting: Sequence[FunctionRow] = ()
    ending: Sequence[FunctionRow] = ()


def functions_page(*, actor: Actor, at: datetime) -> FunctionsPage:
    """Return the newest function certificates in the actor's organizations, and what waits for somebody."""
    rows = rows_of(list_orders(actor=actor, limit=_ROWS).orders, at=at)
    waiting = list_orders(actor=actor, state=FunctionOrderState.AWAITING_APPROVAL, limit=_ROWS).orders
    return FunctionsPage(
        rows=rows,
        waiting=rows_of(waiting, at=at),
        ending=[
            row
            for row in rows
            if row.not_after and timedelta(0) < row.not_after - at <= _SOON and row.tag.tone == "warn"
        ],
    )


def rows_of(orders: Sequence[FunctionOrder], *, at: datetime) -> list[FunctionRow]:
    """Return orders as lines of a list."""
    certificates = certificates_of(orders)
    return [_row(order, certificates.get(order.certificate_id), at=at) for order in orders]


def tag_of(order: FunctionOrder, *, at: datetime) -> Tag:
    """Return the order's state in words; an expired certificate is computed."""
    return _tag(FunctionOrderState(order.state), not_after=order.not_after, at=at)


def _row(order: FunctionOrder, certificate: Certificate | None, *, at: datetime) -> FunctionRow:
    not_after = certificate.not_after if certificate else None
    return FunctionRow(
        function=order.function_object.name,
        hsa_id=order.function_object.hsa_id,
        names=", ".join(order.names),
        ordered_at=order.ordered_at,
        not_after=not_after,
        tag=_tag(FunctionOrderState(order.state), not_after=not_after, at=at),
        environment=words.environment_tag(order.environment),
        url=reverse("function-order", args=[order.pk]),
    )


def _tag(state: FunctionOrderState, *, not_after: datetime | None, at: datetime) -> Tag:
    if state is not FunctionOrderState.DELIVERED or not_after is None:
        return words.FUNCTION_STATES[state]
    if not_after <= at:
        return words.EXPIRED
    if not_after - at <= _SOON:
        return Tag(tone="warn", icon="clock", label=_("Expires soon"))
    return words.FUNCTION_STATES[state]
