"""The only writer of sealed receipts: asked for by a person, made by the worker, deleted on time."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction

from journal.actor import Actor
from journal.recording import record
from reports import vault
from reports.errors import ReceiptNotSealed
from reports.events import ReceiptDeleted, ReceiptRequested, ReceiptSealed
from reports.lifecycle import KEPT
from reports.receipt_models import ReceiptKind, SealedReceipt

LANGUAGES = ("sv", "en")


def ask_for_seal(
    kind: ReceiptKind,
    subject_id: str,
    *,
    card_id: str,
    organization_id: str,
    language: str,
    actor: Actor,
    at: datetime,
) -> SealedReceipt:
    """Ask for a receipt; the same one however often it is asked, and anew when the worker gave it up.

    Whoever calls this has decided that the actor may read it.
    """
    with transaction.atomic():
        receipt, is_new = SealedReceipt.objects.get_or_create(
            kind=kind.value,
            subject_id=subject_id,
            language=_spoken(language),
            defaults={"card_id": card_id, "organization_id": organization_id, "requested_at": at},
        )
        if is_new or _asked_anew(receipt, at=at):
            event = ReceiptRequested(
                sealed_receipt_id=str(receipt.pk),
                kind=kind.value,
                card_id=card_id,
                organization_id=organization_id,
            )
            record(event, actor=actor, at=at)
    return receipt


def _asked_anew(receipt: SealedReceipt, *, at: datetime) -> bool:
    """Take back that it failed; False when it did not, or somebody else has asked anew meanwhile."""
    failed = SealedReceipt.objects.filter(pk=receipt.pk, made_at__isnull=True, failed_at__isnull=False)
    return failed.update(failed_at=None, failure="", requested_at=at) == 1


def note_failed(receipt: SealedReceipt, failure: str, *, at: datetime) -> None:
    """Note why it could not be made, unless it was made all the same; whoever asks may ask anew."""
    waiting = SealedReceipt.objects.filter(pk=receipt.pk, made_at__isnull=True)
    waiting.update(failed_at=at, failure=failure[:64])


def find_sealed(kind: ReceiptKind, subject_id: str, *, language: str) -> SealedReceipt | None:
    """Return the receipt that was asked for, sealed or not."""
    asked = SealedReceipt.objects.filter(kind=kind.value, subject_id=subject_id, language=_spoken(language))
    return asked.first()


def requested_receipt(receipt_id: UUID | str) -> SealedReceipt | None:
    """Return what the worker was asked to make."""
    return SealedReceipt.objects.filter(pk=receipt_id).first()


def read_sealed(receipt: SealedReceipt | None) -> bytes:
    """Return the sealed file; raises ``ReceiptNotSealed`` when it is not there, or not any more."""
    if receipt is None or receipt.made_at is None:
        raise ReceiptNotSealed("the receipt is not sealed")
    try:
        return b"".join(vault.read(receipt.file_name, bytes(receipt.wrapped_key)))
    except vault.FileGone as error:
        raise ReceiptNotSealed("the file is gone") from error


def keep_sealed(receipt: SealedReceipt, document: bytes, *, actor: Actor, at: datetime) -> bool:
    """Keep the sealed file, once; return whether it was this one that is kept."""
    if SealedReceipt.objects.filter(pk=receipt.pk, made_at__isnull=False).exists():
        return False  # before anything is written: the same octets would lie under the same name
    sha256 = hashlib.sha256(document).hexdigest()
    receipt.sha256 = sha256
    file = vault.VaultWriter(receipt.file_name)
    try:
        file.write(document)
        file.finish()
    except BaseException:
        file.discard()
        raise
    with transaction.atomic():
        kept = SealedReceipt.objects.filter(pk=receipt.pk, made_at__isnull=True).update(
            wrapped_key=file.wrapped_key,
            sha256=sha256,
            made_at=at,
            expires_at=at + KEPT,
            failed_at=None,
            failure="",
        )
        if not kept:
            vault.remove(receipt.file_name)
            return False
        event = ReceiptSealed(
            sealed_receipt_id=str(receipt.pk),
            kind=receipt.kind,
            card_id=receipt.card_id,
            organization_id=receipt.organization_id,
            sha256=sha256,
        )
        record(event, actor=actor, at=at)
    return True


def delete_due_receipts(*, actor: Actor, at: datetime) -> int:
    """Remove the receipts whose days are over, with their keys, and return how many."""
    deleted = 0
    for receipt in SealedReceipt.objects.filter(expires_at__lte=at).order_by("expires_at", "pk"):
        event = ReceiptDeleted(
            sealed_receipt_id=str(receipt.pk),
            kind=receipt.kind,
            card_id=receipt.card_id,
            organization_id=receipt.organization_id,
        )
        with transaction.atomic():
            gone, _ = SealedReceipt.objects.filter(pk=receipt.pk, expires_at__lte=at).delete()
            if gone:
                record(event, actor=actor, at=at)
        vault.remove(receipt.file_name)
        deleted += bool(gone)
    return deleted


def _spoken(language: str) -> str:
    return language if language in LANGUAGES else LANGUAGES[0]
