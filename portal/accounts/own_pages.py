"""Mina sidor: what a holder sees of themselves: cards, certificates, and where they are logged in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from authn.trust import Carrier
from ca.selectors import certificates_of_person
from cards.models import Card
from cards.own_policies import may_block_own, may_unlock_own, waits_to_be_fetched
from cards.policies import REQUIRED_LOA
from cards.products import product
from cards.renewal.models import RenewalPurpose
from cards.renewal.policies import may_renew_own
from cards.reserve_policies import is_of_stock, may_extend
from cards.reserve_selectors import hand_out_of_card
from cards.states import CardState
from directory.models import Person, Role
from journal.actor import Actor, ActorKind
from portal import problems, words
from portal.accounts import means, sessions
from portal.accounts.actor import level_of, session_of, visitor_of
from portal.accounts.errors import NotLoggedIn
from portal.accounts.models import EndReason, PortalSession
from portal.pages.mine.entrance import Entrance, OwnPlace, entrance_of, own_menu
from portal.pages.mine.unlocking import login_of
from portal.problems import Problem
from portal.words import Tag, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAct:
    """Something one can do with one's card, or, with ``why``, cannot do now.

    With a purpose it is begun by POST, without it is a page.
    """

    label: Text
    purpose: str
    url: str
    style: str = "btn-line"
    why: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCard:
    """A card of one's own."""

    product: str
    number: str
    tag: Tag
    valid_until: str
    acts: Sequence[OwnAct] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """A certificate of one's own."""

    purpose: Text
    issuer: str
    not_after: datetime
    is_revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """A place where one is logged in."""

    id: str
    since: datetime
    seen: datetime
    role: Text
    is_here: bool
    is_scanned: bool
    is_typed: bool
    is_shown: bool
    is_mobile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPage:
    """What the page shows."""

    name: str
    cards: Sequence[OwnCard]
    certificates: Sequence[OwnCertificate]
    sessions: Sequence[OwnSession]
    may_choose_role: bool
    has_role: bool
    menu: Sequence[OwnPlace] = ()
    is_limited: bool = False
    """Logged in with a reserve card of level 2: that card alone, and a new one if one is ordered (MIN-4)."""
    may_fetch: bool = False
    tells_of_unlocking: bool = False
    """Logged in with a card: how a forgotten PIN is replaced is said, and not offered (POR-6)."""


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """GET /mine/: own cards, certificates and logins; nobody else's."""
    row = _row(request)
    return render(request, "portal/mine.html", {"page": own_page(row, at=timezone.now())})


@never_cache
@require_POST
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """POST /mine/sessions/<id>/end/: log out somewhere else, or here."""
    row = _row(request)
    meant = _told_sessions(row).filter(pk=session_id).first()
    if meant is None:
        raise Http404
    sessions.end(meant, EndReason.ENDED_BY_HOLDER, actor=visitor_of(request), at=timezone.now())
    if meant.pk == row.pk:
        request.session.flush()
        return HttpResponseRedirect(f"/login/?ended={EndReason.LOGGED_OUT.value}", status=303)
    messages.success(request, _("You are logged out there."))
    return HttpResponseRedirect("/mine/", status=303)


def own_page(row: PortalSession, *, at: datetime) -> OwnPage:
    """Return what the person behind a session sees of themselves."""
    person, entrance = Person.objects.get(pk=row.person_id), entrance_of(row)
    cards = Card.objects.select_related("person", "order").filter(person=person).order_by("-ordered_at")
    if entrance.is_limited:
        cards = cards.filter(card_number=row.card_number)
    shown = {str(card.pk) for card in cards}
    return OwnPage(
        name=person.full_name,
        cards=[_card(card, acts=_acts(card, row, at=at)) for card in cards if card.card_number],
        certificates=[
            OwnCertificate(
                purpose=words.KEY_PURPOSES.get(one.name, one.name),
                issuer=one.issuer.common_name,
                not_after=one.not_after,
                is_revoked=one.revoked_at is not None,
            )
            for one in certificates_of_person(person.pk)
            if one.not_after > at and (not entrance.is_limited or one.carrier_id in shown)
        ],
        sessions=[_session(one, here=row) for one in _told_sessions(row)],
        may_choose_role=means.opens_some_role(row.amr, loa=row.loa),
        has_role=bool(row.role),
        menu=own_menu(entrance, here="mine"),
        is_limited=entrance.is_limited,
        may_fetch=waits_to_be_fetched(row.person_id),
        tells_of_unlocking=entrance in {Entrance.ORDINARY, Entrance.RESERVE},
    )


