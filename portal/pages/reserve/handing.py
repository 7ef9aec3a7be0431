"""The administrators' steps with a reserve card: hand out the envelope, and approve as the second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cards import policies, reserve_policies
from cards.card_number import CardNumberInvalid, parse_card_number
from cards.errors import CardsError
from cards.identity import IdentityCheckFacts
from cards.products import assurance_level
from cards.reserve_cards import approve_reserve_card, hand_out_reserve_card, refuse_reserve_card
from cards.reserve_models import ReserveHandOut
from cards.reserve_selectors import get_hand_out
from directory.models import Employment, Person
from directory.selectors import employments_of, get_person
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems, words
from portal.pages import asking
from portal.pages.desk.identity_form import IdentityForm, dress
from portal.pages.parts import Chip, Crumb, Fact, Step, grouped
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Text

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservePage:
    """What stands around the identity check of a reserve card."""

    title: Text
    name: str
    button: Text
    facts: Sequence[Fact]
    steps: Sequence[Step]
    crumbs: Sequence[Crumb]
    back_url: str
    chips: Sequence[Chip] = ()
    may_refuse: bool = False
    problem: Problem | None = None


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
    if data is not None and form.is_valid() & envelope.is_valid():
        wanted = envelope.cleaned_data
        employment = next(one for one in employments if one.hsa_id == wanted["employment"])
        try:
            act = _act(
                person, employment, wanted["card_number"], form.facts(), loa=loa, months=wanted["months"]
            )
            with signed(request, act, actor=actor, at=at) as doer:
                done = hand_out_reserve_card(
                    employment=employment,
                    card_number=wanted["card_number"],
                    loa=loa,
                    months=wanted["months"],
                    identity_check=form.facts(),
                    actor=doer,
                    at=at,
                )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            messages.success(request, _told(done))
            return HttpResponseRedirect(reverse("person", args=[person.pk]))
    return _ask(request, _hand_out_page(person, loa=loa, problem=problem), form, envelope)


@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, hand_out_id: str) -> HttpResponse:
    """Approve a level 3 reserve card as the second person, or do not."""
    actor, at = asking.who(request), asking.now()
    found = get_hand_out(str(hand_out_id), actor=actor)
    refusal = reserve_policies.may_approve(found, actor=actor, at=at)
    if refusal is not None:
        return problems.page(request, problems.explain(refusal))
    data = request.POST if request.method == "POST" else None
    person_url = reverse("person", args=[found.card.person_id])
    if data is not None and data.get("act") == "refuse":
        refuse_reserve_card(hand_out_id=str(found.pk), reason="not_approved", actor=actor, at=at)
        messages.success(request, _("The reserve card is not approved. It is of no use to anybody."))
        return HttpResponseRedirect(person_url)
    form = IdentityForm(data, level=assurance_level(found.loa))
    problem = None
    if data is not None and form.is_valid():
        try:
            with signed(request, _second_act(found, form.facts()), actor=actor, at=at) as doer:
                approve_reserve_card(
                    hand_out_id=str(found.pk), identity_check=form.facts(), actor=doer, at=at
                )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            messages.success(request, _("Approved. The holder can activate the card on the own pages."))
            return HttpResponseRedirect(person_url)
    return _ask(request, _approve_page(found, problem=problem), form, None)


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


def _hand_out_page(person: Person, *, loa: int, problem: Problem | None) -> ReservePage:
    url = reverse("reserve-hand-out", args=[person.pk])
    return ReservePage(
        title=_("Hand out a reserve card"),
        name=person.full_name,
        button=_("Hand out"),
        facts=_facts(person),
        steps=_steps(loa, at_second=False),
        crumbs=_crumbs(person, _("Hand out a reserve card")),
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


def _approve_page(found: ReserveHandOut, *, problem: Problem | None) -> ReservePage:
    card = found.card
    return ReservePage(
        title=_("Approve a reserve card"),
        name=card.person.full_name,
        button=_("Approve"),
        facts=(
            *_facts(card.person),
            Fact(name=_("Card number"), value=grouped(card.card_number or "")),
            Fact(name=_("Holds until"), value=card.valid_until.isoformat()),
        ),
        steps=_steps(found.loa, at_second=True),
        crumbs=_crumbs(card.person, _("Approve a reserve card")),
        back_url=reverse("person", args=[card.person_id]),
        may_refuse=True,
        problem=problem,
    )


def _facts(person: Person) -> tuple[Fact, ...]:
    number = person.personal_identity_number
    return (
        Fact(name=_("Name"), value=person.full_name),
        Fact(name=_("Personal number"), value=f"{number[:8]}-{number[8:]}"),
    )


def _steps(loa: int, *, at_second: bool) -> tuple[Step, ...]:
    first = Step(name=_("Identify and hand out"), progress="done" if at_second else "now")
    last = Step(name=_("The holder activates it"), text=_("on the own pages, with the envelope's code"))
    if loa != policies.REQUIRED_LOA:
        return (first, last)
    second = Step(
        name=_("Another administrator approves"),
        text=_("identifies the person again"),
        progress="now" if at_second else "later",
    )
    return (first, second, last)


def _crumbs(person: Person, last: Text) -> tuple[Crumb, ...]:
    return (
        Crumb(label=_("People"), url=reverse("people-search")),
        Crumb(label=person.full_name, url=reverse("person", args=[person.pk])),
        Crumb(label=last),
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
            "document": words.DOCUMENT_KINDS[check.document_kind],
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
            **_check_facts(check),
        },
    )


def _second_act(found: ReserveHandOut, check: IdentityCheckFacts) -> Act:
    """Return what the second administrator signs."""
    card = found.card
    return Act(
        kind=ActKind.CARD_HAND_OUT,
        text=_(
            "I have checked the identity of %(person)s (%(document)s) as the second person and approve"
            " reserve card %(card)s for this person."
        )
        % {
            "person": card.person.full_name,
            "document": words.DOCUMENT_KINDS[check.document_kind],
            "card": grouped(card.card_number or ""),
        },
        facts={
            "step": "second",
            "reserve_hand_out_id": str(found.pk),
            "card_id": str(card.pk),
            "person_id": str(card.person_id),
            "organization_id": str(card.organization_id),
            **_check_facts(check),
        },
    )


def _check_facts(check: IdentityCheckFacts) -> dict[str, str]:
    return {
        "method": check.method.value,
        "document_kind": check.document_kind.value,
        "document_valid_until": check.document_valid_until.isoformat(),
        "steps": ",".join(sorted(step.value for step in check.steps)),
    }


def _ask(
    request: HttpRequest, page: ReservePage, form: IdentityForm, envelope: EnvelopeForm | None
) -> HttpResponse:
    status = page.problem.status if page.problem else 422 if form.is_bound else 200
    context = {"page": page, "form": form, "envelope": envelope}
    return problems.tagged(render(request, "portal/reserve_check.html", context, status=status), page.problem)
