"""Asks every service that a certificate names, one question after the other, and says what came of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from cryptography import x509

from ocsp.probe import addresses
from ocsp.probe.reading import ProbeFailed
from ocsp.probe.visiting import FAULTS, NotOffered, Visitor, fault_of

CRL_DELAY: Final = timedelta(minutes=1)
"""A revocation may be this young and not yet on the list (domain.md 3.4)."""


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
    """Examines certificates on the addresses that they name, or on nodes by these addresses' paths."""

    def __init__(self, *, clock: Callable[[], datetime], nodes: tuple[str, ...] = ()) -> None:
        self._visitor = Visitor(clock=clock)
        self._nodes = nodes

    def close(self) -> None:
        """Close the connections."""
        self._visitor.close()

    def examine(self, asked: Asked) -> Iterator[Finding]:
        """Ask every service that the certificate names, on every node."""
        for url in self._everywhere(addresses.ocsp_urls(asked.certificate)):
            yield self._finding(asked, "OCSP GET", url, partial(self._ocsp, asked, url, by_get=True))
            yield self._finding(asked, "OCSP POST", url, partial(self._ocsp, asked, url, by_get=False))
        if asked.expected == "never issued":
            return
        for url in self._everywhere(addresses.crl_urls(asked.certificate)):
            yield self._finding(asked, "CRL", url, partial(self._crl, asked, url))
            delta = self._delta_url(asked, url)
            if delta:
                yield self._finding(asked, "delta CRL", delta, partial(self._delta, asked, delta, url))
        for url in self._everywhere(addresses.issuer_urls(asked.certificate)):
            yield self._finding(asked, "AIA", url, partial(self._issuer, asked, url))

    def _everywhere(self, urls: list[str]) -> list[str]:
        if not self._nodes:
            return urls
        return [addresses.at_node(url, node) for url in urls for node in self._nodes]

    def _finding(self, asked: Asked, service: str, url: str, ask: Callable[[], tuple[str, float]]) -> Finding:
        outcome, milliseconds, fault = "", 0.0, ""
        try:
            outcome, milliseconds = ask()
        except FAULTS as error:
            fault = fault_of(error)
        return Finding(
            name=asked.name, service=service, url=url, outcome=outcome, milliseconds=milliseconds, fault=fault
        )

    def _ocsp(self, asked: Asked, url: str, *, by_get: bool) -> tuple[str, float]:
        answer, milliseconds = self._visitor.ask_ocsp(url, asked.certificate, asked.issuer, by_get=by_get)
        if asked.expected == "never issued":
            if answer.status in {"good", "revoked"}:
                raise ProbeFailed(f"{answer.status}, and it was never issued")
        elif answer.status != asked.expected:
            raise ProbeFailed(
                f"{answer.status}, expected {asked.expected}" if answer.this_update else answer.status
            )
        return answer.status, milliseconds

    def _crl(self, asked: Asked, url: str) -> tuple[str, float]:
        read, milliseconds = self._visitor.fetch_list(url, asked.issuer)
        is_listed = read.lists(asked.certificate.serial_number)
        if is_listed is not (asked.expected == "revoked") and not self._is_young(asked):
            raise ProbeFailed("listed" if is_listed else "not listed")
        return "listed" if is_listed else "not listed", milliseconds

    def _delta_url(self, asked: Asked, crl_url: str) -> str:
        """Return where the delta beside a full list lies; empty where none is offered."""
        try:
            full, _ = self._visitor.fetch_list(crl_url, asked.issuer)
        except FAULTS:
            return ""  # the full list's own finding tells it
        named = addresses.delta_url(full.crl, crl_url=crl_url)
        url = addresses.at_node(named, crl_url) if self._nodes else named
        try:
            self._visitor.fetch_list(url, asked.issuer)
        except NotOffered:
            return ""
        except FAULTS:
            return url  # asked again, and told
        return url

    def _delta(self, asked: Asked, url: str, crl_url: str) -> tuple[str, float]:
        """Combine a delta with its full list (RFC 5280 section 5.2.4): together they name what is revoked."""
        full, _ = self._visitor.fetch_list(crl_url, asked.issuer)
        read, milliseconds = self._visitor.fetch_list(url, asked.issuer)
        if read.base_number is None:
            raise ProbeFailed("a delta that names no base")
        if full.number < read.base_number:
            raise ProbeFailed(f"its base {read.base_number} is newer than the full list {full.number}")
        number = asked.certificate.serial_number
        is_known = read.lists(number) or full.lists(number)
        if is_known is not (asked.expected == "revoked") and not self._is_young(asked):
            raise ProbeFailed("listed" if is_known else "not listed")
        return "listed" if is_known else "not listed", milliseconds

    def _is_young(self, asked: Asked) -> bool:
        return asked.revoked_at is not None and self._visitor.clock() - asked.revoked_at < CRL_DELAY

    def _issuer(self, asked: Asked, url: str) -> tuple[str, float]:
        return "the issuer", self._visitor.fetch_issuer(url, asked.certificate)
