"""The receipt of a block: which card, why, when and by whom, with its place in the journal."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import CardNotFound
from cards.events import CardBlocked
from cards.models import Card
from cards.selectors import get_card
from portal.pages import asking
from portal.pages.desk.receipt_seal import SealPart, answer_document, answer_seal, seal_part
from portal.pages.parts import Crumb
from portal.pages.proof import ProofPart, proof_part
from reports.receipt_facts import BlockReceipt, block_receipt
from reports.receipt_models import ReceiptKind


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockReceiptPage:
    """What the receipt shows."""

    receipt: BlockReceipt
    seal: SealPart
    crumbs: tuple[Crumb, ...]
    person_url: str


@require_safe
def show_block_receipt(request: HttpRequest, card_id: str) -> HttpResponse:
    """Show the receipt of a block."""
    card = _blocked(request, card_id)
    return render(request, "portal/block_receipt.html", {"page": _page(card), "proof": proof_of(card)})


@require_safe
def show_block_proof(request: HttpRequest, card_id: str) -> HttpResponse:
    """Show the receipt's proof alone, for htmx."""
    return render(request, "portal/parts/journal_proof.html", {"proof": proof_of(_blocked(request, card_id))})


@require_http_methods(["GET", "POST"])
def seal_block_receipt(request: HttpRequest, card_id: str) -> HttpResponse:
    """Ask for the sealed receipt, which the worker makes; show how far it has come."""
    card = _blocked(request, card_id)
    return answer_seal(request, _seal(card), card=card)


@require_safe
def print_block_receipt(request: HttpRequest, card_id: str) -> HttpResponse:
    """Answer the sealed receipt with its proof inside."""
    return answer_document(_seal(_blocked(request, card_id)), name="sparr")


def proof_of(card: Card) -> ProofPart:
    """Return the proof of the block."""
    return proof_part(
        kind="card",
        value=str(card.pk),
        types=(CardBlocked.TYPE,),
        again_url=reverse("block-receipt-proof", args=[card.pk]),
    )


def _blocked(request: HttpRequest, card_id: str) -> Card:
    card = get_card(str(card_id), actor=asking.who(request))
    if card.blocked_at is None:
        raise CardNotFound("no receipt: not blocked")
    return card


def _seal(card: Card) -> SealPart:
    return seal_part(ReceiptKind.BLOCK, str(card.pk), view="block-receipt")


def _page(card: Card) -> BlockReceiptPage:
    return BlockReceiptPage(
        receipt=block_receipt(card),
        seal=_seal(card),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
            Crumb(label=_("Receipt of the block")),
        ),
        person_url=reverse("person", args=[card.person_id]),
    )
