"""The order wizard: choose a product, take its pictures, read what will be made, place the order."""

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
from cards import policies
from cards.errors import CardsError
from cards.lifecycle import place_order
from cards.pictures.kinds import PictureKind
from cards.products import CardProduct, catalogue, product
from cards.replacement_policies import Replacement, may_replace
from directory.models import Employment, Person
from directory.selectors import employments_of, get_person
from journal.actor import Actor
from portal import problems, words
from portal.pages import asking
from portal.pages.desk.order_choosing import employment_choices, product_choices
from portal.pages.desk.order_pictures import (
    Pictures,
    PictureStep,
    TakenPicture,
    keep_upload,
    needed_for,
    picture_step,
    pictures_asked,
    taken_picture,
)
from portal.pages.desk.replacing import effect, replacement_asked
from portal.pages.desk.workplaces import workplace
from portal.pages.parts import Choice, Crumb, Fact, Step
from portal.powers import WITH_CAMERA
from portal.problems import Problem
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """The card that the new one takes the place of, why, and what becomes of it."""

    number: str
    reason: Text
    effect: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWizardPage:
    """What the wizard shows at one of its questions."""

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
    pictures: Sequence[TakenPicture] = ()
    hidden: Sequence[tuple[str, str]] = ()
    picture: PictureStep | None = None
    delivery_note: str = ""
    replaced: Replaced | None = None
    problem: Problem | None = None

    @property
    def may_continue(self) -> bool:
        """Tell whether any product can be chosen."""
        return any(not choice.whys for choice in self.products)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is being ordered."""

    person: Person
    employment: Employment
    item: CardProduct
    replacement: Replacement | None = None

    @property
    def loa(self) -> int:
        """Return the level of assurance: the product's highest."""
        return max(self.item.loa_allowed)


@require_http_methods(["GET", "HEAD", "POST"])
def order_card(request: HttpRequest, person_id: str) -> HttpResponse:
    """Ask for product and employment, for the pictures, then for a confirmation; then place the order."""
    actor, at = asking.who(request), asking.now()
    person = get_person(str(person_id), actor=actor)
    employments = [one for one in employments_of(person, at=at) if policies.reaches_employment(actor, one)]
    replacement = replacement_asked(request, person, actor=actor)
    if replacement is not None:
        refusal = may_replace(replacement.card, replacement.reason, actor=actor, at=at)
        if refusal is not None:
            return problems.page(request, problems.explain(refusal))
    old = replacement.card if replacement else None
    wanted = request.POST.get("product", "") or (_test_product() if "qa" in request.GET else "")
    item = product(wanted or (old.product_code if old else ""))
    typed = request.POST.get("employment") or (old.hsa_id if old else "")
    employment = next((one for one in employments if one.hsa_id == typed), None)
    step = request.POST.get("step", "choose")

    def choose(problem: Problem | None = None) -> HttpResponse:
        page = OrderWizardPage(
            step="choose",
            name=person.full_name,
            steps=_steps(needed_for(item) if item else (), now="choose"),
            crumbs=_crumbs(person),
            back_url=reverse("person", args=[person.pk]),
            products=[
                one
                for one in product_choices(person, employments, item, actor=actor, at=at)
                if old is None or _is_of(one.value, old.environment)
            ],
            employments=employment_choices(employments, employment),
            replaced=_replaced(replacement),
            problem=problem,
        )
        return _ask(request, page)

    if step == "choose" or item is None or employment is None:
        return choose(problems.of_code("nothing_chosen") if step != "choose" else None)
    order = _Order(person=person, employment=employment, item=item, replacement=replacement)
    refusal = policies.may_order(
        employment=employment, product_code=item.code, loa=order.loa, has_pictures=True, actor=actor, at=at
    )
    if refusal is not None:
        return choose(problems.explain(refusal))
    try:
        return _go_on(request, order, step, actor=actor, at=at)
    except CardsError as error:
        return choose(problems.explain(error))


