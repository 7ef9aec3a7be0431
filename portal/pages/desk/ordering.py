"""The order wizard: choose a product, read what will be made and where it is sent, place the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ca.environments import Environment
from ca.selectors import issuers
from cards import policies
from cards.errors import CardsError
from cards.lifecycle import place_order
from cards.products import CardProduct, Destination, catalogue, product
from directory.models import Employment, Person
from directory.selectors import employments_of, get_person
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems, words
from portal.pages import asking
from portal.pages.parts import Choice, Crumb, Fact, Step
from portal.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWizardPage:
    """What the wizard shows at one of its two questions."""

    step: str
    name: str
    steps: Sequence[Step]
    crumbs: Sequence[Crumb]
    back_url: str
    products: Sequence[Choice] = ()
    employments: Sequence[Choice] = ()
    product: str = ""
    employment: str = ""
    facts: Sequence[Fact] = ()
    delivery_note: str = ""
    problem: Problem | None = None

    @property
    def may_continue(self) -> bool:
        """Tell whether any product can be chosen."""
        return any(choice.why is None for choice in self.products)


@require_http_methods(["GET", "HEAD", "POST"])
def order_card(request: HttpRequest, person_id: str) -> HttpResponse:
    """Ask for product and employment, then for a confirmation, then place the order."""
    actor, at = asking.who(request), asking.now()
    person = get_person(str(person_id), actor=actor)
    employments = [one for one in employments_of(person, at=at) if policies.reaches_employment(actor, one)]
    wanted = request.POST.get("product", "") or (_test_product() if "qa" in request.GET else "")
    item = product(wanted)
    employment = next((one for one in employments if one.hsa_id == request.POST.get("employment")), None)
    step = request.POST.get("step", "choose")
    if step == "choose" or item is None or employment is None:
        refused = problems.of_code("nothing_chosen") if step != "choose" else None
        return _ask(request, _choose_page(person, employments, item, actor=actor, at=at, problem=refused))
    refusal = policies.may_order(
        employment=employment, product_code=item.code, loa=max(item.loa_allowed), actor=actor, at=at
    )
    if refusal is not None:
        problem = problems.explain(refusal)
        return _ask(request, _choose_page(person, employments, item, actor=actor, at=at, problem=problem))
    if step == "confirm":
        return _ask(request, _confirm_page(person, employment, item))
    try:
        order = place_order(
            hsa_id=employment.hsa_id, product_code=item.code, loa=max(item.loa_allowed), actor=actor, at=at
        )
    except CardsError as error:
        problem = problems.explain(error)
        return _ask(request, _choose_page(person, employments, item, actor=actor, at=at, problem=problem))
    messages.success(request, _("The card is ordered. You can follow the production here."))
    return HttpResponseRedirect(reverse("order", args=[order.pk]))


def _ask(request: HttpRequest, page: OrderWizardPage) -> HttpResponse:
    status = page.problem.status if page.problem else 200
    response = render(request, "portal/order_card.html", {"page": page}, status=status)
    return problems.tagged(response, page.problem)


def _test_product() -> str:
    """Return the first product of QA's that can be ordered; an empty text without one."""
    products = catalogue().products.values()
    return next((one.code for one in products if one.orderable and one.environment is Environment.QA), "")


def _choose_page(
    person: Person,
    employments: Sequence[Employment],
    chosen: CardProduct | None,
    *,
    actor: Actor,
    at: datetime,
    problem: Problem | None,
) -> OrderWizardPage:
    choices = [
        _product_choice(item, employments, actor=actor, at=at)
        for item in catalogue().products.values()
        if item.environment is Environment.PROD or issuers(Environment.QA)
    ]
    first = chosen.code if chosen else next((one.value for one in choices if one.why is None), "")
    return OrderWizardPage(
        step="choose",
        name=person.full_name,
        steps=_steps(at_confirm=False),
        crumbs=_crumbs(person),
        back_url=reverse("person", args=[person.pk]),
        products=[
            Choice(
                value=one.value,
                name=one.name,
                detail=one.detail,
                why=one.why,
                is_chosen=one.value == first,
                environment=one.environment,
            )
            for one in sorted(choices, key=lambda one: one.why is not None)
        ],
        employments=[
            Choice(value=one.hsa_id, name=_workplace(one), detail=one.hsa_id, is_chosen=index == 0)
            for index, one in enumerate(employments)
        ],
        problem=problem,
    )


def _product_choice(
    item: CardProduct, employments: Sequence[Employment], *, actor: Actor, at: datetime
) -> Choice:
    refusals = [
        policies.may_order(
            employment=one, product_code=item.code, loa=max(item.loa_allowed), actor=actor, at=at
        )
        for one in employments
    ]
    refusal = _first(refusals) if employments else Refusal(code="no_employment_in_scope", fixer="register")
    return Choice(
        value=item.code,
        name=words.product_name(item),
        detail=_("Assurance level %(loa)s · valid at most %(years)s years · %(delivery)s")
        % {
            "loa": max(item.loa_allowed),
            "years": item.max_validity_months // 12,
            "delivery": _("posted to the registered address")
            if item.delivered_to is Destination.REGISTERED_ADDRESS
            else _("sent to your stock"),
        },
        why=problems.explain(refusal) if refusal else None,
        environment=words.environment_tag(item.environment.value),
    )


def _first(refusals: Sequence[Refusal | None]) -> Refusal | None:
    """Return None if any employment may have the product, else the first reason why not."""
    return None if None in refusals else refusals[0]


def _confirm_page(person: Person, employment: Employment, item: CardProduct) -> OrderWizardPage:
    if person.protected_identity:
        address = _("Hidden: sent through the Tax Agency's mail forwarding")
        note = _("The producer is given no address. The Tax Agency forwards the card to the person.")
    else:
        address = "\n".join([person.full_name, *person.address_lines])
        note = _(
            "The card is posted to the address in the population register in about two weeks. No codes are "
            "sent with it: the holder chooses a PIN when you activate the card together."
        )
    return OrderWizardPage(
        step="confirm",
        name=person.full_name,
        steps=_steps(at_confirm=True),
        crumbs=_crumbs(person),
        back_url=reverse("person", args=[person.pk]),
        product=item.code,
        employment=employment.hsa_id,
        facts=[
            Fact(name=_("Card"), value=words.product_name(item)),
            *(
                [Fact(name=_("Environment"), value=words.QA.label)]
                if item.environment is Environment.QA
                else []
            ),
            Fact(name=_("Name on the card"), value=person.full_name),
            Fact(name=_("Workplace"), value=_workplace(employment)),
            Fact(name=_("HSA-id"), value=employment.hsa_id),
            Fact(name=_("Assurance level"), value=str(max(item.loa_allowed))),
            Fact(name=_("Sent to"), value=address),
        ],
        delivery_note=note,
    )


def _steps(*, at_confirm: bool) -> tuple[Step, ...]:
    return (
        Step(name=_("Choose the card"), progress="done" if at_confirm else "now"),
        Step(name=_("Read and confirm"), progress="now" if at_confirm else "later"),
        Step(name=_("Follow the production"), text=_("about two weeks")),
        Step(name=_("Activate at a visit"), text=_("identity check and PIN")),
    )


def _crumbs(person: Person) -> tuple[Crumb, ...]:
    return (
        Crumb(label=_("People"), url=reverse("people-search")),
        Crumb(label=person.full_name, url=reverse("person", args=[person.pk])),
        Crumb(label=_("Order a card")),
    )


def _workplace(employment: Employment) -> str:
    unit = f", {employment.unit.name}" if employment.unit is not None else ""
    return f"{employment.organization.name}{unit}"
