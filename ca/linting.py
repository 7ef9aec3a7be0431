"""Lints everything that was issued, certificates and lists, with our own lints and with pkilint's."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cryptography import x509

from ca.crl_lists import CrlList, lists_of
from ca.models import Certificate, Issuer
from ca.pki.certificate_lints import lint_certificate
from ca.pki.crl_lints import lint_crl
from ca.pki.errors import PkiError
from ca.pki.issuer import IssuerFacts
from ca.pki.lints import Finding, Severity
from ca.policy_files import files_of
from ca.second_opinion import MOST_ENTRIES, SecondOpinion
from ca.selectors import issuers


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that must not be in what we issue: where, and what."""

    where: str
    what: str


@dataclass(slots=True)
class Read:
    """How much was read."""

    things: int = 0
    by_pkilint: int = 0
    warnings: int = 0


def faults_in_certificates(
    *, opinion: SecondOpinion | None, limit: int | None, read: Read
) -> Iterator[Fault]:
    """Yield the faults of every certificate, newest first; pkilint reads at most ``limit`` of them."""
    all_issuers = {issuer.key: issuer for issuer in Issuer.objects.all()}
    facts: dict[str, list[IssuerFacts]] = {}
    for certificate in Certificate.objects.order_by("-issued_at", "pk").iterator(chunk_size=500):
        read.things += 1
        name = f"certificate {certificate.issuer_id} {certificate.serial_hex}"
        certificate_der = bytes(certificate.certificate_der)
        yield from told(name, _own_lints(certificate, all_issuers[certificate.issuer_id], facts), read)
        if opinion is not None and (limit is None or read.by_pkilint < limit):
            read.by_pkilint += 1
            for said in opinion.certificate(certificate_der):
                yield Fault(where=name, what=f"pkilint: {said}")


def faults_in_crls(*, opinion: SecondOpinion | None, read: Read) -> Iterator[Fault]:
    """Yield the faults of every published list: whole ones, deltas and shards."""
    for issuer in issuers():
        for crl_list in lists_of(issuer):
            if not crl_list.file.exists():
                if crl_list.latest is not None or crl_list == CrlList(issuer=issuer):
                    yield Fault(where=f"CRL {crl_list.name}", what="no list is published")
                continue
            read.things += 1
            yield from _faults_in_list(crl_list, opinion=opinion, read=read)


def told(where: str, findings: Iterable[Finding], read: Read) -> Iterator[Fault]:
    """Yield the errors among findings as faults, and count the warnings."""
    for finding in findings:
        if finding.severity is Severity.ERROR:
            yield Fault(where=where, what=f"{finding.lint} ({finding.citation}): {finding.detail}")
        else:
            read.warnings += 1


def _own_lints(
    certificate: Certificate, issuer: Issuer, known: dict[str, list[IssuerFacts]]
) -> Sequence[Finding]:
    """Return what our lints find, by the addresses of today or, for one from before a move, those of then.

    ``known`` keeps what was found out about the issuers.
    """
    files = files_of(issuer)
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    if parsed.serial_number != int(certificate.serial_hex, 16):
        return [_finding("the certificate has another serial number than its row")]
    try:
        if issuer.key not in known:
            known[issuer.key] = [files.facts_of(issuer), *files.earlier_facts_of(issuer)]
        profile = files.profile(certificate.profile)
    except PkiError as error:
        return [_finding(str(error))]
    tbs_der = parsed.tbs_certificate_bytes
    return _fewest(lint_certificate(tbs_der, profile=profile, issuer=one) for one in known[issuer.key])


def _fewest(found: Iterable[Sequence[Finding]]) -> Sequence[Finding]:
    """Return the findings with the fewest errors; the first with none ends the search."""
    best: Sequence[Finding] | None = None
    for one in found:
        errors = sum(finding.severity is Severity.ERROR for finding in one)
        if not errors:
            return one
        if best is None or errors < sum(finding.severity is Severity.ERROR for finding in best):
            best = one
    return best or ()


def _faults_in_list(crl_list: CrlList, *, opinion: SecondOpinion | None, read: Read) -> Iterator[Fault]:
    name, crl_der = f"CRL {crl_list.file.name}", crl_list.file.read_bytes()
    try:
        crl = x509.load_der_x509_crl(crl_der)
    except ValueError as error:
        yield Fault(where=name, what=f"is no CRL: {error}")
        return
    public_key = x509.load_der_x509_certificate(bytes(crl_list.issuer.certificate_der)).public_key()
    if not crl.is_signature_valid(public_key):  # type: ignore[arg-type]
        yield Fault(where=name, what="the issuer did not sign it")
    earlier = files_of(crl_list.issuer).earlier_facts_of(crl_list.issuer)
    facts = [crl_list.facts, *(replace(one, plan=crl_list.facts.plan) for one in earlier)]
    yield from told(name, _fewest(lint_crl(crl.tbs_certlist_bytes, issuer=one) for one in facts), read)
    if opinion is not None and len(crl) <= MOST_ENTRIES:
        read.by_pkilint += 1
        ask = opinion.authority_crl if crl_list.facts.plan.is_root else opinion.crl
        for said in ask(crl_der):
            yield Fault(where=name, what=f"pkilint: {said}")


def _finding(detail: str) -> Finding:
    return Finding(
        lint="row", severity=Severity.ERROR, citation="own CP: a row is its certificate", detail=detail
    )
