"""Who calls the relying-party API: the service that a function certificate names, and no other."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.core.cache import cache

from authn import configuration
from authn.certificate import HolderCertificate, is_issued_by
from authn.checks import CLIENT_AUTH
from authn.errors import CheckFailed, Unauthorized
from authn.models import RelyingParty
from authn.path import validate_path
from authn.status import check_status
from authn.trust import Carrier, PolicyMeaning, Trust, load_trust
from ca.pki.policies import POLICIES

_PATTERN: Final = r"\bFunction\b"
_GOOD_FOR: Final = 10
"""Seconds for which a certificate that stood is not asked about again: callers ask every other second."""


def caller_of(certificate: HolderCertificate, *, at: datetime) -> RelyingParty:
    """Return the open relying party whose registered HSA-id stands in a function certificate's subject.

    Path to our own root through an issuer of functions, clientAuth, a policy of functions, status by OCSP.
    Raises Unauthorized for everything else, not saying which.
    """
    row = RelyingParty.objects.filter(rp_id=certificate.hsa_id, closed_at__isnull=True).first()
    if row is None or not certificate.hsa_id:
        raise Unauthorized("no registered relying party")
    if certificate.is_ca or CLIENT_AUTH not in certificate.extended_key_usages:
        raise Unauthorized("not a certificate for a client")
    try:
        _check(certificate, at=at)
    except CheckFailed as error:
        raise Unauthorized("the certificate does not stand") from error
    return row


def function_trust() -> Trust:
    """Return what is trusted to name a function: our root, its issuers of functions, their policies."""
    trust = load_trust(issuer_pattern=_PATTERN)
    arc = configuration.policy_arc()
    policies = tuple(
        PolicyMeaning(oid=policy.object_identifier(arc), loa="", carrier=Carrier.CARD)
        for policy in POLICIES.values()
        if policy.level_of_assurance is None
    )
    return replace(trust, policies=policies)


def _check(certificate: HolderCertificate, *, at: datetime) -> None:
    trust = function_trust()
    if not any(is_issued_by(certificate.der, issuer) for issuer in trust.issuers):
        raise Unauthorized("not from an issuer of functions")
    path = validate_path(
        certificate.der,
        anchors=trust.anchors,
        issuers=trust.issuers,
        policy_oids=trust.policy_oids_of(()),
        at=at,
    )
    stood = f"authn-caller-{certificate.sha256_hex}"
    if cache.get(stood) is None:
        check_status(certificate, path=path, trust=trust, at=at)
        cache.set(stood, 1, timeout=_GOOD_FOR)
