"""Lints every certificate and CRL that was ever issued: ``manage.py lint_all``."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ca.crl_lists import crl_file
from ca.models import Certificate, Issuer
from ca.pki.certificate_lints import lint_certificate
from ca.pki.crl_lints import lint_crl
from ca.pki.errors import PkiError
from ca.pki.lints import Severity
from ca.policy_files import files_of
from ca.selectors import issuers


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that a lint found at level ERROR."""

    where: str
    what: str


class Command(BaseCommand):
    """Read every certificate and published CRL with the lints of the issuing path, and with pkilint."""

    help = "Lint all certificates and CRLs; exit status 1 when something is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many certificates pkilint reads: it needs half a second for each."""
        parser.add_argument(
            "--pkilint", type=int, default=25, metavar="N", help="certificates read by pkilint"
        )

    def handle(self, *_: object, pkilint: int, **__: object) -> None:
        """Say how many were read and what was found."""
        faults = [*self._certificates(), *self._crls()]
        read = Certificate.objects.count()
        lists = sum(1 for issuer in issuers() if crl_file(issuer).exists())
        said = f"{read} certificates and {lists} CRLs were linted"
        tool = _pkilint()
        if tool is None:
            said += "; pkilint is not installed"
        else:
            chosen = list(Certificate.objects.order_by("-issued_at")[:pkilint])
            faults += [fault for one in chosen for fault in _by_pkilint(tool, "lint_pkix_cert", one)]
            said += f", {len(chosen)} certificates by pkilint as well"
        for fault in faults:
            self.stdout.write(f"{fault.where}: {fault.what}")
        if faults:
            raise CommandError(f"{said}; {len(faults)} faults")
        self.stdout.write(f"{said}; no faults")

    def _certificates(self) -> Iterator[Fault]:
        all_issuers = {issuer.key: issuer for issuer in Issuer.objects.all()}
        for certificate in Certificate.objects.order_by("issued_at").iterator(chunk_size=500):
            name = f"{certificate.issuer_id} {certificate.serial_hex}"
            files = files_of(all_issuers[certificate.issuer_id])
            certificate_der = bytes(certificate.certificate_der)
            parsed = x509.load_der_x509_certificate(certificate_der)
            if f"{parsed.serial_number:x}" != certificate.serial_hex.lstrip("0"):
                yield Fault(where=name, what="the certificate has another serial number than its row")
            try:
                findings = lint_certificate(
                    parsed.tbs_certificate_bytes,
                    profile=files.profile(certificate.profile),
                    issuer=files.facts_of(all_issuers[certificate.issuer_id]),
                )
            except PkiError as error:
                yield Fault(where=name, what=str(error))
                continue
            for finding in findings:
                if finding.severity is Severity.ERROR:
                    yield Fault(where=name, what=f"{finding.lint} ({finding.citation}): {finding.detail}")

    def _crls(self) -> Iterator[Fault]:
        for issuer in issuers():
            file = crl_file(issuer)
            if not file.exists():
                yield Fault(where=issuer.key, what="no CRL is published")
                continue
            crl = x509.load_der_x509_crl(file.read_bytes())
            public_key = x509.load_der_x509_certificate(bytes(issuer.certificate_der)).public_key()
            if not crl.is_signature_valid(public_key):  # type: ignore[arg-type]
                yield Fault(where=file.name, what="the signature does not verify")
            for finding in lint_crl(crl.tbs_certlist_bytes, issuer=files_of(issuer).facts_of(issuer)):
                if finding.severity is Severity.ERROR:
                    yield Fault(
                        where=file.name, what=f"{finding.lint} ({finding.citation}): {finding.detail}"
                    )


def _pkilint() -> Path | None:
    beside = Path(sys.executable).with_name("lint_pkix_cert")
    found = str(beside) if beside.exists() else shutil.which("lint_pkix_cert")
    return Path(found) if found else None


def _by_pkilint(tool: Path, name: str, certificate: Certificate) -> Iterator[Fault]:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        pem = x509.load_der_x509_certificate(bytes(certificate.certificate_der)).public_bytes(Encoding.PEM)
        file.write(pem)
        file.flush()
        command = [str(tool.with_name(name)), "lint", "-s", "ERROR", file.name]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if answer.returncode:
        where = f"{certificate.issuer_id} {certificate.serial_hex}"
        yield Fault(where=where, what=f"pkilint: {answer.stdout.strip() or answer.stderr.strip()}")
