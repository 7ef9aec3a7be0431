"""Registers the lines of the paper log: each blocks what it asks for, and all or none are done (POR-15)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cards.block_request_models import BlockRequest
from cards.block_request_selectors import MOST_A_DAY, left_today
from cards.block_requests import Received, block_card_afterwards, block_certificate
from cards.errors import TooManyBlocks
from cards.paper_rows import CheckedRow
from journal.actor import Actor


def register_rows(rows: Sequence[CheckedRow], *, actor: Actor, at: datetime) -> list[BlockRequest]:
    """Register the lines in one transaction, all or none; return their rows.

    Raises ``TooManyBlocks`` for more than one person may block in a day, else as ``register_row``.
    """
    with transaction.atomic():
        left = left_today(actor=actor, at=at)
        if sum(not row.is_blocked_already for row in rows) > left:
            facts = {"most": str(MOST_A_DAY), "left": str(max(left, 0))}
            raise TooManyBlocks("a second person registers the rest", facts=facts)
        return [register_row(row, actor=actor, at=at) for row in rows]


def register_row(checked: CheckedRow, *, actor: Actor, at: datetime) -> BlockRequest:
    """Block what the line asks for and keep the request: one transaction, safe to repeat.

    Raises ``ValueError`` for a line with a problem, and what ``cards.block_requests`` raises.
    """
    if not checked.is_good or checked.received_at is None or checked.reason is None:
        raise ValueError("this line has a problem")
    row = checked.row
    received = Received(
        at=checked.received_at,
        by=row.cell("received_by"),
        by_id=row.cell("received_by_id"),
        holder=row.cell("holder"),
    )
    if checked.certificate is not None:
        return block_certificate(
            certificate_id=checked.certificate.pk,
            reason=checked.reason,
            received=received,
            note=row.cell("note"),
            actor=actor,
            at=at,
        )
    if checked.card is None:
        raise ValueError("this line names nothing to block")
    return block_card_afterwards(
        card_id=checked.card.pk,
        reason=checked.reason,
        received=received,
        note=row.cell("note"),
        actor=actor,
        at=at,
    )
