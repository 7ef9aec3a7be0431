"""Revoking an issuer: itself, in ledger and root CRL, then everything that it issued."""

import hashlib
from datetime import datetime
from typing import Final

from django.db import transaction

from ca.ceremony.consequence import consequence_for, live_certificates
from ca.ceremony.events import IssuerRevoked
from ca.ceremony.planning import own_certificates
from ca.ceremony.publication import publish_files
from ca.ceremony.running import Ceremony, new_crl
from ca.ledger_replay import append_revocation
from ca.models import Certificate, Issuer
from ca.pki.reasons import RevocationReason
from ca.revocation import block_key, revoke_with_carrier
from ca.selectors import issuer as certified_issuer
from journal.recording import record

_BATCH: Final = 100


def revoke_issuer(ceremony: Ceremony, key: str, reason: RevocationReason) -> None:
    """Revoke an issuer: its own certificates, in ledger and root CRL, then everything it issued.

    From the first transaction on it issues nothing. The files of the login's trust lose it at once.
    """
    ceremony.watch(f"{key}: revoked ({reason.rfc_name})")
    _revoke_row(ceremony, key, reason)
    own = Certificate.objects.filter(carrier_id=key, profile="issuer", revoked_at__isnull=False)
    for certificate in own:
        append_revocation(str(certificate.pk))
    ceremony.revoked.extend(own)
    root = ceremony.files.hierarchy.root.key
    new_crl(ceremony, root)
    publish_files(ceremony.environment)
    issuer = certified_issuer(key)
    while _revoke_some(ceremony, issuer, reason):
        pass
    new_crl(ceremony, key)


def _revoke_row(ceremony: Ceremony, key: str, reason: RevocationReason) -> None:
    at = ceremony.clock()
    with transaction.atomic():
        issuer = Issuer.objects.get(pk=key)
        changed = Issuer.objects.filter(pk=key, revoked_at__isnull=True).update(
            revoked_at=at, revocation_reason=reason.value, retired_at=issuer.retired_at or at
        )
        if not changed:
            return
        live = consequence_for(issuer, at=at).live_certificates
        for certificate in own_certificates(key):
            revoke_with_carrier(
                certificate_id=certificate.pk,
                reason=reason,
                requested_at=_asked_at(ceremony, at),
                actor=ceremony.actor,
                at=at,
            )
        if reason is not RevocationReason.CESSATION_OF_OPERATION:
            block_key(
                public_key_sha256=hashlib.sha256(bytes(issuer.public_key)).hexdigest(),
                certificate_id="",
                reason=reason.rfc_name,
                actor=ceremony.actor,
                at=at,
            )
        event = IssuerRevoked(issuer_id=key, reason=reason.rfc_name, live_certificates=live)
        record(event, actor=ceremony.actor, at=at)


def _revoke_some(ceremony: Ceremony, issuer: Issuer, reason: RevocationReason) -> int:
    """Revoke the next of what the issuer issued, each in its own right: sessions end, cards show it."""
    at = ceremony.clock()
    batch = list(live_certificates(issuer, at=at).order_by("issued_at", "pk")[:_BATCH])
    with transaction.atomic():
        for certificate in batch:
            revoke_with_carrier(
                certificate_id=certificate.pk,
                reason=RevocationReason.CA_COMPROMISE
                if reason is not RevocationReason.CESSATION_OF_OPERATION
                else reason,
                requested_at=_asked_at(ceremony, at),
                actor=ceremony.actor,
                at=at,
            )
    ceremony.watch(f"{issuer.key}: {len(batch)} certificates revoked")
    return len(batch)


def _asked_at(ceremony: Ceremony, at: datetime) -> datetime:
    """When the revocation was asked for: at the second approval."""
    return min(ceremony.plan.second_approved_at or at, at)
