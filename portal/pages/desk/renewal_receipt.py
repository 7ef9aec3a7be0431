"""The receipt of new certificates on a card: what the holder signed, at the desk and on their own pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import RenewalNotFound
from cards.models import Card
from cards.renewal.events import CardRenewed
from cards.renewal.models import Renewal
from cards.renewal.renewing import get_renewal
from cards.selectors import get_card
from portal.pages import asking
from portal.pages.desk.receipt_seal import SealPart, answer_document, answer_seal, seal_part
from portal.pages.parts import Crumb
from portal.pages.proof import ProofPart, proof_part
from reports.receipt_facts import RenewalReceipt, renewal_receipt
from reports.receipt_models import ReceiptKind

_FILE_NAME = "kvittens"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalReceiptPage:
    """What the receipt shows."""

    receipt: RenewalReceipt
    seal: SealPart
    crumbs: Sequence[Crumb]
    back_url: str
    back_label: str


@require_safe
def show(request: HttpRequest, renewal_id: str) -> HttpResponse:
    """GET /renewals/<id>/receipt/: the receipt of finished work on a card in one's scope."""
    renewal = _finished(request, renewal_id)
    person = renewal.card.person
    person_url = reverse("person", args=[person.pk])
    page = RenewalReceiptPage(
        receipt=renewal_receipt(renewal),
        seal=seal_of(renewal, "renewal-receipt"),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=person.full_name, url=person_url),
            Crumb(label=_("Receipt")),
        ),
        back_url=person_url,
        back_label=_("To the person"),
    )
    proof = proof_of(renewal, "renewal-receipt-proof")
    return render(request, "portal/renewal_receipt.html", {"page": page, "proof": proof})


@require_safe
def show_proof(request: HttpRequest, renewal_id: str) -> HttpResponse:
    """GET /renewals/<id>/receipt/proof/: the proof alone, for htmx."""
    proof = proof_of(_finished(request, renewal_id), "renewal-receipt-proof")
    return render(request, "portal/parts/journal_proof.html", {"proof": proof})


@require_http_methods(["GET", "POST"])
def seal(request: HttpRequest, renewal_id: str) -> HttpResponse:
    """GET, POST /renewals/<id>/receipt/seal/: ask the worker for the sealed document; how far it is."""
    renewal = _finished(request, renewal_id)
    return answer_seal(request, seal_of(renewal, "renewal-receipt"), card=renewal.card)


@require_safe
def fetch(request: HttpRequest, renewal_id: str) -> HttpResponse:
    """GET /renewals/<id>/receipt.pdf: the sealed document."""
    return answer_document(seal_of(_finished(request, renewal_id), "renewal-receipt"), name=_FILE_NAME)


def seal_of(renewal: Renewal, view: str) -> SealPart:
    """Return the state of the document; ``view`` is the page whose fellows ask for it and take it."""
    return seal_part(ReceiptKind.RENEWAL, str(renewal.pk), view=view)


def proof_of(renewal: Renewal, view: str) -> ProofPart:
    """Return the proof that the holder signed and that the certificates came to the card."""
    return proof_part(
        kind="renewal",
        value=str(renewal.pk),
        types=(CardRenewed.TYPE,),
        again_url=reverse(view, args=[renewal.pk]),
        card_id=str(renewal.card_id),
    )


def demand_finished(renewal: Renewal) -> Renewal:
    """Return a renewal that the holder has signed; raise RenewalNotFound for another."""
    if renewal.finished_at is None:
        raise RenewalNotFound("no receipt: not finished")
    return renewal


def own_renewal(renewal_id: str, *, person_id: str) -> Renewal:
    """Return a finished renewal of a person's own card; raise RenewalNotFound."""
    if not person_id or not Card.objects.filter(renewals__pk=renewal_id, person_id=person_id).exists():
        raise RenewalNotFound(renewal_id)
    found = Renewal.objects.select_related("card__person", "card__organization", "card__order")
    return demand_finished(found.get(pk=renewal_id))


def _finished(request: HttpRequest, renewal_id: str) -> Renewal:
    """Return a finished renewal within the scope of the role, though it were of one's own card."""
    actor = asking.who(request)
    renewal = get_renewal(str(renewal_id), actor=actor)
    get_card(str(renewal.card_id), actor=actor)
    return demand_finished(renewal)
