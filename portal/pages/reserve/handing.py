"""The first administrator's step with a reserve card: hand out the envelope."""

from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cards import policies
from cards.card_number import CardNumberInvalid, parse_card_number
from cards.errors import CardsError
from cards.identity import IdentityCheckFacts
from cards.products import assurance_level
from cards.reserve_cards import hand_out_reserve_card
from cards.reserve_models import ReserveHandOut
from cards.reserve_suspicions import report_hand_out_suspicion
from directory.errors import RegisterUnavailable
from directory.models import Employment, Person
from directory.selectors import employments_of, get_person
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems
from portal.pages import asking
from portal.pages.desk.identity_form import IdentityForm, dress, signed_facts
from portal.pages.desk.vouching import asked, identified_by
from portal.pages.parts import Chip, grouped
from portal.pages.reserve.page import ReservePage, ask, broken_off, crumbs_of, facts_of, steps_of
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed

RESERVE_PRODUCT = "773"
LEVELS = (3, 2)


class EnvelopeForm(forms.Form):
    """Which envelope, for which employment, for how long."""

    card_number = forms.CharField(
        label=gettext_lazy("Number on the envelope"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "mono"}),
    )
    employment = forms.ChoiceField(label=gettext_lazy("Workplace"))
    months = forms.TypedChoiceField(label=gettext_lazy("Holds for"), coerce=int)

    def __init__(self, *arguments: object, employments: Sequence[Employment]) -> None:
        """Take the employments to choose from."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        choices: dict[str, list[tuple[str | int, str]]] = {
            "employment": [(one.hsa_id, f"{one.organization.name}, {one.hsa_id}") for one in employments],
            "months": [(one, _("%(count)d months") % {"count": one}) for one in (6, 3, 12)],
        }
        for name, values in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = values
        dress(self)

    def clean_card_number(self) -> str:
        """Return the nineteen digits."""
        try:
            return parse_card_number(str(self.cleaned_data["card_number"])).digits
        except CardNumberInvalid as error:
            raise forms.ValidationError(_("This is no card number."), code="invalid") from error


@require_http_methods(["GET", "HEAD", "POST"])
def hand_out(request: HttpRequest, person_id: str) -> HttpResponse:
    """Take the envelope's number and the identity check, and hand it out when it is signed."""
    actor, at = asking.who(request), asking.now()
    person = get_person(str(person_id), actor=actor)
    loa = 2 if "2" in (request.POST.get("loa"), request.GET.get("loa")) else 3
    employments = [one for one in employments_of(person, at=at) if policies.reaches_employment(actor, one)]
    refusal = hand_out_refusal(employments, loa=loa, actor=actor, at=at)
    if refusal is not None and request.method != "POST":
        other = hand_out_refusal(employments, loa=5 - loa, actor=actor, at=at)
        if other is None:
            return HttpResponseRedirect(f"{reverse('reserve-hand-out', args=[person.pk])}?loa={5 - loa}")
    if refusal is not None:
        return problems.page(request, problems.explain(refusal))
    data = request.POST if request.method == "POST" else None
    form = IdentityForm(data, level=assurance_level(loa))
    envelope = EnvelopeForm(*([data] if data is not None else []), employments=employments)
    problem = None
    if data is not None and data.get("act") == "suspect":
        one = _chosen(employments, data.get("employment", ""))
        report_hand_out_suspicion(one, loa=loa, facts=form.suspicion(), actor=actor, at=at)
        return broken_off(request, person)
    if data is not None and form.is_valid() & envelope.is_valid():
        wanted = envelope.cleaned_data
        employment = next(one for one in employments if one.hsa_id == wanted["employment"])
        try:
            check = asked(form.facts(), actor=actor, at=at)
            act = _act(person, employment, wanted["card_number"], check, loa=loa, months=wanted["months"])
            with signed(request, act, actor=actor, at=at) as doer:
                done = hand_out_reserve_card(
                    employment=employment,
                    card_number=wanted["card_number"],
                    loa=loa,
                    months=wanted["months"],
                    identity_check=check,
                    actor=doer,
                    at=at,
                )
        except (CardsError, RegisterUnavailable) as error:
            problem = problems.explain(error)
        else:
            messages.success(request, _told(done))
            return HttpResponseRedirect(reverse("person", args=[person.pk]))
    return ask(request, _hand_out_page(person, loa=loa, problem=problem), form, envelope)


def hand_out_refusal(
    employments: Sequence[Employment], *, loa: int, actor: Actor, at: datetime
) -> Refusal | None:
    """Return why no employment of the person may have a reserve card at this level, or None."""
    found = [
        policies.may_hand_out_reserve(
            employment=one, product_code=RESERVE_PRODUCT, loa=loa, actor=actor, at=at
        )
        for one in employments
    ]
    if not found:
        return Refusal(code="no_employment_in_scope", fixer="register")
    return None if None in found else found[0]


def _chosen(employments: Sequence[Employment], hsa_id: str) -> Employment:
    """Return the employment that was chosen, else the first: a suspicion is not lost over a form."""
    return next((one for one in employments if one.hsa_id == hsa_id), employments[0])


def _hand_out_page(person: Person, *, loa: int, problem: Problem | None) -> ReservePage:
    url = reverse("reserve-hand-out", args=[person.pk])
    return ReservePage(
        title=_("Hand out a reserve card"),
        name=person.full_name,
        button=_("Hand out"),
        facts=facts_of(person),
        steps=steps_of(loa, at_second=False),
        crumbs=crumbs_of(person, _("Hand out a reserve card")),
        back_url=reverse("person", args=[person.pk]),
        chips=[
            Chip(
                label=_("Assurance level %(loa)s") % {"loa": one},
                url=f"{url}?loa={one}",
                is_chosen=one == loa,
            )
            for one in LEVELS
        ],
        problem=problem,
    )


def _told(done: ReserveHandOut) -> str:
    if done.loa == policies.REQUIRED_LOA:
        return _(
            "Give the sealed envelope to the person. Another administrator approves before it is of use."
        )
    return _("Give the sealed envelope to the person, who activates the card on the own pages.")


def _act(
    person: Person,
    employment: Employment,
    number: str,
    check: IdentityCheckFacts,
    *,
    loa: int,
    months: int,
) -> Act:
    """Return what the first administrator signs."""
    return Act(
        kind=ActKind.CARD_HAND_OUT,
        text=_(
            "I have checked the identity of %(person)s (%(document)s) and hand out reserve card %(card)s to"
            " this person, at assurance level %(loa)s."
        )
        % {
            "person": person.full_name,
            "document": identified_by(check),
            "card": grouped(number),
            "loa": loa,
        },
        facts={
            "step": "first",
            "card_number": number,
            "person_id": str(person.pk),
            "hsa_id": employment.hsa_id,
            "organization_id": str(employment.organization_id),
            "loa": str(loa),
            "months": str(months),
            **signed_facts(check),
        },
    )
