"""Makes the sealed receipt of an activation or a block when somebody has asked for it."""

from django.utils import timezone

from cards.events import CardActivated, CardBlocked, ReceiptSigned
from cards.models import Activation, Card
from journal.actor import Actor
from journal.proofs import ReceiptProof, receipt_proof
from journal.selectors import entries_about
from journal.sequencing import SequencedEntry
from reports.receipt_documents import write_activation_receipt, write_block_receipt
from reports.receipt_models import ReceiptKind, SealedReceipt
from reports.sealed_receipts import keep_sealed, requested_receipt
from worker.errors import NotYet
from worker.sealing import sealed


def make_sealed_receipt(entry: SequencedEntry) -> None:
    """receipt.requested: write, seal and keep it; what it proves must be under a signed head."""
    receipt = requested_receipt(entry.text("sealed_receipt_id"))
    if receipt is None or receipt.made_at is not None:
        return
    keep_sealed(receipt, sealed(written(receipt)), actor=Actor.system("receipts"), at=timezone.now())


def written(receipt: SealedReceipt) -> bytes:
    """Return the document, written from our own rows: nothing in it came with the request."""
    if receipt.kind == ReceiptKind.ACTIVATION.value:
        activation = Activation.objects.get(pk=receipt.subject_id, finished_at__isnull=False)
        proof = _proof("activation", receipt.subject_id, (ReceiptSigned.TYPE, CardActivated.TYPE))
        return write_activation_receipt(activation, proof=proof, language=receipt.language)
    card = Card.objects.get(pk=receipt.subject_id, blocked_at__isnull=False)
    proof = _proof("card", receipt.subject_id, (CardBlocked.TYPE,))
    return write_block_receipt(card, proof=proof, language=receipt.language)


def _proof(kind: str, value: str, types: tuple[str, ...]) -> ReceiptProof:
    entries = [entry.pk for entry in entries_about(kind, value, types=types, limit=10)]
    proof = receipt_proof(entries) if len(entries) >= len(types) else None
    if proof is None:
        raise NotYet("no signed head covers the receipt yet")
    return proof
