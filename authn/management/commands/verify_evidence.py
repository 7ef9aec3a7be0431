"""Verifies signatures and shown certificates kept as evidence, from the database or a file."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from authn.evidence_file import EvidenceRefused, Verified, evidence_file, read_evidence_file, verify_file
from authn.models import Evidence, MtlsEvidence
from authn.mtls.evidence import verify_shown
from authn.trust import load_trust

Row = TypeVar("Row", Evidence, MtlsEvidence)


class Command(BaseCommand):
    """Verify by the stored status answers, at the moment of the signature; no clock, no network."""

    help = "Verify kept signatures offline; exit status 1 when one does not hold."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the ids of evidence, or a file from the auditor's page; nothing means all there is."""
        parser.add_argument("evidence", nargs="*", help="ids of evidence")
        parser.add_argument("--file", type=Path, help="a file from the page of the evidence")

    def handle(self, *_: object, evidence: list[str], file: Path | None, **__: object) -> None:
        """Say one line for each signature, and fail if one does not hold."""
        trust = load_trust()
        if not trust.anchors:
            raise CommandError("there is no chain.pem to trust here")
        if file is not None:
            try:
                told = verify_file(read_evidence_file(file.read_text(encoding="utf-8")), trust=trust)
            except (OSError, EvidenceRefused) as error:
                raise CommandError(f"{file}: {error}") from error
            self._say(str(file), told)
            return
        wrong, signatures = self._verify(
            Evidence.objects.all(), evidence, lambda row: verify_file(evidence_file(row), trust=trust)
        )
        wrong_shown, shown = self._verify(
            MtlsEvidence.objects.all(), evidence, lambda row: verify_shown(row, trust=trust)
        )
        wrong, count = wrong + wrong_shown, signatures + shown
        if wrong or (evidence and count != len(set(evidence))):
            raise CommandError(f"{wrong} of {count} do not hold" if wrong else "not all of them are there")
        self.stdout.write(f"{signatures} signatures hold")
        if shown:
            self.stdout.write(f"{shown} certificates shown by two-way TLS held")

    def _verify(
        self, rows: QuerySet[Row], wanted: list[str], verified: Callable[[Row], Verified]
    ) -> tuple[int, int]:
        """Verify the rows, or the wanted among them; return how many are wrong, and how many there are."""
        wrong = count = 0
        for row in (rows.filter(pk__in=wanted) if wanted else rows).order_by("checked_at").iterator():
            count += 1
            try:
                self._say(str(row.pk), verified(row))
            except EvidenceRefused as error:
                wrong += 1
                self.stderr.write(f"{row.pk}: DOES NOT HOLD: {error}")
        return wrong, count

    def _say(self, name: str, told: Verified) -> None:
        self.stdout.write(
            f"{name}: holds; {told.purpose} by certificate {told.serial_number:x} of {told.issuer_name}"
            f" at {told.checked_at:%Y-%m-%d %H:%M:%S}Z"
        )
