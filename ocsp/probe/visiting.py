"""Asks over HTTP and judges what comes; lists are fetched again only when they have changed."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ocsp.probe.reading import OcspAnswer, ProbeFailed, ReadList, check_times, read_list, read_ocsp

FAULTS: Final = (
    ProbeFailed, requests.RequestException, ValueError, InvalidSignature, TypeError, x509.ExtensionNotFound,
)  # fmt: skip
"""What may come of asking a service that is not as it should be."""

_SECONDS: Final = 10
_TYPE: Final = "application/ocsp-request"
_SHA1: Final = hashes.SHA1()  # noqa: S303 - RFC 5019 2.1.1 asks for it
_MOST_LISTS: Final = 64


class NotOffered(ProbeFailed):
    """HTTP 404: the node has no such file."""


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A list as it was when it was fetched, and what asks whether it has changed."""

    read: ReadList
    issuer_der: bytes
    validators: dict[str, str]
    serial_numbers: frozenset[int] | None = None


class Visitor:
    """One relying service with its connections and the lists that it holds; for one thread at a time."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._session = requests.Session()
        self._lists: dict[str, _Kept] = {}

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def ask_ocsp(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, *, by_get: bool = True
    ) -> tuple[OcspAnswer, float]:
        """Ask about a certificate; return the answer and the milliseconds it took.

        By GET with SHA-1, as RFC 5019 has it, or by POST with SHA-256. Raises one of ``FAULTS``.
        """
        algorithm: hashes.HashAlgorithm = _SHA1 if by_get else hashes.SHA256()
        question = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm).build()
        request_der = question.public_bytes(Encoding.DER)
        started = time.perf_counter()
        if by_get:
            path = quote(base64.b64encode(request_der), safe="")
            response = self._session.get(f"{url.rstrip('/')}/{path}", timeout=_SECONDS)
        else:
            response = self._session.post(
                url, data=request_der, headers={"Content-Type": _TYPE}, timeout=_SECONDS
            )
        spent = (time.perf_counter() - started) * 1000
        if response.status_code != requests.codes.ok:
            raise ProbeFailed(f"HTTP {response.status_code}")
        return read_ocsp(response.content, question=question, issuer=issuer, at=self.clock()), spent

    def fetch_list(self, url: str, issuer: x509.Certificate) -> tuple[ReadList, float]:
        """Fetch a list, or learn that it has not changed; return it and the milliseconds it took.

        Raises ``NotOffered`` and the other ``FAULTS``.
        """
        issuer_der = issuer.public_bytes(Encoding.DER)
        kept = self._lists.get(url)
        if kept is not None and kept.issuer_der != issuer_der:
            kept = None
        started = time.perf_counter()
        response = self._session.get(url, headers=kept.validators if kept else {}, timeout=_SECONDS)
        spent = (time.perf_counter() - started) * 1000
        if response.status_code == requests.codes.not_found:
            raise NotOffered("HTTP 404")
        if response.status_code == requests.codes.not_modified and kept is not None:
            check_times(kept.read.this_update, kept.read.next_update, at=self.clock())
            return kept.read, spent
        if response.status_code != requests.codes.ok:
            raise ProbeFailed(f"HTTP {response.status_code}")
        read = read_list(response.content, issuer=issuer, at=self.clock())
        if len(self._lists) >= _MOST_LISTS:
            self._lists.clear()
        self._lists[url] = _Kept(
            read=read, issuer_der=issuer_der, validators=_validators(dict(response.headers.lower_items()))
        )
        return read, spent

    def serial_numbers(self, url: str) -> frozenset[int]:
        """Return all that the list last fetched from an address names; empty when none was fetched."""
        kept = self._lists.get(url)
        if kept is None:
            return frozenset()
        if kept.serial_numbers is None:
            kept.serial_numbers = kept.read.serial_numbers()
        return kept.serial_numbers

    def fetch_issuer(self, url: str, certificate: x509.Certificate) -> float:
        """Fetch the issuer's certificate and verify that it issued this one; return the milliseconds.

        Raises one of ``FAULTS``.
        """
        started = time.perf_counter()
        response = self._session.get(url, timeout=_SECONDS)
        spent = (time.perf_counter() - started) * 1000
        if response.status_code != requests.codes.ok:
            raise ProbeFailed(f"HTTP {response.status_code}")
        certificate.verify_directly_issued_by(x509.load_der_x509_certificate(response.content))
        return spent

    def fetch_certificate(self, url: str, expected: x509.Certificate) -> tuple[float, int]:
        """Fetch an issuer's certificate and compare it with the one we know; return milliseconds and octets.

        Raises one of ``FAULTS``.
        """
        started = time.perf_counter()
        response = self._session.get(url, timeout=_SECONDS)
        spent = (time.perf_counter() - started) * 1000
        if response.status_code != requests.codes.ok:
            raise ProbeFailed(f"HTTP {response.status_code}")
        if x509.load_der_x509_certificate(response.content) != expected:
            raise ProbeFailed("another certificate")
        return spent, len(response.content)


def fault_of(error: BaseException) -> str:
    """Return a fault in one line, without what may differ from one time to the next."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "nobody answers"
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _validators(headers: dict[str, str]) -> dict[str, str]:
    asked = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {asked[name]: headers[name] for name in asked if name in headers}
