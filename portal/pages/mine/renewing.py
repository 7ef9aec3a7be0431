"""Mina sidor: the holder renews the certificates of their card, or fetches those for signatures (MIN-2)."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cards.errors import CardsError, RenewalNotFound
from cards.lifecycle import cancel_renewal, open_own_renewal
from cards.models import Card
from cards.renewal.models import RenewalPurpose
from cards.renewal.renewing import get_renewal
from directory.models import Role
from journal.errors import Refusal
from portal import problems
from portal.accounts.actor import session_of, visitor_of
from portal.pages.desk.renewal_page import ended_says, renewal_page
from portal.pages.desk.visit import Started, VisitPage, keep_start, start_kept
from portal.pages.mine.entrance import entrance_of, is_shown

OFFERED = (RenewalPurpose.RENEW, RenewalPurpose.SIGNATURE)
"""What a holder does alone; an extra pair is for the desk."""


@never_cache
@require_POST
def begin(request: HttpRequest, own_card_id: UUID) -> HttpResponse:
    """POST /mine/cards/<id>/certificates/: begin, and go to the live steps."""
    purpose = next((one for one in OFFERED if one.value == request.POST.get("purpose")), None)
    if purpose is None:
        raise Http404
    row = session_of(request)
    if row is None or entrance_of(row).is_limited:
        refusal = Refusal(code="reserve_card_needs_order", fixer=Role.ID_ADMINISTRATOR.value)
        return problems.page(request, problems.explain(refusal))
    try:
        opened = open_own_renewal(
            card_id=str(own_card_id), purpose=purpose, actor=visitor_of(request), at=timezone.now()
        )
    except CardsError as error:
        return problems.page(request, problems.explain(error))
    url = reverse("own-renewal", args=[opened.renewal.pk])
    keep_start(request, Started(id=str(opened.renewal.pk), page_url=url, start_url=opened.start_url))
    return HttpResponseRedirect(url, status=303)


@never_cache
@require_safe
def show(request: HttpRequest, own_renewal_id: UUID) -> HttpResponse:
    """GET /mine/renewals/<id>/: the live steps."""
    return render(request, "portal/own_renewal.html", {"page": _live(request, own_renewal_id)})


@never_cache
@require_safe
def show_status(request: HttpRequest, own_renewal_id: UUID) -> HttpResponse:
    """GET /mine/renewals/<id>/status/: the part that changes, for htmx."""
    return render(request, "portal/parts/visit.html", {"page": _live(request, own_renewal_id)})


@never_cache
@require_POST
def cancel(request: HttpRequest, own_renewal_id: UUID) -> HttpResponse:
    """POST /mine/renewals/<id>/cancel/: end it; the card goes on as it was."""
    _demand_own(request, own_renewal_id)
    renewal = cancel_renewal(renewal_id=str(own_renewal_id), actor=visitor_of(request), at=timezone.now())
    messages.success(request, ended_says(renewal))
    return HttpResponseRedirect(reverse("mine"), status=303)


def _live(request: HttpRequest, renewal_id: UUID) -> VisitPage:
    _demand_own(request, renewal_id)
    renewal = get_renewal(str(renewal_id), actor=visitor_of(request))
    return renewal_page(
        renewal,
        start_url=start_kept(request, renewal),
        status_url=reverse("own-renewal-status", args=[renewal.pk]),
        again_url=reverse("mine"),
        back_url=reverse("mine"),
        back_label=_("To your own pages"),
        receipt_view="own-renewal-receipt",
        is_own=True,
        at=timezone.now(),
    )


def _demand_own(request: HttpRequest, renewal_id: UUID) -> None:
    """Raise RenewalNotFound unless it is about a card that this login's own pages are about."""
    person_id, row = visitor_of(request).person_id, session_of(request)
    card = Card.objects.filter(renewals__pk=renewal_id, person_id=person_id).first() if person_id else None
    if card is None or row is None or not is_shown(card, row):
        raise RenewalNotFound(str(renewal_id))
