"""One plan of a ceremony: what exactly would be done, what it means, and the approval of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from ca.ceremony.approval import approve, may_approve, may_see_ceremonies, withdraw
from ca.ceremony.consequence import Consequence, consequence_for
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.states import PlanAction, PlanState, next_plan_state
from ca.errors import IllegalTransition
from ca.models import Issuer
from directory.models import Person
from journal.actor import Actor
from portal import problems
from portal.pages import asking
from portal.pages.central.issuers import PLAN_STATES
from portal.pages.parts import Crumb
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Tag, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class StepText:
    """A step in words, with the fingerprints it names."""

    text: Text
    details: Sequence[Text]
    digests: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalText:
    """Who approved, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyPage:
    """What the page shows."""

    title: str
    tag: Tag
    environment: str
    plan_sha256: str
    script_sha256: str
    script: str
    proposed_at: datetime
    steps: Sequence[StepText]
    toll: Sequence[Text]
    approvals: Sequence[ApprovalText]
    url: str
    refusal: Problem | None
    may_withdraw: bool
    is_open: bool
    is_dangerous: bool
    crumbs: Sequence[Crumb]


@require_http_methods(["GET", "HEAD", "POST"])
def show_ceremony(request: HttpRequest, ceremony_id: str) -> HttpResponse:
    """Show a plan, and take the approval or the withdrawal of it."""
    actor, at = asking.who(request), asking.now()
    plan = CeremonyPlan.objects.filter(pk=ceremony_id).first()
    if plan is None or may_see_ceremonies(actor) is not None:
        raise Http404  # to others it does not exist
    if request.method != "POST":
        return render(request, "portal/ceremony.html", {"page": ceremony_page(plan, actor=actor, at=at)})
    if request.POST.get("act") == "withdraw":
        withdraw(plan.pk, actor=actor, at=at)
        messages.success(request, _("The plan is withdrawn. Nothing of it was done."))
    else:
        with signed(request, _act(plan), actor=actor, at=at) as doer:
            plan = approve(plan.pk, plan_sha256=request.POST.get("plan_sha256", ""), actor=doer, at=at)
        messages.success(
            request,
            _("Approved by two: the ceremony can be held.")
            if plan.state == PlanState.APPROVED.value
            else _("Approved. One more person must approve it as well."),
        )
    return HttpResponseRedirect(reverse("ceremony", args=[plan.pk]))


def _act(plan: CeremonyPlan) -> Act:
    """Return what the approver signs: this plan, by its digest."""
    return Act(
        kind=ActKind.CA_SETTINGS,
        text=_("I approve the ceremony “%(title)s” in %(environment)s. Digest of the plan: %(digest)s")
        % {"title": plan.title, "environment": plan.environment, "digest": plan.plan_sha256},
        facts={"ceremony_plan_id": str(plan.pk), "plan_sha256": plan.plan_sha256, "state": plan.state},
    )


def ceremony_page(plan: CeremonyPlan, *, actor: Actor, at: datetime) -> CeremonyPage:
    """Return the page of a plan, with the consequences as they are now."""
    refusal = may_approve(plan, actor=actor)
    open_states = {PlanState.PROPOSED.value, PlanState.APPROVED_ONCE.value}
    acts = {str(step["act"]) for step in plan.plan}
    return CeremonyPage(
        title=plan.title,
        tag=PLAN_STATES[PlanState(plan.state)],
        environment=plan.environment,
        plan_sha256=plan.plan_sha256,
        script_sha256=plan.script_sha256,
        script=plan.script,
        proposed_at=plan.proposed_at,
        steps=[_step(step) for step in plan.plan],
        toll=list(_tolls(plan, at=at)),
        approvals=list(_approvals(plan)),
        url=reverse("ceremony", args=[plan.pk]),
        refusal=problems.explain(refusal) if refusal is not None else None,
        may_withdraw=_may_withdraw(plan),
        is_open=plan.state in open_states,
        is_dangerous="revoke_issuer" in acts,
        crumbs=(Crumb(label=_("Issuers and ceremonies"), url=reverse("issuers")), Crumb(label=plan.title)),
    )


