"""Asks the public addresses for status as a relying service would, and checks what comes back."""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

CRL_DELAY: Final = timedelta(minutes=1)
"""A revocation may be this young and not yet on the list (domain.md 3.4)."""
_SKEW: Final = timedelta(minutes=5)
_SECONDS: Final = 10
_TYPE: Final = "application/ocsp-request"
_SHA1: Final = hashes.SHA1()  # noqa: S303 - RFC 5019 2.1.1 asks for it


class ProbeFailed(Exception):
    """What a relying service would not accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A certificate to ask about: ``expected`` is ``good``, ``revoked`` or ``never issued``."""

    name: str
    certificate: x509.Certificate
    issuer: x509.Certificate
    expected: str
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question and what came of it; ``fault`` is empty when all is as it should be."""

    name: str
    service: str
    url: str
    outcome: str
    milliseconds: float
    fault: str


class Probe:
    """Asks over HTTP; what many certificates share (lists, issuer certificates) is fetched once."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._session = requests.Session()
        self._fetched: dict[str, tuple[bytes, float]] = {}

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def examine(self, asked: Asked) -> Iterator[Finding]:
        """Ask every service that the certificate names."""
        access = _access(asked.certificate)
        for url in access.get(AuthorityInformationAccessOID.OCSP, []):
            yield self._finding(asked, "OCSP GET", url, lambda url=url: self._ocsp(asked, url, by_get=True))  # type: ignore[misc]
            yield self._finding(asked, "OCSP POST", url, lambda url=url: self._ocsp(asked, url, by_get=False))  # type: ignore[misc]
        if asked.expected == "never issued":
            return
        for url in _crl_urls(asked.certificate):
            yield self._finding(asked, "CRL", url, lambda url=url: self._crl(asked, url))  # type: ignore[misc]
        for url in access.get(AuthorityInformationAccessOID.CA_ISSUERS, []):
            yield self._finding(asked, "AIA", url, lambda url=url: self._issuer(asked, url))  # type: ignore[misc]

    def _finding(self, asked: Asked, service: str, url: str, ask: Callable[[], tuple[str, float]]) -> Finding:
        outcome, milliseconds, fault = "", 0.0, ""
        try:
            outcome, milliseconds = ask()
        except (ProbeFailed, requests.RequestException, ValueError, InvalidSignature, TypeError) as error:
            fault = str(error) or type(error).__name__
        return Finding(
            name=asked.name, service=service, url=url, outcome=outcome, milliseconds=milliseconds, fault=fault
        )

    def _ocsp(self, asked: Asked, url: str, *, by_get: bool) -> tuple[str, float]:
        algorithm: hashes.HashAlgorithm = _SHA1 if by_get else hashes.SHA256()
        question = (
            ocsp.OCSPRequestBuilder().add_certificate(asked.certificate, asked.issuer, algorithm).build()
        )
        request_der = question.public_bytes(Encoding.DER)
        started = time.perf_counter()
        if by_get:
            path = quote(base64.b64encode(request_der), safe="")
            response = self._session.get(f"{url.rstrip('/')}/{path}", timeout=_SECONDS)
        else:
            response = self._session.post(
                url, data=request_der, headers={"Content-Type": _TYPE}, timeout=_SECONDS
            )
        milliseconds = (time.perf_counter() - started) * 1000
        if response.status_code != requests.codes.ok:
            raise ProbeFailed(f"HTTP {response.status_code}")
        return self._read_ocsp(asked, response.content, question), milliseconds

    def _read_ocsp(self, asked: Asked, body: bytes, question: ocsp.OCSPRequest) -> str:
        answer = ocsp.load_der_ocsp_response(body)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            if asked.expected == "never issued":
                return answer.response_status.name.lower()
            raise ProbeFailed(answer.response_status.name.lower())
        _verify_signer(answer, asked.issuer, self._clock())
        if (
            answer.serial_number != question.serial_number
            or answer.issuer_key_hash != question.issuer_key_hash
        ):
            raise ProbeFailed("the answer is about another certificate")
        self._check_times(answer.this_update_utc, answer.next_update_utc)
        status = answer.certificate_status.name.lower()
        if status != {"never issued": "unknown"}.get(asked.expected, asked.expected):
            raise ProbeFailed(f"{status}, expected {asked.expected}")
        return status

    def _crl(self, asked: Asked, url: str) -> tuple[str, float]:
        content, milliseconds = self._fetch(url)
        crl = x509.load_der_x509_crl(content)
        if crl.issuer != asked.issuer.subject:
            raise ProbeFailed("a list of another issuer")
        crl.extensions.get_extension_for_class(x509.CRLNumber)
        key = asked.issuer.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) or not crl.is_signature_valid(
            key
        ):
            raise ProbeFailed("the list's signature is not the issuer's")
        self._check_times(crl.last_update_utc, crl.next_update_utc)
        is_listed = crl.get_revoked_certificate_by_serial_number(asked.certificate.serial_number) is not None
        is_young = asked.revoked_at is not None and self._clock() - asked.revoked_at < CRL_DELAY
        if is_listed is not (asked.expected == "revoked") and not is_young:
            raise ProbeFailed("listed" if is_listed else "not listed")
        return "listed" if is_listed else "not listed", milliseconds

    def _issuer(self, asked: Asked, url: str) -> tuple[str, float]:
        content, milliseconds = self._fetch(url)
        asked.certificate.verify_directly_issued_by(x509.load_der_x509_certificate(content))
        return "the issuer", milliseconds

    def _fetch(self, url: str) -> tuple[bytes, float]:
        if url not in self._fetched:
            started = time.perf_counter()
            response = self._session.get(url, timeout=_SECONDS)
            if response.status_code != requests.codes.ok:
                raise ProbeFailed(f"HTTP {response.status_code}")
            self._fetched[url] = response.content, (time.perf_counter() - started) * 1000
        return self._fetched[url]

    def _check_times(self, this_update: datetime, next_update: datetime | None) -> None:
        now = self._clock()
        if this_update > now + _SKEW:
            raise ProbeFailed(f"from the future: {this_update:%Y-%m-%d %H:%M:%S}Z")
        if next_update is None or next_update <= now:
            raise ProbeFailed("past its nextUpdate")


def _verify_signer(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """Verify that the issuer, or a responder that it certified for this (RFC 6960 4.2.2.2), signed."""
    signer = answer.certificates[0] if answer.certificates else issuer
    if signer != issuer:
        signer.verify_directly_issued_by(issuer)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
            raise ProbeFailed("the signer is not an OCSP signer")
        if not signer.not_valid_before_utc <= now < signer.not_valid_after_utc:
            raise ProbeFailed("the signer's certificate is not valid now")
    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    if algorithm is None:
        raise ProbeFailed("an unknown signature algorithm")
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    else:
        raise ProbeFailed("an unknown kind of key")


def _access(certificate: x509.Certificate) -> dict[x509.ObjectIdentifier, list[str]]:
    found: dict[x509.ObjectIdentifier, list[str]] = {}
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return found
    for description in access:
        found.setdefault(description.access_method, []).append(description.access_location.value)
    return found


def _crl_urls(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [name.value for point in points for name in point.full_name or []]
