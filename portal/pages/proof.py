"""The part of a receipt that proves it: waits for the head over its rows, then tells where they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from journal.proofs import receipt_proof
from journal.selectors import entries_about
from portal.pages.parts import Fact

ATTACHMENT = "journal-proof.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPart:
    """The proof as a page or a PDF shows it; while it is awaited all but ``again_url`` is empty."""

    again_url: str
    facts: Sequence[Fact] = ()
    link: str = ""
    qr: SafeString | str = ""
    bundle: str = ""

    @property
    def is_awaited(self) -> bool:
        """Tell whether no signed head covers the rows yet."""
        return not self.bundle


def proof_part(*, kind: str, value: str, types: Sequence[str], again_url: str) -> ProofPart:
    """Return the proof of an object's events of these types; the caller has seen that the actor may read it.

    ``again_url`` answers the same part alone, for a page that waits.
    """
    entries = [entry.pk for entry in entries_about(kind, value, types=types, limit=10)]
    proof = receipt_proof(entries) if len(entries) >= len(types) else None
    if proof is None:
        return ProofPart(again_url=again_url)
    position, leaf_hash = proof.positions[-1], proof.leaf_hashes[-1]
    path = reverse("proof", args=[position, leaf_hash])
    link = f"{settings.SIGILL_PORTAL_URL.rstrip('/')}{path}#{proof.origin}"
    return ProofPart(
        again_url=again_url,
        facts=[
            Fact(name=_("The journal"), value=proof.origin),
            Fact(name=_("Rows"), value=", ".join(str(each) for each in proof.positions)),
            *(Fact(name=_("Hash of the row"), value=each) for each in proof.leaf_hashes),
            Fact(name=_("Signed head"), value=_("over %(size)d rows") % {"size": proof.size}),
            Fact(name=_("Root hash"), value=proof.root_hash),
        ],
        link=link,
        qr=qr_code(link),
        bundle=proof.bundle,
    )


def qr_code(text: str) -> SafeString:
    """Return a QR code as an SVG picture to put into a page."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=3, border=2, light="#fff", title=_("The receipt's place in the journal")
    )
    return mark_safe(drawn)  # noqa: S308 - segno's own drawing; the text is not in it but as squares
