"""The receipt: what the holder signed with the new card, on the screen, on paper and as a sealed PDF."""

from dataclasses import dataclass
from typing import Final

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

_VIEW: Final = "activation-receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage:
    """What the receipt shows."""

    receipt: ActivationReceipt
    seal: SealPart
    crumbs: tuple[Crumb, ...]
    back_url: str
    back_label: str
    is_own: bool = False


@require_safe
def show_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the receipt of a finished activation."""
    activation = _finished(request, activation_id)
    proof = proof_of(activation, f"{_VIEW}-proof")
    return render(request, "portal/receipt.html", {"page": _page(activation), "proof": proof})


@require_safe
def show_receipt_proof(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the receipt's proof alone, for htmx."""
    proof = proof_of(_finished(request, activation_id), f"{_VIEW}-proof")
    return render(request, "portal/parts/journal_proof.html", {"proof": proof})


@require_http_methods(["GET", "POST"])
def seal_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Ask for the sealed receipt, which the worker makes; show how far it has come."""
    activation = _finished(request, activation_id)
    return answer_seal(request, seal_of(activation, _VIEW), card=activation.card)


@require_safe
def print_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Answer the sealed receipt with its proof inside."""
    return answer_document(seal_of(_finished(request, activation_id), _VIEW), name="kvittens")


def seal_of(activation: Activation, view: str) -> SealPart:
    """Return the state of the document; ``view`` is the page whose fellows ask for it and take it."""
    return seal_part(ReceiptKind.ACTIVATION, str(activation.pk), view=view)


def proof_of(activation: Activation, view: str) -> ProofPart:
    """Return the proof of what the holder signed and that the card came into use."""
    return proof_part(
        kind="activation",
        value=str(activation.pk),
        types=(ReceiptSigned.TYPE, CardActivated.TYPE),
        again_url=reverse(view, args=[activation.pk]),
    )


def own_activation(activation_id: str, *, person_id: str) -> Activation:
    """Return the finished activation of a person's own card; raise ActivationNotFound."""
    found = Activation.objects.select_related(
        "card__order", "card__person", "card__organization", "identity_check"
    )
    activation = found.filter(pk=activation_id, card__person_id=person_id).first() if person_id else None
    if activation is None:
        raise ActivationNotFound(activation_id)
    return _demand_finished(activation)


def _finished(request: HttpRequest, activation_id: str) -> Activation:
    return _demand_finished(get_activation(str(activation_id), actor=asking.who(request)))


def _demand_finished(activation: Activation) -> Activation:
    if activation.finished_at is None:
        raise ActivationNotFound("no receipt: not finished")
    return activation


def _page(activation: Activation) -> ReceiptPage:
    person = activation.card.person
    return ReceiptPage(
        receipt=activation_receipt(activation),
        seal=seal_of(activation, _VIEW),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=person.full_name, url=reverse("person", args=[person.pk])),
            Crumb(label=_("Receipt")),
        ),
        back_url=reverse("person", args=[person.pk]),
        back_label=_("To the person"),
    )
