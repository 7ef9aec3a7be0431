"""Takes over the old portal's reports: ``manage.py import_old_reports FOLDER`` (REP-4)."""

import csv
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from directory.models import Organization
from journal.actor import Actor
from reports.old_reports import OldFile, keep_old_report

INDEX = "index.csv"
COLUMNS = ("file", "name", "made_on", "organization", "names_protected")
_YES_OR_NO = {"yes": True, "no": False}


class Command(BaseCommand):
    """Keep each file that the folder's index names; the same again is nothing."""

    help = (
        "Keep the old portal's reports, read only. FOLDER holds files and index.csv (semicolons) with the "
        "columns file;name;made_on;organization;names_protected: a day as YYYY-MM-DD, the HSA-id of the "
        "organization, yes or no. They are closed after SIGILL_OLD_REPORTS_UNTIL."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *_: object, folder: Path, **__: object) -> None:
        """Read everything first, then keep it: a folder with a fault in it changes nothing."""
        try:
            with (folder / INDEX).open(encoding="utf-8-sig", newline="") as index:
                lines = list(csv.DictReader(index, delimiter=";"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{INDEX} cannot be read: {error}") from error
        files = [_file(folder, line, number) for number, line in enumerate(lines, start=2)]
        actor, at = Actor.system("import_old_reports"), timezone.now()
        kept = sum(keep_old_report(file, actor=actor, at=at) for file in files)
        self.stdout.write(f"{kept} old reports kept, {len(files) - kept} were there already.")


def _file(folder: Path, line: dict[str, str], number: int) -> OldFile:
    try:
        name, day = line["file"], date.fromisoformat(line["made_on"])
        path = folder / name
        if path.parent != folder or path.is_symlink():
            raise CommandError(f"{INDEX} line {number}: {name} is not a file of the folder")
        organization = Organization.objects.get(hsa_id=line["organization"])
        return OldFile(
            name=line["name"][:120],
            made_on=day,
            organization_id=str(organization.pk),
            names_protected=_YES_OR_NO[line["names_protected"]],
            original_name=name[:120],
            content=path.read_bytes(),
        )
    except Organization.DoesNotExist as error:
        raise CommandError(f"{INDEX} line {number}: no organization {line['organization']}") from error
    except (KeyError, TypeError, ValueError, OSError) as error:
        columns = ";".join(COLUMNS)
        raise CommandError(
            f"{INDEX} line {number} is not {columns} of a file that is there: {error}"
        ) from error
