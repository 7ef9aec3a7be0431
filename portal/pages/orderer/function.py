"""One function object: certificates, names, notices with their fate, who is responsible, what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from functioncerts import policies, setup
from functioncerts.errors import Refused
from functioncerts.models import Capacity, FunctionKind, FunctionObject, NameValidation
from functioncerts.notice_selectors import NoticeRow, lost_among, notices_of_object
from functioncerts.selectors import get_function_object_by_id, orders_of
from functioncerts.states import FunctionObjectState
from functioncerts.validated import validations_in_force
from journal.actor import Actor
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.desk.history import timeline
from portal.pages.desk.identity_form import dress
from portal.pages.orderer import function_words
from portal.pages.orderer.certificates import FunctionRow, rows_of
from portal.pages.parts import Act, Crumb, Fact, TimelineItem
from portal.problems import Problem
from portal.words import Tag, Text

_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationLine:
    """A name that counts for the object, how it was shown and until when."""

    name: str
    method: Text
    reference: str
    valid_to: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    """A mail of a notice and what became of it."""

    title: Text
    to: Text
    address: str
    at: datetime | None
    tag: Tag
    reply: Text
    function: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPage:
    """What the view of one function object shows."""

    id: str
    name: str
    tag: Tag
    facts: Sequence[Fact]
    rows: Sequence[FunctionRow]
    crumbs: Sequence[Crumb]
    validations: Sequence[ValidationLine] = ()
    mails: Sequence[MailLine] = ()
    lost: Sequence[str] = ()
    """Addresses whose newest mail did not arrive."""
    acts: Sequence[Act] = ()
    events: Sequence[TimelineItem] = ()
    tags: Sequence[str] = ()
    may_set_up: bool = False
    environment: Tag | None = None
    problem: Problem | None = None


class SetUpForm(forms.Form):
    """Tags, the mobile for codes, and who is responsible."""

    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        help_text=gettext_lazy("Words to find it by, with commas between them."),
        max_length=500,
        required=False,
    )
    order_responsible = forms.CharField(
        label=gettext_lazy("Responsible for orders"),
        help_text=gettext_lazy("HSA-ids with commas between them; they get the notices as well."),
        max_length=400,
        required=False,
    )
    receivers = forms.CharField(
        label=gettext_lazy("Receivers"),
        help_text=gettext_lazy("HSA-ids with commas between them."),
        max_length=400,
        required=False,
    )
    mobile = forms.CharField(
        label=gettext_lazy("Mobile for codes"),
        help_text=gettext_lazy("With country code, like +46701234567."),
        max_length=24,
        required=False,
    )

    def __init__(self, data: object = None, *, initial: dict[str, object] | None = None) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        dress(self)


@require_safe
def show_function(request: HttpRequest, function_id: str) -> HttpResponse:
    """Show one function object; 404 also when outside the actor's role."""
    actor, at = asking.who(request), asking.now()
    one = get_function_object_by_id(str(function_id), actor=actor)
    return _page(request, one, actor=actor, at=at)


@require_http_methods(["POST"])
def set_up(request: HttpRequest, function_id: str) -> HttpResponse:
    """Change tags, mobile and who is responsible."""
    actor, at = asking.who(request), asking.now()
    one = get_function_object_by_id(str(function_id), actor=actor)
    form = SetUpForm(request.POST)
    if not form.is_valid():
        return _page(request, one, actor=actor, at=at, form=form, status=422)
    data = form.cleaned_data
    try:
        changed = setup.set_up(
            one,
            tags=data["tags"].split(","),
            mobile=data["mobile"],
            order_responsible=data["order_responsible"].split(","),
            receivers=data["receivers"].split(","),
            actor=actor,
            at=at,
        )
    except Refused as error:
        return _page(request, one, actor=actor, at=at, form=form, problem=problems.explain(error))
    messages.success(request, _("The change is made.") if changed else _("Nothing was different."))
    return HttpResponseRedirect(reverse("function", args=[one.pk]))


