"""Where the status services are and what is wrong with them, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ca.models import Issuer
from ca.policy_files import PolicyFiles, files_of
from ocsp.probe.alarms import Alarm, AlarmKind
from portal import moments, words
from portal.words import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The addresses of one environment, and how often its lists are made."""

    environment: Tag | None
    ocsp: str
    lists: str
    certificates: str
    list_text: str
    delta_text: str


def addresses_of(issuers: Sequence[Issuer]) -> list[Addresses]:
    """Return the addresses of each environment that has issuers."""
    found: dict[str, PolicyFiles] = {}
    for issuer in issuers:
        found.setdefault(issuer.environment, files_of(issuer))
    return [
        Addresses(
            environment=words.environment_tag(environment),
            ocsp=files.addresses.ocsp,
            lists=files.addresses.crl_folder,
            certificates=files.addresses.aia_folder,
            list_text=_list_text(files),
            delta_text=_delta_text(files),
        )
        for environment, files in found.items()
    ]


def _list_text(files: PolicyFiles) -> str:
    plan = files.hierarchy.issuers[-1]
    return _(
        "Full list: interval %(interval)s, and within a minute of each revocation; valid for %(validity)s."
    ) % {"interval": _span(plan.crl_interval), "validity": _span(plan.crl_validity)}


def _delta_text(files: PolicyFiles) -> str:
    interval = files.hierarchy.issuers[-1].delta_crl_interval
    if not interval:
        return _("There are no delta lists.")
    return _(
        "Delta list: interval %(interval)s, with what was revoked since; it lies beside the full list, "
        "with -delta before .crl."
    ) % {"interval": _span(interval)}


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes % 60 or not minutes:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


def alarm_texts(alarms: Sequence[Alarm], *, names: Mapping[str, str], at: datetime) -> list[str]:
    """Return each alarm as a sentence."""
    return [_alarm(one, names=names, at=at) for one in alarms]


def _alarm(alarm: Alarm, *, names: Mapping[str, str], at: datetime) -> str:
    facts = {
        "service": words.STATUS_SOURCES.get(alarm.service, alarm.service),
        "issuer": names.get(alarm.issuer_key, alarm.issuer_key),
        "node": alarm.node,
        "fault": alarm.fault,
        "since": moments.moment(alarm.since, now=at) if alarm.since else "",
        "next": moments.moment(alarm.next_update, now=at) if alarm.next_update else "",
        "count": alarm.count,
    }
    match alarm.kind:
        case AlarmKind.PROBE_SILENT:
            return (
                _("Nothing has been measured since %(since)s: what stands below may be out of date.") % facts
            )
        case AlarmKind.FAULT:
            return _("%(service)s of %(issuer)s on %(node)s: %(fault)s, since %(since)s.") % facts
        case AlarmKind.AGEING:
            return (
                _("%(service)s of %(issuer)s on %(node)s: not made anew since %(since)s; it ends %(next)s.")
                % facts
            )
        case AlarmKind.UNSEEN:
            return (
                ngettext(
                    "%(count)d revocation has not been seen everywhere, asked for since %(since)s.",
                    "%(count)d revocations have not been seen everywhere, the first since %(since)s.",
                    alarm.count,
                )
                % facts
            )
