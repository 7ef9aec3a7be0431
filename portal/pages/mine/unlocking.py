"""Mina sidor: the holder unlocks a card of their own, logged in with their mobile eID (POR-6)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authn.trust import Carrier
from cards.errors import CardNotFound, CardsError, UnlockNotFound
from cards.lifecycle import cancel_own_unlock, open_own_unlock
from cards.own_policies import OwnLogin, may_unlock_own
from cards.renewal.renewing import own_card
from cards.states import UnlockState
from cards.unlock_models import Unlock
from cards.unlocking import own_unlock
from portal import problems
from portal.accounts.actor import session_of, visitor_of
from portal.accounts.errors import NotLoggedIn
from portal.accounts.models import PortalSession
from portal.pages.desk.unlocking import live_page
from portal.pages.desk.visit import Started, VisitPage, keep_start, start_kept
from portal.pages.mine.entrance import is_shown
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnUnlockPage:
    """What the page says before it is begun."""

    card_number: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, own_card_id: UUID) -> HttpResponse:
    """GET, POST /mine/cards/<id>/unlock/: say how it goes; begin it, and go to the live steps."""
    row, actor, at = _row(request), visitor_of(request), timezone.now()
    card, login = own_card(str(own_card_id), actor=actor), login_of(row)
    if not is_shown(card, row):
        raise CardNotFound(str(card.pk))
    if (refusal := may_unlock_own(card, login=login, actor=actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        page = OwnUnlockPage(card_number=card.card_number or "")
        return render(request, "portal/own_unlock_begin.html", {"page": page})
    try:
        opened = open_own_unlock(card_id=str(card.pk), login=login, actor=actor, at=at)
    except CardsError as error:
        return problems.page(request, problems.explain(error))
    url = reverse("own-unlock", args=[opened.unlock.pk])
    keep_start(request, Started(id=str(opened.unlock.pk), page_url=url, start_url=opened.start_url))
    return HttpResponseRedirect(url, status=303)


@never_cache
@require_safe
def show(request: HttpRequest, own_unlock_id: UUID) -> HttpResponse:
    """GET /mine/unlocks/<id>/: the live steps."""
    return render(request, "portal/own_unlock.html", {"page": _live(request, own_unlock_id)})


@never_cache
@require_safe
def show_status(request: HttpRequest, own_unlock_id: UUID) -> HttpResponse:
    """GET /mine/unlocks/<id>/status/: the part that changes, for htmx."""
    return render(request, "portal/parts/visit.html", {"page": _live(request, own_unlock_id)})


@never_cache
@require_POST
def cancel(request: HttpRequest, own_unlock_id: UUID) -> HttpResponse:
    """POST /mine/unlocks/<id>/cancel/: end it."""
    unlock = _own(request, own_unlock_id)
    cancel_own_unlock(unlock_id=str(unlock.pk), actor=visitor_of(request), at=timezone.now())
    messages.success(request, _("The unlocking was ended."))
    return HttpResponseRedirect(reverse("mine"), status=303)


def login_of(row: PortalSession) -> OwnLogin:
    """Return what a session rests on; a card's certificate is told as none, for it unlocks nothing."""
    is_mobile = row.carrier == Carrier.MOBILE
    return OwnLogin(
        evidence_id=row.evidence_id if is_mobile else "",
        certificate_sha256=row.certificate_sha256 if is_mobile else "",
        auth_time=row.auth_time,
    )


def own_unlock_page(unlock: Unlock, *, start_url: str, at: datetime) -> VisitPage:
    """Return what the live steps show the holder."""
    shown = live_page(unlock, start_url=start_url, expired="own_unlock_expired", is_own=True, at=at)
    may_begin_again = not shown.is_done and not shown.start_url
    return replace(
        shown,
        explanation=shown.explanation or explanation_of(UnlockState(unlock.state)),
        link_note=_("You choose the new PIN yourself, and nobody else knows it."),
        person_url=reverse("mine"),
        back_label=_("To your own pages"),
        status_url=reverse("own-unlock-status", args=[unlock.pk]),
        cancel_url=reverse("own-unlock-cancel", args=[unlock.pk]) if shown.is_open else "",
        again_url=reverse("own-unlock-begin", args=[unlock.card_id]) if may_begin_again else "",
        again_label=_("Begin again"),
    )


def explanation_of(state: UnlockState) -> Text:
    """Return what the holder does, or may know, at a step."""
    return {
        UnlockState.OPENED: _("Put the card in the reader and open the card client on this computer."),
        UnlockState.CLAIMED: _("Type a new PIN in the card client, twice. Let nobody see it."),
        UnlockState.ANSWERED: _("The card gets its new PIN and signs with it that it is open again."),
        UnlockState.UNLOCKED: _("Use the new PIN from now on. Keys and certificates are the same."),
        UnlockState.ABORTED: "",
    }[state]


def _live(request: HttpRequest, unlock_id: UUID) -> VisitPage:
    unlock = _own(request, unlock_id)
    return own_unlock_page(unlock, start_url=start_kept(request, unlock), at=timezone.now())


def _own(request: HttpRequest, unlock_id: UUID) -> Unlock:
    """Return one's own; raise UnlockNotFound, also unless it is about a card that this login shows."""
    unlock, row = own_unlock(str(unlock_id), actor=visitor_of(request)), _row(request)
    if not is_shown(unlock.card, row):
        raise UnlockNotFound(str(unlock.pk))
    return unlock


def _row(request: HttpRequest) -> PortalSession:
    row = session_of(request)
    if row is None:
        raise NotLoggedIn("no session")
    return row
