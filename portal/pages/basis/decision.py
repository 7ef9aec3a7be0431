"""One bulk decision: who decided what and why, its progress and the outcome of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.basis_selectors import CardGround
from cards.models import Card
from directory.basis_decisions import (
    approve_decision,
    get_decision,
    is_under_way,
    stop_decision,
    was_stopped,
    withdraw_decision,
)
from directory.basis_models import BasisDecision, BasisMember, BasisOutcome, BasisSubject
from directory.errors import BasisDecisionRefused
from directory.models import Role, RoleAssignment
from directory.role_basis_selectors import RoleGround
from directory.selectors import names_of
from journal.actor import Actor
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.basis import signing
from portal.pages.basis.lists import LISTS
from portal.pages.central.registers import Progress
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import Crumb, Fact, grouped
from portal.signing.step_up import signed
from portal.wordings import registers as words_of
from portal.words import Tag, Text

_ROWS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One row of a decision."""

    person: str
    url: str
    what: Text
    ground: Tag
    tag: Tag
    detail: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPage:
    """What the page shows."""

    title: Text
    tag: Tag
    reason: str
    facts: Sequence[Fact]
    progress: Progress | None
    rows: Sequence[MemberRow]
    may_approve: bool
    may_withdraw: bool
    may_stop: bool
    why: Text
    url: str
    crumbs: Sequence[Crumb]


@require_http_methods(["GET", "HEAD", "POST"])
def show_decision(request: HttpRequest, decision_id: str) -> HttpResponse:
    """Show a decision, and take the approval or withdrawal of a large one."""
    actor = asking.who(request)
    decision = _seen(decision_id, actor)
    if request.method == "POST":
        try:
            told = _act(request, decision, request.POST.get("act", ""), actor=actor, at=asking.now())
        except BasisDecisionRefused as error:
            rule = words_of.RULES.get(error.facts.get("rule", ""), words_of.RULES["decided"])
            messages.warning(request, str(rule))
        else:
            messages.success(request, str(told))
        return HttpResponseRedirect(reverse("basis-decision", args=[decision.pk]))
    page = decision_page(decision, actor=actor)
    return render(request, "portal/basis_decision.html", {"page": page})


@require_safe
def show_decision_progress(request: HttpRequest, decision_id: str) -> HttpResponse:
    """Show how far a decision has come and each row's outcome, for htmx."""
    actor = asking.who(request)
    page = decision_page(_seen(decision_id, actor), actor=actor)
    return render(request, "portal/parts/basis_result.html", {"page": page})


def decision_page(decision: BasisDecision, *, actor: Actor) -> DecisionPage:
    """Return the page of a decision."""
    members = list(decision.members.select_related("person").order_by("pk")[:_ROWS])
    waits = _waits(decision)
    is_mine = actor.person_id == decision.decided_person_id
    names = names_of({decision.decided_by, decision.approved_by})
    facts = [
        Fact(name=_("Decided by"), value=names.get(decision.decided_by, decision.decided_by)),
        Fact(name=_("Decided"), value=_when(decision.decided_at)),
    ]
    if decision.approved_at is not None:
        facts.append(Fact(name=_("Approved by"), value=names.get(decision.approved_by, decision.approved_by)))
        facts.append(Fact(name=_("Approved"), value=_when(decision.approved_at)))
    subject = BasisSubject(decision.subject)
    return DecisionPage(
        title=words_of.SUBJECTS[subject],
        tag=_tag(decision),
        reason=decision.reason,
        facts=facts,
        progress=None if waits or decision.withdrawn_at else _progress(decision),
        rows=_rows(subject, members),
        may_approve=waits and not is_mine,
        may_withdraw=waits,
        may_stop=is_under_way(decision),
        why=words_of.RULES["same_person"] if waits and is_mine else "",
        url=reverse("basis-decision", args=[decision.pk]),
        crumbs=(
            Crumb(label=words_of.SUBJECTS[subject], url=reverse("basis", args=[subject.value])),
            Crumb(label=_("Decision")),
        ),
    )


