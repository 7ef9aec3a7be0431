"""Mina sidor: the holder's mobile eIDs: listed, made with the card at hand, and blocked (MIN-3, MOB-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authn.evidence import hashed, phone_digits
from authn.trust import Carrier
from cards.conversation import client_key_of
from cards.errors import CardsError
from cards.mobile.blocking import block_own_mobile
from cards.mobile.making import MOBILES, approve_own_mobile, cancel_own_mobile, open_mobile
from cards.mobile.models import MOST_ACTIVE, MobileEid
from cards.mobile.policies import SecondLogin, may_block_own_mobile, may_make_mobile
from cards.mobile.selectors import is_mobile_active, own_mobile, own_mobiles
from cards.mobile.states import OPEN_MOBILE_STATES, MobileState
from cards.mobile.terms import current_mobile_terms
from cards.models import Card
from cards.reasons import BlockReason
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems, words
from portal.accounts import means, sessions
from portal.accounts.actor import session_of, visitor_of
from portal.accounts.errors import NotLoggedIn
from portal.accounts.models import EndReason, PortalSession
from portal.accounts.scan_picture import scan_picture
from portal.pages.desk import visit
from portal.pages.desk.identity_form import dress
from portal.pages.desk.visit import Started, keep_start, start_kept
from portal.pages.mine.entrance import OwnPlace, card_at_hand, entrance_of, own_menu
from portal.pages.parts import Step, grouped
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import second_login
from portal.words import Tag, Text

_EXPIRED: Final = Tag(label=gettext_lazy("Expired"), tone="mute", icon="hourglass-split")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMobile:
    """A mobile eID in the list; with ``block_url`` it can be blocked."""

    made: datetime
    valid_until: datetime
    tag: Tag
    block_url: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMobilesPage:
    """The list, and whether one more can be made."""

    menu: Sequence[OwnPlace]
    mobiles: Sequence[OwnMobile]
    most: int
    why_not: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMobilePage:
    """The terms, and the card by which it is made."""

    terms: Sequence[str]
    version: str
    card_number: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobilePage:
    """One in the making: the code while it is good, then the phone's steps."""

    status_url: str
    cancel_url: str
    is_open: bool
    is_done: bool
    status_line: Text
    explanation: Text
    steps: Sequence[Step]
    picture: SafeString | str = ""
    code_text: str = ""
    expires_at: datetime | None = None
    minutes_left: int = 0
    digits: str = ""
    """What the phone shows too, while the holder has not said that it is theirs."""
    approve_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockMobilePage:
    """What blocking does, around its form."""

    made: datetime
    is_here: bool


class TermsForm(forms.Form):
    """The terms are accepted: these and no others."""

    version = forms.CharField(widget=forms.HiddenInput, max_length=16)
    accepted = forms.BooleanField(
        label=gettext_lazy("I have read the terms and accept them"),
        error_messages={"required": gettext_lazy("Accept the terms to go on.")},
    )

    def __init__(self, *arguments: object, **more: object) -> None:
        """Dress the form."""
        super().__init__(*arguments, **more)  # type: ignore[arg-type] # a form's data
        dress(self)


class BlockMobileForm(forms.Form):
    """Why, and that it is meant."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why do you block it?"),
        choices=[
            ("", gettext_lazy("Choose a reason")),
            (BlockReason.LOST_OR_STOLEN.value, gettext_lazy("The phone is lost or stolen")),
            (BlockReason.CODES_KNOWN_TO_OTHERS.value, gettext_lazy("Somebody else may know the code")),
            (BlockReason.DEFECTIVE.value, gettext_lazy("I no longer use it, or the phone is broken")),
        ],
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("I understand that the block cannot be undone"),
        error_messages={"required": gettext_lazy("Tick this to block it.")},
    )

    def __init__(self, *arguments: object) -> None:
        """Dress the form."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        dress(self)


