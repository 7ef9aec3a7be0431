"""What the probe saw as Prometheus text: freshness, latency, revocations that are not seen everywhere."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ocsp import selectors
from ocsp.probe.alarms import current_alarms
from portal.pages import asking

_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - open to all, as the services are
    """Answer the figures; everything in them can be measured by anybody from outside."""
    return HttpResponse("\n".join(_lines()) + "\n", content_type=_TYPE)


def _lines() -> Iterator[str]:
    at = asking.now()
    measured = selectors.measurements()
    under_way, late = selectors.landings_under_way()
    yield "# TYPE sigill_status_up gauge"
    labels = {
        one.pk: f'{{issuer="{one.issuer_key}",service="{one.service}",node="{one.node}"}}' for one in measured
    }
    for one in measured:
        yield f"sigill_status_up{labels[one.pk]} {int(not one.fault)}"
    yield "# TYPE sigill_status_latency_seconds gauge"
    for one in measured:
        yield f"sigill_status_latency_seconds{labels[one.pk]} {one.milliseconds / 1000:.6f}"
    yield "# TYPE sigill_status_left_until_next_update_seconds gauge"
    for one in measured:
        if one.next_update is not None:
            left = (one.next_update - at).total_seconds()
            yield f"sigill_status_left_until_next_update_seconds{labels[one.pk]} {left:.0f}"
    yield "# TYPE sigill_status_age_of_oldest_seconds gauge"
    for one in measured:
        if one.this_update is not None:
            age = (at - one.this_update).total_seconds()
            yield f"sigill_status_age_of_oldest_seconds{labels[one.pk]} {age:.0f}"
    newest = max((one.asked_at for one in measured), default=None)
    if newest is not None:
        yield "# TYPE sigill_status_probe_age_seconds gauge"
        yield f"sigill_status_probe_age_seconds {(at - newest).total_seconds():.0f}"
    for name, figure in (
        ("sigill_revocations_under_way", under_way),
        ("sigill_revocations_late", late),
        ("sigill_status_alarms", len(current_alarms(at=at))),
    ):
        yield f"# TYPE {name} gauge"
        yield f"{name} {figure}"
