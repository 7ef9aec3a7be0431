"""The receipt: what the holder signed with the new card, on the screen, on paper and as a sealed PDF."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import ActivationNotFound
from cards.events import CardActivated, ReceiptSigned
from cards.models import Activation
from cards.selectors import get_activation
from portal.pages import asking
from portal.pages.desk.receipt_seal import SealPart, answer_document, answer_seal, seal_part
from portal.pages.parts import Crumb
from portal.pages.proof import ProofPart, proof_part
from reports.receipt_facts import ActivationReceipt, activation_receipt
from reports.receipt_models import ReceiptKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage:
    """What the receipt shows."""

    receipt: ActivationReceipt
    seal: SealPart
    crumbs: tuple[Crumb, ...]
    person_url: str


@require_safe
def show_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the receipt of a finished activation."""
    activation = _finished(request, activation_id)
    context = {"page": _page(activation), "proof": proof_of(str(activation.pk))}
    return render(request, "portal/receipt.html", context)


@require_safe
def show_receipt_proof(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the receipt's proof alone, for htmx."""
    activation = _finished(request, activation_id)
    return render(request, "portal/parts/journal_proof.html", {"proof": proof_of(str(activation.pk))})


@require_http_methods(["GET", "POST"])
def seal_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Ask for the sealed receipt, which the worker makes; show how far it has come."""
    activation = _finished(request, activation_id)
    return answer_seal(request, _seal(activation), card=activation.card)


@require_safe
def print_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Answer the sealed receipt with its proof inside."""
    return answer_document(_seal(_finished(request, activation_id)), name="kvittens")


def proof_of(activation_id: str) -> ProofPart:
    """Return the proof of what the holder signed and that the card came into use."""
    return proof_part(
        kind="activation",
        value=activation_id,
        types=(ReceiptSigned.TYPE, CardActivated.TYPE),
        again_url=reverse("activation-receipt-proof", args=[activation_id]),
    )


def _finished(request: HttpRequest, activation_id: str) -> Activation:
    activation = get_activation(str(activation_id), actor=asking.who(request))
    if activation.finished_at is None:
        raise ActivationNotFound("no receipt: not finished")
    return activation


def _seal(activation: Activation) -> SealPart:
    return seal_part(
        ReceiptKind.ACTIVATION,
        str(activation.pk),
        ask_url=reverse("activation-receipt-seal", args=[activation.pk]),
        pdf_url=reverse("activation-receipt-pdf", args=[activation.pk]),
        page_url=reverse("activation-receipt", args=[activation.pk]),
    )


def _page(activation: Activation) -> ReceiptPage:
    person = activation.card.person
    return ReceiptPage(
        receipt=activation_receipt(activation),
        seal=_seal(activation),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=person.full_name, url=reverse("person", args=[person.pk])),
            Crumb(label=_("Receipt")),
        ),
        person_url=reverse("person", args=[person.pk]),
    )
