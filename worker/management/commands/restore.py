"""Restores a backup: manage.py restore FILE [--into HOME] [--ledger FILE] [--replace], or a part (--only)."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ca.crl_lists import WHOLE
from worker.backup.errors import BackupRefused
from worker.backup.passphrase import read_passphrase
from worker.backup.putting_back import PartWish, put_back
from worker.backup.restoring import Restored, Wish, restore


class Command(BaseCommand):
    """Put a backup back, then every revocation since; refuse rather than lose anything unasked."""

    help = "Restore a backup while no process runs; what was revoked since stays revoked."

    # The installation may be empty or broken: nothing of it is needed to replace it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the backup, where to, and what may be lost."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--into", type=Path, metavar="HOME", help="default: this installation's folder")
        parser.add_argument("--ledger", type=Path, help="revocation ledger kept elsewhere, instead of HOME's")
        parser.add_argument("--replace", action="store_true", help="also when HOME is newer than the backup")
        parser.add_argument("--passphrase-file", type=Path, help="the passphrase that it was encrypted with")
        parser.add_argument("--unsigned", action="store_true", help="also when nobody vouches for the backup")
        parser.add_argument(
            "--only",
            metavar="PART",
            help="put back this file or folder alone (secrets/hsm-pin, ceremony, ...) and leave the rest",
        )

    def handle(
        self,
        *_: object,
        file: Path,
        into: Path | None,
        ledger: Path | None,
        replace: bool,
        passphrase_file: Path | None,
        unsigned: bool,
        only: str | None,
        **__: object,
    ) -> None:
        """Restore, and say what was done and what is lost."""
        if only is not None:
            if ledger is not None or replace:
                raise CommandError("--only puts back a part: --ledger and --replace are for the whole")
            self._put_back(
                PartWish(
                    file=file,
                    part=only,
                    home=(into or settings.SIGILL_HOME).absolute(),
                    passphrase=self._passphrase(passphrase_file),
                    at=timezone.now(),
                    may_be_unsigned=unsigned,
                )
            )
            return
        try:
            wish = Wish(
                file=file,
                home=(into or settings.SIGILL_HOME).absolute(),
                ledger=ledger,
                passphrase=read_passphrase(passphrase_file),
                may_replace=replace,
                may_be_unsigned=unsigned,
                at=timezone.now(),
            )
            done = restore(wish)
        except BackupRefused as error:
            raise CommandError(str(error)) from error
        self._say(wish, done)

    @staticmethod
    def _passphrase(file: Path | None) -> str:
        try:
            return read_passphrase(file)
        except BackupRefused as error:
            raise CommandError(str(error)) from error

    def _put_back(self, wish: PartWish) -> None:
        try:
            done = put_back(wish)
        except (BackupRefused, OSError) as error:
            raise CommandError(f"nothing was put back: {error}") from error
        for name in done:
            self.stdout.write(name)
        self.stdout.write(
            f"{len(done)} files were put back; what they replaced is kept below backups/: it may hold secrets"
            if done
            else f"{wish.part} is what the backup has: nothing was changed."
        )

    def _say(self, wish: Wish, done: Restored) -> None:
        facts, answer = done.manifest.database, done.answer
        # A whole list is called by its issuer alone, a shard by issuer and number.
        numbers = [
            f"{name.removesuffix(f'/{WHOLE}')} {number}" for name, number in answer.crl_numbers.items()
        ]
        self.stdout.write(
            f"Restored the backup of {done.manifest.made_at} into {wish.home}: "
            f"{facts.certificates} certificates, journal of {facts.journal_rows} rows.\n"
            f"Ledger: {answer.ledger_entries} revocations, {answer.taken_from_crls} of them from "
            f"published CRLs only; {answer.revoked_again} certificates revoked again, "
            f"{answer.unknown_serials} serials that the backup does not know are listed as revoked.\n"
            f"OCSP: {answer.answers_published} statuses signed anew. CRL numbers jumped to "
            f"{', '.join(numbers)}.\n"
            f"Journal: {answer.lost_heads} signed heads are of what is lost; verify_journal tells of it."
        )
        if answer.without_key:
            self.stdout.write(f"No new CRL of {', '.join(answer.without_key)}: the key is not in this token.")
        kept = [str(part) for part in (done.aside, done.aside_database) if part]
        if kept:
            self.stdout.write(f"What was there before is kept as {' and '.join(kept)}; it holds secrets.")
