"""The person view: who it is, their cards and certificates, what can be done now, and why not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ca.environments import Environment
from ca.models import Certificate
from ca.request_draft import CarrierKind
from ca.selectors import certificates_of_person
from cards import foreign, policies
from cards.basis_selectors import bears_a_former_name
from cards.models import Card, CardOrder
from cards.outdated_selectors import FETCH_WITHIN
from cards.person_blocking import blockable_of
from cards.products import catalogue, product
from cards.reach import reaches_certificate
from cards.reasons import BlockReason
from cards.refill_policies import has_no_valid_certificate, is_late, may_order_refill
from cards.renewal.policies import may_renew_at_desk
from cards.replacement_policies import STANDING_REPLACEMENTS, may_replace
from cards.replacement_reasons import ReplacementReason
from cards.reserve_policies import may_approve, may_decide
from cards.reserve_selectors import hand_out_of_card, refill_awaiting_second
from cards.selectors import CardView, person_cards
from cards.states import CardOrderState, CardState
from cards.stock_selectors import has_stock
from cards.unlock_policies import may_unlock
from directory.models import Employment, Person, RegistrationStatus
from directory.policies import may_find_people
from directory.selectors import employments_of, get_person
from journal.actor import Actor
from journal.errors import Refusal
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.auditor.asked import Asked
from portal.pages.auditor.reach import reads_only
from portal.pages.desk import landing
from portal.pages.desk.figures import short_name
from portal.pages.desk.history import timeline
from portal.pages.desk.replacing import order_url
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import (
    Act,
    CardPanel,
    CertificateRow,
    Crumb,
    Fact,
    ForeignNote,
    OrderRow,
    Thought,
    TimelineItem,
)
from portal.pages.reserve.handing import LEVELS, hand_out_refusal
from portal.words import Tag, Text

DAYS_TO_ACTIVATE: Final = 100
_SOON: Final = timedelta(days=60)
_LANDING_SHOWN: Final = timedelta(hours=24)
# Refusals of an order that speak of the person and not of the moment: no card at this level at all.
_ABOUT_THE_LEVEL: Final = frozenset(
    {
        "identity_kind_not_allowed",
        "registered_address_missing",
        "under_age",
        "holder_deceased",
        "holder_emigrated",
        "holder_deregistered",
        "holder_not_read_from_register",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """Everything that the template shows."""

    name: str
    initials: str
    is_protected: bool
    tags: Sequence[Tag]
    facts: Sequence[Fact]
    order: Act | None
    refresh_url: str
    cards: Sequence[CardPanel]
    all_cards: int
    shows_all: bool
    certificates: Sequence[CertificateRow]
    orders: Sequence[OrderRow]
    thoughts: Sequence[Thought]
    events: Sequence[TimelineItem]
    crumbs: Sequence[Crumb]
    order_test: Act | None = None
    reserve: Act | None = None
    block_all_url: str = ""
    """Where all that the person has is blocked in one act, when that is more than one thing."""

    @property
    def hidden_cards(self) -> int:
        """Return how many cards are not shown."""
        return self.all_cards - len(self.cards)

    @property
    def certificate_count(self) -> str:
        """Return how many certificates there are, in words."""
        count = len(self.certificates)
        return ngettext("%(count)d certificate", "%(count)d certificates", count) % {"count": count}


@require_safe
def show_person(request: HttpRequest, person_id: str) -> HttpResponse:
    """Show a person; 404 also when outside the actor's role. Auditors read of the person in the journal."""
    actor, at = asking.who(request), asking.now()
    if reads_only(actor):
        return HttpResponseRedirect(Asked(person=str(person_id)).address())
    person = get_person(str(person_id), actor=actor)
    return render(
        request,
        "portal/person.html",
        {"page": person_page(person, actor=actor, at=at, shows_all="all" in request.GET)},
    )


