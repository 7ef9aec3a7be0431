"""Blocks a public key for good (``manage.py block_key``) and revokes its certificates when told to."""

import hashlib
import re
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from ca.blocking import MOST_AT_ONCE, REASONS, block_and_find, revoke_found
from ca.selectors import find_by_serial
from journal.actor import Actor
from journal.errors import DomainError

_HEX: re.Pattern[str] = re.compile(r"[0-9a-f]{64}")


class Command(BaseCommand):
    """Take a key by certificate, digest or file; block it; show and revoke its live certificates."""

    help = "Block a public key for ever. Nothing takes it back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the key and the reason."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--certificate", help="serial number of one of ours, or a certificate file")
        which.add_argument("--spki-sha256", help="SHA-256 of the SubjectPublicKeyInfo, 64 hex digits")
        which.add_argument("--public-key", type=Path, metavar="FILE", help="public key, PEM or DER")
        parser.add_argument("--reason", required=True, choices=REASONS, help="why; kept in the journal")
        parser.add_argument("--yes", action="store_true", help="revoke its live certificates without asking")

    def handle(
        self,
        *_: object,
        certificate: str | None,
        spki_sha256: str | None,
        public_key: Path | None,
        reason: str,
        yes: bool,
        **__: object,
    ) -> None:
        """Block, show, ask, revoke."""
        digest = self._digest(certificate, spki_sha256, public_key)
        actor, at = Actor.system("block_key"), timezone.now()
        try:
            with transaction.atomic():
                found = block_and_find(public_key_sha256=digest, reason=reason, actor=actor, at=at)
        except DomainError as error:
            raise CommandError(str(error)) from error
        words = "is blocked from now on" if found.is_new else "was blocked before"
        self.stdout.write(f"The key with SHA-256 {digest} {words}.")
        for one in found.certificates:
            self.stdout.write(
                f"  live: {one.issuer_id} {one.serial_hex}, {one.profile}, "
                f"{one.carrier_kind} {one.carrier_id}, until {one.not_after:%Y-%m-%d}"
            )
        if not found.certificates:
            self.stdout.write("No live certificate holds it.")
            return
        if len(found.certificates) > MOST_AT_ONCE:
            raise CommandError(
                f"more than {MOST_AT_ONCE} certificates hold it: nobody revokes so many alone (domain.md 7.3)"
            )
        if not yes and not self._agrees(len(found.certificates)):
            raise CommandError("the certificates were not revoked: run it again with --yes to revoke them")
        try:
            revoked = revoke_found(found, actor=actor, at=timezone.now())
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{revoked} certificates are revoked (keyCompromise).")

    @staticmethod
    def _agrees(count: int) -> bool:
        if not sys.stdin.isatty():
            return False
        return (
            input(f"Revoke these {count} certificates for ever (keyCompromise)? [y/N] ").strip().lower()
            == "y"
        )

    @staticmethod
    def _digest(certificate: str | None, spki_sha256: str | None, public_key: Path | None) -> str:
        if spki_sha256 is not None:
            digest = spki_sha256.replace(":", "").lower()
            if not _HEX.fullmatch(digest):
                raise CommandError("a SHA-256 has 64 hex digits")
            return digest
        if public_key is not None:
            return _digest_of_key(public_key)
        return _digest_of_certificate(certificate or "")


def _digest_of_key(file: Path) -> str:
    try:
        content = file.read_bytes()
        load = load_pem_public_key if content.lstrip().startswith(b"-----") else load_der_public_key
        spki = load(content).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} holds no public key: {error}") from error
    return hashlib.sha256(spki).hexdigest()


def _digest_of_certificate(named: str) -> str:
    if Path(named).is_file():
        content = Path(named).read_bytes()
        is_pem = content.lstrip().startswith(b"-----")
        try:
            read = x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate
            spki = read(content).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except ValueError as error:
            raise CommandError(f"{named} holds no certificate: {error}") from error
        return hashlib.sha256(spki).hexdigest()
    digests = {one.public_key_sha256 for one in find_by_serial(named)}
    if len(digests) != 1:
        raise CommandError(
            f"{len(digests)} keys have a certificate with the serial number {named}; name one key"
        )
    return digests.pop()