def _told_sessions(row: PortalSession) -> QuerySet[PortalSession]:
    """Return the logins that this one is told of and may end: a limited one itself alone (MIN-4)."""
    own = sessions.open_sessions_of(row.person_id)
    return own.filter(pk=row.pk) if entrance_of(row).is_limited else own


def _row(request: HttpRequest) -> PortalSession:
    row = session_of(request)
    if row is None:
        raise NotLoggedIn("no session")
    return row


def _acts(card: Card, row: PortalSession, *, at: datetime) -> Sequence[OwnAct]:
    """Return what the holder does with a card of theirs: new certificates (MIN-2), and block it."""
    if card.state not in {CardState.ACTIVE.value, CardState.SHIPPED.value}:
        return ()
    holder = Actor(
        kind=ActorKind.PERSON, identifier=row.known_as, person_id=row.person_id, loa=level_of(row.loa)
    )
    refusal = may_block_own(card, actor=holder, at=at)
    block = OwnAct(
        label=_("Block the card"),
        purpose="",
        url=reverse("own-block", args=[card.pk]),
        style="btn-danger0",
        why=problems.explain(refusal) if refusal else None,
    )
    if card.state != CardState.ACTIVE.value:
        return (block,)
    refusal = may_renew_own(card, actor=holder, at=at)
    renewals = [
        OwnAct(
            label=words.RENEWAL_PURPOSES[purpose.value],
            purpose=purpose.value,
            url=reverse("own-renewal-begin", args=[card.pk]),
            why=problems.explain(refusal) if refusal else None,
        )
        for purpose in (RenewalPurpose.RENEW, RenewalPurpose.SIGNATURE)
    ]
    unlocking = _unlocking(card, row, holder=holder, at=at)
    return (*unlocking, *renewals, *_extension(card, holder=holder, at=at), block)


def _unlocking(card: Card, row: PortalSession, *, holder: Actor, at: datetime) -> Sequence[OwnAct]:
    """Return the unlocking, for whoever came in with a mobile eID (POR-6)."""
    if row.carrier != Carrier.MOBILE:
        return ()
    refusal = may_unlock_own(card, login=login_of(row), actor=holder, at=at)
    return (
        OwnAct(
            label=_("Unlock with Mobilt SITHS eID"),
            purpose="",
            url=reverse("own-unlock-begin", args=[card.pk]),
            why=problems.explain(refusal) if refusal else None,
        ),
    )


def _extension(card: Card, *, holder: Actor, at: datetime) -> Sequence[OwnAct]:
    """Return the extension of a reserve card of level 3: once, and after that why not (domain.md 2.5)."""
    hand_out = hand_out_of_card(card.pk) if is_of_stock(card) else None
    if hand_out is None or hand_out.loa != REQUIRED_LOA:
        return ()
    refusal = may_extend(hand_out, actor=holder, at=at)
    return (
        OwnAct(
            label=_("Extend by half a year"),
            purpose="extend",
            url=reverse("own-reserve-extend", args=[card.pk]),
            why=problems.explain(refusal) if refusal else None,
        ),
    )


def _card(card: Card, *, acts: Sequence[OwnAct]) -> OwnCard:
    item = product(card.product_code)
    return OwnCard(
        product=words.product_name(item) if item else card.product_code,
        number=card.card_number or "",
        tag=words.CARD_STATES[CardState(card.state)],
        valid_until=card.valid_until.isoformat() if card.valid_until else "",
        acts=acts,
    )


def _session(one: PortalSession, *, here: PortalSession) -> OwnSession:
    return OwnSession(
        id=str(one.pk),
        since=one.auth_time,
        seen=one.last_seen_at,
        role=words.ROLES[Role(one.role)] if one.role else _("Own pages"),
        is_here=one.pk == here.pk,
        is_scanned=means.QR in one.amr,
        is_typed=means.RETURN_CODE in one.amr,
        is_shown=means.MTLS in one.amr,
        is_mobile=one.carrier == Carrier.MOBILE,
    )