def person_page(person: Person, *, actor: Actor, at: datetime, shows_all: bool) -> PersonPage:
    """Return what the person view shows to this actor at this moment."""
    view = person_cards(str(person.pk), actor=actor, at=at)
    employments = [one for one in employments_of(person, at=at) if policies.reaches_employment(actor, one)]
    refusal = order_refusal(employments, actor=actor, at=at)
    shown = [card for card in view.cards if shows_all or _is_shown(card, at=at)]
    return PersonPage(
        name=person.full_name,
        initials="".join(
            part[0] for part in (person.calling_name or person.given_name, person.surname) if part
        ),
        is_protected=person.protected_identity,
        tags=_tags(person, employments, refusal=refusal),
        facts=_facts(person, employments, at=at),
        order=_order_act(person, refusal=refusal),
        order_test=_order_test_act(person, employments, actor=actor, at=at),
        reserve=_reserve_act(person, employments, actor=actor, at=at),
        block_all_url=_block_all_url(person, actor=actor, at=at),
        refresh_url="" if may_find_people(actor) else reverse("person-refresh", args=[person.pk]),
        cards=[_panel(card, view.cards, actor=actor, at=at) for card in shown],
        all_cards=len(view.cards),
        shows_all=shows_all,
        certificates=_certificate_rows(person, view.cards, actor=actor, at=at),
        orders=[order_row(order, with_person=False) for order in view.orders[:6]],
        thoughts=_thoughts(person, view.cards, refusal=refusal, actor=actor, at=at),
        events=timeline(
            "person",
            str(person.pk),
            actor=actor,
            is_short=not shows_all,
            limit=40 if shows_all else 12,
        ),
        crumbs=(Crumb(label=_("People"), url=reverse("people-search")), Crumb(label=person.full_name)),
    )


def order_refusal(
    employments: Sequence[Employment],
    *,
    actor: Actor,
    at: datetime,
    environment: Environment = Environment.PROD,
) -> Refusal | None:
    """Return why no card can be ordered at the highest level, or None when one product can.

    It is what stands in the way of most products: what is of one product alone says little of the person.
    """
    if not employments:
        return Refusal(code="no_employment_in_scope", fixer="register")
    refusals = [
        policies.may_order(
            employment=employment,
            product_code=item.code,
            loa=max(item.loa_allowed),
            has_pictures=True,
            actor=actor,
            at=at,
        )
        for employment in employments
        for item in catalogue().products.values()
        if item.orderable and item.environment is environment
    ]
    if None in refusals or not refusals:
        return None
    codes = Counter(refusal.code for refusal in refusals if refusal is not None)
    usual = codes.most_common(1)[0][0]
    return next(refusal for refusal in refusals if refusal is not None and refusal.code == usual)


def order_row(order: CardOrder, *, with_person: bool = True) -> OrderRow:
    """Return an order as a line of a list."""
    item = product(order.product_code)
    return OrderRow(
        url=reverse("order", args=[order.pk]),
        person=shown_name(order.person) if with_person else "",
        product=words.product_name(item) if item else order.product_code,
        at=order.placed_at,
        tag=words.ORDER_STATES[CardOrderState(order.state)],
        environment=words.environment_tag(order.environment),
        detail=_("ordered %(when)s") % {"when": moments.moment(order.placed_at, now=asking.now())},
    )


def _is_shown(view: CardView, *, at: datetime) -> bool:
    if view.card.blocked_at is not None:
        return at - view.card.blocked_at < _LANDING_SHOWN
    return not view.is_expired and view.card.state != CardState.DISCARDED.value


def _tags(person: Person, employments: Sequence[Employment], *, refusal: Refusal | None) -> list[Tag]:
    tags = [words.REGISTRATION[RegistrationStatus(person.registration_status)]]
    if employments:
        tags.append(Tag(tone="ok", icon="building", label=_("Employed according to HSA")))
    else:
        tags.append(Tag(tone="warn", icon="exclamation-triangle", label=_("Not found in HSA")))
    if refusal is not None and refusal.code in _ABOUT_THE_LEVEL:
        tags.append(Tag(tone="warn", icon="shield-lock", label=_("Assurance level 3 not possible")))
    else:
        tags.append(Tag(tone="info", icon="shield-check", label=_("Assurance level 3 possible")))
    return tags


