"""Chooses the keys with which the house seals, orders and stamps, and renews them in time, worker only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from django.db import transaction

from ca.ceremony.plan import ORDER_FILE, REPORT_SEAL, TIME_STAMP, algorithm_of, service_subject
from ca.environments import Environment
from ca.errors import CaError, SigningUnavailable
from ca.events import ServiceSignerRenewed
from ca.hsm.proxy import KeyMaker, SignerSource
from ca.issuance import RequestUnderWay, issue_request
from ca.models import Certificate, Issuer
from ca.next_try import next_try
from ca.policy_files import policy_files
from ca.registration import CarrierKind, request_certificate
from journal.actor import Actor
from journal.recording import record, rfc3339


class Keys(SignerSource, KeyMaker, Protocol):
    """Signers by label, and new keys: what ``ca.hsm.proxy.SocketSigners`` is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the house signs with a key of its own: its profile, its label, how long one key is used."""

    profile: str
    label: str
    used_for: timedelta


SEAL: Final = Service(profile="report_seal", label=REPORT_SEAL, used_for=timedelta(days=365))
ORDERS: Final = Service(profile="order_file_signer", label=ORDER_FILE, used_for=timedelta(days=365))
STAMP: Final = Service(profile="time_stamp_signer", label=TIME_STAMP, used_for=timedelta(days=365))
"""A year: its certificate lasts five, so what the key stamped last can be checked four years more."""
SERVICES: Final = (SEAL, ORDERS, STAMP)


class NoServiceSigner(CaError):
    """There is no valid certificate to seal or stamp with yet, or none any more."""

    code = "no_service_signer"


def newest(service: Service, *, at: datetime, is_published: bool = True) -> Certificate | None:
    """Return the certificate that a service signs with at a moment: the newest whose status is told."""
    valid = Certificate.objects.filter(
        profile=service.profile, revoked_at__isnull=True, not_before__lte=at, not_after__gt=at
    )
    if is_published:
        valid = valid.filter(published_at__isnull=False)
    return valid.select_related("issuer").order_by("-issued_at", "-not_after").first()


def current(service: Service, *, at: datetime) -> Certificate:
    """Return the certificate that a service signs with. Raises ``NoServiceSigner``."""
    found = newest(service, at=at)
    if found is None:
        raise NoServiceSigner(
            f"there is no valid {service.profile} certificate yet", facts={"profile": service.profile}
        )
    return found


def renew_due(*, signers: Keys, at: datetime, services: Iterable[Service] = SERVICES) -> int:
    """Make the first or the next key and certificate of each service whose key has been used its time.

    Safe to repeat: the next label follows from the certificates that there are. Returns how many were made,
    none before the ceremony. A service that gets none keeps no other from its own: its ``CaError`` is raised
    when all were looked at. Raises ``SigningUnavailable`` at once.
    """
    if not Issuer.objects.filter(environment=Environment.PROD.value, certified_at__isnull=False).exists():
        return 0
    made, failures = 0, []
    for one in services:
        try:
            made += _renew(one, signers=signers, at=at)
        except SigningUnavailable:
            raise
        except CaError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return made


def _renew(service: Service, *, signers: Keys, at: datetime) -> bool:
    found = newest(service, at=at, is_published=False)
    if found is not None and at < found.not_before + service.used_for:
        return False
    files, actor = policy_files(), Actor.system("service_signers")
    label = _next_label(service)
    request = request_certificate(
        profile=service.profile,
        subject=service_subject(files, service.label),
        public_key=signers.generate_key(label, algorithm_of(files, service.profile).value),
        person_id="",
        organization_id="",
        carrier_kind=CarrierKind.NONE.value,
        carrier_id=label,
        name=service.profile,
        idempotency_key=next_try(service.profile, label, at=at),
        environment=files.environment,
        actor=actor,
        at=at,
    )
    try:
        issued = issue_request(request.pk, signers=signers, actor=actor, at=at)
    except RequestUnderWay:
        return False  # the issuing consumer is at it; the next run finds the certificate
    if issued is None:
        request.refresh_from_db()
        raise NoServiceSigner(
            f"no certificate could be made for {label}: {request.failure}", facts={"profile": service.profile}
        )
    renewed = ServiceSignerRenewed(
        issuer_id=issued.issuer_id,
        certificate_id=str(issued.pk),
        key_label=label,
        not_after=rfc3339(issued.not_after),
    )
    with transaction.atomic():
        record(renewed, actor=actor, at=at)
    return True


def _next_label(service: Service) -> str:
    """Return the next label: ``label.N``; the ceremony's own may stand without its number."""
    used = Certificate.objects.filter(profile=service.profile).values_list("carrier_id", flat=True)
    tails = (label.removeprefix(service.label).removeprefix(".") or "1" for label in used)
    highest = max((int(tail) for tail in tails if tail.isdigit()), default=0)
    return f"{service.label}.{1 + highest}"
