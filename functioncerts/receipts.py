"""The receipt accepted before a certificate is received (FC-4): its text, who accepted it and when."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from functioncerts import policies, selectors
from functioncerts.errors import IllegalTransition, Refused
from functioncerts.events import FunctionReceiptAccepted
from functioncerts.models import FunctionOrder
from journal.actor import Actor
from journal.recording import record

VERSION: Final = "2026-1"
TEXT: Final = """\
Jag kvitterar funktionscertifikatet för min organisation och svarar för att
- den privata nyckeln skapas och förvaras så att bara den som behöver den kommer åt den,
- certifikatet bara används för den server, klient eller brevlåda som det är utfärdat för,
- certifikatet spärras genast när nyckeln kan vara röjd eller funktionen läggs ned,
- ett nytt certifikat beställs i god tid före det gamlas sista dag.
"""
"""Fixed text: what was accepted is what its version says, in the language that binds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That somebody accepted the text; ``evidence_id`` names their signature over it, where there is one.

    ``accepted_by`` and ``accepted_at`` are of one that was given ahead, for all that a key or token orders;
    without them it is whoever orders, now.
    """

    version: str
    evidence_id: str = ""
    accepted_by: str = ""
    accepted_at: datetime | None = None


ACCEPTED: Final = Receipt(version=VERSION)
"""The text as it stands, accepted by whoever acts."""


def text_sha256() -> str:
    """Return the digest of the text that is accepted now."""
    return hashlib.sha256(TEXT.encode()).hexdigest()


def accept_receipt(*, order_id: str, receipt: Receipt, actor: Actor, at: datetime) -> FunctionOrder:
    """Accept the receipt of an order that came without: by API or ACME, or before there was one.

    Once is enough, and twice changes nothing. Raises FunctionOrderNotFound, Refused, IllegalTransition (an
    older text).
    """
    order = selectors.get_order(order_id, actor=actor)
    if (refusal := policies.may_receive(order, actor=actor)) is not None:
        raise Refused(refusal)
    if receipt.version != VERSION:
        raise IllegalTransition("another text", facts={"version": receipt.version})
    with transaction.atomic():
        moved = FunctionOrder.objects.filter(pk=order.pk, receipt_version="").update(
            receipt_version=receipt.version,
            receipt_accepted_at=at,
            receipt_accepted_by=actor.identifier,
            receipt_evidence_id=receipt.evidence_id,
        )
        order.refresh_from_db()
        if moved == 1:
            record_receipt(order, actor=actor, at=at)
    return order


def record_receipt(order: FunctionOrder, *, actor: Actor, at: datetime) -> None:
    """Tell the journal that the receipt of an order was accepted; in the caller's transaction."""
    record(
        FunctionReceiptAccepted(
            function_order_id=str(order.pk),
            function_object_id=str(order.function_object_id),
            organization_id=str(order.organization_id),
            certificate_request_id=order.certificate_request_id,
            text_version=order.receipt_version,
            text_sha256=text_sha256(),
            evidence_id=order.receipt_evidence_id,
        ),
        actor=actor,
        at=at,
    )