def _facts(person: Person, employments: Sequence[Employment], *, at: datetime) -> list[Fact]:
    number = person.personal_identity_number
    facts = [
        Fact(name=_("Personal number"), value=f"{number[:8]}-{number[8:]}", copy=f"{number[:8]}-{number[8:]}")
    ]
    facts += [Fact(name=_("HSA-id"), value=one.hsa_id, copy=one.hsa_id) for one in employments]
    facts += [Fact(name=_("Organization"), value=_workplace(one)) for one in employments[:1]]
    if person.pu_read_at is not None:
        facts.append(Fact(name=_("Read from PU"), value=moments.moment(person.pu_read_at, now=at)))
    return facts


def _workplace(employment: Employment) -> str:
    unit = f", {employment.unit.name}" if employment.unit is not None else ""
    return f"{employment.organization.name}{unit}"


def _block_all_url(person: Person, *, actor: Actor, at: datetime) -> str:
    found = blockable_of(person, actor=actor, at=at)
    several = len(found.cards) + len(found.certificates) > 1
    return reverse("block-person", args=[person.pk]) if several else ""


def _order_act(person: Person, *, refusal: Refusal | None) -> Act:
    return Act(
        label=_("Order a card"),
        icon="plus-lg",
        url=reverse("order-card", args=[person.pk]),
        why=problems.explain(refusal) if refusal else None,
    )


def _order_test_act(
    person: Person, employments: Sequence[Employment], *, actor: Actor, at: datetime
) -> Act | None:
    """Return the way to a test card, where this actor may order one; nothing else speaks of it."""
    if order_refusal(employments, actor=actor, at=at, environment=Environment.QA) is not None:
        return None
    return Act(
        label=_("Order a test card"), icon="cone-striped", url=f"{reverse('order-card', args=[person.pk])}?qa"
    )


def _reserve_act(
    person: Person, employments: Sequence[Employment], *, actor: Actor, at: datetime
) -> Act | None:
    """Return the way to a reserve card, where this actor may hand one out and has some in stock."""
    levels = (hand_out_refusal(employments, loa=loa, actor=actor, at=at) for loa in LEVELS)
    if all(refusal is not None for refusal in levels) or not has_stock(actor=actor):
        return None
    return Act(
        label=_("Hand out a reserve card"),
        icon="box-seam",
        url=reverse("reserve-hand-out", args=[person.pk]),
    )


def _panel(view: CardView, views: Sequence[CardView], *, actor: Actor, at: datetime) -> CardPanel:
    """Return what is shown of one of the person's cards."""
    card = view.card
    state = CardState(card.state)
    item = product(card.product_code)
    return CardPanel(
        id=str(card.pk),
        product=words.product_name(item) if item else card.product_code,
        number=card.card_number or "",
        look="dead" if view.is_expired else words.CARD_LOOKS[state],
        tag=words.EXPIRED if view.is_expired and state is CardState.ACTIVE else words.CARD_STATES[state],
        facts=(*_card_facts(view, at=at), *_replacement_facts(card, views)),
        acts=()
        if state in {CardState.BLOCKED, CardState.DISCARDED}
        else _card_acts(view, actor=actor, at=at),
        landing=landing.of_card(card, at=at) if _is_landing(view, at=at) else None,
        environment=words.environment_tag(card.environment),
        foreign=foreign_note(card),
        receipt_url=reverse("block-receipt", args=[card.pk]) if card.blocked_at is not None else "",
    )


