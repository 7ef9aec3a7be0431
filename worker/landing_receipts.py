"""Makes the sealed receipt of a card's revocations when somebody has asked for it."""

from django.utils import timezone

from ca.selectors import certificates_on_carrier
from cards.models import Card
from journal.actor import Actor
from journal.proofs import receipt_proof
from journal.sequencing import SequencedEntry
from ocsp.receipts import keep_receipt, receipt
from reports.landing_receipt import entries_of, write_receipt
from worker.errors import NotYet
from worker.sealing import sealed


def make_receipt(entry: SequencedEntry) -> None:
    """revocation.receipt_requested: write, seal and keep it; what it proves must be under a signed head."""
    row = receipt(entry.text("receipt_id"))
    if row is None or row.made_at is not None:
        return
    card = Card.objects.get(pk=row.carrier_id)
    certificates = [
        one for one in certificates_on_carrier(row.carrier_kind, row.carrier_id) if one.revoked_at is not None
    ]
    proof = receipt_proof(entries_of(certificates))
    if proof is None:
        raise NotYet("no signed head covers the revocations yet")
    now = timezone.now()
    pdf = write_receipt(
        card_number=card.card_number or "",
        certificates=certificates,
        proof=proof,
        language=row.language,
        made_at=now,
    )
    document = sealed(pdf)
    keep_receipt(
        row.pk,
        document,
        organization_id=str(card.organization_id),
        actor=Actor.system("landing_receipts"),
        at=now,
    )
