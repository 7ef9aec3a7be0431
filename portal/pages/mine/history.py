"""Mina sidor: what has happened with the holder's cards and logins, and the card at hand tested."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from authn.certificate import read_certificate
from authn.trust import Carrier
from cards.models import Activation
from cards.renewal.models import Renewal
from cards.states import CardState
from journal.selectors import content_of, entries_about
from portal import moments, words
from portal.accounts import means
from portal.accounts.actor import level_of, session_of
from portal.accounts.errors import NotLoggedIn
from portal.accounts.models import PortalSession
from portal.pages import asking
from portal.pages.desk.history import event_name, told_types
from portal.pages.mine.entrance import OwnPlace, card_at_hand, entrance_of, own_menu
from portal.pages.parts import Fact, TimelineItem, grouped
from portal.words import Tag

_LATEST: Final = 60
_TOLD: Final = (
    "card", "card_order", "receipt", "activation", "unlock", "renewal", "mobile", "puk_letter",
    "block_request", "reserve_card", "reserve_refill",
)  # fmt: skip
"""Kinds of events that are the holder's to read."""
_NOT_TOLD: Final = frozenset({"reserve_card.refused", "reserve_refill.ended"})
"""What a suspicion at the desk leads to as well: that is for those who look into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHistoryPage:
    """What has happened, newest first."""

    menu: Sequence[OwnPlace]
    events: Sequence[TimelineItem]
    receipts: Sequence[TimelineItem] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTestPage:
    """What this login has shown of the card."""

    menu: Sequence[OwnPlace]
    tag: Tag
    facts: Sequence[Fact]


@never_cache
@require_safe
def show_history(request: HttpRequest) -> HttpResponse:
    """GET /mine/history/: the holder's own events; not for a reserve card of level 2 (MIN-4)."""
    row = _row(request)
    entrance = entrance_of(row)
    if entrance.is_limited:
        return HttpResponseRedirect(reverse("mine"), status=303)
    page = OwnHistoryPage(
        menu=own_menu(entrance, here="own-history"),
        events=own_events(row.person_id),
        receipts=own_receipts(row.person_id),
    )
    return render(request, "portal/own_history.html", {"page": page})


@never_cache
@require_safe
def show_test(request: HttpRequest) -> HttpResponse:
    """GET /mine/test/: that card, PIN and certificate worked just now, and what they say."""
    row = _row(request)
    card = card_at_hand(row)
    state = words.CARD_STATES[CardState(card.state)] if card else words.CARD_STATES[CardState.ACTIVE]
    page = OwnTestPage(menu=own_menu(entrance_of(row), here="own-test"), tag=state, facts=tested(row))
    return render(request, "portal/own_test.html", {"page": page})


def own_events(person_id: str) -> list[TimelineItem]:
    """Return the newest events about somebody that they may read themselves."""
    told = [one for one in told_types(is_short=True) if one.split(".")[0] in _TOLD]
    types = [one for one in told if one not in _NOT_TOLD]
    return [
        TimelineItem(
            at=entry.at,
            title=event_name(entry.type),
            detail=_why(entry.type, str(content_of(entry)["event"].get("reason", ""))),
        )
        for entry in entries_about("person", person_id, limit=_LATEST, types=types)
    ]


def own_receipts(person_id: str) -> list[TimelineItem]:
    """Return the receipts that somebody signed, of cards and of new certificates on them, newest first."""
    finished = {"card__person_id": person_id, "finished_at__isnull": False}
    renewals = Renewal.objects.filter(**finished).select_related("card").order_by("-finished_at")[:_LATEST]
    activations = Activation.objects.filter(**finished).select_related("card").order_by("-finished_at")
    done: list[tuple[Activation | Renewal, str, str]] = [
        *((one, str(words.RENEWAL_PURPOSES[one.purpose]), "own-renewal-receipt") for one in renewals),
        *((one, _("Receipt for an eID card"), "own-activation-receipt") for one in activations[:_LATEST]),
    ]
    items = [
        TimelineItem(
            at=one.finished_at,
            title=title,
            detail=grouped(one.card.card_number or ""),
            url=reverse(view, args=[one.pk]),
        )
        for one, title, view in done
        if one.finished_at is not None
    ]
    return sorted(items, key=lambda item: item.at, reverse=True)[:_LATEST]


def tested(row: PortalSession) -> list[Fact]:
    """Return what a login has shown: card, certificate, level, way and moment."""
    facts = [Fact(name=_("Card number"), value=grouped(row.card_number))] if row.card_number else []
    if row.certificate_der:
        certificate = read_certificate(bytes(row.certificate_der))
        facts.append(Fact(name=_("Certificate for"), value=certificate.hsa_id or _("you as a person")))
    if row.carrier == Carrier.MOBILE:
        facts.append(Fact(name=_("Key in"), value=_("a phone")))
    return [
        *facts,
        Fact(name=_("Assurance level"), value=str(level_of(row.loa))),
        Fact(name=_("Logged in"), value=moments.moment(row.auth_time, now=asking.now())),
        Fact(name=_("By"), value=_way(row.amr)),
    ]


def _way(amr: Collection[str]) -> str:
    """Return how somebody logged in: who looks for a login that was not theirs must not be misled."""
    if means.QR in amr:
        return _("QR code to another device")
    if means.MTLS in amr:
        return _("The browser's certificate, without the card client")
    if means.RETURN_CODE in amr:
        return _("The card client, with a return code that was typed")
    return _("The card client on this computer")


def _why(event_type: str, reason: str) -> str:
    if event_type not in {"card.blocked", "mobile.blocked"}:
        return ""
    return str({one.value: text for one, text in words.BLOCK_REASONS.items()}.get(reason, ""))


def _row(request: HttpRequest) -> PortalSession:
    row = session_of(request)
    if row is None:
        raise NotLoggedIn("no session")
    return row
