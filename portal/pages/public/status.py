"""The state of the status services, for those who rely on certificates: open to everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ca.models import Certificate, Issuer
from ca.selectors import issuers
from portal import moments
from portal.pages import asking
from portal.status_check import Seen, ask_ocsp, published_crl
from portal.words import Tag

_KEPT_SECONDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerStatus:
    """One issuer with what can be fetched about it."""

    name: str
    crl_tag: Tag
    crl_text: str
    crl_url: str
    certificate_url: str
    ocsp_tag: Tag
    ocsp_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """What the page shows."""

    issuers: Sequence[IssuerStatus]
    ocsp_url: str
    seen_at: datetime

    @property
    def summary(self) -> Tag:
        """Return the worst of all."""
        tags = [tag for one in self.issuers for tag in (one.crl_tag, one.ocsp_tag)]
        if not tags:
            return Tag(tone="warn", icon="exclamation-triangle", label=_("No issuer has been made yet"))
        if any(tag.tone == "bad" for tag in tags):
            return Tag(tone="bad", icon="exclamation-octagon", label=_("Something does not answer"))
        return Tag(tone="ok", icon="check-circle", label=_("Everything answers"))


@require_safe
def show_status(request: HttpRequest) -> HttpResponse:
    """Show what the status services answer just now."""
    return render(request, "portal/status.html", {"page": status_page(at=asking.now())})


def status_page(*, at: datetime) -> StatusPage:
    """Return what was seen of every issuer's CRL and OCSP answers at this moment."""
    return StatusPage(
        issuers=[_issuer_status(one, at=at) for one in issuers()],
        ocsp_url=f"{settings.SIGILL_STATUS_URL}/ocsp",
        seen_at=at,
    )


def _issuer_status(issuer: Issuer, *, at: datetime) -> IssuerStatus:
    crl_tag, crl_text = _crl(issuer, at=at)
    ocsp_tag, ocsp_text = _ocsp(issuer, at=at)
    return IssuerStatus(
        name=issuer.common_name,
        crl_tag=crl_tag,
        crl_text=crl_text,
        crl_url=f"{settings.SIGILL_STATUS_URL}/crl/{issuer.file_stem}.crl",
        certificate_url=f"{settings.SIGILL_STATUS_URL}/aia/{issuer.file_stem}.cer",
        ocsp_tag=ocsp_tag,
        ocsp_text=ocsp_text,
    )


def _crl(issuer: Issuer, *, at: datetime) -> tuple[Tag, str]:
    crl = published_crl(issuer.file_stem)
    if crl is None:
        return Tag(tone="bad", icon="exclamation-octagon", label=_("Missing")), _("no list is published")
    text = _("number %(number)s, %(when)s, next before %(next)s") % {
        "number": crl.number,
        "when": moments.moment(crl.this_update, now=at),
        "next": moments.moment(crl.next_update, now=at) if crl.next_update else "-",
    }
    if crl.next_update is not None and crl.next_update <= at:
        return Tag(tone="bad", icon="exclamation-octagon", label=_("Too old")), text
    return Tag(tone="ok", icon="check-circle", label=_("Fresh")), text


def _asked(certificate: Certificate, issuer: Issuer) -> Seen | None:
    """Ask the responder, but not again within seconds: this page is open to everybody, in any number."""
    key = f"status-page-{certificate.sha256}"
    kept: tuple[Seen | None] | None = cache.get(key)
    if kept is None:
        kept = (ask_ocsp(bytes(certificate.certificate_der), issuer_der=bytes(issuer.certificate_der)),)
        cache.set(key, kept, _KEPT_SECONDS)
    return kept[0]


def _ocsp(issuer: Issuer, *, at: datetime) -> tuple[Tag, str]:
    """Ask about the issuer's newest certificate: an answer about one stands for all."""
    newest = (
        Certificate.objects.filter(issuer=issuer, published_at__isnull=False)
        .order_by("-published_at")
        .first()
    )
    if newest is None:
        return Tag(tone="mute", icon="info-circle", label=_("Nothing to ask about")), _("no certificates yet")
    seen = _asked(newest, issuer)
    if seen is None:
        return Tag(tone="bad", icon="exclamation-octagon", label=_("No answer")), ""
    text = _("answer from %(when)s") % {"when": moments.moment(seen.this_update, now=at)}
    if seen.next_update is not None and seen.next_update <= at:
        return Tag(tone="bad", icon="exclamation-octagon", label=_("Too old")), text
    return Tag(tone="ok", icon="check-circle", label=_("Answers")), text
