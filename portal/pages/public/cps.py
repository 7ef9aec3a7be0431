"""The certification practice statement in short, at the address that stands in every certificate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ca.environments import Environment
from ca.pki.policies import POLICIES
from ca.policy_files import PolicyFiles, policy_files
from ca.selectors import issuers
from portal.words import Text

PURPOSES: Final[Mapping[str, Text]] = {
    "root": _("the root itself"),
    "issuer": _("issuers under the root"),
    "ocsp_signer": _("signers of OCSP answers, short-lived and never revoked"),
    "audit_signer": _("the seal of the journal"),
    "report_seal": _("the seal of reports and receipts"),
    "order_file_signer": _("the signature on order files to the card producer"),
    "time_stamp_signer": _("time-stamps (RFC 3161)"),
    "mobile": _("login with a phone"),
    "mobile_signature": _("signatures with a phone"),
    "person_hsa_authentication": _("login in service, by HSA-id"),
    "person_hsa_signature": _("signatures in service, by HSA-id"),
    "person_id_authentication": _("login, by personal identity number"),
    "person_id_signature": _("signatures, by personal identity number"),
    "function_server": _("servers"),
    "function_client": _("systems that call others"),
    "function_email": _("functional mailboxes"),
}
"""What certificates of a profile are for; a profile that is not here is shown by its name alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerLine:
    """An issuer, its keys, and how often it tells what is revoked."""

    name: str
    issued_by: str
    key: str
    list_interval: str
    list_validity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLine:
    """A kind of certificate, how long it lives, and whose it is."""

    name: str
    purpose: Text
    issuers: Sequence[str]
    usual: str
    longest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """A certificate policy; ``level`` is None where nobody is identified."""

    object_identifier: str
    name: str
    level: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CpsPage:
    """What the page shows, all of it read from the running configuration."""

    operator: str
    environment: str
    is_test: bool
    is_software_module: bool
    issuers: Sequence[IssuerLine]
    profiles: Sequence[ProfileLine]
    policies: Sequence[PolicyLine]
    qa_issuers: Sequence[str] = ()
    """QA's issuers, where QA stands beside PROD: the same rules under names of their own."""


@require_safe
def show_cps(request: HttpRequest) -> HttpResponse:
    """Show the statement."""
    of_qa = tuple(issuer.common_name for issuer in issuers(Environment.QA))
    return render(request, "portal/cps.html", {"page": cps_page(policy_files(), qa_issuers=of_qa)})


def cps_page(files: PolicyFiles, *, qa_issuers: Sequence[str] = ()) -> CpsPage:
    """Return the statement of what these files let the CA issue."""
    plans = files.hierarchy.issuers
    names = {plan.key: files.name_prefix + plan.common_name for plan in plans}
    stated = {policy for plan in plans for policy in plan.policies}
    return CpsPage(
        operator=files.hierarchy.organization,
        environment=settings.SIGILL_ENVIRONMENT,
        is_test=settings.SIGILL_ENVIRONMENT != "PROD",
        is_software_module="softhsm" in settings.SIGILL_PKCS11_MODULE.lower(),
        issuers=[
            IssuerLine(
                name=names[plan.key],
                issued_by=names[plan.issued_by],
                key=files.hierarchy.key_class(files.profile(plan.profile).key_class).generates,
                list_interval=_length(plan.crl_interval),
                list_validity=_length(plan.crl_validity),
            )
            for plan in plans
        ],
        profiles=[
            ProfileLine(
                name=profile.name,
                purpose=PURPOSES.get(profile.name, ""),
                issuers=[names[plan.key] for plan in files.hierarchy.issuers_of(profile.name)],
                usual=_length(profile.default_validity),
                longest=_length(profile.max_validity),
            )
            for profile in files.profiles.values()
            if profile.name == files.hierarchy.root.profile or files.hierarchy.issuers_of(profile.name)
        ],
        qa_issuers=qa_issuers,
        policies=[
            PolicyLine(
                object_identifier=policy.object_identifier(files.policy_arc),
                name=policy.name,
                level=policy.level_of_assurance,
            )
            for policy in POLICIES.values()
            if policy.name in stated
        ],
    )


def _length(time: timedelta) -> str:
    """Say a length of time in the largest unit of which it is a whole number."""
    if time % timedelta(days=1) == timedelta():
        return ngettext("%(days)d day", "%(days)d days", time.days) % {"days": time.days}
    minutes = time // timedelta(minutes=1)
    if minutes % 60 == 0:
        return ngettext("%(hours)d hour", "%(hours)d hours", minutes // 60) % {"hours": minutes // 60}
    return ngettext("%(minutes)d minute", "%(minutes)d minutes", minutes) % {"minutes": minutes}
