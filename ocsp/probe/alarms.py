"""What is wrong with the status services, or soon will be: computed from what the probe saw, never stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ca.pki.hierarchy import IssuerPlan
from ca.policy_files import files_of
from ca.selectors import issuers
from ocsp.models import Landing, Measurement
from ocsp.states import LandingState, Source

PROBE_PAUSE: Final = timedelta(minutes=5)
"""A probe that has not asked for so long is itself an alarm: nobody would see the others."""
OCSP_LEFT: Final = timedelta(hours=4)
"""Half of an answer's validity: everything is signed again before that (domain.md 3.4)."""


class AlarmKind(StrEnum):
    """What is wrong."""

    PROBE_SILENT = "probe_silent"
    FAULT = "fault"
    AGEING = "ageing"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that a person must look at."""

    kind: AlarmKind
    since: datetime | None = None
    service: str = ""
    issuer_key: str = ""
    node: str = ""
    fault: str = ""
    next_update: datetime | None = None
    count: int = 0


def current_alarms(*, at: datetime) -> list[Alarm]:
    """Return everything that is wrong at a moment."""
    planned = plans()
    measured = list(Measurement.objects.order_by("node", "issuer_key", "service"))
    alarms = []
    newest = max((one.asked_at for one in measured), default=None)
    if newest is not None and at - newest > PROBE_PAUSE:
        alarms.append(Alarm(kind=AlarmKind.PROBE_SILENT, since=newest))
    alarms += [
        Alarm(
            kind=AlarmKind.FAULT,
            since=one.faulty_since,
            service=one.service,
            issuer_key=one.issuer_key,
            node=one.node,
            fault=one.fault,
        )
        for one in measured
        if one.fault
    ]
    alarms += [
        Alarm(
            kind=AlarmKind.AGEING,
            service=one.service,
            issuer_key=one.issuer_key,
            node=one.node,
            since=one.this_update,
            next_update=one.next_update,
        )
        for one in measured
        if not one.fault and is_ageing(one, planned.get(one.issuer_key), at=at)
    ]
    late = Landing.objects.filter(state=LandingState.LATE.value).order_by("revoked_at")
    first = late.values_list("revoked_at", flat=True).first()
    if first is not None:
        alarms.append(Alarm(kind=AlarmKind.UNSEEN, since=first, count=late.count()))
    return alarms


def plans() -> dict[str, IssuerPlan]:
    """Return how often each issuer's lists are made."""
    return {one.key: files_of(one).hierarchy.issuer(one.key) for one in issuers()}


def is_ageing(one: Measurement, plan: IssuerPlan | None, *, at: datetime) -> bool:
    """Tell whether what was seen should have been made anew by now, well before its nextUpdate."""
    if one.next_update is None or one.this_update is None:
        return False
    validity = one.next_update - one.this_update
    if one.service == Source.OCSP.value:
        least = min(OCSP_LEFT, validity / 2)
    elif plan is None:
        least = validity / 4
    else:
        is_delta = one.service == Source.DELTA_CRL.value
        interval = plan.delta_crl_interval if is_delta else plan.crl_interval
        # Made anew each interval: when half of what remains beyond it is gone, a person must look.
        least = max((validity - interval) / 2, timedelta(0))
    return one.next_update - at < least
