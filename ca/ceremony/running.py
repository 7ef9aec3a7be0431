"""A later ceremony under way: what its steps share, and the two things that most of them need."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ca.ceremony.errors import CeremonyStopped
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.signers import Hold
from ca.crl_lists import WHOLE
from ca.crl_publishing import publish_crl
from ca.environments import Environment
from ca.hsm.configuration import TokenConfiguration
from ca.issuance import RequestUnderWay, issue_request
from ca.models import Certificate, Crl
from ca.pki.subject import SubjectFacts
from ca.policy_files import PolicyFiles, policy_files
from ca.registration import CarrierKind, request_certificate
from ca.selectors import issuer as certified_issuer
from journal.actor import Actor

_PATIENCE: Final = 60.0
"""Seconds to wait for the worker that took a request before us."""


@dataclass(slots=True, kw_only=True)
class Ceremony:
    """What the steps share, and what they have made."""

    plan: CeremonyPlan
    hold: Hold
    configuration: TokenConfiguration
    actor: Actor
    clock: Callable[[], datetime]
    watch: Callable[[str], None]
    keys: list[str] = field(default_factory=list)
    certificates: list[tuple[str, Certificate]] = field(default_factory=list)
    crls: list[Crl] = field(default_factory=list)
    revoked: list[Certificate] = field(default_factory=list)

    @property
    def environment(self) -> Environment:
        """Whose ceremony it is."""
        return Environment(self.plan.environment)

    @property
    def files(self) -> PolicyFiles:
        """The policy as it is now: a step may have added an issuer."""
        return policy_files(self.environment)


def new_crl(ceremony: Ceremony, key: str) -> None:
    """Publish a CRL of an issuer unless this ceremony made one already."""
    ceremony.watch(f"{key}: CRL")
    issuer = certified_issuer(key)
    since = ceremony.plan.begun_at
    fulls = Crl.objects.filter(issuer=issuer, shard=WHOLE, base_crl_number=None, signed_at__gte=since)
    made = fulls.order_by("-crl_number").first()
    listed = Certificate.objects.filter(issuer=issuer, revoked_at__isnull=False, crl_listed_at__isnull=True)
    if made is None or listed.exists():
        made = publish_crl(issuer, signers=ceremony.hold.keys, actor=ceremony.actor, at=ceremony.clock())
    ceremony.crls.append(made)


def certify(
    ceremony: Ceremony,
    *,
    label: str,
    public_key: bytes,
    profile: str,
    issuer: str,
    subject: SubjectFacts,
    idempotency_key: str,
) -> Certificate:
    """Ask for a certificate and wait for it; a worker that runs may be the one that issues it."""
    request = request_certificate(
        profile=profile,
        subject=subject,
        public_key=public_key,
        person_id="",
        organization_id="",
        carrier_kind=CarrierKind.NONE.value,
        carrier_id=label,
        name=profile,
        idempotency_key=idempotency_key,
        issuer=issuer,
        environment=ceremony.environment,
        actor=ceremony.actor,
        at=ceremony.clock(),
    )
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            certificate = issue_request(
                request.pk,
                signers=ceremony.hold.keys,
                actor=ceremony.actor,
                at=ceremony.clock(),
                is_only_worker=ceremony.hold.is_alone,
            )
        except RequestUnderWay:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
            continue
        if certificate is None:
            request.refresh_from_db()
            raise CeremonyStopped(f"no certificate could be made for {label}: {request.failure}")
        ceremony.certificates.append((label, certificate))
        return certificate
