"""The first question of the order wizard: which card, and for each why it can or cannot be ordered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from ca.environments import Environment
from ca.selectors import issuers
from cards import policies
from cards.products import CardProduct, Destination, assurance_level, catalogue
from cards.selectors import CardView, person_cards
from cards.states import CardState
from directory.models import Employment, Person
from directory.organization_selectors import default_product
from journal.actor import Actor
from journal.errors import Refusal
from portal import moments, problems, words
from portal.pages.desk.workplaces import workplace
from portal.pages.parts import Choice
from portal.words import Text

_HELD = frozenset({CardState.ORDERED.value, CardState.SHIPPED.value, CardState.ACTIVE.value})


def product_choices(
    person: Person,
    employments: Sequence[Employment],
    chosen: CardProduct | None,
    *,
    actor: Actor,
    at: datetime,
) -> list[Choice]:
    """Return every product, those that can be ordered first, each with reasons and what is held."""
    held = [view for view in person_cards(str(person.pk), actor=actor, at=at).cards if _is_held(view)]
    choices = [
        _choice(item, employments, held, actor=actor, at=at)
        for item in catalogue().products.values()
        if item.environment is Environment.PROD or issuers(Environment.QA)
    ]
    choices.sort(key=lambda choice: bool(choice.whys))
    first = chosen.code if chosen else _proposed([one.value for one in choices if not one.whys], employments)
    return [replace(one, is_chosen=one.value == first and not one.whys) for one in choices]


def _proposed(codes: Sequence[str], employments: Sequence[Employment]) -> str:
    """Return what is chosen beforehand: the organization's usual product, else one that takes no pictures."""
    usual = {default_product(str(one.organization_id)) for one in employments}
    without = [code for code in codes if not catalogue().products[code].has_photo]
    return next((code for code in [*(one for one in codes if one in usual), *without, *codes]), "")


def employment_choices(employments: Sequence[Employment], chosen: Employment | None) -> list[Choice]:
    """Return the employments that a card can be for."""
    first = chosen or next(iter(employments), None)
    return [
        Choice(value=one.hsa_id, name=workplace(one), detail=one.hsa_id, is_chosen=one == first)
        for one in employments
    ]


def _choice(
    item: CardProduct,
    employments: Sequence[Employment],
    held: Sequence[CardView],
    *,
    actor: Actor,
    at: datetime,
) -> Choice:
    loa = max(item.loa_allowed)
    by_employment = [
        policies.refusals_to_order(
            employment=one, product_code=item.code, loa=loa, has_pictures=True, actor=actor, at=at
        )
        for one in employments
    ]
    nowhere = (Refusal(code="no_employment_in_scope", fixer="register"),)
    refusals = min(by_employment, key=len, default=nowhere)
    return Choice(
        value=item.code,
        name=words.product_name(item),
        detail=_("Assurance level %(loa)s · valid at most %(years)s years · %(delivery)s")
        % {
            "loa": loa,
            "years": item.max_validity_months // 12,
            "delivery": _("posted to the registered address")
            if item.delivered_to is Destination.REGISTERED_ADDRESS
            else _("sent to your stock"),
        },
        whys=tuple(problems.explain(refusal) for refusal in refusals),
        met=() if refusals else _met(item, employments[0].person),
        note=_held_note(item, held),
        environment=words.environment_tag(item.environment.value),
    )


def _met(item: CardProduct, person: Person) -> tuple[Text, ...]:
    """Return what was looked at and holds, as a colleague would say it."""
    level = assurance_level(max(item.loa_allowed))
    met: list[Text] = [_("is %(age)s years or older") % {"age": level.minimum_age}]
    met.append(_("has a personal number that is enough"))
    if level.needs_registered_address:
        met.append(
            _("is reached by way of the Tax Agency")
            if person.protected_identity
            else _("has a registered address")
        )
    met.append(_("is employed according to HSA"))
    if item.has_signature_image:
        met.append(_("photo and signature are taken in the next steps"))
    elif item.has_photo:
        met.append(_("the photo is taken in the next step"))
    return tuple(met)


def _held_note(item: CardProduct, held: Sequence[CardView]) -> Text:
    """Return what the person has of this product already; nothing for nothing."""
    same = next((view.card for view in held if view.card.product_code == item.code), None)
    if same is None:
        return ""
    if same.state == CardState.ACTIVE.value:
        return _("Has one in use already, valid through %(day)s. It goes on until it is blocked.") % {
            "day": moments.day(same.valid_until)
        }
    return _("Has one on its way already: %(state)s.") % {
        "state": str(words.CARD_STATES[CardState(same.state)].label).lower()
    }


def _is_held(view: CardView) -> bool:
    return view.card.state in _HELD and not view.is_expired
