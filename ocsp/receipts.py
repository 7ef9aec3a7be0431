"""Sealed receipts of revocations that everybody has seen: asked for by a person, made by the worker."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction

from journal.actor import Actor
from journal.recording import record
from ocsp.events import RevocationReceiptMade, RevocationReceiptRequested
from ocsp.models import LandingReceipt

LANGUAGES = ("sv", "en")


def request_receipt(
    *, carrier_kind: str, carrier_id: str, organization_id: str, language: str, actor: Actor, at: datetime
) -> LandingReceipt:
    """Ask for the receipt of a carrier; the same one however often it is asked.

    Whoever calls this has decided that the actor may see the carrier, and that its revocations are over.
    """
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    with transaction.atomic():
        receipt, is_new = LandingReceipt.objects.get_or_create(
            carrier_kind=carrier_kind,
            carrier_id=carrier_id,
            language=chosen,
            defaults={"requested_at": at},
        )
        if is_new:
            event = RevocationReceiptRequested(
                receipt_id=str(receipt.pk), card_id=carrier_id, organization_id=organization_id
            )
            record(event, actor=actor, at=at)
    return receipt


def receipt(receipt_id: UUID | str) -> LandingReceipt | None:
    """Return a receipt, made or not."""
    return LandingReceipt.objects.filter(pk=receipt_id).first()


def keep_receipt(
    receipt_id: UUID | str, pdf: bytes, *, organization_id: str, actor: Actor, at: datetime
) -> bool:
    """Keep a sealed receipt, once; return whether it was this one that is kept."""
    sha256 = hashlib.sha256(pdf).hexdigest()
    with transaction.atomic():
        kept = LandingReceipt.objects.filter(pk=receipt_id, made_at__isnull=True).update(
            pdf=pdf, sha256=sha256, made_at=at
        )
        if not kept:
            return False
        row = LandingReceipt.objects.get(pk=receipt_id)
        event = RevocationReceiptMade(
            receipt_id=str(row.pk), card_id=row.carrier_id, organization_id=organization_id, sha256=sha256
        )
        record(event, actor=actor, at=at)
    return True
