"""The issuers of both environments: state, certificates, lists, and the ceremonies that made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ca.ceremony.approval import all_plans
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.recorded import protocol_file, recorded_protocol
from ca.ceremony.states import PlanState
from ca.environments import Environment
from ca.models import Certificate, Issuer
from ca.registration import OCSP_SIGNER
from ca.selectors import issuers, latest_crl
from ca.signature_counts import KeyFigures, key_figures, signed_by_label
from portal.moments import moment
from portal.pages import asking
from portal.pages.central.authorization import central_administrator
from portal.pages.central.protocols import FIRST
from portal.pages.parts import Fact
from portal.words import Tag, Text

PLAN_STATES: Final = {
    PlanState.PROPOSED: Tag(tone="warn", icon="people", label=gettext_lazy("Waits for two people")),
    PlanState.APPROVED_ONCE: Tag(tone="warn", icon="people", label=gettext_lazy("Waits for one more person")),
    PlanState.APPROVED: Tag(tone="info", icon="check-circle", label=gettext_lazy("Approved, not yet held")),
    PlanState.BEGUN: Tag(tone="warn", icon="hourglass-split", label=gettext_lazy("Under way")),
    PlanState.HELD: Tag(tone="ok", icon="check-circle", label=gettext_lazy("Held")),
    PlanState.WITHDRAWN: Tag(tone="mute", icon="x-circle", label=gettext_lazy("Withdrawn")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRow:
    """One issuer."""

    key: str
    name: str
    environment: str
    tag: Tag
    detail: Text
    certificates: Sequence[Fact]
    crl: str
    signer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyRow:
    """A plan or a ceremony that was held."""

    title: Text
    url: str
    at: datetime | None
    tag: Tag
    pdf: str = ""
    json: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresRow:
    """What a key has signed, beside the rows that account for it."""

    label: str
    name: str
    signed: int
    certificates: int
    lists: int
    uncertain: int
    tag: Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuersPage:
    """What the page shows."""

    waiting: Sequence[CeremonyRow]
    issuers: Sequence[IssuerRow]
    ceremonies: Sequence[CeremonyRow]
    figures: Sequence[FiguresRow]


@require_safe
def show_issuers(request: HttpRequest) -> HttpResponse:
    """Show every issuer and every ceremony."""
    central_administrator(request)
    return render(request, "portal/issuers.html", {"page": issuers_page(at=asking.now())})


def issuers_page(*, at: datetime) -> IssuersPage:
    """Return the page as of a moment."""
    plans = all_plans()
    done = {PlanState.HELD.value, PlanState.WITHDRAWN.value}
    return IssuersPage(
        waiting=[_plan_row(plan) for plan in plans if plan.state not in done],
        issuers=[_issuer_row(one, at=at) for one in issuers()],
        ceremonies=[*(_plan_row(plan) for plan in plans if plan.state in done), *_first()],
        figures=_figures() if signed_by_label() else (),
    )


def _issuer_row(issuer: Issuer, *, at: datetime) -> IssuerRow:
    own = Certificate.objects.filter(carrier_id=issuer.key, profile__in=("issuer", "root"))
    signer = (
        Certificate.objects.filter(issuer=issuer, profile=OCSP_SIGNER, revoked_at__isnull=True)
        .order_by("-not_after")
        .first()
    )
    crl = latest_crl(issuer.key)
    tag, detail = _state(issuer, at=at)
    return IssuerRow(
        key=issuer.key,
        name=issuer.common_name,
        environment=issuer.environment,
        tag=tag,
        detail=detail,
        certificates=[
            Fact(name=one.serial_hex, value=_("until %(day)s") % {"day": f"{one.not_after:%Y-%m-%d}"})
            for one in own.order_by("-issued_at")
        ],
        crl=_crl(crl.crl_number, crl.this_update, crl.next_update, at=at) if crl else _("no list"),
        signer=_("until %(day)s") % {"day": f"{signer.not_after:%Y-%m-%d}"} if signer else _("none"),
    )


def _state(issuer: Issuer, *, at: datetime) -> tuple[Tag, Text]:
    if issuer.revoked_at is not None:
        when = _("since %(when)s") % {"when": moment(issuer.revoked_at, now=at)}
        return Tag(tone="bad", icon="slash-circle", label=_("Revoked")), when
    if issuer.retired_at is not None:
        when = _("since %(when)s; its status goes on") % {"when": moment(issuer.retired_at, now=at)}
        return Tag(tone="mute", icon="clock-history", label=_("Retired")), when
    return Tag(tone="ok", icon="check-circle", label=_("Issues")), ""


def _crl(number: int, this_update: datetime | None, next_update: datetime | None, *, at: datetime) -> str:
    return _("number %(number)s, %(when)s, next before %(next)s") % {
        "number": number,
        "when": moment(this_update, now=at) if this_update else "-",
        "next": moment(next_update, now=at) if next_update else "-",
    }


def _plan_row(plan: CeremonyPlan) -> CeremonyRow:
    state = PlanState(plan.state)
    is_held = state is PlanState.HELD
    return CeremonyRow(
        title=plan.title,
        url=reverse("ceremony", args=[plan.pk]),
        at=plan.held_at or plan.withdrawn_at or plan.proposed_at,
        tag=PLAN_STATES[state],
        pdf=reverse("protocol", args=[plan.protocol_name, "pdf"]) if is_held else "",
        json=reverse("protocol", args=[plan.protocol_name, "json"]) if is_held else "",
    )


def _figures() -> Sequence[FiguresRow]:
    names = {one.key: one.common_name for one in issuers()}
    return [_figures_row(one, name=names.get(one.label, "")) for one in key_figures()]


def _figures_row(one: KeyFigures, *, name: str) -> FiguresRow:
    if one.without_a_row:
        label = _("%(count)s without a row") % {"count": one.without_a_row}
        tag = Tag(tone="bad", icon="exclamation-octagon", label=label)
    else:
        tag = Tag(tone="ok", icon="check-circle", label=_("All have a row"))
    return FiguresRow(
        label=one.label,
        name=name,
        signed=one.signed,
        certificates=one.certificates,
        lists=one.crls,
        uncertain=one.uncertain + one.accepted,
        tag=tag,
    )


def _first() -> Sequence[CeremonyRow]:
    return [
        CeremonyRow(
            title=_("First ceremony of %(environment)s") % {"environment": environment.value},
            url="",
            at=_held_at(environment),
            tag=PLAN_STATES[PlanState.HELD],
            pdf=reverse("protocol", args=[FIRST[environment], "pdf"]),
            json=reverse("protocol", args=[FIRST[environment], "json"]),
        )
        for environment in Environment
        if protocol_file(environment).exists()
    ]


def _held_at(environment: Environment) -> datetime | None:
    """Return when an environment's first ceremony ended, as its protocol tells it; None where it does not."""
    try:
        return datetime.fromisoformat(str((recorded_protocol(environment) or {})["finished_at"]))
    except (KeyError, ValueError):
        return None
