"""The validation specialist's page: which names an organization has a right to, how shown, until when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from directory.models import Organization
from functioncerts import policies, validations
from functioncerts.errors import FunctionCertificatesError, ValidationNotFound
from functioncerts.link_mails import mail_link
from functioncerts.models import NameValidation, ValidationMethod
from functioncerts.notice_selectors import mails_of_validation
from functioncerts.states import NameValidationAction, NameValidationState
from functioncerts.validation_selectors import find_validations, get_validation
from journal.actor import Actor
from portal import moments, problems
from portal.pages import asking
from portal.pages.desk.identity_form import dress
from portal.pages.orderer import function_words
from portal.pages.orderer.function import mail_line
from portal.pages.parts import Chip
from portal.problems import Problem
from portal.words import Tag, Text

_ROWS: Final = 50
_SOON: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRow:
    """A validation as a line of the list."""

    id: str
    name: str
    organization: str
    method: Text
    tag: Tag
    valid_to: datetime | None
    detail: str
    is_waiting: bool
    is_valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationsPage:
    """What the list shows."""

    rows: Sequence[ValidationRow]
    chips: Sequence[Chip]
    next_url: str


class ValidationForm(forms.Form):
    """A name, whose it is, and how the right to it is shown."""

    organization = forms.ModelChoiceField(
        label=gettext_lazy("Organization"), queryset=Organization.objects.order_by("name"), empty_label="-"
    )
    name = forms.CharField(
        label=gettext_lazy("Domain or mail address"),
        help_text=gettext_lazy("Names below a domain are inside it."),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    method = forms.ChoiceField(label=gettext_lazy("Shown by"))
    send_to = forms.CharField(
        label=gettext_lazy("Send the link to"),
        help_text=gettext_lazy("Only for mail: hostmaster, postmaster, admin, administrator or webmaster."),
        max_length=254,
        required=False,
    )
    reference = forms.CharField(
        label=gettext_lazy("The paper's reference"),
        help_text=gettext_lazy("Only for a document or power of attorney: where it is kept."),
        max_length=254,
        required=False,
    )
    sha256 = forms.RegexField(
        r"^([0-9A-Fa-f]{64})?$",
        label=gettext_lazy("The paper's digest (SHA-256)"),
        required=False,
    )
    valid_to = forms.CharField(
        label=gettext_lazy("Last day, YYYY-MM-DD"),
        required=False,
        widget=forms.TextInput(attrs={"class": "width-date", "autocomplete": "off", "maxlength": "10"}),
    )

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["method"].choices = list(function_words.METHODS.items())  # type: ignore[attr-defined]
        dress(self)

    def clean_valid_to(self) -> datetime | None:
        """Return the moment after the last day, in Swedish time, or None."""
        text = self.cleaned_data["valid_to"].strip()
        if not text:
            return None
        try:
            return moments.parse_local(text, "00:00").astimezone(UTC) + timedelta(days=1)
        except ValueError:
            raise forms.ValidationError(_("Write the day as YYYY-MM-DD.")) from None


@require_http_methods(["GET", "HEAD", "POST"])
def show_validations(request: HttpRequest) -> HttpResponse:
    """List validations, and take a new one."""
    actor, at = asking.who(request), asking.now()
    _door(actor)
    if request.method != "POST":
        return _page(request, at=at)
    form = ValidationForm(request.POST)
    if not form.is_valid():
        return _page(request, at=at, form=form, status=422)
    try:
        made = _ask(form, actor=actor, at=at)
    except FunctionCertificatesError as error:
        return _page(request, at=at, form=form, problem=problems.explain(error))
    messages.success(request, _("The validation of %(name)s is noted.") % {"name": made.name})
    return HttpResponseRedirect(reverse("validation", args=[made.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
def show_validation(request: HttpRequest, validation_id: str) -> HttpResponse:
    """Show one validation with what must be done for it; reject it or take it back."""
    actor, at = asking.who(request), asking.now()
    if not policies.has_role(actor, policies.MAY_VALIDATE):
        raise ValidationNotFound(str(validation_id))
    one = get_validation(str(validation_id))
    problem = None
    if request.method == "POST":
        action = (
            NameValidationAction.REJECT
            if request.POST.get("action") == "reject"
            else NameValidationAction.WITHDRAW
        )
        try:
            validations.end_validation(validation_id=str(one.pk), action=action, actor=actor, at=at)
        except FunctionCertificatesError as error:
            problem = problems.explain(error)
        else:
            messages.success(request, _("The validation is ended. Certificates that were issued stay."))
            return HttpResponseRedirect(reverse("validation", args=[one.pk]))
    response = render(
        request,
        "portal/validation.html",
        {
            "row": _row(one, at=at),
            "one": one,
            "problem": problem,
            "dns_name": f"{validations.DNS_LABEL}.{one.name}",
            "dns_value": f"{validations.DNS_PREFIX}{one.token}",
            "http_url": f"http://{one.name}{validations.HTTP_PATH}{one.token}",
            "closes_at": one.requested_at + validations.OPEN_FOR,
            "mails": [mail_line(row) for row in mails_of_validation(one)],
        },
        status=problem.status if problem else 200,
    )
    return problems.tagged(response, problem)


@require_http_methods(["GET", "HEAD", "POST"])
def answer_link(request: HttpRequest, link_token: str) -> HttpResponse:
    """Confirm by the mailed link: shown first, confirmed by a press, so that no mail filter confirms it."""
    at, problem, done = asking.now(), None, False
    try:
        one = validations.validation_of_link(link_token[:64])
        if request.method == "POST":
            validations.confirm_by_link(link_token=link_token[:64], actor=Actor.system("mailed_link"), at=at)
            done = True
    except ValidationNotFound as error:
        return problems.page(request, problems.explain(error))
    except FunctionCertificatesError as error:
        problem = problems.explain(error)
    response = render(
        request,
        "portal/validation_link.html",
        {"one": one, "done": done, "problem": problem},
        status=problem.status if problem else 200,
    )
    return problems.tagged(response, problem)


def _ask(form: ValidationForm, *, actor: Actor, at: datetime) -> NameValidation:
    data, method = form.cleaned_data, ValidationMethod(form.cleaned_data["method"])
    if method in validations.PAPERS:
        return validations.note_paper(
            organization=data["organization"],
            name=data["name"],
            method=method,
            reference=data["reference"],
            sha256=data["sha256"],
            valid_to=data["valid_to"],
            actor=actor,
            at=at,
        )
    asked = validations.ask_validation(
        organization=data["organization"],
        name=data["name"],
        method=method,
        send_to=data["send_to"],
        actor=actor,
        at=at,
    )
    if asked.link_token:
        mail_link(asked, address=reverse("validation-link", args=[asked.link_token]))
    return asked.validation


def _page(
    request: HttpRequest,
    *,
    at: datetime,
    form: ValidationForm | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    chosen, here = request.GET.get("show", ""), reverse("validations")
    found = find_validations(show=chosen, after=request.GET.get("after", "")[:80], at=at, limit=_ROWS)
    labels: dict[str, Callable[[], str]] = {
        "": lambda: _("All"),
        "waiting": lambda: _("Wait for proof"),
        "ending": lambda: _("End within 60 days"),
        "ended": lambda: _("Have run out"),
    }
    page = ValidationsPage(
        rows=[_row(one, at=at) for one in found.validations],
        chips=[
            Chip(
                label=label(),
                url=f"{here}?{urlencode({'show': name})}" if name else here,
                is_chosen=chosen == name,
            )
            for name, label in labels.items()
        ],
        next_url=f"{here}?{urlencode({'show': chosen, 'after': found.after})}" if found.after else "",
    )
    context = {"page": page, "form": form or ValidationForm(), "problem": problem}
    response = render(
        request, "portal/validations.html", context, status=problem.status if problem else status
    )
    return problems.tagged(response, problem)


def _row(one: NameValidation, *, at: datetime) -> ValidationRow:
    is_valid = one.state == NameValidationState.VALID.value
    return ValidationRow(
        id=str(one.pk),
        name=one.name,
        organization=one.organization.name,
        method=function_words.METHODS[one.method],
        tag=_tag(one, at=at),
        valid_to=one.valid_to,
        detail=one.evidence_reference or one.finding,
        is_waiting=one.state == NameValidationState.PENDING.value,
        is_valid=is_valid,
    )


def _tag(one: NameValidation, *, at: datetime) -> Tag:
    if one.state == NameValidationState.VALID.value and one.valid_to is not None:
        if one.valid_to <= at:
            return function_words.RUN_OUT
        if one.valid_to <= at + _SOON:
            return Tag(tone="warn", icon="clock", label=_("Runs out soon"))
    if one.state == NameValidationState.PENDING.value and at >= one.requested_at + validations.OPEN_FOR:
        return function_words.RUN_OUT
    return function_words.VALIDATION_STATES[one.state]


def _door(actor: Actor) -> None:
    if not policies.has_role(actor, policies.MAY_VALIDATE):
        raise PermissionDenied
