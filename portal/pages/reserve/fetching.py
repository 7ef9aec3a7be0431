"""The holder's own pages about a reserve card: activate it with the envelope's code, and extend it once."""

from dataclasses import replace
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
from cards.reserve_fetching import extend_reserve_card, extendable_cards, open_reserve_activation
from cards.selectors import activation_view
from journal.actor import Actor, ActorKind
from portal import problems
from portal.accounts.actor import address_of, visitor_of
from portal.pages.desk.activating import activation_page
from portal.pages.desk.identity_form import dress
from portal.pages.desk.visit import Started, VisitPage, keep_start

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
        help_text=gettext_lazy("Eight digits. It is not your PIN: you choose that afterwards."),
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
            opened = open_reserve_activation(
                card_number=form.cleaned_data["card_number"],
                code=form.cleaned_data["code"],
                actor=_own_pages(request),
                at=timezone.now(),
            )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            activation_id = str(opened.activation.pk)
            request.session[_FETCHING] = activation_id
            url = reverse("own-reserve")
            keep_start(request, Started(id=activation_id, page_url=url, start_url=opened.start_url))
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
    """Return the live steps of the activation that this browser began, or None."""
    activation_id = request.session.get(_FETCHING)
    if not activation_id:
        return None
    at = timezone.now()
    try:
        view = activation_view(str(activation_id), actor=Actor.system("own-pages"), at=at)
    except CardsError:
        return None
    start_url = str(request.session.get("card-tokens", {}).get(str(activation_id), ""))
    page = activation_page(view, start_url=start_url, at=at)
    again = f"{reverse('own-reserve')}?again" if page.again_url else ""
    return replace(
        page,
        status_url=reverse("own-reserve-status"),
        receipt_url="",
        person_url=reverse("mine"),
        again_url=again,
    )
