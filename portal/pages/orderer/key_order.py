"""Orders a certificate whose key is made here (PKCS#12), fetches it once, and sends certificates by mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from functioncerts import policies
from functioncerts.approval import approve_key_making, set_key_making
from functioncerts.certificate_mails import ask_mail
from functioncerts.errors import FunctionCertificatesError, Refused
from functioncerts.key_parcels import fetch
from functioncerts.lifecycle import order_with_key
from functioncerts.models import FunctionKind, FunctionObject, FunctionOrder
from functioncerts.receipts import TEXT, VERSION, Receipt, text_sha256
from functioncerts.selectors import get_function_object_by_id, get_order
from functioncerts.validated import default_names, valid_names
from journal.actor import Actor
from portal import problems, words
from portal.pages import asking
from portal.pages.desk.identity_form import dress
from portal.pages.orderer import function_words
from portal.pages.parts import Crumb
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOrderPage:
    """What the form shows."""

    name: str
    crumbs: Sequence[Crumb]
    back_url: str
    mobile: str
    receipt: str
    version: str
    validated: Sequence[str] = ()
    takes_two: bool = False
    problem: Problem | None = None


class NamesForm(forms.Form):
    """The names to certify."""

    names = forms.CharField(
        label=gettext_lazy("Names in the certificate"),
        help_text=gettext_lazy("One on each line; each must lie inside the validated ones."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        max_length=6000,
    )

    def __init__(self, data: object = None, *, initial: dict[str, object] | None = None) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        dress(self)

    def listed(self) -> tuple[str, ...]:
        """Return the names, without empty lines."""
        text: str = self.cleaned_data["names"]
        return tuple(line.strip() for line in text.replace(",", "\n").splitlines() if line.strip())


@require_http_methods(["GET", "HEAD", "POST"])
def order_key(request: HttpRequest, function_id: str) -> HttpResponse:
    """Ask for the names, and order with the receipt; the key is made by the worker."""
    actor, at = asking.who(request), asking.now()
    one = get_function_object_by_id(str(function_id), actor=actor)
    if (refusal := policies.may_order_with_key(one, actor=actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        form = NamesForm(initial={"names": "\n".join(default_names(one, at=at))})
        return _ask(request, one, form, actor=actor, at=at)
    form = NamesForm(request.POST)
    if not form.is_valid():
        return _ask(request, one, form, actor=actor, at=at, status=422)
    if request.POST.get("receipt") != VERSION:
        problem = problems.of_code("receipt_not_accepted", fixer="you")
        return _ask(request, one, form, actor=actor, at=at, problem=problem)
    try:
        order = _placed(request, one, form.listed(), actor=actor, at=at)
    except FunctionCertificatesError as error:
        return _ask(request, one, form, actor=actor, at=at, problem=problems.explain(error))
    messages.success(request, _("The certificate is ordered. The password comes to the mobile."))
    return HttpResponseRedirect(reverse("function-order", args=[order.pk]))


@require_http_methods(["POST"])
def fetch_key(request: HttpRequest, function_order_id: str) -> HttpResponse:
    """Answer with the PKCS#12 file, this once."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(function_order_id), actor=actor)
    try:
        content = fetch(order_id=str(order.pk), actor=actor, at=at)
    except Refused as error:
        return problems.page(request, problems.explain(error))
    return HttpResponse(
        content,
        content_type="application/x-pkcs12",
        headers={
            "Content-Disposition": f'attachment; filename="{order.function_object.hsa_id}.p12"',
            "Cache-Control": "no-store",
        },
    )


