"""``manage.py probe_status``: asks OCSP, CRL and AIA from outside; 0 when every answer is right."""

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone

from ca.models import Certificate
from ca.selectors import issuers
from ocsp.probe.examination import Asked, Finding, Probe
from ocsp.selectors import landings_under_way


class Command(BaseCommand):
    """Prints a line for each question and ends badly when one answer would not be accepted."""

    help = "Asks the public status addresses as a relying service would and checks every answer."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many certificates to ask about."""
        parser.add_argument("--limit", type=int, default=50, help="newest certificates to ask about")
        parser.add_argument("--quiet", action="store_true", help="print faults and the sum only")

    def handle(self, *, limit: int, quiet: bool, **_: object) -> None:  # noqa: D102 - Django's
        probe = Probe(clock=timezone.now, nodes=settings.SIGILL_STATUS_NODES)
        findings = [finding for asked in self._asked(limit) for finding in probe.examine(asked)]
        probe.close()
        if not findings:
            raise CommandError("There is no certificate to ask about: nothing has been issued yet.")
        for finding in findings:
            if finding.fault or not quiet:
                self.stdout.write(_line(finding))
        faults = sum(bool(finding.fault) for finding in findings)
        slowest = max(finding.milliseconds for finding in findings)
        under_way, late = landings_under_way()
        told = (
            f"{len(findings)} questions, {faults} faults, slowest answer {slowest:.0f} ms; "
            f"{under_way} revocations under way, {late} late"
        )
        if faults or late:
            raise CommandError(told)
        self.stdout.write(told)

    def _asked(self, limit: int) -> Iterator[Asked]:
        by_key = {one.key: x509.load_der_x509_certificate(bytes(one.certificate_der)) for one in issuers()}
        published = Certificate.objects.filter(published_at__isnull=False, not_after__gt=timezone.now())
        expected = _expected_by_the_demo()
        seen: set[str] = set()
        for row in list(published.order_by("-issued_at")[:limit]) + list(
            published.filter(sha256__in=expected).order_by("-issued_at")
        ):
            if row.sha256 in seen or row.issuer_id not in by_key:
                continue
            seen.add(row.sha256)
            status = "good" if row.revoked_at is None else "revoked"
            yield Asked(
                name=f"{row.issuer_id} {row.serial_hex[:12]}",
                certificate=x509.load_der_x509_certificate(bytes(row.certificate_der)),
                issuer=by_key[row.issuer_id],
                expected=expected.get(row.sha256, status),
                revoked_at=row.revoked_at,
            )
        yield from _never_issued(published, by_key)


def _never_issued(published: QuerySet[Certificate], by_key: dict[str, x509.Certificate]) -> Iterator[Asked]:
    """Yield, for each issuer with a certificate to imitate, one with a serial number that nobody drew."""
    now = timezone.now()
    key = ec.generate_private_key(ec.SECP256R1())
    for issuer_key, issuer in by_key.items():
        row = published.filter(issuer_id=issuer_key).exclude(profile="ocsp_signer").first()
        if row is None:
            continue
        like = x509.load_der_x509_certificate(bytes(row.certificate_der))
        builder = x509.CertificateBuilder(
            issuer_name=issuer.subject,
            subject_name=issuer.subject,
            public_key=key.public_key(),
            serial_number=secrets.randbits(126) + 1,
            not_valid_before=now,
            not_valid_after=now + timedelta(days=1),
        )
        for extension in like.extensions:
            if isinstance(extension.value, x509.AuthorityInformationAccess):
                builder = builder.add_extension(extension.value, critical=False)
        yield Asked(
            name=f"{issuer_key} never issued",
            certificate=builder.sign(key, hashes.SHA256()),
            issuer=issuer,
            expected="never issued",
        )


def _expected_by_the_demo() -> dict[str, str]:
    """Return what demo.json says of its certificates, by their digest."""
    file = settings.SIGILL_HOME / "demo.json"
    if not file.exists():
        return {}
    expected = {}
    for entry in json.loads(file.read_text())["certificates"]:
        pem = file.parent / entry["certificate"]
        certificate = x509.load_pem_x509_certificate(pem.read_bytes())
        expected[certificate.fingerprint(hashes.SHA256()).hex()] = str(entry["expected"])
    return expected


def _line(finding: Finding) -> str:
    return (
        f"{'FAULT' if finding.fault else 'ok':5} {finding.service:9} {finding.milliseconds:6.1f} ms  "
        f"{finding.name:34} {finding.fault or finding.outcome:24} {finding.url}"
    )
