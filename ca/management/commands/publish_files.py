"""Writes the certificates and chains that relying parties fetch again, from the database."""

from django.core.management.base import BaseCommand, CommandError

from ca.ceremony.publication import publish_files, write_certificate
from ca.environments import Environment
from ca.hsm.installation import token_configuration
from ca.models import Certificate
from ca.registration import OCSP_SIGNER
from ca.selectors import issuers


class Command(BaseCommand):
    """Put back what was lost or changed under public/ and ceremony/; the doctor knows what was made."""

    help = "Write issuer certificates, chains and our own certificates again; then ask the doctor."

    def handle(self, *_: object, **__: object) -> None:
        """Write, and say what."""
        written = 0
        for environment in Environment:
            if not issuers(environment):
                continue
            publish_files(environment)
            own = Certificate.objects.filter(carrier_kind="none", issuer__environment=environment.value)
            newest = {
                one.carrier_id: one for one in own.exclude(profile=OCSP_SIGNER).order_by("issued_at", "pk")
            }
            for label, certificate in newest.items():
                write_certificate(
                    label, certificate, environment=environment, configuration=token_configuration()
                )
            written += len(newest)
        if not written:
            raise CommandError(
                "there is nothing to write: no certificate has been issued (manage.py key_ceremony)"
            )
        self.stdout.write(f"{written} certificates were written again, and every chain.")