def _go_on(request: HttpRequest, order: _Order, step: str, *, actor: Actor, at: datetime) -> HttpResponse:
    """Take a picture, ask for the next, ask for the confirmation, or place the order."""
    problem = None
    asked = next((kind for kind in needed_for(order.item) if kind.value == step), None)
    if asked is not None and "source" in request.POST:
        try:
            keep_upload(request, order.employment, asked, actor=actor)
        except CardsError as error:
            problem = problems.explain(error)
    pictures = pictures_asked(request, order.employment, order.item, actor=actor)
    missing = asked or pictures.next
    if missing is not None:
        if asked is None and missing.value in pictures.seen:
            problem = problems.of_code("picture_remarks_not_accepted", facts={"picture_kind": missing.value})
        return _ask(request, _picture_page(order, pictures, missing, problem=problem))
    if step != "place":
        return _ask(request, _confirm_page(order, pictures))
    placed = place_order(
        hsa_id=order.employment.hsa_id,
        product_code=order.item.code,
        loa=order.loa,
        pictures=pictures.as_order(),
        replacement=order.replacement,
        actor=actor,
        at=at,
    )
    messages.success(request, _("The card is ordered. You can follow the production here."))
    return HttpResponseRedirect(reverse("order", args=[placed.pk]))


def _ask(request: HttpRequest, page: OrderWizardPage) -> HttpResponse:
    status = page.problem.status if page.problem else 200
    response = render(request, "portal/order_card.html", {"page": page}, status=status)
    if page.picture is not None and page.picture.is_photo:
        response["Permissions-Policy"] = WITH_CAMERA
    return problems.tagged(response, page.problem)


def _test_product() -> str:
    """Return the first product of QA's that can be ordered; an empty text without one."""
    products = catalogue().products.values()
    return next((one.code for one in products if one.orderable and one.environment is Environment.QA), "")


def _picture_page(
    order: _Order, pictures: Pictures, kind: PictureKind, *, problem: Problem | None
) -> OrderWizardPage:
    return OrderWizardPage(
        step=kind.value,
        name=order.person.full_name,
        steps=_steps(pictures.needed, now=kind.value),
        crumbs=_crumbs(order.person),
        back_url=reverse("person", args=[order.person.pk]),
        product=order.item.code,
        employment=order.employment.hsa_id,
        picture=picture_step(pictures, kind, order.employment),
        replaced=_replaced(order.replacement),
        problem=problem,
    )


def _confirm_page(order: _Order, pictures: Pictures) -> OrderWizardPage:
    person, employment, item = order.person, order.employment, order.item
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
        steps=_steps(pictures.needed, now="confirm"),
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
            Fact(name=_("Workplace"), value=workplace(employment)),
            Fact(name=_("HSA-id"), value=employment.hsa_id),
            Fact(name=_("Assurance level"), value=str(order.loa)),
            *(
                [Fact(name=_("Text on the back"), value=employment.organization.back_text)]
                if employment.organization.back_text
                else []
            ),
            Fact(name=_("Sent to"), value=address),
        ],
        pictures=[
            taken_picture(pictures.taken[kind], employment, accepted=pictures.accepted)
            for kind in pictures.needed
        ],
        hidden=pictures.hidden(),
        delivery_note=note,
        replaced=_replaced(order.replacement),
    )


def _is_of(product_code: str, environment: str) -> bool:
    """Tell whether a product is of an environment: no test card takes the place of a real one."""
    item = product(product_code)
    return item is not None and item.environment.value == environment


def _replaced(replacement: Replacement | None) -> Replaced | None:
    if replacement is None:
        return None
    card, reason = replacement.card, replacement.reason
    return Replaced(
        number=card.card_number or "",
        reason=words.REPLACEMENT_REASONS[reason],
        effect=effect(card, reason),
    )


def _steps(needed: Sequence[PictureKind], *, now: str) -> tuple[Step, ...]:
    """Return the way through the wizard for a product with these pictures."""
    asked = [
        ("choose", _("Choose the card"), ""),
        *((PictureKind.PHOTO.value, _("Take the photo"), "") for _one in needed[:1]),
        *((PictureKind.SIGNATURE.value, _("The signature"), "") for _one in needed[1:]),
        ("confirm", _("Read and confirm"), ""),
        ("production", _("Follow the production"), _("about two weeks")),
        ("activation", _("Activate at a visit"), _("identity check and PIN")),
    ]
    here = [name for name, _label, _text in asked].index(now)
    return tuple(
        Step(name=label, text=text, progress="done" if place < here else "now" if place == here else "later")
        for place, (_name, label, text) in enumerate(asked)
    )


def _crumbs(person: Person) -> tuple[Crumb, ...]:
    return (
        Crumb(label=_("People"), url=reverse("people-search")),
        Crumb(label=person.full_name, url=reverse("person", args=[person.pk])),
        Crumb(label=_("Order a card")),
    )
