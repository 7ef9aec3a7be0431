"""Makes a backup: manage.py backup [--out FILE] [--passphrase-file FILE]."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from journal.actor import Actor
from worker.backup.errors import BackupRefused
from worker.backup.making import make_backup
from worker.backup.passphrase import read_passphrase


class Command(BaseCommand):
    """Write database, keys, secrets, ledger, journal heads and published files to one file."""

    help = "Back up this installation to one file while it runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, and the passphrase's file."""
        parser.add_argument("--out", type=Path, help="default: backups/<time> in the installation's folder")
        parser.add_argument("--passphrase-file", type=Path, help="encrypt with the passphrase in this file")

    def handle(self, *_: object, out: Path | None, passphrase_file: Path | None, **__: object) -> None:
        """Make it, and say what is in it."""
        now = timezone.now()
        try:
            passphrase = read_passphrase(passphrase_file)
            name = f"{now:%Y-%m-%dT%H%M%SZ}.tar.gz{'.sealed' if passphrase else ''}"
            made = make_backup(
                file=(out or settings.SIGILL_HOME / "backups" / name).absolute(),
                passphrase=passphrase,
                actor=Actor.system("backup"),
                at=now,
            )
        except BackupRefused as error:
            raise CommandError(str(error)) from error
        facts = made.manifest.database
        token = f"copy {made.token_copy} of the token" if made.token_copy else "no keys (they are in the HSM)"
        self.stdout.write(
            f"Backed up to {made.file}: {len(made.manifest.files)} files, {made.file.stat().st_size} bytes, "
            f"SHA-256 {made.sha256}\n"
            f"{facts.certificates} certificates ({facts.revoked} revoked), "
            f"journal of {facts.journal_rows} rows, {token}; "
            f"{'encrypted' if passphrase else 'NOT encrypted: whoever has the file has the keys'}; "
            f"{'signed by the audit key' if made.is_signed else 'NOT signed: no signer answered'}"
        )
