"""Mina sidor: the holder blocks a card of their own (domain.md 2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ca.selectors import certificates_on_carrier
from cards.errors import CardNotFound, CardsError
from cards.mobile.selectors import has_mobile_of
from cards.models import Card
from cards.own_blocking import block_own_card
from cards.own_policies import OWN_BLOCK_REASONS, may_block_own, own_working_cards
from cards.reasons import BlockReason
from cards.renewal.renewing import own_card
from cards.selectors import CARRIER_KIND
from portal import problems, words
from portal.accounts import sessions
from portal.accounts.actor import session_of, visitor_of
from portal.accounts.models import EndReason, PortalSession
from portal.pages.desk.blocking import Consequence
from portal.pages.desk.identity_form import dress
from portal.pages.mine.entrance import is_shown
from portal.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBlockPage:
    """What the page shows around its form."""

    card_number: str
    toll: Sequence[Consequence]
    problem: Problem | None = None


class OwnBlockForm(forms.Form):
    """Why, and that it is meant."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why do you block the card?"),
        choices=[
            ("", gettext_lazy("Choose a reason")),
            *((reason.value, words.BLOCK_REASONS[reason]) for reason in OWN_BLOCK_REASONS),
        ],
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("I understand that the block cannot be undone"),
        error_messages={"required": gettext_lazy("Tick this to block the card.")},
    )

    def __init__(self, *arguments: object) -> None:
        """Dress the form."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        dress(self)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def block(request: HttpRequest, own_card_id: UUID) -> HttpResponse:
    """GET, POST /mine/cards/<id>/block/: say what it does, and do it when it is meant."""
    actor, at, row = visitor_of(request), timezone.now(), session_of(request)
    card = own_card(str(own_card_id), actor=actor)
    if (refusal := may_block_own(card, actor=actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    if row is None or not is_shown(card, row):
        raise CardNotFound(str(card.pk))
    is_at_hand = row.card_number == card.card_number
    if request.method != "POST":
        return _ask(request, card, OwnBlockForm(), is_at_hand=is_at_hand, at=at)
    form = OwnBlockForm(request.POST)
    if not form.is_valid():
        return _ask(request, card, form, is_at_hand=is_at_hand, at=at)
    try:
        block_own_card(
            card_id=str(card.pk), reason=BlockReason(form.cleaned_data["reason"]), actor=actor, at=at
        )
    except CardsError as error:
        return problems.page(request, problems.explain(error))
    return _done(request, row if is_at_hand else None, card, at=at)


def _done(request: HttpRequest, row: PortalSession | None, card: Card, *, at: datetime) -> HttpResponse:
    """Go back to the own pages, or, when it was the card of this login, out."""
    if row is None:
        told = _("The card …%(number)s is blocked.") % {"number": (card.card_number or "")[-3:]}
        messages.success(request, told)
        return HttpResponseRedirect("/mine/", status=303)
    sessions.end(row, EndReason.CARD_NOT_ACTIVE, actor=visitor_of(request), at=at)
    request.session.flush()
    return HttpResponseRedirect(f"/login/?ended={EndReason.CARD_NOT_ACTIVE.value}", status=303)


def _ask(
    request: HttpRequest, card: Card, form: OwnBlockForm, *, is_at_hand: bool, at: datetime
) -> HttpResponse:
    page = OwnBlockPage(
        card_number=card.card_number or "", toll=consequences(card, is_at_hand=is_at_hand, at=at)
    )
    status = 422 if form.is_bound else 200
    return render(request, "portal/own_block.html", {"page": page, "form": form}, status=status)


def consequences(card: Card, *, is_at_hand: bool, at: datetime) -> list[Consequence]:
    """Return what blocking this card does to its holder."""
    on_card = certificates_on_carrier(CARRIER_KIND, str(card.pk))
    valid = [one for one in on_card if one.revoked_at is None and one.not_after > at]
    others = [one for one in own_working_cards(str(card.person_id), at=at) if one.pk != card.pk]
    lines = []
    if valid:
        revoked = ngettext(
            "%(count)d certificate is revoked. It cannot be undone.",
            "%(count)d certificates are revoked. It cannot be undone.",
            len(valid),
        )
        lines.append(Consequence(icon="slash-circle", text=revoked % {"count": len(valid)}))
    else:
        lines.append(Consequence(icon="slash-circle", text=_("The card can never be used.")))
    if is_at_hand:
        out = _("You logged in with this card, and are logged out at once.")
        lines.append(Consequence(icon="box-arrow-right", text=out))
    if has_mobile_of(card, at=at):
        goes_too = _("A mobile eID made with this card ends too if somebody else may know its codes.")
        lines.append(Consequence(icon="phone", text=goes_too))
    if others:
        kept = ngettext(
            "You keep %(count)d other card that works.",
            "You keep %(count)d other cards that work.",
            len(others),
        )
        lines.append(Consequence(icon="credit-card-2-front", text=kept % {"count": len(others)}))
    else:
        last = _("You have no other card that works. Ask your ID administrator for a new one.")
        lines.append(Consequence(icon="person", text=last))
    return lines
