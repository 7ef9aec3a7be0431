"""One order of a function certificate: how far it has come, its certificate, and what one can do with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from ca.errors import CaError
from ca.pki.reasons import RevocationReason
from ca.selectors import certificate_pem, chain_pem
from directory.selectors import names_of
from functioncerts import certificate_mails, key_parcels, lifecycle, policies
from functioncerts.errors import FunctionCertificatesError
from functioncerts.models import Answer, Capacity, CertificateMail, FunctionOrder
from functioncerts.notice_selectors import answers_of_order, notices_of_order
from functioncerts.notices import answer_notices, delegates_of
from functioncerts.receipts import TEXT, VERSION, Receipt, accept_receipt, text_sha256
from functioncerts.selectors import certificate_of, get_order
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.errors import DomainError
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.desk.history import timeline
from portal.pages.desk.identity_form import dress
from portal.pages.orderer import function_words
from portal.pages.orderer.certificates import tag_of
from portal.pages.orderer.function import MailLine, mail_line
from portal.pages.parts import Crumb, Fact, TimelineItem
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.wordings.event_values import BY_FIELD
from portal.words import Tag, Text

_FORMS: Final = {
    "pem": "application/x-pem-file",
    "cer": "application/pkix-cert",
    "chain": "application/x-pem-file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """What somebody said to the notices."""

    text: Text
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOrderPage:
    """What the page of an order shows."""

    id: str
    name: str
    tag: Tag
    facts: Sequence[Fact]
    crumbs: Sequence[Crumb]
    findings: Sequence[Text]
    mails: Sequence[MailLine]
    answers: Sequence[AnswerLine]
    events: Sequence[TimelineItem]
    may_decide: bool
    why_not_decide: Problem | None
    needs_receipt: bool
    receipt: str
    is_delivered: bool
    may_fetch: bool
    may_revoke: bool
    may_answer: bool
    renew_url: str
    may_fetch_key: bool = False
    may_mail: bool = False
    why_not_mail: Problem | None = None
    sent: Sequence[MailLine] = ()
    lost: Sequence[str] = ()
    """Addresses of receivers whose newest mail did not arrive."""
    function_url: str = ""
    environment: Tag | None = None
    problem: Problem | None = None


class RevocationForm(forms.Form):
    """Why, and that it is meant."""

    reason = forms.ChoiceField(label=gettext_lazy("Reason"))
    understood = forms.BooleanField(
        label=gettext_lazy("I understand that the certificate stops working and cannot be brought back.")
    )

    def __init__(self, data: object = None) -> None:
        super().__init__(data, auto_id="revoke_%s")  # type: ignore[arg-type]
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            (reason.rfc_name, BY_FIELD["revocation_reason"][reason.rfc_name]) for reason in lifecycle.REASONS
        ]
        dress(self)


class AnswerForm(forms.Form):
    """What happens with a certificate that ends."""

    answer = forms.ChoiceField(label=gettext_lazy("Answer"))
    delegate_to = forms.ChoiceField(label=gettext_lazy("Pass on to"), required=False)

    def __init__(self, data: object = None, *, delegates: dict[str, str] | None = None) -> None:
        super().__init__(data, auto_id="answer_%s")  # type: ignore[arg-type]
        self.fields["answer"].choices = [  # type: ignore[attr-defined]
            (Answer.TAKEN.value, _("I take it on")),
            (Answer.DELEGATED.value, _("Somebody else renews it")),
            (Answer.LEFT.value, _("It may end: it is not needed any more")),
        ]
        self.fields["delegate_to"].choices = [  # type: ignore[attr-defined]
            ("", "-"),
            *((hsa_id, f"{name} ({hsa_id})") for hsa_id, name in (delegates or {}).items()),
        ]
        dress(self)


@require_safe
def show_order(request: HttpRequest, function_order_id: str) -> HttpResponse:
    """Show an order; 404 also when outside the actor's role."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(function_order_id), actor=actor)
    if order.state == FunctionOrderState.ORDERED.value:
        order = lifecycle.settle_order(
            order_id=str(order.pk), actor=Actor.system("function-certificates"), at=at
        )
        order = get_order(str(order.pk), actor=actor)
    return _page(request, order, actor=actor, at=at)


