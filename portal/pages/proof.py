"""The part of a receipt that proves it: waits for the head over its rows, then tells where they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from journal.proofs import receipt_proof
from journal.selectors import entries_of
from reports.receipt_documents import shown_proof
from reports.receipt_facts import ReceiptFact


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPart:
    """The proof as a page or a PDF shows it; while it is awaited all but ``again_url`` is empty."""

    again_url: str
    facts: Sequence[ReceiptFact] = ()
    link: str = ""
    qr: SafeString | str = ""
    bundle: str = ""

    @property
    def is_awaited(self) -> bool:
        """Tell whether no signed head covers the rows yet."""
        return not self.bundle


def proof_part(
    *, kind: str, value: str, types: Sequence[str], again_url: str, card_id: str = ""
) -> ProofPart:
    """Return the proof of an object's events of these types; the caller has seen that the actor may read it.

    ``again_url`` answers the same part alone, for a page that waits; ``card_id`` as `entries_of` has it.
    """
    entries = [entry.pk for entry in entries_of(kind, value, types=types, card_id=card_id)]
    proof = receipt_proof(entries) if len(entries) >= len(types) else None
    if proof is None:
        return ProofPart(again_url=again_url)
    shown = shown_proof(proof)
    return ProofPart(
        again_url=again_url, facts=shown.facts, link=shown.link, qr=shown.qr, bundle=proof.bundle
    )
