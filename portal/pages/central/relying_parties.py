"""The services that may ask people to identify themselves: added, changed and closed by signature."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from authn.errors import InvalidParameters
from authn.evidence import Flow, Purpose
from authn.levels import LOA2, LOA3
from authn.models import RelyingParty
from authn.relying_parties import Registration, close, register
from portal.pages import asking
from portal.pages.central.authorization import central_administrator
from portal.pages.desk.identity_form import dress
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """One service."""

    rp_id: str
    name: str
    origins: str
    is_open: bool
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesPage:
    """What the page shows around its form; ``changes`` names the service that the form is about."""

    rows: Sequence[ServiceRow]
    changes: str


class ServiceForm(forms.Form):
    """Who it is, what people are shown, where they come back to, and what it may ask."""

    rp_id = forms.CharField(
        label=gettext_lazy("HSA-id in its function certificate"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name_sv = forms.CharField(label=gettext_lazy("Name in Swedish, as people see it"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=80)
    return_origins = forms.CharField(
        label=gettext_lazy("Addresses that people may come back to"),
        help_text=gettext_lazy("One on each line, like https://journal.example.se, without a path."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    orders_per_minute = forms.IntegerField(
        label=gettext_lazy("Logins a minute at most"), min_value=1, max_value=100_000, initial=600
    )
    most_loa = forms.ChoiceField(
        label=gettext_lazy("Highest level that it may demand"),
        choices=[(LOA2, "LoA2"), (LOA3, "LoA3")],
        initial=LOA3,
    )
    may_sign = forms.BooleanField(label=gettext_lazy("May ask for signatures"), required=False)
    may_show_codes = forms.BooleanField(
        label=gettext_lazy("May show QR codes for another device, which can be relayed"), required=False
    )

    may_use_mtls = forms.BooleanField(
        label=gettext_lazy("May let people show their certificate in the browser (two-way TLS)"),
        required=False,
    )

    def __init__(self, data: object = None, *, initial: dict[str, object] | None = None) -> None:
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        if not settings.SIGILL_MTLS_URL:
            del self.fields["may_use_mtls"]  # nobody does here (POR-3)
        dress(self)

    def registration(self) -> Registration:
        """Return what was filled in; only after ``is_valid``."""
        data = self.cleaned_data
        signs = (Purpose.AUTH_FOR_SIGN, Purpose.SIGN) if data["may_sign"] else ()
        codes = (Flow.OTHER_DEVICE,) if data["may_show_codes"] else ()
        return Registration(
            rp_id=data["rp_id"].strip(),
            name_sv=data["name_sv"],
            name_en=data["name_en"],
            return_origins=tuple(data["return_origins"].split()),
            flows=(Flow.SAME_DEVICE, *codes),
            purposes=(Purpose.AUTH, *signs),
            most_loa=data["most_loa"],
            allows_mtls=data["may_use_mtls"] if "may_use_mtls" in data else _allows_mtls(data["rp_id"]),
            orders_per_minute=data["orders_per_minute"],
        )


@require_http_methods(["GET", "HEAD", "POST"])
def show_services(request: HttpRequest) -> HttpResponse:
    """Show the services, and add, change or close one."""
    actor, at = central_administrator(request), asking.now()
    if request.method != "POST":
        return _page(request, ServiceForm(initial=_initial(request.GET.get("service", ""))))
    if request.POST.get("rp_id", "").strip() == settings.SIGILL_RP_ID:
        raise Http404  # the portal registers itself
    if request.POST.get("step") == "close":
        row = RelyingParty.objects.filter(rp_id=request.POST["rp_id"], closed_at__isnull=True).first()
        if row is None:
            raise Http404
        with signed(request, _closing(row), actor=actor, at=at) as doer:
            close(row.rp_id, actor=doer, at=at)
        messages.success(request, _("%(name)s is closed.") % {"name": row.name_sv})
        return HttpResponseRedirect(reverse("relying-parties"))
    form = ServiceForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    registration = form.registration()
    try:
        with signed(request, _registering(registration), actor=actor, at=at) as doer:
            register(registration, actor=doer, at=at)
    except InvalidParameters:
        form.add_error("return_origins", _("Write addresses like https://journal.example.se, no path."))
        return _page(request, form, status=422)
    messages.success(request, _("%(name)s is registered.") % {"name": registration.name_sv})
    return HttpResponseRedirect(reverse("relying-parties"))


def services_page(*, changes: str = "") -> ServicesPage:
    """Return the services, open ones first."""
    rows = RelyingParty.objects.order_by("closed_at", "name_sv")
    return ServicesPage(
        rows=[
            ServiceRow(
                rp_id=row.rp_id,
                name=row.name_sv,
                origins=", ".join(row.return_origins),
                is_open=row.closed_at is None,
                is_own=row.rp_id == settings.SIGILL_RP_ID,
            )
            for row in rows
        ],
        changes=changes,
    )


def _allows_mtls(rp_id: str) -> bool:
    """Return what stands in the row: where the question is not asked, the answer does not change."""
    return RelyingParty.objects.filter(rp_id=rp_id.strip(), allows_mtls=True).exists()


def _initial(rp_id: str) -> dict[str, object]:
    row = RelyingParty.objects.filter(rp_id=rp_id).first() if rp_id else None
    if row is None:
        return {}
    return {
        "rp_id": row.rp_id,
        "name_sv": row.name_sv,
        "name_en": row.name_en,
        "return_origins": "\n".join(row.return_origins),
        "most_loa": row.most_loa,
        "orders_per_minute": row.orders_per_minute,
        "may_use_mtls": row.allows_mtls,
        "may_sign": Purpose.SIGN.value in row.purposes,
        "may_show_codes": Flow.OTHER_DEVICE.value in row.flows,
    }


def _page(request: HttpRequest, form: ServiceForm, *, status: int = 200) -> HttpResponse:
    page = services_page(changes=str(form["rp_id"].value() or ""))
    return render(request, "portal/relying_parties.html", {"page": page, "form": form}, status=status)


def _registering(registration: Registration) -> Act:
    facts = {
        "rp_id": registration.rp_id,
        "name_sv": registration.name_sv,
        "name_en": registration.name_en,
        "return_origins": " ".join(registration.return_origins),
        "flows": " ".join(registration.flows),
        "purposes": " ".join(registration.purposes),
        "most_loa": registration.most_loa,
        "allows_mtls": str(registration.allows_mtls),
        "orders_per_minute": str(registration.orders_per_minute),
    }
    return Act(
        kind=ActKind.RELYING_PARTY,
        text=_("The service %(name)s (%(id)s) may ask people to identify themselves, for %(origins)s.")
        % {"name": registration.name_sv, "id": registration.rp_id, "origins": facts["return_origins"]},
        facts=facts,
    )


def _closing(row: RelyingParty) -> Act:
    return Act(
        kind=ActKind.RELYING_PARTY,
        text=_("The service %(name)s (%(id)s) may ask nobody any more.")
        % {"name": row.name_sv, "id": row.rp_id},
        facts={"rp_id": row.rp_id, "closed": "yes"},
    )
