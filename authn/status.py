"""Gathers what proves that nothing in a path is revoked, and lets the path validator judge it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from authn.certificate import HolderCertificate, read_certificate
from authn.errors import CheckFailed
from authn.hints import FailureHint
from authn.ocsp_answer import fetch_ocsp
from authn.path import validate_path, validate_status
from authn.status_http import AddressRefused, StatusUnreachable, fetch
from authn.trust import Trust

MAX_CRL_OCTETS = 32 * 1024 * 1024
FRESH_CRL = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusProof:
    """The path above the certificate, and the answers that were given about it, to be kept as evidence."""

    path: tuple[bytes, ...]
    ocsp_der: bytes
    crls_der: tuple[bytes, ...]


def check_status(
    certificate: HolderCertificate, *, path: tuple[bytes, ...], trust: Trust, at: datetime
) -> StatusProof:
    """Prove that the certificate and its issuers stand, or raise CheckFailed; fails closed.

    The certificate by OCSP; only when no responder answers, by a CRL of at most 24 hours. The issuers by
    the CRL of their own issuer.
    """
    crls = [_fetch_crl(read_certificate(der), trust=trust) for der in path if der not in trust.anchors]
    ocsp_der = b""
    try:
        ocsp_der = _fetch_ocsp(certificate, issuer_der=path[0], trust=trust, at=at)
    except StatusUnreachable:
        crls.append(_fresh_crl(certificate, trust=trust, at=at))
    proof = StatusProof(path=path, ocsp_der=ocsp_der, crls_der=tuple(crls))
    validate_status(
        certificate.der,
        anchors=trust.anchors,
        issuers=path,
        policy_oids=trust.policy_oids_of(()),
        ocsp_der=proof.ocsp_der,
        crls_der=proof.crls_der,
        at=at,
    )
    return proof


def recheck(certificate_der: bytes, *, trust: Trust, loas: Collection[str], at: datetime) -> None:
    """Check path, policy and revocation once more (role choice, long sessions); raises CheckFailed."""
    certificate = read_certificate(certificate_der)
    path = validate_path(
        certificate_der,
        anchors=trust.anchors,
        issuers=trust.issuers,
        policy_oids=trust.policy_oids_of(loas),
        at=at,
    )
    check_status(certificate, path=path, trust=trust, at=at)


def _fetch_ocsp(certificate: HolderCertificate, *, issuer_der: bytes, trust: Trust, at: datetime) -> bytes:
    if not certificate.ocsp_urls:
        raise CheckFailed(FailureHint.REVOCATION_UNAVAILABLE, "the certificate names no responder")
    return fetch_ocsp(
        certificate.der, issuer_der, url=certificate.ocsp_urls[0], hosts=trust.status_hosts, at=at
    )


def _fetch_crl(certificate: HolderCertificate, *, trust: Trust) -> bytes:
    if not certificate.crl_urls:
        raise CheckFailed(FailureHint.REVOCATION_UNAVAILABLE, "the certificate names no revocation list")
    try:
        return fetch(certificate.crl_urls[0], hosts=trust.status_hosts, limit=MAX_CRL_OCTETS)
    except (StatusUnreachable, AddressRefused) as error:
        raise CheckFailed(FailureHint.REVOCATION_UNAVAILABLE, "no revocation list was to be had") from error


def _fresh_crl(certificate: HolderCertificate, *, trust: Trust, at: datetime) -> bytes:
    crl_der = _fetch_crl(certificate, trust=trust)
    try:
        this_update = x509.load_der_x509_crl(crl_der).last_update_utc
    except ValueError as error:
        raise CheckFailed(FailureHint.REVOCATION_UNAVAILABLE, "the revocation list cannot be read") from error
    if at - this_update > FRESH_CRL:
        raise CheckFailed(FailureHint.REVOCATION_UNAVAILABLE, "the revocation list is older than a day")
    return crl_der
