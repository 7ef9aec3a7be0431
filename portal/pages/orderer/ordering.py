"""Orders a function certificate: a request is read, each finding explained, the receipt accepted."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from ca.errors import KeyRefused
from functioncerts import policies
from functioncerts.errors import FunctionCertificatesError
from functioncerts.lifecycle import order_certificate
from functioncerts.models import FunctionObject, FunctionOrder
from functioncerts.receipts import TEXT, VERSION, Receipt, text_sha256
from functioncerts.rehearsal import rehearse
from functioncerts.requests_read import refused
from functioncerts.selectors import get_function_object_by_id, get_order
from functioncerts.states import FunctionOrderState
from functioncerts.validated import default_names, valid_names
from functioncerts.wishes import Wish
from journal.actor import Actor
from portal import problems
from portal.pages import asking
from portal.pages.desk.identity_form import dress
from portal.pages.orderer import function_words
from portal.pages.parts import Crumb, Fact, Step
from portal.problems import Problem
from portal.signing.acts import Act as SignedAct
from portal.signing.acts import ActKind
from portal.signing.step_up import signed

_LONGEST_REQUEST: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the request that the orderer should know."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOrderingPage:
    """What the form shows at one of its two questions."""

    step: str
    name: str
    steps: Sequence[Step]
    crumbs: Sequence[Crumb]
    back_url: str
    validated: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    findings: Sequence[Finding] = ()
    receipt: str = ""
    takes_two: bool = False
    replaces: str = ""
    problem: Problem | None = None


class RequestForm(forms.Form):
    """The names to certify and the request with the key."""

    names = forms.CharField(
        label=gettext_lazy("Names in the certificate"),
        help_text=gettext_lazy("One on each line; each must lie inside the validated ones."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        max_length=6000,
    )
    csr = forms.CharField(
        label=gettext_lazy("Certificate request (PKCS#10)"),
        help_text=gettext_lazy(
            "Paste the PEM text here, or choose the file below. Only its key is used: names and all else "
            "in it are left aside."
        ),
        widget=forms.Textarea(
            attrs={"rows": 7, "autocomplete": "off", "spellcheck": "false", "class": "mono"}
        ),
        max_length=_LONGEST_REQUEST,
        required=False,
        strip=True,
    )
    file = forms.FileField(
        label=gettext_lazy("Or the file with the request"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csr,.pem,.req,.p10,.der"}),
    )

    def __init__(
        self, data: object = None, files: object = None, *, initial: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(data, files, initial=dict(initial or {}))  # type: ignore[arg-type]
        dress(self)

    def clean(self) -> dict[str, object]:
        """Read the file where no text was pasted."""
        data = super().clean() or {}
        upload = data.get("file")
        if not data.get("csr") and isinstance(upload, UploadedFile):
            data["csr"] = _pem(upload.read(_LONGEST_REQUEST + 1))
        if not data.get("csr") and not self.errors:
            self.add_error("csr", _("Paste a request, or choose its file."))
        return data

    def listed(self) -> tuple[str, ...]:
        """Return the names, without empty lines."""
        text: str = self.cleaned_data["names"]
        return tuple(line.strip() for line in text.replace(",", "\n").splitlines() if line.strip())


@require_http_methods(["GET", "HEAD", "POST"])
def order_function_certificate(request: HttpRequest, function_id: str) -> HttpResponse:  # noqa: PLR0911 - a refusal each
    """Ask for names and request, explain what is found in it, then place the order with its receipt."""
    actor, at = asking.who(request), asking.now()
    one = get_function_object_by_id(str(function_id), actor=actor)
    if (refusal := policies.may_order(one, actor=actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    replaces = _renewed(request.POST.get("replaces") or request.GET.get("replaces", ""), one, actor=actor)
    if request.method != "POST":
        names = tuple(replaces.names) if replaces else default_names(one, at=at)
        form = RequestForm(initial={"names": "\n".join(names)})
        return _ask(request, one, form, replaces=replaces, at=at)
    form = RequestForm(request.POST, request.FILES)
    if not form.is_valid():
        return _ask(request, one, form, replaces=replaces, at=at, status=422)
    try:
        wish = rehearse(
            hsa_id=one.hsa_id,
            csr=str(form.cleaned_data["csr"]).encode(),
            names=form.listed(),
            replaces=str(replaces.pk) if replaces else "",
            actor=actor,
            at=at,
        )
        if request.POST.get("step") != "place":
            return _confirm(request, one, form, wish, actor=actor)
        if request.POST.get("receipt") != VERSION:
            problem = problems.of_code("receipt_not_accepted", fixer="you")
            return _confirm(request, one, form, wish, actor=actor, problem=problem)
        order = _place(request, form, wish, actor=actor, at=at)
    except FunctionCertificatesError as error:
        if error.facts.get("fault") == "private_key":  # not shown once more, not even to who pasted it
            form = RequestForm(initial={"names": "\n".join(form.listed())})
        return _ask(request, one, form, replaces=replaces, at=at, problem=problems.explain(error))
    except KeyRefused as error:
        return _ask(request, one, form, replaces=replaces, at=at, problem=problems.explain(refused(error)))
    waits = order.state == FunctionOrderState.AWAITING_APPROVAL.value
    messages.success(
        request, _("The order waits for a second person.") if waits else _("The certificate is ordered.")
    )
    return HttpResponseRedirect(reverse("function-order", args=[order.pk]))


def _place(
    request: HttpRequest, form: RequestForm, wish: Wish, *, actor: Actor, at: datetime
) -> FunctionOrder:
    one = wish.function_object
    act = SignedAct(
        kind=ActKind.FUNCTION_CERTIFICATE_ISSUE,
        text=_("I order a certificate for %(function)s (%(hsa_id)s) with the names %(names)s.")
        % {"function": one.name, "hsa_id": one.hsa_id, "names": ", ".join(wish.names)}
        + "\n\n"
        + TEXT,
        facts={
            "function_object_id": str(one.pk),
            "names": ",".join(wish.names),
            "public_key_sha256": wish.public_key_sha256,
            "replaces": str(wish.replaces.pk) if wish.replaces else "",
            "receipt": text_sha256(),
        },
    )
    with signed(request, act, actor=actor, at=at) as doer:
        return order_certificate(
            hsa_id=one.hsa_id,
            csr=str(form.cleaned_data["csr"]).encode(),
            names=wish.names,
            replaces=str(wish.replaces.pk) if wish.replaces else "",
            receipt=Receipt(version=VERSION, evidence_id=doer.evidence_id),
            actor=doer,
            at=at,
        )


def _ask(
    request: HttpRequest,
    one: FunctionObject,
    form: RequestForm,
    *,
    replaces: FunctionOrder | None,
    at: datetime,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    page = FunctionOrderingPage(
        step="ask",
        name=one.name,
        steps=_steps(at_confirm=False),
        crumbs=_crumbs(one),
        back_url=reverse("function", args=[one.pk]),
        validated=valid_names(one, at=at),
        replaces=str(replaces.pk) if replaces else "",
        problem=problem,
    )
    status = problem.status if problem else status
    response = render(request, "portal/function_order_new.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)


def _confirm(
    request: HttpRequest,
    one: FunctionObject,
    form: RequestForm,
    wish: Wish,
    *,
    actor: Actor,
    problem: Problem | None = None,
) -> HttpResponse:
    page = FunctionOrderingPage(
        step="confirm",
        name=one.name,
        steps=_steps(at_confirm=True),
        crumbs=_crumbs(one),
        back_url=reverse("function", args=[one.pk]),
        facts=[
            Fact(name=_("Function"), value=f"{one.name} ({one.hsa_id})"),
            Fact(name=_("Names in the certificate"), value="\n".join(wish.names)),
            Fact(name=_("Organization"), value=one.organization.name),
            Fact(name=_("Key"), value=wish.request.key),
            Fact(name=_("Digest of the key (SHA-256)"), value=wish.public_key_sha256),
            *([Fact(name=_("Renews"), value=", ".join(wish.replaces.names))] if wish.replaces else []),
        ],
        findings=[_finding(found.code, found.facts) for found in wish.request.findings],
        receipt=TEXT,
        takes_two=policies.needs_second_person(one, actor=actor),
        replaces=str(wish.replaces.pk) if wish.replaces else "",
        problem=problem,
    )
    kept = {"names": "\n".join(wish.names), "csr": form.cleaned_data["csr"], "version": VERSION}
    response = render(
        request,
        "portal/function_order_new.html",
        {"page": page, "kept": kept},
        status=problem.status if problem else 200,
    )
    return problems.tagged(response, problem)


def _finding(code: str, facts: Mapping[str, str]) -> Finding:
    title, text = function_words.FINDINGS[code]
    return Finding(title=str(title), text=str(text) % dict(facts))


def _renewed(order_id: str, one: FunctionObject, *, actor: Actor) -> FunctionOrder | None:
    if not order_id:
        return None
    order = get_order(order_id, actor=actor)
    return order if order.function_object_id == one.pk else None


def _pem(content: bytes) -> str:
    """Return a request as text: PEM as it is, DER in PEM's armor."""
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        lines = base64.encodebytes(content).decode()
        return f"-----BEGIN CERTIFICATE REQUEST-----\n{lines}-----END CERTIFICATE REQUEST-----\n"


def _crumbs(one: FunctionObject) -> tuple[Crumb, ...]:
    return (
        Crumb(label=_("Function objects"), url=reverse("functions")),
        Crumb(label=one.name, url=reverse("function", args=[one.pk])),
        Crumb(label=_("Order a certificate")),
    )


def _steps(*, at_confirm: bool) -> tuple[Step, ...]:
    return (
        Step(name=_("Names and request"), progress="done" if at_confirm else "now"),
        Step(name=_("Findings and receipt"), progress="now" if at_confirm else "later"),
        Step(name=_("Ordered"), progress="later"),
    )
