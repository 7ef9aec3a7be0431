"""The state of the status services, for those who rely on certificates: open to everybody, asks nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ca.models import Issuer
from ca.policy_files import files_of
from ca.selectors import issuers
from ocsp import selectors
from ocsp.models import Measurement
from ocsp.probe.alarms import current_alarms, is_ageing, plans
from ocsp.states import Source
from portal import moments, words
from portal.pages import asking
from portal.pages.latency_plot import HourRow, LatencyPlot, latency_plot
from portal.pages.public.specimens import SpecimenRow, specimen_rows
from portal.pages.public.status_words import Addresses, addresses_of, alarm_texts
from portal.words import Tag, Text

_KEPT_SECONDS: Final = 20
_AIA: Final = "aia"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """One service of an issuer, as it was seen on the worst of its nodes."""

    name: Text
    tag: Tag
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerStatus:
    """One issuer: how its services were seen, and what can be fetched."""

    name: str
    services: Sequence[ServiceState]
    chain_url: str
    environment: Tag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """What the page shows."""

    issuers: Sequence[IssuerStatus]
    seen_at: datetime
    measured_at: datetime | None
    nodes: Sequence[str]
    addresses: Sequence[Addresses] = ()
    alarms: Sequence[str] = ()
    plots: Sequence[LatencyPlot] = ()
    specimens: Sequence[SpecimenRow] = ()
    under_way: int = 0
    columns: Sequence[Text] = field(default=tuple(words.STATUS_SOURCES.values()))

    @property
    def summary(self) -> Tag:
        """Return the worst of all."""
        if not self.issuers:
            return Tag(tone="warn", icon="exclamation-triangle", label=_("No issuer has been made yet"))
        if self.alarms:
            return Tag(tone="bad", icon="exclamation-octagon", label=_("Something is wrong"))
        if self.measured_at is None:
            return Tag(tone="mute", icon="hourglass-split", label=_("Not measured yet"))
        return Tag(tone="ok", icon="check-circle", label=_("Everything answers"))


@require_safe
def show_status(request: HttpRequest) -> HttpResponse:
    """Show how the probe last saw the status services."""
    return render(request, "portal/status.html", {"page": status_page(at=asking.now())})


def status_page(*, at: datetime) -> StatusPage:
    """Return what the probe saw of every issuer's services, where they are, and the test certificates."""
    certified = issuers()
    measured = selectors.measurements()
    planned = plans()
    ageing = {one.pk for one in measured if is_ageing(one, planned.get(one.issuer_key), at=at)}
    names = {one.key: one.common_name for one in certified}
    return StatusPage(
        issuers=[
            _issuer(one, [seen for seen in measured if seen.issuer_key == one.key], ageing=ageing, at=at)
            for one in certified
        ],
        seen_at=at,
        measured_at=max((one.asked_at for one in measured), default=None),
        nodes=sorted({one.node for one in measured}),
        addresses=addresses_of(certified),
        alarms=alarm_texts(current_alarms(at=at), names=names, at=at),
        plots=_plots(at=at),
        specimens=specimen_rows(at=at),
        under_way=selectors.landings_under_way()[0],
    )


def _issuer(
    issuer: Issuer, measured: Sequence[Measurement], *, ageing: set[int], at: datetime
) -> IssuerStatus:
    facts = files_of(issuer).facts_of(issuer)
    urls = {Source.FULL_CRL.value: facts.crl_url, _AIA: facts.ca_issuers_url}
    return IssuerStatus(
        name=issuer.common_name,
        services=[
            _service(
                service,
                [one for one in measured if one.service == service],
                url=urls.get(service, ""),
                ageing=ageing,
                at=at,
            )
            for service in words.STATUS_SOURCES
        ],
        chain_url=reverse("status-chain", args=[issuer.key]),
        environment=words.environment_tag(issuer.environment),
    )


def _service(
    service: str, measured: Sequence[Measurement], *, url: str, ageing: set[int], at: datetime
) -> ServiceState:
    name = words.STATUS_SOURCES[service]
    if not measured:
        is_delta = service == Source.DELTA_CRL.value
        label = _("None") if is_delta else _("Not measured yet")
        return ServiceState(
            name=name, tag=Tag(tone="mute", icon="info-circle", label=label), text="", url=url
        )
    worst = max(measured, key=lambda one: (bool(one.fault), one.pk in ageing, one.milliseconds))
    if service == Source.DELTA_CRL.value:
        url = worst.url
    if worst.fault:
        tag = Tag(tone="bad", icon="exclamation-octagon", label=_("Fault"))
        return ServiceState(name=name, tag=tag, text=worst.fault, url=url)
    tag = Tag(tone="ok", icon="check-circle", label=_("Answers"))
    if worst.pk in ageing:
        tag = Tag(tone="warn", icon="exclamation-triangle", label=_("Not made anew"))
    return ServiceState(name=name, tag=tag, text=_fresh(worst, at=at), url=url)


def _fresh(one: Measurement, *, at: datetime) -> str:
    speed = _("%(ms)s ms") % {"ms": f"{one.milliseconds:.1f}".replace(".", _("."))}
    if one.this_update is None or one.next_update is None:
        return speed
    facts = {
        "speed": speed,
        "number": one.crl_number or "",
        "when": moments.moment(one.this_update, now=at),
        "next": moments.moment(one.next_update, now=at),
    }
    if one.crl_number is None:
        return _("%(speed)s, signed %(when)s, renewed before %(next)s") % facts
    return _("%(speed)s, number %(number)s from %(when)s, renewed before %(next)s") % facts


def _plots(*, at: datetime) -> list[LatencyPlot]:
    hours: list[selectors.HourOfService] | None = cache.get("status-hours")
    if hours is None:
        hours = selectors.hours_of_service(at=at)
        cache.set("status-hours", hours, _KEPT_SECONDS)
    return [
        latency_plot(
            [
                HourRow(
                    starts_at=one.starts_at,
                    typical=one.typical_ms,
                    worst=one.worst_ms,
                    asked=one.questions,
                    failed=one.faults,
                )
                for one in hours
                if one.service == service
            ],
            title=_("%(service)s: milliseconds until the answer, the last 24 hours") % {"service": name},
            at=at,
        )
        for service, name in ((Source.OCSP.value, "OCSP"), (Source.FULL_CRL.value, _("The revocation list")))
        if any(one.service == service for one in hours)
    ]
