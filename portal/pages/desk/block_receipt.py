"""The receipt of a block: which card, why, when and by whom, with its place in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ca.environments import Environment
from ca.selectors import certificates_on_carrier
from cards.errors import CardNotFound
from cards.events import CardBlocked
from cards.models import Card
from cards.products import product
from cards.reasons import BlockReason
from cards.selectors import CARRIER_KIND, get_card
from portal import moments, words
from portal.pages import asking
from portal.pages.desk.history import names_of
from portal.pages.parts import Crumb, Fact, grouped
from portal.pages.proof import ProofPart, proof_part
from portal.pages.receipt_pdf import receipt_pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockReceiptPage:
    """What the receipt shows."""

    card_facts: Sequence[Fact]
    block_facts: Sequence[Fact]
    certificate_facts: Sequence[Fact]
    crumbs: Sequence[Crumb]
    person_url: str
    pdf_url: str


@require_safe
def show_block_receipt(request: HttpRequest, card_id: str) -> HttpResponse:
    """Show the receipt of a block."""
    card = _blocked(request, card_id)
    context = {"page": block_receipt_page(card), "proof": proof_of(card)}
    return render(request, "portal/block_receipt.html", context)


@require_safe
def show_block_proof(request: HttpRequest, card_id: str) -> HttpResponse:
    """Show the receipt's proof alone, for htmx."""
    return render(request, "portal/parts/journal_proof.html", {"proof": proof_of(_blocked(request, card_id))})


@require_safe
def print_block_receipt(request: HttpRequest, card_id: str) -> HttpResponse:
    """Answer the receipt as a tagged PDF with its proof inside."""
    card = _blocked(request, card_id)
    return receipt_pdf(
        request,
        body="portal/parts/block_receipt_body.html",
        title=_("Receipt of the block"),
        page=block_receipt_page(card),
        proof=proof_of(card),
        name=f"sparr-{str(card.pk)[:8]}",
    )


def proof_of(card: Card) -> ProofPart:
    """Return the proof of the block."""
    return proof_part(
        kind="card",
        value=str(card.pk),
        types=(CardBlocked.TYPE,),
        again_url=reverse("block-receipt-proof", args=[card.pk]),
    )


def block_receipt_page(card: Card) -> BlockReceiptPage:
    """Return what the receipt of a blocked card says."""
    revoked = [
        one for one in certificates_on_carrier(CARRIER_KIND, str(card.pk)) if one.revoked_at is not None
    ]
    item = product(card.product_code)
    by = names_of({card.blocked_by}).get(card.blocked_by, "")
    return BlockReceiptPage(
        card_facts=[
            Fact(name=_("Holder"), value=card.holder_name),
            Fact(name=_("Product"), value=words.product_name(item) if item else card.product_code),
            *(
                [Fact(name=_("Environment"), value=words.QA.label)]
                if card.environment == Environment.QA.value
                else []
            ),
            Fact(name=_("Card number"), value=grouped(card.card_number or "")),
            Fact(name=_("HSA-id"), value=card.hsa_id),
        ],
        block_facts=[
            Fact(name=_("Reason"), value=words.BLOCK_REASONS[BlockReason(card.block_reason)]),
            Fact(name=_("Asked for at"), value=moments.exact(card.block_requested_at)),
            Fact(name=_("Blocked at"), value=moments.exact(card.blocked_at)),
            Fact(name=_("Blocked by"), value=", ".join(each for each in (by, card.blocked_by) if each)),
        ],
        certificate_facts=[
            Fact(name=words.KEY_PURPOSES.get(one.name, one.name), value=one.serial_hex) for one in revoked
        ],
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
            Crumb(label=_("Receipt of the block")),
        ),
        person_url=reverse("person", args=[card.person_id]),
        pdf_url=reverse("block-receipt-pdf", args=[card.pk]),
    )


def _blocked(request: HttpRequest, card_id: str) -> Card:
    card = get_card(str(card_id), actor=asking.who(request))
    if card.blocked_at is None:
        raise CardNotFound("no receipt: not blocked")
    return card
