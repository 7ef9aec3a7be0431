"""Mina sidor: the holder's own receipt of new certificates on their card."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import RenewalNotFound
from cards.renewal.models import Renewal
from portal.accounts.actor import session_of, visitor_of
from portal.pages.desk.receipt_seal import answer_document, answer_own_seal
from portal.pages.desk.renewal_receipt import RenewalReceiptPage, own_renewal, proof_of, seal_of
from portal.pages.mine.entrance import is_shown
from reports.receipt_facts import renewal_receipt


@never_cache
@require_safe
def show(request: HttpRequest, own_renewal_id: UUID) -> HttpResponse:
    """GET /mine/renewals/<id>/receipt/: what one signed, and its proof."""
    renewal = _own(request, own_renewal_id)
    page = RenewalReceiptPage(
        receipt=renewal_receipt(renewal),
        seal=seal_of(renewal, "own-renewal-receipt"),
        crumbs=(),
        back_url=reverse("mine"),
        back_label=_("To your own pages"),
    )
    proof = proof_of(renewal, "own-renewal-receipt-proof")
    return render(request, "portal/renewal_receipt.html", {"page": page, "proof": proof})


@never_cache
@require_safe
def show_proof(request: HttpRequest, own_renewal_id: UUID) -> HttpResponse:
    """GET /mine/renewals/<id>/receipt/proof/: the proof alone, for htmx."""
    proof = proof_of(_own(request, own_renewal_id), "own-renewal-receipt-proof")
    return render(request, "portal/parts/journal_proof.html", {"proof": proof})


@never_cache
@require_http_methods(["GET", "POST"])
def seal(request: HttpRequest, own_renewal_id: UUID) -> HttpResponse:
    """GET, POST /mine/renewals/<id>/receipt/seal/: ask for the sealed document; how far it is."""
    renewal = _own(request, own_renewal_id)
    part = seal_of(renewal, "own-renewal-receipt")
    return answer_own_seal(request, part, card=renewal.card, actor=visitor_of(request))


@never_cache
@require_safe
def fetch(request: HttpRequest, own_renewal_id: UUID) -> HttpResponse:
    """GET /mine/renewals/<id>/receipt.pdf: the sealed document."""
    return answer_document(seal_of(_own(request, own_renewal_id), "own-renewal-receipt"), name="kvittens")


def _own(request: HttpRequest, renewal_id: UUID) -> Renewal:
    renewal, row = own_renewal(str(renewal_id), person_id=visitor_of(request).person_id), session_of(request)
    if row is None or not is_shown(renewal.card, row):
        raise RenewalNotFound(str(renewal_id))
    return renewal
