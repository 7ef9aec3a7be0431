"""The basis lists and the preview of a bulk decision: nothing is done before somebody says so, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cards.basis_selectors import cards_with_a_former_name, count_cards_on_basis
from cards.outdated_selectors import WARNED_BEFORE, count_outdated_orders, lately_removed, outdated_orders
from cards.policies import MAY_BLOCK, MAY_REMOVE_OUTDATED
from directory.basis_decisions import (
    MOST_ALONE,
    decide,
    left_alone,
    list_digest,
    visible_decisions,
    was_stopped,
    weight_of,
)
from directory.basis_models import BasisDecision, BasisSubject
from directory.errors import BasisDecisionRefused
from directory.role_basis_selectors import LISTING_ROLES, count_outdated_roles
from journal.actor import Actor
from portal.pages import asking
from portal.pages.basis import signing
from portal.pages.basis.rows import BasisRow, order_row, rows_of
from portal.pages.desk.replacing import card_says, renamed_url
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import Chip, Crumb, Line
from portal.signing.step_up import signed
from portal.wordings import registers as words_of
from portal.words import Text

_ROWS: Final = 50
_DECISIONS: Final = 10
LISTS: Final = {
    BasisSubject.CARD: MAY_BLOCK,
    BasisSubject.ROLE: LISTING_ROLES,
    BasisSubject.ORDER: MAY_REMOVE_OUTDATED,
}
"""Which roles get which list."""
READERS: Final = frozenset().union(*LISTS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisPage:
    """What a list shows."""

    subject: str
    title: Text
    lead: Text
    chips: Sequence[Chip]
    rows: Sequence[BasisRow]
    nothing: Text
    renamed: Sequence[Line]
    soon: Sequence[BasisRow]
    removed: Sequence[BasisRow]
    decisions: Sequence[Line]
    next_url: str
    first_url: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPage:
    """What the preview of a decision shows."""

    subject: str
    title: Text
    act: Text
    toll: Sequence[Text]
    rows: Sequence[BasisRow]
    digest: str
    reason: str
    problem: Text
    url: str
    back_url: str
    crumbs: Sequence[Crumb]


@require_http_methods(["GET", "HEAD", "POST"])
def show_basis(request: HttpRequest, subject: str = "card") -> HttpResponse:
    """Show a list; a form with chosen rows shows what deciding about them does, and then decides."""
    actor, at = asking.who(request), asking.now()
    kind = _subject(subject, actor)
    if request.method != "POST":
        page = basis_page(kind, actor=actor, at=at, after=request.GET.get("after", ""))
        return render(request, "portal/basis.html", {"page": page})
    chosen = _chosen(request.POST.getlist("row"))
    found = {row.id: row for row in rows_of(kind, actor=actor, at=at, chosen=chosen, limit=500)}
    rows = [found[str(one)] for one in chosen if str(one) in found and found[str(one)].why is None]
    if not rows:
        messages.warning(request, str(words_of.RULES["changed" if chosen else "empty"]))
        return HttpResponseRedirect(_address(kind))
    if request.POST.get("step") != "decide":
        return _preview(request, kind, rows)
    try:
        decision = _decide(request, kind, rows, actor=actor, at=at)
    except BasisDecisionRefused as error:
        rule = words_of.RULES.get(error.facts.get("rule", ""), words_of.RULES["decided"])
        return _preview(request, kind, rows, problem=rule)
    messages.success(
        request,
        _("Decided. A second person must approve it before anything is done.")
        if decision.needs_second_person
        else _("Decided. It is carried out within seconds, row by row."),
    )
    return HttpResponseRedirect(reverse("basis-decision", args=[decision.pk]))


def _decide(
    request: HttpRequest, kind: BasisSubject, rows: Sequence[BasisRow], *, actor: Actor, at: datetime
) -> BasisDecision:
    """Decide about what was shown, and about nothing else."""
    if request.POST.get("digest") != _digest(rows):
        raise BasisDecisionRefused("not what was shown", facts={"rule": "changed"})
    if request.POST.get("confirmed") != "on":
        raise BasisDecisionRefused("not confirmed", facts={"rule": "not_confirmed"})
    reason = request.POST.get("reason", "")
    chosen = [row.chosen for row in rows]
    if not signing.is_signed(kind, count=len(rows)):
        return decide(kind, chosen, reason=reason, actor=actor, at=at)
    with signed(request, signing.deciding(kind, rows, digest=_digest(rows)), actor=actor, at=at) as doer:
        return decide(kind, chosen, reason=reason, actor=doer, at=at)


def basis_page(subject: BasisSubject, *, actor: Actor, at: datetime, after: str = "") -> BasisPage:
    """Return a list as of a moment, within what the actor may see."""
    after = after if _is_uuid(after) else ""
    found = rows_of(subject, actor=actor, at=at, after=after, limit=_ROWS + 1)
    rows = found[:_ROWS]
    counts = {
        BasisSubject.CARD: count_cards_on_basis,
        BasisSubject.ROLE: count_outdated_roles,
        BasisSubject.ORDER: count_outdated_orders,
    }
    is_order = subject is BasisSubject.ORDER
    return BasisPage(
        subject=subject.value,
        title=words_of.SUBJECTS[subject],
        lead=_LEADS[subject],
        chips=[
            Chip(
                label=f"{words_of.SUBJECTS[one]} ({counts[one](actor=actor, at=at)})",
                url=_address(one),
                is_chosen=one is subject,
            )
            for one, roles in LISTS.items()
            if actor.role in roles
        ],
        rows=rows,
        nothing=_NOTHING[subject],
        renamed=_renamed(actor, at=at) if subject is BasisSubject.CARD and not after else (),
        soon=_soon(actor, at=at) if is_order and not after else (),
        removed=[order_row(one, now=at) for one in lately_removed(actor=actor, at=at)]
        if is_order and not after
        else (),
        decisions=[
            decision_line(one)
            for one in visible_decisions(actor=actor).filter(subject=subject.value)[:_DECISIONS]
        ],
        next_url=_address(subject, after=rows[-1].id) if len(found) > _ROWS else "",
        first_url=_address(subject) if after else "",
        url=_address(subject),
    )


def decision_line(decision: BasisDecision) -> Line:
    """Return a decision as a line of a list."""
    count = ngettext("%d row", "%d rows", decision.total) % decision.total
    return Line(
        title=f"{words_of.SUBJECTS[BasisSubject(decision.subject)]}, {count}",
        detail=decision.reason,
        act=_state(decision),
        url=reverse("basis-decision", args=[decision.pk]),
    )


def _state(decision: BasisDecision) -> Text:
    if decision.withdrawn_at is not None:
        return _("Withdrawn")
    if was_stopped(decision):
        return words_of.STOPPED.label
    if decision.finished_at is not None:
        return _("Carried out")
    if decision.needs_second_person and decision.approved_at is None:
        return _("Waits for a second person")
    return _("Under way")


def _preview(
    request: HttpRequest, subject: BasisSubject, rows: Sequence[BasisRow], *, problem: Text = ""
) -> HttpResponse:
    actor, at = asking.who(request), asking.now()
    certificates = sum(row.chosen.weight for row in rows)
    count = len(rows)
    toll: list[Text] = []
    match subject:
        case BasisSubject.CARD:
            title = ngettext("Block %d card", "Block %d cards", count) % count
            toll.append(
                ngettext(
                    "%(count)d certificate is revoked. It cannot be undone.",
                    "%(count)d certificates are revoked. It cannot be undone.",
                    certificates,
                )
                % {"count": certificates}
            )
            toll.append(_("Everybody who asks about the certificates learns it within a minute."))
        case BasisSubject.ROLE:
            title = ngettext("Take %d role", "Take %d roles", count) % count
            toll.append(_("Whoever uses a role that is taken is logged out. It can be given anew."))
        case BasisSubject.ORDER:
            title = ngettext("Remove %d order", "Remove %d orders", count) % count
            toll.append(_("The orders end, and cards for them will never be made."))
    toll.append(_("Each row is looked at again just before: what is no longer so is left alone."))
    if weight_of(subject, rows=count, certificates=certificates) > left_alone(subject, actor=actor, at=at):
        toll.append(
            _(
                "More than %(count)d certificates or cards in a day take two people: somebody else must "
                "approve it."
            )
            % {"count": MOST_ALONE}
        )
    page = PreviewPage(
        subject=subject.value,
        title=title,
        act=title,
        toll=toll,
        rows=rows,
        digest=_digest(rows),
        reason=request.POST.get("reason", "")[:500],
        problem=problem,
        url=_address(subject),
        back_url=_address(subject),
        crumbs=(
            Crumb(label=words_of.SUBJECTS[subject], url=_address(subject)),
            Crumb(label=_("Decide")),
        ),
    )
    return render(request, "portal/basis_preview.html", {"page": page}, status=422 if problem else 200)


def _digest(rows: Sequence[BasisRow]) -> str:
    """Return the digest of what is shown: the rows, and how many certificates they revoke."""
    weight = sum(row.chosen.weight for row in rows)
    return f"{list_digest([row.chosen.subject_id for row in rows])}-{weight}"


def _subject(text: str, actor: Actor) -> BasisSubject:
    try:
        subject = BasisSubject(text)
    except ValueError:
        raise PermissionDenied from None
    if actor.role not in LISTS[subject]:
        raise PermissionDenied
    return subject


def _chosen(texts: Sequence[str]) -> list[UUID]:
    return [UUID(text) for text in dict.fromkeys(texts) if _is_uuid(text)][:200]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _address(subject: BasisSubject, *, after: str = "") -> str:
    url = reverse("basis", args=[subject.value])
    return f"{url}?{urlencode({'after': after})}" if after else url


def _renamed(actor: Actor, *, at: datetime) -> list[Line]:
    return [
        Line(
            title=shown_name(card.person),
            detail=card_says(card),
            act=_("Order a new card"),
            url=renamed_url(card, actor=actor, at=at),
        )
        for card in cards_with_a_former_name(actor=actor)
    ]


def _soon(actor: Actor, *, at: datetime) -> list[BasisRow]:
    due = {one.pk for one in outdated_orders(actor=actor, at=at)}
    ahead = outdated_orders(actor=actor, at=at, ahead=WARNED_BEFORE)
    return [order_row(one, now=at) for one in ahead if one.pk not in due]


_LEADS: Final = {
    BasisSubject.CARD: gettext_lazy(
        "Cards in use whose holders are dead, have emigrated, or are missing in HSA or PU. "
        "A register blocks nothing: you decide."
    ),
    BasisSubject.ROLE: gettext_lazy(
        "Roles whose holders have left, or that nobody has used for long. You decide which are taken."
    ),
    BasisSubject.ORDER: gettext_lazy(
        "Orders that were never made. They are removed by themselves every night, "
        "unless they are many at once."
    ),
}
_NOTHING: Final = {
    BasisSubject.CARD: gettext_lazy("No card to block"),
    BasisSubject.ROLE: gettext_lazy("No outdated role"),
    BasisSubject.ORDER: gettext_lazy("No outdated order"),
}
