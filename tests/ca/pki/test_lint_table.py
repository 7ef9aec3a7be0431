"""The table of lints in the folder is the table of the lints that run."""

from pathlib import Path

from ca.pki import lint_table
from ca.pki.certificate_reading import CERTIFICATE_LINTS
from ca.pki.crl_reading import CRL_LINTS
from ca.pki.response_lints import RESPONSE_LINTS

FILE = Path(lint_table.__file__).with_name("LINTS.md")


def test_the_table_is_what_the_command_tells() -> None:
    """`manage.py lint_all --list` writes it anew."""
    _, _, table = FILE.read_text(encoding="utf-8").partition("## ")
    assert f"## {table}".strip() == lint_table.lint_table()


def test_every_lint_stands_in_it_with_severity_and_citation() -> None:
    rows = FILE.read_text(encoding="utf-8").splitlines()
    lints = [*CERTIFICATE_LINTS, *CRL_LINTS, *RESPONSE_LINTS]
    assert len(lints) > 60
    for lint in lints:
        start = f"| `{lint.name}` | {lint.severity.value} | {lint.citation} |"
        assert [row for row in rows if row.startswith(start)], lint.name
