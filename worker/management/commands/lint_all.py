"""Lints every certificate, CRL and stored OCSP answer: ``manage.py lint_all``."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ca.linting import Fault, Read, faults_in_certificates, faults_in_crls
from ca.pki.lint_table import lint_table
from ca.second_opinion import SecondOpinion, second_opinion
from ocsp.linting import faults_in_answers
from ocsp.store.interface import StoreUnavailable
from worker.wiring import status_store


class Command(BaseCommand):
    """Read everything issued with the lints of the issuing path, and with pkilint where it is installed."""

    help = "Lint all certificates, CRLs and OCSP answers; exit status 1 when something is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how much pkilint reads, and whether the lints are to be told instead."""
        parser.add_argument(
            "--pkilint",
            type=int,
            metavar="N",
            help="certificates and answers read by pkilint, at 6 ms each; all of them unless this says fewer",
        )
        parser.add_argument(
            "--list",
            dest="tells_lints",
            action="store_true",
            help="tell every lint with its citation, and end",
        )

    def handle(self, *_: object, pkilint: int | None, tells_lints: bool, **__: object) -> None:
        """Say how much was read and what was found."""
        if tells_lints:
            self.stdout.write(lint_table())
            return
        opinion = second_opinion()
        certificates, crls, answers = Read(), Read(), Read()
        faults = [
            *faults_in_certificates(opinion=opinion, limit=pkilint, read=certificates),
            *faults_in_crls(opinion=opinion, read=crls),
            *_in_answers(opinion, limit=pkilint, read=answers),
        ]
        if not certificates.things + crls.things + answers.things:
            raise CommandError(
                "There is nothing to lint: no certificate has been issued here (manage.py key_ceremony)."
            )
        for fault in faults:
            self.stdout.write(f"{fault.where}: {fault.what}")
        said = (
            f"{certificates.things} certificates and {crls.things} CRLs and {answers.things} OCSP answers "
            "were linted"
        )
        if opinion is None:
            said += "; pkilint is not installed"
        else:
            parts = (certificates.by_pkilint, crls.by_pkilint, answers.by_pkilint)
            said += ", by pkilint as well {} and {} and {} of them".format(*parts)
        if faults:
            raise CommandError(f"{said}; {len(faults)} faults")
        warnings = certificates.warnings + crls.warnings + answers.warnings
        self.stdout.write(f"{said}; no faults" + (f", {warnings} remarks" if warnings else ""))


def _in_answers(opinion: SecondOpinion | None, *, limit: int | None, read: Read) -> list[Fault]:
    if not settings.SIGILL_OCSP_STORE_URL and not settings.SIGILL_OCSP_STORE.exists():
        return []
    try:
        return list(faults_in_answers(status_store(), opinion=opinion, limit=limit, read=read))
    except StoreUnavailable as error:
        return [Fault(where="OCSP store", what=f"cannot be read: {error}")]
