"""Asks one OCSP responder about one certificate, and believes only an answer that fits in every part."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from authn.errors import CheckFailed
from authn.hints import FailureHint
from authn.status_http import AddressRefused, fetch

NONCE_OCTETS = 32  # RFC 9654 section 2.1
MAX_RESPONSE_OCTETS = 32 * 1024
FRESH_WITH_NONCE = timedelta(minutes=2)
FRESH_WITHOUT_NONCE = timedelta(minutes=15)
_CLOCK_TOLERANCE = timedelta(seconds=30)


def fetch_ocsp(
    certificate_der: bytes, issuer_der: bytes, *, url: str, hosts: Collection[str], at: datetime
) -> bytes:
    """Return a fresh answer that says good (DER).

    Raises StatusUnreachable when nobody answered; CheckFailed certificateRevoked; CheckFailed
    revocationUnavailable for every answer that is not fully right.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    issuer = x509.load_der_x509_certificate(issuer_der)
    nonce = secrets.token_bytes(NONCE_OCTETS)
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    try:
        answer_der = fetch(
            url,
            hosts=hosts,
            limit=MAX_RESPONSE_OCTETS,
            body=request.public_bytes(Encoding.DER),
            content_type="application/ocsp-request",
        )
    except AddressRefused as error:
        raise _unusable("the responder is not an allowed service") from error
    check_ocsp(answer_der, request=request, issuer=issuer, nonce=nonce, at=at)
    return answer_der


def check_ocsp(
    answer_der: bytes, *, request: ocsp.OCSPRequest, issuer: x509.Certificate, nonce: bytes, at: datetime
) -> None:
    """Accept a good answer to exactly this request; raises CheckFailed for every other (F35)."""
    try:
        answer = ocsp.load_der_ocsp_response(answer_der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise _unusable("the responder refused")
        _check_subject(answer, request)
        _check_signer(answer, issuer, at=at)
        _check_freshness(answer, nonce, at=at)
        status = answer.certificate_status
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise _unusable("the answer cannot be read") from error
    if status is ocsp.OCSPCertStatus.REVOKED:
        raise CheckFailed(FailureHint.CERTIFICATE_REVOKED, "revoked")
    if status is not ocsp.OCSPCertStatus.GOOD:
        raise CheckFailed(FailureHint.CERTIFICATE_UNTRUSTED, "the responder does not know the certificate")


def _check_subject(answer: ocsp.OCSPResponse, request: ocsp.OCSPRequest) -> None:
    """Refuse an answer about another certificate; cryptography itself refuses an answer about several."""
    asked = (request.serial_number, request.issuer_key_hash, request.issuer_name_hash)
    told = (answer.serial_number, answer.issuer_key_hash, answer.issuer_name_hash)
    if asked != told:  # hashes of another algorithm are others
        raise _unusable("the answer is about another certificate")


def _check_signer(answer: ocsp.OCSPResponse, issuer: x509.Certificate, *, at: datetime) -> None:
    """RFC 6960 section 4.2.2.2: the issuer itself, or one it delegated, within its time."""
    for candidate in (issuer, *answer.certificates):
        if not _is_responder(answer, candidate):
            continue
        if candidate is not issuer:
            _check_delegation(candidate, issuer, at=at)
        _verify(answer, candidate)
        return
    raise _unusable("nobody we know signed the answer")


def _is_responder(answer: ocsp.OCSPResponse, candidate: x509.Certificate) -> bool:
    if answer.responder_key_hash is not None:
        digest = x509.SubjectKeyIdentifier.from_public_key(candidate.public_key()).digest
        return digest == answer.responder_key_hash
    return candidate.subject == answer.responder_name


def _check_delegation(candidate: x509.Certificate, issuer: x509.Certificate, *, at: datetime) -> None:
    try:
        candidate.verify_directly_issued_by(issuer)
        usages = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound) as error:
        raise _unusable("the responder was not delegated by the issuer") from error
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        raise _unusable("the responder may not sign answers")
    if not candidate.not_valid_before_utc <= at <= candidate.not_valid_after_utc:
        raise _unusable("the responder's certificate is outside its time")


def _verify(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> None:
    digest = answer.signature_hash_algorithm
    if digest is None or isinstance(digest, hashes.SHA1 | hashes.MD5):
        raise _unusable("the answer's signature is weak")
    key = signer.public_key()
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
            case rsa.RSAPublicKey():
                key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), digest)
            case _:
                raise _unusable("the responder's key is of an unknown kind")
    except InvalidSignature as error:
        raise _unusable("the answer's signature is wrong") from error


def _check_freshness(answer: ocsp.OCSPResponse, nonce: bytes, *, at: datetime) -> None:
    """Nonce echoed and produced within 2 minutes, or no nonce at all, not older than 15 minutes."""
    latest = at + _CLOCK_TOLERANCE
    if answer.this_update_utc > latest or answer.produced_at_utc > latest:
        raise _unusable("the answer is from the future")
    if answer.next_update_utc is not None and answer.next_update_utc <= at:
        raise _unusable("the answer is outdated")
    try:
        echoed = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        too_old = at - answer.this_update_utc > FRESH_WITHOUT_NONCE
        if too_old or answer.next_update_utc is None:
            raise _unusable("the answer has no nonce and is not fresh") from None
        return
    if not secrets.compare_digest(echoed, nonce):
        raise _unusable("the answer is to another request")
    if at - answer.produced_at_utc > FRESH_WITH_NONCE:
        raise _unusable("the answer is not fresh")


def _unusable(message: str) -> CheckFailed:
    return CheckFailed(FailureHint.REVOCATION_UNAVAILABLE, message)