def foreign_note(card: Card) -> ForeignNote | None:
    """Return what to say of another issuer's certificates on the card, or None when it has none."""
    if not foreign.carries_foreign_certificates(card):
        return None
    return ForeignNote(
        issuer=foreign.issuer_name(),
        phone=foreign.issuer_phone(),
        certificates=tuple(
            _("%(issuer)s, serial number %(serial)s") % {"issuer": one.issuer_name, "serial": one.serial_hex}
            for one in foreign.foreign_certificates(card)
        ),
    )


def _is_landing(view: CardView, *, at: datetime) -> bool:
    blocked_at = view.card.blocked_at
    return blocked_at is not None and bool(view.certificates) and at - blocked_at < _LANDING_SHOWN


def _card_facts(view: CardView, *, at: datetime) -> tuple[Text, ...]:
    card = view.card
    if card.blocked_at is not None:
        return (
            _("blocked %(when)s") % {"when": moments.moment(card.blocked_at, now=at)},
            _in_a_list(words.BLOCK_REASONS[BlockReason(card.block_reason)]),
        )
    facts = [_("valid through %(day)s") % {"day": card.valid_until.isoformat()}]
    if card.state == CardState.SHIPPED.value and card.shipped_at is not None:
        longest = FETCH_WITHIN if card.order.from_stock else timedelta(days=DAYS_TO_ACTIVATE)
        last_day = asking.today(card.shipped_at + longest)
        days = (last_day - asking.today(at)).days
        facts.append(
            ngettext("%(days)d day left to activate", "%(days)d days left to activate", days) % {"days": days}
        )
    return tuple(facts)


def _replacement_facts(card: Card, views: Sequence[CardView]) -> list[Text]:
    """Return which card this one takes the place of, and which takes its own."""
    facts: list[Text] = []
    by = {str(one.card.pk): one.card.card_number or "" for one in views}
    if number := by.get(str(card.order.replaces_id)):
        facts.append(_("takes the place of …%(number)s") % {"number": number[-3:]})
    new = _replacing(card, views)
    if new is not None and card.blocked_at is None:
        facts.append(_("a new card is ordered in its place"))
    elif new is not None and new.card_number:
        facts.append(_("replaced by …%(number)s") % {"number": new.card_number[-3:]})
    return facts


def _replacing(card: Card, views: Sequence[CardView]) -> Card | None:
    """Return the card that takes the place of this one, unless its order came to nothing."""
    ordered = (one.card for one in views if one.card.order.replaces_id == card.pk)
    return next((one for one in ordered if one.order.state in STANDING_REPLACEMENTS), None)


def _card_acts(view: CardView, *, actor: Actor, at: datetime) -> tuple[Act, ...]:
    card = view.card
    number = card.card_number or ""
    activate = Act(
        label=_("Resume the activation") if view.open_activation else _("Activate"),
        icon="key",
        url=reverse("activate-card", args=[card.pk]),
        object=number,
        why=problems.explain(view.activation_refusal) if view.activation_refusal else None,
    )
    block = Act(
        label=_("Block"),
        icon="slash-circle",
        style="btn-danger0",
        url=reverse("block-card", args=[card.pk]),
        object=number,
        why=problems.explain(view.block_refusal) if view.block_refusal else None,
    )
    if card.order.from_stock and (hand_out := hand_out_of_card(card.pk)) is not None:
        second = may_approve(hand_out, actor=actor, at=at)
        if second is None or second.code != "reserve_card_decided":
            approve = Act(
                label=_("Approve as the second person"),
                icon="people",
                url=reverse("reserve-approve", args=[hand_out.pk]),
                object=number,
                why=problems.explain(second) if second else None,
            )
            return (approve, block)
    # An active card needs no activation button that is always grey, the others none to unlock.
    if card.state != CardState.ACTIVE.value:
        return (activate, block)
    refill = _refill_act(card, actor=actor, at=at) if card.order.from_stock else None
    refusal = may_unlock(card, actor=actor, at=at)
    unlock = Act(
        label=_("Unlock"),
        icon="unlock",
        url=reverse("unlock-card", args=[card.pk]),
        object=number,
        why=problems.explain(refusal) if refusal else None,
    )
    refusal = may_renew_at_desk(card, actor=actor, at=at)
    renew = Act(
        label=_("New certificates"),
        icon="arrow-repeat",
        style="btn-line",
        url=reverse("renew-card", args=[card.pk]),
        object=number,
        why=problems.explain(refusal) if refusal else None,
    )
    refusal = may_replace(card, actor=actor, at=at)
    replace_it = Act(
        label=_("Replace"),
        icon="arrow-left-right",
        style="btn-line",
        url=reverse("replace-card", args=[card.pk]),
        object=number,
        why=problems.explain(refusal) if refusal else None,
    )
    return (unlock, refill or renew, replace_it, block)


