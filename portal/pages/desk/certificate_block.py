"""Blocking one certificate of a person: the card and its other certificates go on (POR-2, POR-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ca.request_draft import CarrierKind
from cards.block_request_selectors import HeldCertificate, held_certificate
from cards.block_requests import Received, block_certificate
from cards.errors import CardsError
from cards.reasons import BlockReason
from directory.swedish_time import SWEDEN
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.desk.blocking import BlockForm
from portal.pages.desk.figures import short_name
from portal.pages.desk.person import loose_carrier
from portal.pages.parts import Crumb, Fact
from portal.problems import Problem
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateBlockPage:
    """What the page shows around its form."""

    name: str
    purpose: Text
    facts: Sequence[Fact]
    toll: Sequence[Text]
    crumbs: Sequence[Crumb]
    person_url: str
    problem: Problem | None


class CertificateBlockForm(BlockForm):
    """The same questions, asked about the certificate: nobody may believe that the card goes with it."""

    def __init__(self, data: object = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["reason"].label = _("Why is the certificate blocked?")
        self.fields["confirmed"].error_messages["required"] = _("Tick this to block the certificate.")


@require_http_methods(["GET", "HEAD", "POST"])
def block_one(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """Show what the block does, and do it when it is meant."""
    actor, at = asking.who(request), asking.now()
    held = held_certificate(certificate_id, actor=actor, at=at)
    person_url = reverse("person", args=[held.person.pk])
    if held.refusal is not None:
        if request.method == "POST" and held.refusal.code == "certificate_revoked":
            messages.warning(request, _("The certificate was revoked already. Nothing was changed now."))
            return HttpResponseRedirect(person_url)
        return problems.page(request, problems.explain(held.refusal))
    if request.method != "POST":
        local = at.astimezone(SWEDEN)
        initial = {"requested_day": f"{local:%Y-%m-%d}", "requested_clock": f"{local:%H:%M}"}
        return _ask(request, held, CertificateBlockForm(initial=initial))
    form = CertificateBlockForm(request.POST)
    if not form.is_valid():
        return _ask(request, held, form)
    try:
        block_certificate(
            certificate_id=held.certificate.pk,
            reason=BlockReason(form.cleaned_data["reason"]),
            received=Received(at=form.requested_at(ordered_at=held.certificate.not_before, at=at)),
            note=form.cleaned_data["note"],
            actor=actor,
            at=at,
        )
    except CardsError as error:
        return _ask(request, held, form, problem=problems.explain(error))
    messages.success(request, _("The certificate is revoked. Everybody who asks learns it within a minute."))
    return HttpResponseRedirect(person_url)


def _ask(
    request: HttpRequest, held: HeldCertificate, form: BlockForm, *, problem: Problem | None = None
) -> HttpResponse:
    status = problem.status if problem else 422 if form.is_bound and form.errors else 200
    page = certificate_block_page(held, problem=problem, now=asking.now())
    response = render(request, "portal/certificate_block.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)


def certificate_block_page(
    held: HeldCertificate, *, problem: Problem | None, now: datetime
) -> CertificateBlockPage:
    """Return what the page shows of a certificate and of what its block does."""
    certificate, number = held.certificate, held.card.card_number if held.card else ""
    person_url = reverse("person", args=[held.person.pk])
    facts = [
        Fact(name=_("Serial number"), value=certificate.serial_hex, copy=certificate.serial_hex),
        Fact(name=_("Issuer"), value=short_name(certificate.issuer)),
        Fact(name=_("Issued"), value=moments.moment(certificate.issued_at, now=now)),
        Fact(name=_("Valid through"), value=moments.day(certificate.not_after)),
        Fact(name=_("Carrier"), value=f"…\u2060{number[-3:]}" if number else loose_carrier(certificate)),
    ]
    goes_on = _("The card and its other certificates go on working.")
    if certificate.carrier_kind == CarrierKind.MOBILE.value:
        goes_on = _("The mobile eID ends with it. The cards of the holder go on working.")
    elif held.card is None:
        goes_on = _("No card is known for it: the certificate is all that there is to block.")
    elif held.is_last:
        goes_on = _("It is the last valid certificate of the card: nobody logs in with the card afterwards.")
    return CertificateBlockPage(
        name=held.person.full_name,
        purpose=words.KEY_PURPOSES.get(certificate.name, certificate.name),
        facts=facts,
        toll=(_("The certificate is revoked for ever."), goes_on),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=held.person.full_name, url=person_url),
            Crumb(label=_("Block a certificate")),
        ),
        person_url=person_url,
        problem=problem,
    )
