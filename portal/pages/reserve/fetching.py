"""The holder's own pages about a reserve card: fetch its certificates with a code, and extend it once."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authn.rate_limits import count_request
from cards.card_number import CardNumberInvalid, parse_card_number
from cards.errors import CardsError
from cards.lifecycle import OpenedRenewal
from cards.renewal.renewing import get_renewal
from cards.reserve_fetching import extend_reserve_card, extendable_cards, open_fetching
from cards.selectors import ActivationView, activation_view
from journal.actor import Actor, ActorKind
from portal import problems, words
from portal.accounts.actor import address_of, visitor_of
from portal.pages.desk.activating import activation_page
from portal.pages.desk.identity_form import dress
from portal.pages.desk.renewal_page import renewal_page
from portal.pages.desk.visit import Started, VisitPage, keep_start, told_to_holder

_FETCHING = "reserve-activation"
_CODES_PER_MINUTE = 10


class CodeForm(forms.Form):
    """What the holder has in hand."""

    card_number = forms.CharField(
        label=gettext_lazy("Number on the card"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "mono"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Security code in the envelope"),
        help_text=gettext_lazy(
            "Eight digits. It is not your PIN: for a new card you choose that afterwards, and a card in use"
            " keeps the one it has."
        ),
        max_length=20,
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *arguments: object) -> None:
        """Dress the form."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        dress(self)

    def clean_card_number(self) -> str:
        """Return the nineteen digits."""
        try:
            return parse_card_number(str(self.cleaned_data["card_number"])).digits
        except CardNumberInvalid as error:
            raise forms.ValidationError(_("This is no card number."), code="invalid") from error


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def fetch(request: HttpRequest) -> HttpResponse:
    """Take number and code, and show the live steps while the client works on the card."""
    if request.method != "POST":
        page = None if "again" in request.GET else _live(request)
        cards = extendable_cards(actor=visitor_of(request), at=timezone.now())
        shown = {"page": page, "form": CodeForm(), "cards": cards}
        return render(request, "portal/reserve_fetch.html", shown)
    # Whoever guesses codes ends cards: few are typed in one place.
    count_request(f"reserve-code:{address_of(request)}", limit=_CODES_PER_MINUTE, at=timezone.now())
    form, problem = CodeForm(request.POST), None
    if form.is_valid():
        try:
            opened = open_fetching(
                card_number=form.cleaned_data["card_number"],
                code=form.cleaned_data["code"],
                actor=_own_pages(request),
                at=timezone.now(),
            )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            row = opened.renewal if isinstance(opened, OpenedRenewal) else opened.activation
            request.session[_FETCHING] = str(row.pk)
            url = reverse("own-reserve")
            keep_start(request, Started(id=str(row.pk), page_url=url, start_url=opened.start_url))
            return HttpResponseRedirect(url)
    context: dict[str, object] = {"page": None, "form": form, "problem": problem}
    status = problem.status if problem else 422
    return problems.tagged(render(request, "portal/reserve_fetch.html", context, status=status), problem)


@never_cache
@require_safe
def show_fetching(request: HttpRequest) -> HttpResponse:
    """Show the part that changes, for htmx."""
    page = _live(request)
    if page is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "portal/parts/visit.html", {"page": page})


@never_cache
@require_POST
def extend(request: HttpRequest, card_id: UUID) -> HttpResponse:
    """Extend a reserve card of one's own, the only time."""
    try:
        card = extend_reserve_card(card_id=str(card_id), actor=visitor_of(request), at=timezone.now())
    except CardsError as error:
        return problems.page(request, problems.explain(error))
    messages.success(
        request,
        _("The card holds until %(day)s. Renew its certificates too.")
        % {"day": card.valid_until.isoformat()},
    )
    return HttpResponseRedirect(reverse("mine"))


def _own_pages(request: HttpRequest) -> Actor:
    """Return whoever has the code as the one who acts: nobody who logged in."""
    return Actor(kind=ActorKind.SERVICE, identifier="own-pages", client_address=address_of(request))


def _live(request: HttpRequest) -> VisitPage | None:
    """Return the live steps of what this browser began, or None."""
    row_id = request.session.get(_FETCHING)
    if not row_id:
        return None
    at, house = timezone.now(), Actor.system("own-pages")
    start_url = str(request.session.get("card-tokens", {}).get(str(row_id), ""))
    try:
        view = activation_view(str(row_id), actor=house, at=at)
    except CardsError:
        return _live_refill(str(row_id), house, start_url=start_url, at=at)
    page = activation_page(view, start_url=start_url, at=at)
    again = f"{reverse('own-reserve')}?again" if page.again_url else ""
    return replace(
        page,
        explanation=_("You can log in with the card from now on.") if page.is_done else _why(view, page),
        status_url=reverse("own-reserve-status"),
        receipt_url="",
        person_url=reverse("mine"),
        back_label=_("To your own pages"),
        link_note=_("You choose your own PIN; let nobody watch."),
        again_url=again,
    )


def _why(view: ActivationView, page: VisitPage) -> words.Text:
    reason = view.activation.abort_reason
    return words.ABORT_REASONS.get(told_to_holder(reason), page.explanation) if reason else page.explanation


def _live_refill(renewal_id: str, house: Actor, *, start_url: str, at: datetime) -> VisitPage | None:
    """Return the live steps of new certificates for a card in use, or None."""
    try:
        renewal = get_renewal(renewal_id, actor=house)
    except CardsError:
        return None
    page = renewal_page(
        renewal,
        start_url=start_url,
        status_url=reverse("own-reserve-status"),
        again_url=f"{reverse('own-reserve')}?again",
        back_url=reverse("mine"),
        back_label=_("To your own pages"),
        is_own=True,
        at=at,
    )
    note = _("You type the PIN that the card has. Let nobody watch.")
    return replace(page, receipt_url="", link_note=note)