def _refill_act(card: Card, *, actor: Actor, at: datetime) -> Act | None:
    """Return what stands in the place of a renewal where a reserve card has no valid certificate, or None."""
    if policies.is_expired(card, at=at) or not has_no_valid_certificate(card, at=at):
        return None
    waiting = refill_awaiting_second(card.pk)
    if waiting is not None and not is_late(waiting, at=at):
        refusal = may_decide(waiting, actor=actor, at=at)
        label, icon = _("Approve as the second person"), "people"
        url = reverse("reserve-approve", args=[waiting.pk])
    else:
        refusal = may_order_refill(card, actor=actor, at=at)
        label, icon = _("Order new certificates"), "arrow-repeat"
        url = reverse("reserve-refill", args=[card.pk])
    return Act(
        label=label,
        icon=icon,
        url=url,
        object=card.card_number or "",
        why=problems.explain(refusal) if refusal else None,
    )


def _certificate_rows(
    person: Person, cards: Sequence[CardView], *, actor: Actor, at: datetime
) -> list[CertificateRow]:
    carriers = {str(view.card.pk): view.card for view in cards}
    rows = []
    for certificate in certificates_of_person(str(person.pk)):
        card = carriers.get(certificate.carrier_id)
        if card is None and not reaches_certificate(certificate, actor):
            continue
        may_block = policies.may_block_certificate(certificate, actor=actor, at=at) is None
        rows.append(
            CertificateRow(
                purpose=words.KEY_PURPOSES.get(certificate.name, certificate.name),
                carrier=loose_carrier(certificate) if card is None else _carrier(card),
                issuer=short_name(certificate.issuer),
                not_after=certificate.not_after,
                tag=certificate_tag(certificate, at=at),
                block_url=reverse("block-certificate", args=[certificate.pk]) if may_block else "",
            )
        )
    return rows


def loose_carrier(certificate: Certificate) -> str:
    """Return what carries a certificate that is on no card known here: a phone, or nobody knows (POR-7)."""
    is_mobile = certificate.carrier_kind == CarrierKind.MOBILE.value
    return _("Phone") if is_mobile else _("No card that is known")


def _carrier(card: Card) -> str:
    item = product(card.product_code)
    name = words.product_name(item) if item else card.product_code
    return f"{name} …\u2060{(card.card_number or '')[-3:]}"


def certificate_tag(certificate: Certificate, *, at: datetime) -> Tag:
    """Return a certificate's state in words."""
    if certificate.revoked_at is not None:
        return Tag(tone="bad", icon="slash-circle", label=_("Revoked"))
    if certificate.not_after <= at:
        return words.EXPIRED
    if certificate.published_at is None:
        return Tag(tone="info", icon="hourglass-split", label=_("Being published"))
    return Tag(tone="ok", icon="check-circle", label=_("Active"))


