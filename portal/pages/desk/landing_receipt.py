"""The sealed receipt of a block that everybody has seen: asked for here, made by the worker."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from cards.selectors import CARRIER_KIND, get_card
from ocsp.errors import ReceiptNotYet
from ocsp.receipts import request_receipt
from ocsp.selectors import landing_receipt
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk import landing


@require_POST
def ask_landing_receipt(request: HttpRequest, card_id: str) -> HttpResponse:
    """Ask for the sealed receipt of a block that everybody has seen; the worker makes it."""
    actor, at = asking.who(request), asking.now()
    card = get_card(str(card_id), actor=actor)
    if reads_only(actor):
        raise PermissionDenied
    shown = landing.of_card(card, at=at)
    if shown.receipt is None:
        raise ReceiptNotYet("the block has not been seen everywhere")
    request_receipt(
        carrier_kind=CARRIER_KIND,
        carrier_id=str(card.pk),
        organization_id=str(card.organization_id),
        language=get_language() or "sv",
        actor=actor,
        at=at,
    )
    if "HX-Request" in request.headers:
        return render(request, "portal/parts/landing.html", {"landing": landing.of_card(card, at=at)})
    return HttpResponseRedirect(reverse("person", args=[card.person_id]))


@require_safe
def landing_receipt_pdf(request: HttpRequest, card_id: str) -> HttpResponse:
    """Answer the sealed receipt; the browser is told no name in the file's name."""
    card = get_card(str(card_id), actor=asking.who(request))
    made = landing_receipt(CARRIER_KIND, str(card.pk), get_language() or "sv")
    if made is None or made.made_at is None:
        raise ReceiptNotYet("the receipt has not been made")
    response = HttpResponse(bytes(made.pdf), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="sparrkvittens-{str(card.pk)[:8]}.pdf"'
    return response