@never_cache
@require_safe
def show_mobiles(request: HttpRequest) -> HttpResponse:
    """GET /mine/mobile/: one's own mobile eIDs."""
    row, at = _row(request), timezone.now()
    if entrance_of(row).is_limited:
        return HttpResponseRedirect(reverse("mine"), status=303)
    refusal = _refusal(row, visitor_of(request), at=at)
    page = OwnMobilesPage(
        menu=own_menu(entrance_of(row), here="own-mobiles"),
        mobiles=[listed(one, row, at=at) for one in own_mobiles(row.person_id)],
        most=MOST_ACTIVE,
        why_not=problems.explain(refusal) if refusal else None,
    )
    return render(request, "portal/own_mobiles.html", {"page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest) -> HttpResponse:
    """GET, POST /mine/mobile/new/: the terms; accepted, the second login, and then the code (MOB-4)."""
    row, actor, at = _row(request), visitor_of(request), timezone.now()
    if (refusal := _refusal(row, actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    card, terms = card_at_hand(row), current_mobile_terms()
    if card is None:
        raise NotLoggedIn("no card")
    if request.method != "POST":
        return _show_terms(request, card, TermsForm(initial={"version": terms.version}))
    form = TermsForm(request.POST)
    if not form.is_valid():
        return _show_terms(request, card, form)
    version = form.cleaned_data["version"]
    try:
        with second_login(request, _act(card, version), actor=actor, at=at) as (doer, login):
            opened = open_mobile(
                card_id=str(card.pk),
                terms_version=version,
                second_login=SecondLogin(
                    evidence_id=login.evidence_id,
                    person_id=login.person_id,
                    card_number=row.card_number,
                    signed_at=login.signed_at,
                ),
                actor=doer,
                at=at,
            )
    except CardsError as error:
        return problems.page(request, problems.explain(error))
    url = reverse("own-mobile", args=[opened.mobile.pk])
    keep_start(request, Started(id=str(opened.mobile.pk), page_url=url, start_url=opened.code_text))
    return HttpResponseRedirect(url, status=303)


@never_cache
@require_safe
def show(request: HttpRequest, own_mobile_id: UUID) -> HttpResponse:
    """GET /mine/mobile/<id>/: the code, and how it goes."""
    return render(request, "portal/own_mobile.html", {"page": _live(request, own_mobile_id)})


@never_cache
@require_safe
def show_status(request: HttpRequest, own_mobile_id: UUID) -> HttpResponse:
    """GET /mine/mobile/<id>/status/: the part that changes, for htmx."""
    return render(request, "portal/parts/own_mobile_status.html", {"page": _live(request, own_mobile_id)})


@never_cache
@require_POST
def approve(request: HttpRequest, own_mobile_id: UUID) -> HttpResponse:
    """POST /mine/mobile/<id>/approve/: it is one's own phone; said where the code was shown alone."""
    actor, at = visitor_of(request), timezone.now()
    mobile = own_mobile(own_mobile_id, actor=actor)
    if not start_kept(request, mobile):
        return problems.page(request, problems.explain(Refusal(code="mobile_needs_card_here", fixer="you")))
    approve_own_mobile(mobile_id=str(mobile.pk), actor=actor, at=at)
    return HttpResponseRedirect(reverse("own-mobile", args=[mobile.pk]), status=303)


@never_cache
@require_POST
def cancel(request: HttpRequest, own_mobile_id: UUID) -> HttpResponse:
    """POST /mine/mobile/<id>/cancel/: end it; what was issued for it is revoked."""
    cancel_own_mobile(mobile_id=str(own_mobile_id), actor=visitor_of(request), at=timezone.now())
    messages.success(request, _("It was ended. No mobile eID was made."))
    return HttpResponseRedirect(reverse("own-mobiles"), status=303)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def block(request: HttpRequest, own_mobile_id: UUID) -> HttpResponse:
    """GET, POST /mine/mobile/<id>/block/: say what it does, and do it when it is meant."""
    actor, at, row = visitor_of(request), timezone.now(), _row(request)
    mobile = own_mobile(own_mobile_id, actor=actor)
    refusal = may_block_own_mobile(mobile.state, person_id=str(mobile.person_id), actor=actor)
    if refusal is not None:
        return problems.page(request, problems.explain(refusal))
    is_here = row.certificate_sha256 == mobile.certificate_sha256
    form = BlockMobileForm(request.POST) if request.method == "POST" else BlockMobileForm()
    if not form.is_valid():
        page = BlockMobilePage(made=mobile.activated_at or mobile.opened_at, is_here=is_here)
        status = 422 if form.is_bound else 200
        return render(request, "portal/own_mobile_block.html", {"page": page, "form": form}, status=status)
    try:
        block_own_mobile(
            mobile_id=str(mobile.pk), reason=BlockReason(form.cleaned_data["reason"]), actor=actor, at=at
        )
    except CardsError as error:
        return problems.page(request, problems.explain(error))
    if not is_here:
        messages.success(request, _("The mobile eID is blocked."))
        return HttpResponseRedirect(reverse("own-mobiles"), status=303)
    sessions.end(row, EndReason.CERTIFICATE_REVOKED, actor=actor, at=at)
    request.session.flush()
    return HttpResponseRedirect(f"/login/?ended={EndReason.CERTIFICATE_REVOKED.value}", status=303)


def listed(mobile: MobileEid, row: PortalSession, *, at: datetime) -> OwnMobile:
    """Return a row of the list."""
    is_over = mobile.valid_until is not None and mobile.valid_until <= at
    is_in_use = mobile.state == MobileState.ACTIVE.value and not is_over
    # Revoked with its issuer, say: no block of ours, and good for nothing all the same.
    opens_nothing = is_in_use and not is_mobile_active(mobile.certificate_sha256, at)
    state = MobileState.BLOCKED.value if opens_nothing else mobile.state
    return OwnMobile(
        made=mobile.activated_at or mobile.opened_at,
        valid_until=mobile.valid_until or mobile.expires_at,
        tag=_EXPIRED if is_over and mobile.state == MobileState.ACTIVE.value else words.MOBILE_TAGS[state],
        block_url=reverse("own-mobile-block", args=[mobile.pk]) if is_in_use else "",
        is_here=mobile.certificate_sha256 == row.certificate_sha256,
    )


def mobile_page(mobile: MobileEid, *, code_text: str, at: datetime) -> MobilePage:
    """Return what the page of one in the making shows; the code alone while it waits for a phone."""
    state = MobileState(mobile.state)
    is_late = state in OPEN_MOBILE_STATES and mobile.expires_at <= at
    is_open = state in OPEN_MOBILE_STATES and not is_late
    shown = code_text if state is MobileState.OPENED and is_open else ""
    left = mobile.expires_at - at
    is_asked = state is MobileState.CLAIMED and is_open and mobile.approved_at is None and bool(code_text)
    return MobilePage(
        status_url=reverse("own-mobile-status", args=[mobile.pk]),
        cancel_url=reverse("own-mobile-cancel", args=[mobile.pk]),
        is_open=is_open,
        is_done=state is MobileState.ACTIVE,
        status_line=_("The time is out") if is_late else words.MOBILE_STATES[state],
        explanation=_explanation(mobile, state, is_late=is_late),
        steps=_steps(mobile, is_open=is_open, now=at),
        picture=scan_picture(shown) if shown else "",
        code_text=shown,
        expires_at=mobile.expires_at,
        minutes_left=max(0, -(-int(left.total_seconds()) // 60)),
        digits=phone_digits(client_key_of(MOBILES, mobile).thumbprint) if is_asked else "",
        approve_url=reverse("own-mobile-approve", args=[mobile.pk]) if is_asked else "",
    )


def _explanation(mobile: MobileEid, state: MobileState, *, is_late: bool) -> Text:
    if is_late:
        return _("No mobile eID was made. Begin again, with the phone beside you.")
    if state is MobileState.ABORTED:
        return words.MOBILE_REASONS.get(mobile.abort_reason, mobile.abort_reason)
    return {
        MobileState.OPENED: _("Open the app in your phone and scan the code there. It works once."),
        MobileState.CLAIMED: _("Is it not your phone that scanned the code? Cancel at once.")
        if mobile.approved_at is None
        else _("Go on in the app."),
        MobileState.KEY_MADE: _("The phone has shown that it holds its key. This takes a second or two."),
        MobileState.ISSUED: _("Keep the app open until it says that it is ready."),
        MobileState.ACTIVE: _("Log in with it to your own pages: choose QR code, and scan with the phone."),
        MobileState.BLOCKED: _("It can never be used again."),
    }[state]


def _steps(mobile: MobileEid, *, is_open: bool, now: datetime) -> list[Step]:
    reached = (
        (_("Terms accepted, logged in once more"), mobile.opened_at),
        (_("The phone scanned the code"), mobile.claimed_at),
        (_("You said that it is your phone"), mobile.approved_at),
        (_("Key made in the phone"), mobile.key_made_at),
        (_("Certificate issued"), mobile.issued_at),
        (_("In the phone"), mobile.activated_at),
    )
    return visit.live_steps(reached, is_open=is_open, now=now)


def _live(request: HttpRequest, mobile_id: UUID) -> MobilePage:
    mobile = own_mobile(mobile_id, actor=visitor_of(request))
    return mobile_page(mobile, code_text=start_kept(request, mobile), at=timezone.now())


def _show_terms(request: HttpRequest, card: Card, form: TermsForm) -> HttpResponse:
    terms = current_mobile_terms()
    page = NewMobilePage(
        terms=terms.text(get_language() or "sv").splitlines(),
        version=terms.version,
        card_number=card.card_number or "",
    )
    status = 422 if form.is_bound else 200
    return render(request, "portal/own_mobile_new.html", {"page": page, "form": form}, status=status)


def _act(card: Card, version: str) -> Act:
    """Return what the second login is shown as, and the terms by their digest."""
    text = _("Log in once more to make a mobile eID for %(name)s. Card %(card)s, terms %(version)s.")
    told = {"name": card.person.full_name, "card": grouped(card.card_number or ""), "version": version}
    return Act(
        kind=ActKind.MOBILE_MAKE,
        text=text % told,
        facts={
            "card_id": str(card.pk),
            "person_id": str(card.person_id),
            "terms": version,
            "terms_hash": hashed(current_mobile_terms().signed_text().encode()),
        },
    )


def _refusal(row: PortalSession, actor: Actor, *, at: datetime) -> Refusal | None:
    """Return why this login makes none: it takes a card on this device, neither relayed nor typed (MOB-4)."""
    card = card_at_hand(row)
    is_here = not {means.QR, means.RETURN_CODE} & set(row.amr)
    if card is None or row.carrier != Carrier.CARD or not is_here:
        return Refusal(code="mobile_needs_card_here", fixer="you")
    return may_make_mobile(card, actor=actor, at=at)


def _row(request: HttpRequest) -> PortalSession:
    row = session_of(request)
    if row is None:
        raise NotLoggedIn("no session")
    return row