def _thoughts(
    person: Person, cards: Sequence[CardView], *, refusal: Refusal | None, actor: Actor, at: datetime
) -> list[Thought]:
    cards = [view for view in cards if view.card.environment == Environment.PROD.value]  # QA's open nothing
    states = {view.card.state for view in cards if not view.is_expired}
    active = [view for view in cards if view.card.state == CardState.ACTIVE.value and not view.is_expired]
    working = [view for view in active if not _is_spent(view, at=at)]
    waiting = [view for view in cards if view.activation_refusal is None]
    thoughts = []
    if not working:
        thoughts.append(
            _no_card(person, waiting=waiting, is_made=CardState.ORDERED.value in states, refusal=refusal)
        )
    unreplaced = [view for view in working if _replacing(view.card, cards) is None]
    ending = [view for view in unreplaced if view.card.valid_until <= asking.today(at + _SOON)]
    thoughts += [_expires(view, actor=actor, at=at) for view in ending]
    former = [view for view in unreplaced if bears_a_former_name(view.card)]
    thoughts += [_renamed(view, actor=actor, at=at) for view in former]
    if len(working) > 1:
        thoughts.append(
            Thought(
                tag=Tag(tone="info", icon="info-circle", label=_("Several working cards")),
                text=_("%(count)d cards work at the same time. Block those that are no longer used.")
                % {"count": len(working)},
            )
        )
    if person.pu_read_at is None or at - person.pu_read_at > timedelta(days=30):
        thoughts.append(
            Thought(
                tag=Tag(tone="warn", icon="clock-history", label=_("Old register data")),
                text=_("The person has not been read from the population register for a month."),
            )
        )
    return thoughts


def _is_spent(view: CardView, *, at: datetime) -> bool:
    """Tell whether every certificate that the card has had is revoked or has ended."""
    return bool(view.certificates) and all(
        one.revoked_at is not None or one.not_after <= at for one in view.certificates
    )


def _no_card(
    person: Person, *, waiting: Sequence[CardView], is_made: bool, refusal: Refusal | None
) -> Thought:
    tag = Tag(tone="warn", icon="exclamation-triangle", label=_("No working card"))
    if waiting:
        return Thought(
            tag=tag,
            text=_("A card has been sent. It works when it has been activated here."),
            url=reverse("activate-card", args=[waiting[0].card.pk]),
            link=_("Activate it"),
        )
    if is_made:
        return Thought(
            tag=tag, text=_("A card is being made. It is sent to the person and then activated here.")
        )
    if refusal is not None:
        return Thought(tag=tag, text=problems.explain(refusal).title)
    return Thought(
        tag=tag,
        text=_("The person cannot log in with a card."),
        url=reverse("order-card", args=[person.pk]),
        link=_("Order a card"),
    )


def _expires(view: CardView, *, actor: Actor, at: datetime) -> Thought:
    return Thought(
        tag=Tag(tone="warn", icon="clock", label=_("The card expires soon")),
        text=_("The last day is %(day)s. A new card takes about two weeks.")
        % {"day": view.card.valid_until.isoformat()},
        url=_new_url(view.card, ReplacementReason.EXPIRING, actor=actor, at=at),
        link=_("Order a new one"),
    )


def _renamed(view: CardView, *, actor: Actor, at: datetime) -> Thought:
    return Thought(
        tag=Tag(tone="warn", icon="person-vcard", label=_("New name, new card")),
        text=_(
            "The card says %(name)s. It works until a new one, with the new name, is activated in its place."
        )
        % {"name": view.card.holder_name},
        url=_new_url(view.card, ReplacementReason.NAME_CHANGED, actor=actor, at=at),
        link=_("Order a new one"),
    )


def _new_url(card: Card, reason: ReplacementReason, *, actor: Actor, at: datetime) -> str:
    """Return where a new card is ordered in the place of this one; nothing for who orders none."""
    return order_url(card, reason) if may_replace(card, reason, actor=actor, at=at) is None else ""


def _in_a_list(words_alone: Text) -> str:
    """Return words without their capital: HSA and PU keep theirs."""
    return f"{str(words_alone)[:1].lower()}{str(words_alone)[1:]}"
