"""Blocking a card: what will happen in numbers, why, since when, and a tick that says yes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from ca.environments import Environment
from cards.errors import AlreadyBlocked, CardsError
from cards.lifecycle import block_card
from cards.mobile.selectors import has_mobile_of
from cards.products import product
from cards.reasons import DESK_REASONS, BlockReason
from cards.replacement_reasons import ENDINGS
from cards.selectors import CardView, card_view, get_card, person_cards
from cards.states import CardState
from directory.selectors import names_of
from directory.swedish_time import SWEDEN
from journal.actor import Actor
from journal.errors import Refusal
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.desk import landing
from portal.pages.desk.identity_form import dress
from portal.pages.desk.person import foreign_note
from portal.pages.desk.replacing import order_url, reason_asked
from portal.pages.parts import Crumb, ForeignNote, grouped
from portal.problems import Problem
from portal.words import Tag, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """One thing that the block does."""

    icon: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPage:
    """What the page shows around its form."""

    name: str
    product: str
    number_grouped: str
    number_short: str
    toll: Sequence[Consequence]
    crumbs: Sequence[Crumb]
    person_url: str
    problem: Problem | None
    environment: Tag | None = None
    foreign: ForeignNote | None = None
    is_replaced: bool = False
    """The order of a new card comes next."""


class BlockForm(forms.Form):
    """Why, since when, and that it is meant."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why is the card blocked?"),
        choices=[
            ("", gettext_lazy("Choose a reason")),
            *((reason.value, words.BLOCK_REASONS[reason]) for reason in DESK_REASONS),
        ],
    )
    requested_day = forms.CharField(
        label=gettext_lazy("Day, YYYY-MM-DD"),
        widget=forms.TextInput(attrs={"class": "width-date", "autocomplete": "off", "maxlength": "10"}),
    )
    requested_clock = forms.CharField(
        label=gettext_lazy("Time, HH:MM"),
        widget=forms.TextInput(attrs={"class": "width-time", "autocomplete": "off", "maxlength": "5"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("Who asked, and how. Kept ten years; no health data."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("I understand that the block cannot be undone"),
        error_messages={"required": gettext_lazy("Tick this to block the card.")},
    )

    def __init__(self, data: object = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        dress(self)

    def clean(self) -> dict[str, object]:
        """Read day and time together as Swedish time."""
        data = super().clean() or {}
        if data.get("requested_day") and data.get("requested_clock"):
            try:
                data["requested_at"] = moments.parse_local(data["requested_day"], data["requested_clock"])
            except ValueError:
                self.add_error("requested_day", _("Write the day as YYYY-MM-DD and the time as HH:MM."))
        return data

    def requested_at(self, *, ordered_at: datetime, at: datetime) -> datetime:
        """Return when the request was received: this very minute means this moment.

        Likewise the minute in which the card was ordered: forms know no seconds, and nothing came before.
        """
        requested: datetime = self.cleaned_data["requested_at"]
        for known in (at, ordered_at):
            if requested == known.astimezone(SWEDEN).replace(second=0, microsecond=0):
                return known
        return requested


@require_http_methods(["GET", "HEAD", "POST"])
def block(request: HttpRequest, card_id: str) -> HttpResponse:
    """Show what a block does, and do it when it is meant."""
    actor, at = asking.who(request), asking.now()
    view = card_view(str(card_id), actor=actor, at=at)
    refusal = view.block_refusal
    # A second click on a card that is blocked by now is told below who was faster.
    if refusal is not None and not (request.method == "POST" and refusal.code == "card_blocked"):
        return problems.page(request, problems.explain(_named(refusal)))
    if request.method != "POST":
        local = at.astimezone(SWEDEN)
        initial = {"requested_day": f"{local:%Y-%m-%d}", "requested_clock": f"{local:%H:%M}"}
        if (replaced_for := reason_asked(request)) is not None:
            initial["reason"] = ENDINGS[replaced_for].block_reason.value
        return _ask(request, view, BlockForm(initial=initial), actor=actor, at=at, problem=None)
    form = BlockForm(request.POST)
    if not form.is_valid():
        return _ask(request, view, BlockForm(request.POST), actor=actor, at=at, problem=None)
    try:
        card = block_card(
            card_id=str(view.card.pk),
            reason=BlockReason(form.cleaned_data["reason"]),
            requested_at=form.requested_at(ordered_at=view.card.ordered_at, at=at),
            note=form.cleaned_data["note"],
            actor=actor,
            at=at,
        )
    except AlreadyBlocked as error:
        messages.warning(request, _told(error))
        return HttpResponseRedirect(reverse("person", args=[view.card.person_id]))
    except CardsError as error:
        return _ask(request, view, form, actor=actor, at=at, problem=problems.explain(error))
    told = (
        _("The card …%(number)s is blocked. Below you see how far the block has come.")
        if view.certificates
        else _("The card …%(number)s is blocked.")
    )
    messages.success(request, told % {"number": (card.card_number or "")[-3:]})
    replaced_for = reason_asked(request)
    person_url = reverse("person", args=[card.person_id])
    return HttpResponseRedirect(order_url(card, replaced_for) if replaced_for else person_url)


@require_safe
def show_landing(request: HttpRequest, card_id: str) -> HttpResponse:
    """Show how far the block of a card has come, for htmx."""
    card = get_card(str(card_id), actor=asking.who(request))
    return render(request, "portal/parts/landing.html", {"landing": landing.of_card(card, at=asking.now())})


def _named(refusal: Refusal) -> Refusal:
    """Return the refusal with the name of whoever blocked the card, where it tells of one."""
    by = dict(refusal.facts).get("by", "")
    name = names_of({by}).get(by, by) if by else ""
    return replace(
        refusal, facts=tuple((key, name if key == "by" else value) for key, value in refusal.facts)
    )


def _told(error: AlreadyBlocked) -> str:
    names = names_of({error.by})
    problem = problems.of_code(error.code, facts={**error.facts, "by": names.get(error.by, error.by)})
    return f"{problem.title}. {problem.text}"


def _ask(
    request: HttpRequest,
    view: CardView,
    form: BlockForm,
    *,
    actor: Actor,
    at: datetime,
    problem: Problem | None,
) -> HttpResponse:
    card = view.card
    item = product(card.product_code)
    number = card.card_number or ""
    page = BlockPage(
        name=card.person.full_name,
        product=words.product_name(item) if item else card.product_code,
        number_grouped=grouped(number),
        number_short=f"…{number[-3:]}" if number else "",
        toll=consequences(view, actor=actor, at=at),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
            Crumb(label=_("Block")),
        ),
        person_url=reverse("person", args=[card.person_id]),
        problem=problem,
        environment=words.environment_tag(card.environment),
        foreign=foreign_note(card),
        is_replaced=reason_asked(request) is not None,
    )
    status = problem.status if problem else 422 if form.is_bound and form.errors else 200
    response = render(request, "portal/block.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)


def consequences(view: CardView, *, actor: Actor, at: datetime) -> list[Consequence]:
    """Return in numbers what blocking this card does."""
    valid = [one for one in view.certificates if one.revoked_at is None and one.not_after > at]
    lines = []
    if valid:
        lines.append(
            Consequence(
                icon="slash-circle",
                text=ngettext(
                    "%(count)d certificate is revoked. It cannot be undone.",
                    "%(count)d certificates are revoked. It cannot be undone.",
                    len(valid),
                )
                % {"count": len(valid)},
            )
        )
        lines.append(
            Consequence(
                icon="broadcast",
                text=_("Everybody who asks about the certificates learns it within a minute."),
            )
        )
    else:
        lines.append(
            Consequence(
                icon="slash-circle", text=_("The card can never be used. It has no certificates to revoke.")
            )
        )
    if view.open_activation is not None:
        lines.append(Consequence(icon="x-circle", text=_("The activation that is under way ends.")))
    if has_mobile_of(view.card, at=at):
        goes_too = _(
            "The holder has a mobile eID. It ends too where the holder is gone or the employment has ended, "
            "and where it was made with this card and somebody knows its codes, it was wrongly issued or it "
            "was lost before that."
        )
        lines.append(Consequence(icon="phone", text=goes_too))
    others = [
        one
        for one in person_cards(str(view.card.person_id), actor=actor, at=at).cards
        if one.card.pk != view.card.pk
        and one.card.state == CardState.ACTIVE.value
        and one.card.environment == Environment.PROD.value
        and not one.is_expired
    ]
    if others:
        lines.append(
            Consequence(
                icon="credit-card-2-front",
                text=ngettext(
                    "The person keeps %(count)d other working card.",
                    "The person keeps %(count)d other working cards.",
                    len(others),
                )
                % {"count": len(others)},
            )
        )
    else:
        lines.append(
            Consequence(
                icon="person", text=_("The person has no other working card and cannot log in with one.")
            )
        )
    return lines
