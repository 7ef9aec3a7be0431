"""A workbook as LibreOffice opens it: the same rows, dates and numbers as the table, and nothing computed."""

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cards.models import CardOrder
from directory.models import Organization
from reports.question import Question
from reports.rendering import Heading, write_xlsx
from reports.tables import typed_rows, write_csv
from tests.scenarios import a_blocked_card, a_pending_order, a_scene

OFFICE = shutil.which("soffice")
"""Debian's libreoffice-calc-nogui. CI does not install its 500 MB: whoever changes the workbook runs this."""

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not among what set-up installs: 500 MB")
def test_libreoffice_reads_every_cell_as_the_table_has_it(tmp_path: Path) -> None:
    """REP: S1 and H1, with what a person could have written to be computed."""
    scene = a_scene()
    a_blocked_card(scene)
    CardOrder.objects.filter(pk=a_pending_order(scene).pk).update(placed_by="=1+1")
    Organization.objects.update(name="=HYPERLINK(1)")
    wanted = {}
    for code in ("S1", "H1"):
        asked, table = Question(code=code, as_of=scene.later(days=1)), io.BytesIO()
        write_csv(asked, handle=table)
        heading = Heading(question=asked, environment="TEST", journal_size=3, journal_root="00")
        write_xlsx(typed_rows(asked), heading=heading, path=tmp_path / f"{code}.xlsx", folder=tmp_path)
        wanted[code] = [[cell.removeprefix("'") for cell in row] for row in _cells(table.getvalue())]
    for code, opened in _opened_by_office(tmp_path, list(wanted)).items():
        assert len(opened) >= 2
        assert opened == wanted[code]


def _cells(octets: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=";"))


def _opened_by_office(folder: Path, codes: list[str]) -> dict[str, list[list[str]]]:
    """Return what LibreOffice holds in the first sheet of each workbook; it writes moments with seconds."""
    command = [
        str(OFFICE), "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--convert-to", "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,1",
        "--outdir", str(folder / "opened"), *(str(folder / f"{code}.xlsx") for code in codes),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    files = {code: next((folder / "opened").glob(f"{code}*.csv")) for code in codes}
    whole = re.compile(rb"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}):00")
    return {code: _cells(whole.sub(rb"\1", file.read_bytes())) for code, file in files.items()}
