"""The start page: who waits at the desk, what is being made, what failed, what expires."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from authn.selectors import denied_since
from ca.models import Issuer
from cards.basis_selectors import cards_with_a_former_name
from cards.manufacturing.following import may_follow
from cards.manufacturing.reconciliation import discrepancies, rows_in_reach, set_aside
from cards.models import Card, CardOrder
from cards.policies import MAY_ACTIVATE, MAY_ORDER, has_role
from cards.products import product
from cards.replacement_reasons import ReplacementReason
from cards.reserve_policies import may_approve
from cards.reserve_selectors import awaiting_second
from cards.selectors import count_orders, factory_contact, list_orders, shipped_and_waiting
from cards.states import CardOrderState
from cards.stock_selectors import low_standings
from cards.suspicions import open_suspicions
from directory.models import Role
from journal.actor import Actor
from ocsp.probe.alarms import current_alarms
from portal import moments, words
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk import figures
from portal.pages.desk.history import name_or_system, told
from portal.pages.desk.person import DAYS_TO_ACTIVATE
from portal.pages.desk.replacing import card_says, order_url, renamed_url
from portal.pages.managers.role_words import shown_name
from portal.pages.orderer.certificates import functions_page
from portal.pages.parts import Fact, Figure, Line, Queue, TimelineItem
from portal.pages.plot import Plot, plot
from portal.pages.reserve.page import begun_line
from portal.status_check import published_crl

_LINES = 6
_ALARMED = timedelta(days=1)
_BEING_MADE = frozenset({CardOrderState.PLACED, CardOrderState.SENT, CardOrderState.IN_PRODUCTION})
_CARD_ROLES = frozenset(set(Role) - {Role.FUNCTION_CERT_ORDERER, Role.VALIDATION_SPECIALIST})


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayPage:
    """What the start page shows."""

    date_line: str
    figures: Sequence[Figure]
    queues: Sequence[Queue]
    plot: Plot
    status_facts: Sequence[Fact]
    events: Sequence[TimelineItem]


@require_safe
def show_today(request: HttpRequest) -> HttpResponse:
    """Show the start page: of cards, of function certificates, or for auditors the journal."""
    actor, at = asking.who(request), asking.now()
    if reads_only(actor):
        return HttpResponseRedirect(reverse("journal"))
    if actor.role not in {role.value for role in _CARD_ROLES}:
        page = functions_page(actor=actor, at=at)
        return render(request, "portal/functions.html", {"page": page})
    return render(request, "portal/today.html", {"page": today_page(actor=actor, at=at)})


def today_page(*, actor: Actor, at: datetime) -> TodayPage:
    """Return what waits for this actor at this moment."""
    counted = count_orders(actor=actor)
    waiting = shipped_and_waiting(actor=actor, limit=_LINES)
    making = list_orders(actor=actor, states=_BEING_MADE, limit=_LINES).orders
    failed = list_orders(actor=actor, states=frozenset({CardOrderState.REJECTED}), limit=_LINES).orders
    expiring = figures.expiring_cards(actor=actor, at=at, limit=_LINES)
    soon = len(expiring) if len(expiring) < _LINES else figures.count_expiring_cards(actor=actor, at=at)
    days = figures.activated_and_blocked(actor=actor, at=at)
    return TodayPage(
        date_line=date_format(asking.today(at), "l j F"),
        figures=(
            Figure(
                label=_("wait for activation"),
                value=counted.get(CardOrderState.SHIPPED, 0),
                url=_orders("sent"),
            ),
            Figure(
                label=_("are being made"),
                value=sum(counted.get(state, 0) for state in _BEING_MADE),
                url=_orders("making"),
            ),
            Figure(
                label=_("were refused by the producer"),
                value=counted.get(CardOrderState.REJECTED, 0),
                url=_orders("failed"),
                alarm=counted.get(CardOrderState.REJECTED, 0) > 0,
            ),
            Figure(label=_("expire within 60 days"), value=soon, url="#expiring"),
        ),
        queues=(
            Queue(
                key="waiting",
                title=_("Wait at the desk"),
                nothing=_("Nobody waits: every card that was sent is activated."),
                lines=tuple(_waiting(card, actor=actor, at=at) for card in waiting),
                more_url=_orders("sent"),
            ),
            Queue(
                key="failed",
                title=_("Need your decision"),
                nothing=_("Nothing has failed."),
                lines=(
                    *_suspicions(actor=actor, at=at),
                    *_denied(actor=actor, at=at),
                    *_factory(at=at),
                    *_production(actor=actor, at=at),
                    *_status_alarms(at=at),
                    *_second_of_two(actor=actor, at=at),
                    *_few_left(actor=actor),
                    *_renamed(actor=actor, at=at),
                    *(_order(order, act=_("Look"), at=at) for order in failed),
                ),
                more_url=_orders("failed") if failed else "",
            ),
            Queue(
                key="making",
                title=_("Being made"),
                nothing=_("No cards are being made."),
                lines=tuple(_order(order, act=_("Follow"), at=at) for order in making),
                more_url=_orders("making"),
            ),
            Queue(
                key="expiring",
                title=_("Expire soon"),
                nothing=_("No card expires within 60 days."),
                lines=tuple(_expiring(card, actor=actor, at=at) for card in expiring),
            ),
        ),
        plot=plot(days, title=_("Activated and blocked cards each day for 14 days")),
        status_facts=_status_facts(at=at),
        events=told(figures.latest_entries(actor=actor), actor=actor),
    )


def _orders(state: str) -> str:
    return f"{reverse('orders')}?state={state}"


def _product(code: str) -> str:
    item = product(code)
    return words.product_name(item) if item else code


def _waiting(card: Card, *, actor: Actor, at: datetime) -> Line:
    is_theirs = has_role(actor, MAY_ACTIVATE)
    shipped_at = card.shipped_at or at
    left = asking.today(shipped_at + timedelta(days=DAYS_TO_ACTIVATE))
    return Line(
        title=shown_name(card.person),
        detail=_("%(product)s, sent %(when)s, %(left)s")
        % {
            "product": _product(card.product_code),
            "when": moments.moment(shipped_at, now=at),
            "left": moments.days_left(left, today=asking.today(at)),
        },
        act=_("Activate") if is_theirs else _("Look"),
        url=reverse("activate-card", args=[card.pk]) if is_theirs else _person(card),
    )


def _order(order: CardOrder, *, act: str, at: datetime) -> Line:
    return Line(
        title=shown_name(order.person),
        detail=f"{_product(order.product_code)}, {words.ORDER_STATES[CardOrderState(order.state)].label}, "
        f"{moments.moment(order.placed_at, now=at)}",
        act=act,
        url=reverse("order", args=[order.pk]),
    )


def _expiring(card: Card, *, actor: Actor, at: datetime) -> Line:
    is_theirs = has_role(actor, MAY_ORDER)
    return Line(
        title=shown_name(card.person),
        detail=f"{_product(card.product_code)}, {card.valid_until.isoformat()}, "
        f"{moments.days_left(card.valid_until, today=asking.today(at))}",
        act=_("Order a new one") if is_theirs else _("Look"),
        url=order_url(card, ReplacementReason.EXPIRING) if is_theirs else _person(card),
    )


def _person(card: Card) -> str:
    return reverse("person", args=[card.person_id])


def _suspicions(*, actor: Actor, at: datetime) -> tuple[Line, ...]:
    """Return the alarm of each identity check that was broken off on suspicion and is not cleared up."""
    return tuple(
        Line(
            title=_("Suspected identity document: %(name)s") % {"name": shown_name(one.checked_person)},
            detail=_("%(when)s, %(who)s. Block the card, or identify the holder beyond doubt.")
            % {"when": moments.moment(one.checked_at, now=at), "who": name_or_system(one.checked_by)},
            act=_("Look"),
            url=reverse("person", args=[one.checked_person.pk]),
        )
        for one in open_suspicions(actor=actor, at=at, limit=_LINES)
    )


def _denied(*, actor: Actor, at: datetime) -> tuple[Line, ...]:
    """Return a line for each login or signature of the last day that somebody said was not theirs.

    Whose it was nobody knows: the person refused before any card was used.
    """
    if actor.role != Role.CENTRAL_ADMINISTRATOR.value:
        return ()
    return tuple(
        Line(
            title=_("Somebody said: this is not mine"),
            detail=_("%(when)s, when %(service)s asked for a login or a signature")
            % {"when": moments.moment(one.state_since, now=at), "service": one.rp_name},
            act=_("Look"),
            url=f"{reverse('journal')}?action=authn.order_failed",
        )
        for one in denied_since(at - _ALARMED)
    )


def _factory(*, at: datetime) -> tuple[Line, ...]:
    """Return a line about the producer when the last contact failed."""
    contact = factory_contact()
    if contact.failed_at is None or (
        contact.reached_at is not None and contact.reached_at > contact.failed_at
    ):
        return ()
    return (
        Line(
            title=_("The card producer does not answer"),
            detail=_("Since %(when)s. Orders are kept and sent by themselves.")
            % {"when": moments.moment(contact.failed_at, now=at)},
            act=_("Orders"),
            url=_orders("making"),
        ),
    )


def _second_of_two(*, actor: Actor, at: datetime) -> tuple[Line, ...]:
    """Return a line for each reserve card that waits for this person as the second administrator.

    Cut after those are gone that they handed out themselves: else six of these would hide a colleague's.
    """
    others = [one for one in awaiting_second(actor=actor) if may_approve(one, actor=actor, at=at) is None]
    return tuple(
        Line(
            title=_("Approve a reserve card: %(name)s") % {"name": shown_name(one.card.person)},
            detail=begun_line(one, at=at),
            act=_("Approve"),
            url=reverse("reserve-approve", args=[one.pk]),
        )
        for one in others[:_LINES]
    )


def _few_left(*, actor: Actor) -> tuple[Line, ...]:
    """Return a line for each place that has too few reserve cards."""
    return tuple(
        Line(
            title=_("Few reserve cards at %(place)s") % {"place": one.place.name},
            detail=_("%(count)d left, warned of below %(threshold)d")
            % {"count": one.in_stock, "threshold": one.place.threshold},
            act=_("Look"),
            url=reverse("stock-place", args=[one.place.pk]),
        )
        for one in low_standings(actor=actor)[:_LINES]
    )


def _renamed(*, actor: Actor, at: datetime) -> tuple[Line, ...]:
    """Return a line for each card whose holder got another name and that no new one is ordered for."""
    return tuple(
        Line(
            title=_("New name, new card: %(name)s") % {"name": shown_name(card.person)},
            detail=card_says(card),
            act=_("Order a new card") if has_role(actor, MAY_ORDER) else _("Look"),
            url=renamed_url(card, actor=actor, at=at),
        )
        for card in cards_with_a_former_name(actor=actor, limit=_LINES)
    )


def _production(*, actor: Actor, at: datetime) -> tuple[Line, ...]:
    """Return a line when figures of the producer do not add up, and for the centre one when files do not."""
    wrong = discrepancies(rows_in_reach(actor), at=at)
    aside = set_aside().count() if may_follow(actor) is None else 0
    lines = []
    if wrong:
        lines.append(
            Line(
                title=_("Production does not add up"),
                detail=ngettext("%(count)d file of orders", "%(count)d files of orders", len(wrong))
                % {"count": len(wrong)},
                act=_("Look"),
                url=f"{reverse('production')}?show=wrong",
            )
        )
    if aside:
        lines.append(
            Line(
                title=_("Files from the producer were set aside"),
                detail=ngettext("%(count)d file", "%(count)d files", aside) % {"count": aside},
                act=_("Look"),
                url=reverse("production"),
            )
        )
    return tuple(lines)


def _status_alarms(*, at: datetime) -> tuple[Line, ...]:
    """Return a line when the probe saw something wrong with OCSP or the lists."""
    alarms = current_alarms(at=at)
    if not alarms:
        return ()
    return (
        Line(
            title=_("The status services need a look"),
            detail=ngettext("%(count)d alarm", "%(count)d alarms", len(alarms)) % {"count": len(alarms)},
            act=_("Look"),
            url=reverse("status"),
        ),
    )


def _status_facts(*, at: datetime) -> list[Fact]:
    facts = []
    for issuer in Issuer.objects.filter(key__in=["person_hsa_id_3", "person_id_3"]).order_by("key"):
        crl = published_crl(issuer.file_stem)
        shown = (
            _("list %(number)s, %(when)s")
            % {"number": crl.number, "when": moments.moment(crl.this_update, now=at)}
            if crl
            else _("no list is published")
        )
        facts.append(Fact(name=figures.short_name(issuer), value=shown))
    return facts
