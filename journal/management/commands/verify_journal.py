"""Checks the whole journal as an outsider would, and writes an export that anyone can check."""

import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from journal.exporting import export_lines
from journal.models import Checkpoint, DeadLetter, Unsequenced
from journal.restores import told_restores
from journal.tile_files import CHECKPOINT
from journal.verify import BrokenJournal, PublicKey, read_tiles, verify


class Command(BaseCommand):
    """manage.py verify_journal [--export FILE]."""

    help = "Verify the journal against its signed heads; --export FILE writes what journal/verify.py checks."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file to export to, and the audit certificate when it lies elsewhere."""
        parser.add_argument("--export", type=Path, help="write the export here and keep it")
        parser.add_argument("--key", type=Path, help="audit certificate, PEM (default: the ceremony's)")

    def handle(self, *_: object, export: Path | None, key: Path | None, **__: object) -> None:
        """Export, verify, compare with the heads kept outside the database; say what was found."""
        certificate_file = key or settings.SIGILL_HOME / "ceremony" / "audit.pem"
        try:
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        except (OSError, ValueError) as error:
            raise CommandError(f"no audit certificate at {certificate_file}: {error}") from error
        audit_key = certificate.public_key()
        if not isinstance(audit_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise CommandError(f"{certificate_file} holds a key that no journal is signed with")
        if not Checkpoint.objects.exists():
            raise CommandError("the journal has no signed head yet: is the worker running?")
        with tempfile.TemporaryDirectory() as folder:
            target = export or Path(folder) / "journal.jsonl"
            try:
                # The tiles are read first: whatever they hold, an export that is written later holds as well.
                published = self._published(audit_key)
                with target.open("w", encoding="utf-8") as handle:
                    handle.writelines(export_lines())
                with target.open(encoding="utf-8") as lines:
                    head = verify(lines, audit_key, published=published)
            except BrokenJournal as error:
                raise CommandError(f"the journal is BROKEN: {error}") from error
            except OSError as error:
                raise CommandError(f"{target} cannot be written: {error.strerror}") from error
        self._compare_outside_heads()
        outside = settings.SIGILL_HOME / "journal" / "checkpoints"
        try:
            restores = told_restores(outside, key=audit_key, rows=head.size)
        except BrokenJournal as error:
            raise CommandError(f"the journal is BROKEN: {error}") from error
        for sentence in restores:
            self.stdout.write(sentence)
        waiting = Unsequenced.objects.count()
        letters = DeadLetter.objects.filter(resolved_at__isnull=True).count()
        self.stdout.write(
            f"The journal is intact: {head.size} rows, root {head.root_hash.hex()}, {waiting} waiting for a "
            f"place, {letters} dead letters."
        )
        if export:
            self.stdout.write(
                f"Exported; anyone checks it: python journal/verify.py {export} --key {certificate_file}"
            )

    def _published(self, key: PublicKey) -> list[bytes]:
        """Return the leaf hashes that were published: they tell just which row is not as it was."""
        folder = settings.SIGILL_PUBLIC / "log"
        return read_tiles(str(folder), key)[1] if (folder / CHECKPOINT).exists() else []

    def _compare_outside_heads(self) -> None:
        """Each head written outside the database must stand in it, word for word."""
        folder = settings.SIGILL_HOME / "journal" / "checkpoints"
        inside = dict(Checkpoint.objects.values_list("size", "note"))
        for path in sorted(folder.glob("*.txt")):
            size = int(path.stem)
            if inside.get(size) is None or inside[size].split("\n\n")[0] != path.read_text().split("\n\n")[0]:
                raise CommandError(
                    f"the journal is BROKEN: the head kept in {path.name} is not the database's: "
                    "the database was rolled back or rewritten"
                )
