"""The receipt: what the holder signed with the new card, on the screen, on paper and as PDF."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ca.environments import Environment
from cards.errors import ActivationNotFound
from cards.events import CardActivated, ReceiptSigned
from cards.models import Activation
from cards.products import DocumentKind, IdentityCheckMethod, product
from cards.receipts import question_of
from cards.selectors import get_activation
from cards.terms import current_terms
from portal import moments, words
from portal.pages import asking
from portal.pages.desk.history import names_of
from portal.pages.parts import Crumb, Fact, grouped
from portal.pages.proof import ProofPart, proof_part
from portal.pages.receipt_pdf import receipt_pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage:
    """What the receipt shows."""

    opening: str
    terms: str
    card_facts: Sequence[Fact]
    check_facts: Sequence[Fact]
    proof_facts: Sequence[Fact]
    crumbs: Sequence[Crumb]
    person_url: str
    pdf_url: str


@require_safe
def show_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the receipt of a finished activation."""
    page = _page(request, activation_id)
    return render(request, "portal/receipt.html", {"page": page, "proof": proof_of(str(activation_id))})


@require_safe
def show_receipt_proof(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the receipt's proof alone, for htmx."""
    _page(request, activation_id)
    return render(request, "portal/parts/journal_proof.html", {"proof": proof_of(str(activation_id))})


@require_safe
def print_receipt(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Answer the receipt as a tagged PDF with its proof inside."""
    return receipt_pdf(
        request,
        body="portal/parts/receipt_body.html",
        title=_("Receipt for an eID card"),
        page=_page(request, activation_id),
        proof=proof_of(str(activation_id)),
        name=f"kvittens-{str(activation_id)[:8]}",
    )


def proof_of(activation_id: str) -> ProofPart:
    """Return the proof of what the holder signed and that the card came into use."""
    return proof_part(
        kind="activation",
        value=activation_id,
        types=(ReceiptSigned.TYPE, CardActivated.TYPE),
        again_url=reverse("activation-receipt-proof", args=[activation_id]),
    )


def _page(request: HttpRequest, activation_id: str) -> ReceiptPage:
    activation = get_activation(str(activation_id), actor=asking.who(request))
    if activation.finished_at is None:
        raise ActivationNotFound("no receipt: not finished")
    return receipt_page(activation)


def receipt_page(activation: Activation) -> ReceiptPage:
    """Return what the receipt of a finished activation says."""
    card, question = activation.card, question_of(activation.receipt)
    return ReceiptPage(
        opening=question.visible_text,
        terms=_terms(activation),
        card_facts=_card_facts(activation),
        check_facts=_check_facts(activation),
        proof_facts=_proof_facts(activation),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
            Crumb(label=_("Receipt")),
        ),
        person_url=reverse("person", args=[card.person_id]),
        pdf_url=reverse("activation-receipt-pdf", args=[activation.pk]),
    )


def _card_facts(activation: Activation) -> list[Fact]:
    card = activation.card
    item = product(card.product_code)
    return [
        Fact(name=_("Holder"), value=card.holder_name),
        Fact(name=_("Product"), value=words.product_name(item) if item else card.product_code),
        *(
            [Fact(name=_("Environment"), value=words.QA.label)]
            if card.environment == Environment.QA.value
            else []
        ),
        Fact(name=_("Card number"), value=grouped(card.card_number or "")),
        Fact(name=_("HSA-id"), value=card.hsa_id),
        Fact(name=_("Valid through"), value=card.valid_until.isoformat()),
    ]


def _check_facts(activation: Activation) -> list[Fact]:
    check = activation.identity_check
    who = names_of({check.checked_by}).get(check.checked_by, check.checked_by)
    return [
        Fact(name=_("Method"), value=words.CHECK_METHODS[IdentityCheckMethod(check.method)]),
        Fact(name=_("Document"), value=words.DOCUMENT_KINDS[DocumentKind(check.document_kind)]),
        Fact(name=_("Document number"), value=check.document_number),
        Fact(name=_("Checked by"), value=f"{who}, {check.checked_by}"),
        Fact(name=_("Checked at"), value=moments.exact(check.checked_at)),
    ]


def _proof_facts(activation: Activation) -> list[Fact]:
    receipt = activation.receipt
    return [
        Fact(name=_("Signed at"), value=moments.exact(receipt.signed_at)),
        Fact(name=_("Algorithm"), value=receipt.algorithm),
        Fact(name=_("Signature"), value=base64.b64encode(bytes(receipt.signature or b"")).decode()),
        Fact(name=_("SHA-256 of the signed octets"), value=_digest(receipt.signed_octets)),
        Fact(name=_("SHA-256 of the certificate"), value=_digest(receipt.certificate_der)),
        Fact(name=_("Terms"), value=activation.terms_version),
        Fact(name=_("Reference"), value=str(activation.pk)),
    ]


def _terms(activation: Activation) -> str:
    """Return the terms that were accepted; of an older version only its name, never today's words instead."""
    terms = current_terms()
    if terms.version != activation.terms_version:
        return _("The terms, version %(version)s.") % {"version": activation.terms_version}
    return terms.text(get_language() or "sv")


def _digest(octets: bytes | memoryview | None) -> str:
    return hashlib.sha256(bytes(octets or b"")).hexdigest()
