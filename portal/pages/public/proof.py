"""What the QR code of a receipt leads to: anybody may see that a row with this hash is in the journal."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from journal.models import Leaf
from journal.proofs import ReceiptProof, receipt_proof
from portal.pages.parts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPage:
    """What the page tells: hashes, never what the row says."""

    facts: tuple[Fact, ...]
    is_awaited: bool
    bundle_url: str


@require_safe
def show_proof(request: HttpRequest, position: int, leaf_hash: str) -> HttpResponse:
    """Show that the row is in the journal; whoever does not know its hash learns nothing."""
    proof = _proof(position, leaf_hash)
    facts = [Fact(name=_("Row"), value=str(position)), Fact(name=_("Hash of the row"), value=leaf_hash)]
    if proof is not None:
        facts += [
            Fact(name=_("The journal"), value=proof.origin),
            Fact(name=_("Signed head"), value=_("over %(size)d rows") % {"size": proof.size}),
            Fact(name=_("Root hash"), value=proof.root_hash),
        ]
    page = ProofPage(
        facts=tuple(facts),
        is_awaited=proof is None,
        bundle_url=reverse("proof-bundle", args=[position, leaf_hash]) if proof else "",
    )
    return render(request, "portal/proof.html", {"page": page})


@require_safe
def download_bundle(_request: HttpRequest, position: int, leaf_hash: str) -> HttpResponse:
    """Answer the proof as a file that verify.py checks; the row's content is withheld."""
    proof = _proof(position, leaf_hash)
    if proof is None:
        raise Http404
    response = HttpResponse(proof.bundle, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="journal-proof-{position}.jsonl"'
    return response


def _proof(position: int, leaf_hash: str) -> ReceiptProof | None:
    leaf = Leaf.objects.filter(position=position).first()
    if leaf is None or bytes(leaf.leaf_hash).hex() != leaf_hash:
        raise Http404
    return receipt_proof([leaf.entry_id], with_content=False)