@require_http_methods(["POST"])
def send_by_mail(request: HttpRequest, function_order_id: str) -> HttpResponse:
    """Have the certificate sent to its receivers, encrypted."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(function_order_id), actor=actor)
    try:
        number = ask_mail(order_id=str(order.pk), actor=actor, at=at)
    except Refused as error:
        return problems.page(request, problems.explain(error))
    told = ngettext("It is sent to %(count)d receiver.", "It is sent to %(count)d receivers.", number)
    messages.success(request, told % {"count": number})
    return HttpResponseRedirect(reverse("function-order", args=[order.pk]))


@require_http_methods(["POST"])
def decide_keys(request: HttpRequest) -> HttpResponse:
    """Ask for which kinds of function keys may be made here in the own organization, or approve it."""
    actor, at = asking.who(request), asking.now()
    if (approved := request.POST.get("approve", "")) in set(FunctionKind):
        return _approve_keys(request, FunctionKind(approved), actor=actor, at=at)
    kinds = sorted({kind.value for kind in FunctionKind} & set(request.POST.getlist("kind")))
    act = Act(
        kind=ActKind.CA_SETTINGS,
        text=_("I allow keys made here, fetched as PKCS#12, for these kinds of function: %(kinds)s.")
        % {"kinds": ", ".join(kinds) or "-"},
        facts={"organization_id": actor.organization_id, "keys_made_here": ",".join(kinds)},
    )
    try:
        with signed(request, act, actor=actor, at=at) as doer:
            for kind in FunctionKind:
                set_key_making(
                    organization_id=actor.organization_id,
                    kind=kind,
                    is_allowed=kind.value in kinds,
                    actor=doer,
                    at=at,
                )
    except Refused as error:
        return problems.page(request, problems.explain(error))
    messages.success(request, _("The change is made."))
    return HttpResponseRedirect(reverse("functions"))


def _approve_keys(request: HttpRequest, kind: FunctionKind, *, actor: Actor, at: datetime) -> HttpResponse:
    """Allow, as the second person, what somebody else asked for."""
    act = Act(
        kind=ActKind.CA_SETTINGS,
        text=_("I approve that keys are made here, fetched as PKCS#12, for this kind of function: %(kind)s.")
        % {"kind": words.FUNCTION_KINDS[kind.value]},
        facts={"organization_id": actor.organization_id, "approved_keys_made_here": kind.value},
    )
    try:
        with signed(request, act, actor=actor, at=at) as doer:
            approve_key_making(organization_id=actor.organization_id, kind=kind, actor=doer, at=at)
    except FunctionCertificatesError as error:
        return problems.page(request, problems.explain(error))
    messages.success(request, _("The change is made."))
    return HttpResponseRedirect(reverse("functions"))


def _placed(
    request: HttpRequest, one: FunctionObject, names: Sequence[str], *, actor: Actor, at: datetime
) -> FunctionOrder:
    act = Act(
        kind=ActKind.FUNCTION_CERTIFICATE_ISSUE,
        text=_("I order a certificate for %(function)s (%(hsa_id)s) with the names %(names)s.")
        % {"function": one.name, "hsa_id": one.hsa_id, "names": ", ".join(names)}
        + "\n\n"
        + function_words.password_goes_to(one.mobile)
        + "\n\n"
        + TEXT,
        facts={
            "function_object_id": str(one.pk),
            "names": ",".join(names),
            "makes_key": "yes",
            "mobile": one.mobile,
            "receipt": text_sha256(),
        },
    )
    with signed(request, act, actor=actor, at=at) as doer:
        return order_with_key(
            hsa_id=one.hsa_id,
            names=names,
            mobile=one.mobile,
            receipt=Receipt(version=VERSION, evidence_id=doer.evidence_id),
            actor=doer,
            at=at,
        )


def _ask(
    request: HttpRequest,
    one: FunctionObject,
    form: NamesForm,
    *,
    actor: Actor,
    at: datetime,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    page = KeyOrderPage(
        name=one.name,
        crumbs=(
            Crumb(label=_("Function objects"), url=reverse("functions")),
            Crumb(label=one.name, url=reverse("function", args=[one.pk])),
            Crumb(label=_("Order with a key made here")),
        ),
        back_url=reverse("function", args=[one.pk]),
        mobile=one.mobile,
        receipt=TEXT,
        version=VERSION,
        validated=valid_names(one, at=at),
        takes_two=policies.needs_second_person(one, actor=actor),
        problem=problem,
    )
    response = render(
        request,
        "portal/function_order_key.html",
        {"page": page, "form": form},
        status=problem.status if problem else status,
    )
    return problems.tagged(response, problem)