def function_page(one: FunctionObject, *, actor: Actor, at: datetime) -> FunctionPage:
    """Return what the page shows to this actor."""
    responsible = list(one.responsible.order_by("capacity", "hsa_id"))
    facts = [
        Fact(name=_("HSA-id"), value=one.hsa_id, copy=one.hsa_id),
        Fact(name=_("Organization"), value=one.organization.name),
        *([Fact(name=_("Unit"), value=one.unit.name)] if one.unit else []),
        Fact(name=_("Kind"), value=str(words.FUNCTION_KINDS[one.kind])),
        Fact(name=_("Mailbox for notices"), value=one.mailbox or _("none")),
        Fact(name=_("Registered"), value=moments.moment(one.registered_at, now=at)),
    ]
    if one.validated_at is not None:
        facts.append(Fact(name=_("Validated"), value=moments.moment(one.validated_at, now=at)))
    if one.last_read_at is not None:
        facts.append(Fact(name=_("Read from HSA"), value=moments.moment(one.last_read_at, now=at)))
    for capacity in Capacity:
        named = ", ".join(row.hsa_id for row in responsible if row.capacity == capacity.value)
        if named:
            facts.append(Fact(name=function_words.CAPACITIES[capacity.value], value=named))
    if one.mobile:
        facts.append(Fact(name=_("Mobile for codes"), value=one.mobile))
    told = notices_of_object(one, actor=actor, limit=_ROWS)
    return FunctionPage(
        id=str(one.pk),
        name=one.name,
        tag=words.FUNCTION_OBJECT_STATES[FunctionObjectState(one.state)],
        facts=facts,
        rows=rows_of(orders_of(one, actor=actor, limit=_ROWS), at=at),
        crumbs=(Crumb(label=_("Function objects"), url=reverse("functions")), Crumb(label=one.name)),
        validations=[_validation(known) for known in validations_in_force(one, at=at).order_by("name")],
        mails=[mail_line(row) for row in told],
        lost=lost_among(told),
        acts=_acts(one, actor=actor, at=at),
        events=timeline("function_object", str(one.pk), actor=actor),
        tags=list(one.tags.order_by("tag").values_list("tag", flat=True)),
        may_set_up=policies.may_set_up(one, actor=actor) is None,
        environment=words.environment_tag(one.environment),
    )


def _page(
    request: HttpRequest,
    one: FunctionObject,
    *,
    actor: Actor,
    at: datetime,
    form: SetUpForm | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    page = function_page(one, actor=actor, at=at)
    context: dict[str, object] = {"page": page, "problem": problem}
    if page.may_set_up:
        context["form"] = form or SetUpForm(initial=_stands(one, page))
    response = render(
        request, "portal/function_object.html", context, status=problem.status if problem else status
    )
    return problems.tagged(response, problem)


def _stands(one: FunctionObject, page: FunctionPage) -> dict[str, object]:
    rows = list(one.responsible.order_by("hsa_id").values_list("capacity", "hsa_id"))
    return {
        "tags": ", ".join(page.tags),
        "mobile": one.mobile,
        "order_responsible": ", ".join(
            hsa_id for capacity, hsa_id in rows if capacity == Capacity.ORDER_RESPONSIBLE.value
        ),
        "receivers": ", ".join(hsa_id for capacity, hsa_id in rows if capacity == Capacity.RECEIVER.value),
    }


def _acts(one: FunctionObject, *, actor: Actor, at: datetime) -> list[Act]:
    if not policies.has_role(actor, policies.MAY_ORDER):
        return []
    refusal = policies.may_order(one, actor=actor, at=at)
    acts = [
        Act(
            label=_("Order a certificate"),
            icon="plus-lg",
            url=reverse("function-order-new", args=[one.pk]),
            why=problems.explain(refusal) if refusal else None,
        )
    ]
    unmade = policies.may_order_with_key(one, actor=actor, at=at)
    if unmade is None or unmade.code != "keys_are_made_by_their_holders":
        acts.append(
            Act(
                label=_("Order with a key made here"),
                icon="key",
                url=reverse("function-order-with-key", args=[one.pk]),
                style="btn-line",
                why=problems.explain(unmade) if unmade else None,
            )
        )
    if one.kind != FunctionKind.EMAIL.value:
        acts.append(
            Act(
                label=_("Let a server renew by itself"),
                icon="hdd-network",
                url=reverse("function-acme", args=[one.pk]),
                style="btn-line",
            )
        )
    return acts


def _validation(known: NameValidation) -> ValidationLine:
    return ValidationLine(
        name=known.name,
        method=function_words.METHODS[known.method],
        reference=known.evidence_reference,
        valid_to=known.valid_to,
    )


def mail_line(row: NoticeRow) -> MailLine:
    """Return a mail of a notice in words."""
    order = row.order
    title = _("Digest of what has ended, week %(week)s") % {"week": row.digest_week}
    if row.name:
        title = _("%(days)s days before the proof of %(name)s ends") % {"days": row.days, "name": row.name}
    elif order:
        title = _("%(days)s days before the end") % {"days": row.days}
    return MailLine(
        title=title,
        function=order.function_object.name if order else "",
        url=reverse("function-order", args=[order.pk]) if order else "",
        to=function_words.RECIPIENTS[row.recipient],
        address=row.address,
        at=row.at,
        tag=function_words.FATES[row.fate],
        reply=function_words.reply_said(row.reply),
    )
