"""Writes the authorities that nginx asks browsers for certificates of (deploy/nginx/mtls.conf)."""

from argparse import ArgumentParser
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from authn.trust import load_trust


class Command(BaseCommand):
    """mtls_authorities FOLDER: person-cas.pem and person-root.pem, as this installation trusts them today."""

    help = (
        "Writes person-cas.pem (issuers of people, which browsers are told) and person-root.pem (the root "
        "above them). Run it again, and reload nginx, when an issuer of people was added."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path)

    def handle(self, *, folder: Path, **_options: object) -> None:
        """Write them, or say why not."""
        trust = load_trust()
        if not trust.anchors or not trust.issuers:
            raise CommandError("there are no issuers of people yet: run `manage.py key_ceremony` first.")
        folder.mkdir(parents=True, exist_ok=True)
        for name, certificates in (("person-cas.pem", trust.issuers), ("person-root.pem", trust.anchors)):
            draft = folder / f"{name}.draft"
            draft.write_bytes(b"".join(_pem(der) for der in certificates))
            draft.replace(folder / name)
            self.stdout.write(f"{folder / name}: {len(certificates)} certificates")
        self.stdout.write(f"nginx passes what it is asked to {settings.SIGILL_NGINX_SOCKETS / 'mtls.sock'}")


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
