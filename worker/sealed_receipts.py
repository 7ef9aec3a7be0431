"""Makes the sealed receipt of an activation, a renewal or a block when somebody has asked for it."""

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from cards.events import CardActivated, CardBlocked, ReceiptSigned
from cards.models import Activation, Card
from cards.renewal.events import CardRenewed
from cards.renewal.models import Renewal
from journal.actor import Actor
from journal.proofs import ReceiptProof, receipt_proof
from journal.selectors import entries_of
from journal.sequencing import SequencedEntry
from reports.receipt_documents import write_activation_receipt, write_block_receipt, write_renewal_receipt
from reports.receipt_models import ReceiptKind, SealedReceipt
from reports.sealed_receipts import keep_sealed, note_failed, requested_receipt
from worker.errors import NotYet
from worker.sealing import sealed


def make_sealed_receipt(entry: SequencedEntry) -> None:
    """receipt.requested: write, seal and keep it; what it proves must be under a signed head.

    A fault is noted beside the receipt, whose page says so, and raised: the entry is tried again, then set
    aside. What only has to wait is no fault.
    """
    receipt = requested_receipt(entry.text("sealed_receipt_id"))
    if receipt is None or receipt.made_at is not None:
        return
    try:
        document = sealed(written(receipt))
    except (NotYet, InterfaceError, OperationalError):
        raise
    except Exception as error:
        note_failed(receipt, type(error).__name__, at=timezone.now())
        raise
    keep_sealed(receipt, document, actor=Actor.system("receipts"), at=timezone.now())


def written(receipt: SealedReceipt) -> bytes:
    """Return the document, written from our own rows: nothing in it came with the request."""
    if receipt.kind == ReceiptKind.ACTIVATION.value:
        activation = Activation.objects.get(pk=receipt.subject_id, finished_at__isnull=False)
        proof = _proof("activation", receipt.subject_id, (ReceiptSigned.TYPE, CardActivated.TYPE))
        return write_activation_receipt(activation, proof=proof, language=receipt.language)
    if receipt.kind == ReceiptKind.RENEWAL.value:
        renewal = Renewal.objects.get(pk=receipt.subject_id, finished_at__isnull=False)
        proof = _proof("renewal", receipt.subject_id, (CardRenewed.TYPE,), card_id=str(renewal.card_id))
        return write_renewal_receipt(renewal, proof=proof, language=receipt.language)
    card = Card.objects.get(pk=receipt.subject_id, blocked_at__isnull=False)
    proof = _proof("card", receipt.subject_id, (CardBlocked.TYPE,))
    return write_block_receipt(card, proof=proof, language=receipt.language)


class RowsMissing(Exception):
    """The journal does not tell of what the receipt is of: waiting would keep all that is asked for back."""


def _proof(kind: str, value: str, types: tuple[str, ...], *, card_id: str = "") -> ReceiptProof:
    """Return the proof of an object's rows; raises RowsMissing, and NotYet while no head covers them."""
    entries = [entry.pk for entry in entries_of(kind, value, types=types, card_id=card_id)]
    if len(entries) < len(types):
        raise RowsMissing(f"the journal tells of no such {kind}")
    proof = receipt_proof(entries)
    if proof is None:
        raise NotYet("no signed head covers the receipt yet")
    return proof
