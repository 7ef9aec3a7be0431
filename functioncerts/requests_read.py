"""Reading a PKCS#10 request: only the key is taken, and everything else in it is told to the orderer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ca.errors import KeyRefused
from ca.pki.csr import parse_csr
from ca.pki.errors import PkiError
from functioncerts.errors import RequestInvalid

SHORT_KEYS: Final = frozenset({"rsa-2048"})
"""Taken, but worth a word: domain.md 5 advises RSA of at least 3072 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the request that the orderer should know; it does not stop the order."""

    code: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """The key whose possession was proved, and what was left aside."""

    public_key: bytes
    key: str
    """E.g. `ec-p256` or `rsa-3072`."""
    findings: tuple[Finding, ...]


def refused(error: PkiError | KeyRefused) -> RequestInvalid:
    """Return the refusal with the rule that was broken; whoever made the request can make another."""
    return RequestInvalid(str(error), facts={"check": error.code, **error.facts, "fixer": "you"})


def read_request(csr: bytes) -> ReadRequest:
    """Return the key of a request (DER or PEM) and the findings; raises RequestInvalid."""
    try:
        facts = parse_csr(csr)
    except PkiError as error:
        raise refused(error) from error
    findings: list[Finding] = []
    if facts.subject_text:
        findings.append(Finding(code="subject_ignored", facts={"subject": facts.subject_text[:256]}))
    if names := (*facts.dns_names, *facts.other_names):
        findings.append(Finding(code="names_ignored", facts={"names": ", ".join(names)[:512]}))
    if facts.extensions:
        asked = ", ".join(facts.extensions)[:256]
        findings.append(Finding(code="extensions_ignored", facts={"extensions": asked}))
    if facts.attributes:
        carried = ", ".join(facts.attributes)[:256]
        findings.append(Finding(code="attributes_ignored", facts={"attributes": carried}))
    if facts.key in SHORT_KEYS:
        findings.append(Finding(code="key_short", facts={"key": facts.key, "advised": "rsa-3072"}))
    return ReadRequest(public_key=facts.public_key, key=facts.key, findings=tuple(findings))