@require_safe
def fetch(request: HttpRequest, function_order_id: str, form: str) -> HttpResponse:
    """Answer with the certificate in PEM or DER, or its chain, once the receipt is accepted (FC-4)."""
    actor = asking.who(request)
    order = get_order(str(function_order_id), actor=actor)
    certificate = certificate_of(order)
    if certificate is None or form not in _FORMS or not order.receipt_version:
        return problems.page(request, problems.of_code("not_found"))
    if (refusal := policies.may_receive(order, actor=actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    der = bytes(certificate.certificate_der)
    content: str | bytes = der
    if form == "pem":
        content = certificate_pem(der)
    elif form == "chain":
        content = certificate_pem(der) + chain_pem(certificate.issuer)
    response = HttpResponse(content, content_type=_FORMS[form])
    ending = {"pem": ".pem", "cer": ".cer", "chain": "-chain.pem"}[form]
    response["Content-Disposition"] = f'attachment; filename="{order.function_object.hsa_id}{ending}"'
    return response


@require_http_methods(["POST"])
def decide(request: HttpRequest, function_order_id: str) -> HttpResponse:
    """Approve or decline an order as its second person."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(function_order_id), actor=actor)
    approves = request.POST.get("decision") == "approve"
    reason = request.POST.get("reason", "").strip()[:200]
    one = order.function_object
    sentence = (
        _("I approve the order of a certificate for %(function)s (%(hsa_id)s) with the names %(names)s.")
        if approves
        else _("I decline the order of a certificate for %(function)s (%(hsa_id)s) with the names %(names)s.")
    )
    text = sentence % {"function": one.name, "hsa_id": one.hsa_id, "names": ", ".join(order.names)}
    facts = {"function_order_id": str(order.pk), "decision": "approve" if approves else "decline"}
    if order.makes_key:
        text += "\n\n" + function_words.password_goes_to(one.mobile)
        facts["mobile"] = one.mobile
    act = Act(kind=ActKind.FUNCTION_CERTIFICATE_ISSUE, text=text, facts=facts)

    def work() -> str:
        with signed(request, act, actor=actor, at=at) as doer:
            if approves:
                lifecycle.approve_order(order_id=str(order.pk), actor=doer, at=at)
            else:
                lifecycle.decline_order(order_id=str(order.pk), reason=reason, actor=doer, at=at)
        return _("The order is approved.") if approves else _("The order is declined.")

    return _done(request, order, work, actor=actor, at=at)


@require_http_methods(["POST"])
def accept(request: HttpRequest, function_order_id: str) -> HttpResponse:
    """Accept the receipt of a certificate that came without (FC-4)."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(function_order_id), actor=actor)
    if request.POST.get("receipt") != VERSION:
        problem = problems.of_code("receipt_not_accepted", fixer="you")
        return _page(request, order, actor=actor, at=at, problem=problem)
    act = Act(
        kind=ActKind.FUNCTION_CERTIFICATE_ISSUE,
        text=_("I receive the certificate of %(function)s (%(hsa_id)s).")
        % {"function": order.function_object.name, "hsa_id": order.function_object.hsa_id}
        + "\n\n"
        + TEXT,
        facts={"function_order_id": str(order.pk), "receipt": text_sha256()},
    )

    def work() -> str:
        with signed(request, act, actor=actor, at=at) as doer:
            receipt = Receipt(version=VERSION, evidence_id=doer.evidence_id)
            accept_receipt(order_id=str(order.pk), receipt=receipt, actor=doer, at=at)
        return _("The receipt is accepted. The certificate can be fetched.")

    return _done(request, order, work, actor=actor, at=at)


@require_http_methods(["POST"])
def revoke(request: HttpRequest, function_order_id: str) -> HttpResponse:
    """Revoke the order's certificate, for ever."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(function_order_id), actor=actor)
    form = RevocationForm(request.POST)
    if not form.is_valid():
        return _page(request, order, actor=actor, at=at, revocation=form, status=422)
    by_name = {reason.rfc_name: reason for reason in RevocationReason}

    def work() -> str:
        reason = by_name[form.cleaned_data["reason"]]
        lifecycle.revoke_certificate(
            order_id=str(order.pk), reason=reason, requested_at=at, actor=actor, at=at
        )
        return _("The certificate is revoked.")

    return _done(request, order, work, actor=actor, at=at)


@require_http_methods(["POST"])
def answer(request: HttpRequest, function_order_id: str) -> HttpResponse:
    """Answer the notices of a certificate that ends (POR-9)."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(function_order_id), actor=actor)
    form = AnswerForm(request.POST, delegates=delegates_of(order, at=at))
    if not form.is_valid():
        return _page(request, order, actor=actor, at=at, answering=form, status=422)

    def work() -> str:
        answer_notices(
            order_id=str(order.pk),
            answer=Answer(form.cleaned_data["answer"]),
            delegate_to=form.cleaned_data["delegate_to"],
            actor=actor,
            at=at,
        )
        return _("The answer is kept, and the notices follow it.")

    return _done(request, order, work, actor=actor, at=at)


def order_page(order: FunctionOrder, *, actor: Actor, at: datetime) -> FunctionOrderPage:
    """Return what the page shows to this actor."""
    one, state = order.function_object, FunctionOrderState(order.state)
    delivered = state is FunctionOrderState.DELIVERED
    may_receive = policies.may_receive(order, actor=actor) is None
    undecided = policies.may_decide(order, actor=actor, at=at)
    waits = state is FunctionOrderState.AWAITING_APPROVAL
    unmailed = certificate_mails.may_mail(order, actor=actor, at=at)
    said = answers_of_order(order)
    mailed = certificate_mails.mails_of(order) if may_receive else []
    names = names_of({row.answered_by for row in said} | {row.delegated_to for row in said})
    return FunctionOrderPage(
        id=str(order.pk),
        name=one.name,
        tag=tag_of(order, at=at),
        facts=_facts(order, at=at),
        crumbs=(
            Crumb(label=_("Function objects"), url=reverse("functions")),
            Crumb(label=one.name, url=reverse("function", args=[one.pk])),
            Crumb(label=_("Order")),
        ),
        findings=[
            function_words.FINDINGS[found["code"]][0]
            for found in order.findings
            if found["code"] in function_words.FINDINGS
        ],
        mails=[mail_line(row) for row in notices_of_order(order)],
        answers=[
            AnswerLine(
                text=function_words.ANSWERS[row.answer],
                who=names.get(row.delegated_to or row.answered_by, row.delegated_to or row.answered_by),
                at=row.answered_at,
            )
            for row in said
        ],
        events=_events(order, actor=actor),
        may_decide=waits and undecided is None,
        why_not_decide=problems.explain(undecided) if waits and undecided else None,
        needs_receipt=may_receive and delivered and not order.receipt_version,
        receipt=TEXT,
        is_delivered=delivered,
        may_fetch=may_receive and bool(order.certificate_id) and bool(order.receipt_version),
        may_revoke=policies.may_revoke(order, actor=actor, at=at) is None,
        may_answer=delivered and may_receive,
        renew_url=f"{reverse('function-order-new', args=[one.pk])}?replaces={order.pk}"
        if delivered and policies.may_order(one, actor=actor, at=at) is None
        else "",
        may_fetch_key=order.makes_key and key_parcels.may_fetch(order, actor=actor, at=at) is None,
        may_mail=delivered and unmailed is None,
        why_not_mail=problems.explain(unmailed) if may_receive and delivered and unmailed else None,
        sent=[_sent(mail) for mail in mailed],
        lost=certificate_mails.lost_among(mailed),
        function_url=reverse("function", args=[one.pk]),
        environment=words.environment_tag(order.environment),
    )


def _events(order: FunctionOrder, *, actor: Actor) -> Sequence[TimelineItem]:
    """Return what happened to the order, and what the CA did for it."""
    found = timeline("function_order", str(order.pk), actor=actor)
    if order.certificate_request_id:
        found += timeline("certificate_request", order.certificate_request_id, actor=actor)
    return sorted(dict.fromkeys(found), key=lambda one: one.at, reverse=True)


def _sent(mail: CertificateMail) -> MailLine:
    return MailLine(
        title=function_words.SEALINGS[mail.sealing],
        to=function_words.CAPACITIES[Capacity.RECEIVER],
        address=mail.address,
        at=mail.asked_at,
        tag=function_words.FATES[mail.fate],
        reply=function_words.reply_said(mail.reply),
    )


def _facts(order: FunctionOrder, *, at: datetime) -> list[Fact]:
    names = names_of({order.ordered_by, order.decided_by, order.receipt_accepted_by, order.revoked_by})
    certificate = certificate_of(order)
    facts = [
        Fact(name=_("Names"), value=", ".join(order.names)),
        Fact(name=_("Ordered"), value=moments.moment(order.ordered_at, now=at)),
        Fact(name=_("By"), value=names.get(order.ordered_by, order.ordered_by)),
    ]
    if order.makes_key:
        facts.append(Fact(name=_("Mobile for codes"), value=order.function_object.mobile))
    if order.decided_by:
        facts.append(Fact(name=_("Second person"), value=names.get(order.decided_by, order.decided_by)))
    if order.decline_reason:
        facts.append(Fact(name=_("Reason"), value=order.decline_reason))
    if order.receipt_accepted_at:
        facts.append(
            Fact(name=_("Receipt accepted"), value=moments.moment(order.receipt_accepted_at, now=at))
        )
    if certificate is not None:
        facts += [
            Fact(name=_("Serial number"), value=certificate.serial_hex, copy=certificate.serial_hex),
            Fact(name=_("Issuer"), value=certificate.issuer.common_name),
            Fact(name=_("Valid from"), value=moments.moment(certificate.not_before, now=at)),
            Fact(name=_("Valid through"), value=moments.moment(certificate.not_after, now=at)),
        ]
    if order.revoked_at:
        reason = BY_FIELD["revocation_reason"].get(order.revocation_reason, order.revocation_reason)
        facts.append(Fact(name=_("Revoked"), value=moments.moment(order.revoked_at, now=at)))
        facts.append(Fact(name=_("Reason"), value=str(reason)))
    if order.failure:
        facts.append(Fact(name=_("Failure"), value=order.failure))
    return facts


def _done(
    request: HttpRequest, order: FunctionOrder, work: Callable[[], str], *, actor: Actor, at: datetime
) -> HttpResponse:
    try:
        messages.success(request, work())
    except (FunctionCertificatesError, CaError) as error:
        fresh = get_order(str(order.pk), actor=actor)
        return _page(request, fresh, actor=actor, at=at, problem=_explained(error))
    return HttpResponseRedirect(reverse("function-order", args=[order.pk]))


def _explained(error: DomainError) -> Problem:
    return problems.explain(error)


def _page(
    request: HttpRequest,
    order: FunctionOrder,
    *,
    actor: Actor,
    at: datetime,
    revocation: RevocationForm | None = None,
    answering: AnswerForm | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    page = order_page(order, actor=actor, at=at)
    context: dict[str, object] = {
        "page": page,
        "problem": problem,
        "version": VERSION,
        "form": revocation or answering,
        "revocation": revocation or RevocationForm(),
    }
    if page.may_answer:
        context["answering"] = answering or AnswerForm(delegates=delegates_of(order, at=at))
    response = render(
        request, "portal/function_order.html", context, status=problem.status if problem else status
    )
    return problems.tagged(response, problem)
