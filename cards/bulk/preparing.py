"""Prepares an order for several: the rows are fixed, nothing is ordered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from cards.bulk.choosing import ChosenRow
from cards.bulk.errors import BulkOrderRefused
from cards.bulk.events import BulkOrderPrepared
from cards.bulk.models import BulkOrder, BulkOrderRow, BulkSource
from cards.bulk.policies import may_order_for_several
from cards.bulk.states import BulkOrderState, BulkRowState
from cards.errors import Refused
from cards.policies import in_scope
from directory.models import Organization
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

_AT_ONCE: Final = 1000


def prepare_bulk_order(
    rows: Sequence[ChosenRow],
    *,
    source: BulkSource,
    about: str,
    organization: Organization,
    actor: Actor,
    at: datetime,
) -> BulkOrder:
    """Keep the rows as an order that is being checked, and return it.

    Raises Refused for whoever may not order, for another organization than the role reaches; and
    BulkOrderRefused without rows.
    """
    if (refusal := may_order_for_several(actor)) is not None:
        raise Refused(refusal)
    is_of_unit = bool(actor.unit_id) and actor.organization_id == str(organization.pk)
    if not is_of_unit and not in_scope(actor, str(organization.pk)):
        raise Refused(Refusal(code="outside_scope", fixer="issuance_manager"))
    if not rows:
        raise BulkOrderRefused("nobody is on it", facts={"rule": "empty"})
    refused = sum(row.refusal is not None for row in rows)
    with transaction.atomic():
        bulk = BulkOrder.objects.create(
            state=BulkOrderState.CHECKING.value,
            source=source.value,
            about=about[:64],
            organization=organization,
            unit_id=actor.unit_id or None,
            total=len(rows),
            checked=refused,
            refused=refused,
            started_by=actor.identifier,
            started_person_id=actor.person_id,
            started_role=actor.role,
            started_loa=actor.loa,
            started_at=at,
            correlation_id=actor.correlation_id,
        )
        BulkOrderRow.objects.bulk_create((_row(bulk, one, at=at) for one in rows), batch_size=_AT_ONCE)
        event = BulkOrderPrepared(
            bulk_order_id=str(bulk.pk),
            organization_id=str(organization.pk),
            kind=source.value,
            total=len(rows),
        )
        record(event, actor=actor, at=at)
        return bulk


def _row(bulk: BulkOrder, one: ChosenRow, *, at: datetime) -> BulkOrderRow:
    refusal = one.refusal
    return BulkOrderRow(
        bulk_order=bulk,
        line=one.line,
        typed=one.typed,
        employment=one.employment,
        product_code=one.product_code,
        replaces_id=one.replaces,
        state=(BulkRowState.UNCHECKED if refusal is None else BulkRowState.REFUSED).value,
        code=refusal.code if refusal else "",
        facts=[list(fact) for fact in refusal.facts] if refusal else [],
        fixer=refusal.fixer if refusal else "",
        done_at=at if refusal else None,
    )