def _act(request: HttpRequest, decision: BasisDecision, act: str, *, actor: Actor, at: datetime) -> Text:
    """Do what a button says and return what is said of it."""
    match act:
        case "withdraw":
            withdraw_decision(decision.pk, actor=actor, at=at)
            return _("Withdrawn. Nothing of it was done.")
        case "stop":
            stop_decision(decision.pk, actor=actor, at=at)
            return _("Stopped. What was done before stays done.")
        case _:
            _approve(request, decision, actor=actor, at=at)
            return _("Approved. It is carried out within seconds, row by row.")


def _approve(request: HttpRequest, decision: BasisDecision, *, actor: Actor, at: datetime) -> None:
    if not signing.is_signed(BasisSubject(decision.subject), count=decision.total):
        approve_decision(decision.pk, actor=actor, at=at)
        return
    rows = _rows(
        BasisSubject(decision.subject), list(decision.members.select_related("person").order_by("pk"))
    )
    lines = [f"{row.person}, {row.what}" for row in rows]
    with signed(request, signing.approving(decision, lines), actor=actor, at=at) as doer:
        approve_decision(decision.pk, actor=doer, at=at)


def _seen(decision_id: str, actor: Actor) -> BasisDecision:
    if not any(actor.role in roles for roles in LISTS.values()):
        raise PermissionDenied
    decision = get_decision(str(decision_id), actor=actor)
    if actor.role not in LISTS[BasisSubject(decision.subject)]:
        raise PermissionDenied
    return decision


def _waits(decision: BasisDecision) -> bool:
    return decision.needs_second_person and decision.approved_at is None and decision.withdrawn_at is None


def _tag(decision: BasisDecision) -> Tag:
    if decision.withdrawn_at is not None:
        return words_of.OUTCOMES["withdrawn"]
    if was_stopped(decision):
        return words_of.STOPPED
    if decision.finished_at is not None:
        return Tag(tone="ok", icon="check-circle", label=_("Carried out"))
    if _waits(decision):
        return Tag(tone="warn", icon="people", label=_("Waits for a second person"))
    return Tag(tone="info", icon="arrow-repeat", label=_("Under way"))


def _progress(decision: BasisDecision) -> Progress:
    outcomes = list(decision.members.values_list("outcome", flat=True))
    done = sum(1 for one in outcomes if one not in {"", BasisOutcome.WITHDRAWN.value})
    other = sum(1 for one in outcomes if one not in {"", BasisOutcome.DONE.value})
    return Progress(
        key="basis",
        label=_("%(done)d of %(total)d rows done") % {"done": done, "total": decision.total},
        done=done,
        total=max(decision.total, 1),
        detail=_("%(count)d left alone so far") % {"count": other} if other else "",
        url=reverse("basis-decision-progress", args=[decision.pk]),
        asks_again=decision.finished_at is None,
    )


def _rows(subject: BasisSubject, members: Sequence[BasisMember]) -> list[MemberRow]:
    what = _subjects(subject, members)
    return [
        MemberRow(
            person=shown_name(one.person),
            url=reverse("person", args=[one.person_id]),
            what=what.get(str(one.subject_id), ""),
            ground=_ground(subject, one.ground),
            tag=words_of.OUTCOMES[one.outcome],
            detail=problems.of_code(one.detail).title if one.detail else "",
        )
        for one in members
    ]


def _subjects(subject: BasisSubject, members: Sequence[BasisMember]) -> Mapping[str, Text]:
    ids = [one.subject_id for one in members]
    match subject:
        case BasisSubject.CARD:
            named = Card.objects.filter(pk__in=ids, person__protected_identity=False)
            numbers = named.values_list("pk", "card_number")
            return {str(pk): grouped(number or "") for pk, number in numbers}
        case BasisSubject.ROLE:
            roles = RoleAssignment.objects.filter(pk__in=ids).values_list("pk", "role")
            return {str(pk): words.ROLES[Role(role)] for pk, role in roles}
        case BasisSubject.ORDER:
            return {}


def _ground(subject: BasisSubject, ground: str) -> Tag:
    match subject:
        case BasisSubject.CARD:
            return words_of.CARD_GROUNDS[CardGround(ground)]
        case BasisSubject.ROLE:
            return words_of.ROLE_GROUNDS[RoleGround(ground)]
        case BasisSubject.ORDER:
            return words_of.ORDER_GROUND


def _when(at: datetime) -> Text:
    return moments.moment(at, now=asking.now())