def _may_withdraw(plan: CeremonyPlan) -> bool:
    try:
        next_plan_state(PlanState(plan.state), PlanAction.WITHDRAW)
    except IllegalTransition:
        return False
    return True


def _step(step: dict[str, object]) -> StepText:
    issuer = str(step.get("issuer", ""))
    old = step.get("old")
    digests = [str(step["certificate_sha256"])] if "certificate_sha256" in step else []
    match step["act"]:
        case "add_issuer":
            text = _("Make the issuer %(name)s with a key of its own") % {"name": step["common_name"]}
        case "roll_over":
            before = old if isinstance(old, dict) else {}
            digests = [str(before.get("certificate_sha256", ""))]
            text = _("Make the issuer %(name)s and send new requests to it instead of %(old)s") % {
                "name": step["common_name"],
                "old": before.get("common_name", ""),
            }
        case "renew_issuer":
            text = _("Make a new certificate for the key of %(issuer)s") % {"issuer": _name(step, issuer)}
        case "retire_issuer":
            text = _("Retire %(issuer)s: nothing new is issued, its status goes on") % {
                "issuer": _name(step, issuer)
            }
        case "renew_audit":
            text = _("Make a new certificate for the key that signs the journal")
        case "root_crl":
            text = _("Make a new revocation list of the root")
        case _:
            text = _("Revoke %(issuer)s for ever, reason %(reason)s") % {
                "issuer": _name(step, issuer),
                "reason": step.get("reason", ""),
            }
    return StepText(text=text, details=list(_details(step)), digests=digests)


def _name(step: dict[str, object], issuer: str) -> str:
    return str(step.get("common_name", issuer))


def _details(step: dict[str, object]) -> Iterator[str]:
    if isinstance(step.get("issues"), list):
        issued = ", ".join(map(str, step["issues"]))  # type: ignore[call-overload] # looked at above
        yield _("Issues %(profiles)s") % {"profiles": issued}
    orphaned = step.get("nobody_issues_then")
    if isinstance(orphaned, list) and orphaned:
        yield _("Then nobody issues %(profiles)s") % {"profiles": ", ".join(map(str, orphaned))}


def _tolls(plan: CeremonyPlan, *, at: datetime) -> Iterator[str]:
    """Yield what hangs on each issuer that is touched: now while it can be decided, then as it was shown."""
    is_decided = plan.state in {PlanState.BEGUN.value, PlanState.HELD.value, PlanState.WITHDRAWN.value}
    for facts in plan.consequence:
        shown = Consequence.from_json(facts)
        issuer = Issuer.objects.filter(pk=shown.issuer).first()
        one = shown if is_decided or issuer is None else consequence_for(issuer, at=at)
        yield _("%(name)s: %(certificates)s that can still be used, of %(people)s") % {
            "name": one.common_name,
            "certificates": ngettext("%d certificate", "%d certificates", one.live_certificates)
            % one.live_certificates,
            "people": ngettext("%d person", "%d people", one.people) % one.people,
        }
        yield _("They are on %(cards)s and %(functions)s") % {
            "cards": ngettext("%d card", "%d cards", one.cards) % one.cards,
            "functions": ngettext("%d function", "%d functions", one.functions) % one.functions,
        }
        yield _("Relying services ask about them at %(addresses)s") % {
            "addresses": ", ".join(one.status_addresses)
        }
    if any(step["act"] == "revoke_issuer" for step in plan.plan):
        yield _("Logins with these certificates are refused at once and open sessions end")
        yield _("Every card and function needs new certificates from another issuer")
        yield _("It cannot be undone")


def _approvals(plan: CeremonyPlan) -> Iterator[ApprovalText]:
    for person_id, at in (
        (plan.first_approver, plan.first_approved_at),
        (plan.second_approver, plan.second_approved_at),
    ):
        if at is not None:
            person = Person.objects.filter(pk=person_id).first()
            yield ApprovalText(name=person.full_name if person else person_id, at=at)
