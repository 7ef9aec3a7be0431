"""An export with personal parts proves them; one without, or of somebody erased, proves as much."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from journal import checkpoints, sequencing, verify
from journal.exporting import export_lines
from journal.models import PersonKey
from tests.journal.test_personal import AT, opened
from tests.journal.test_verifying import KEY, SPKI, sign


@pytest.fixture
def journal(transactional_db: None, tmp_path: Path) -> None:
    for number in range(4):
        opened(person_id=f"person-{number % 2}", reason=f"skäl {number}")
    sequencing.sequence_committed()
    checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=tmp_path, at=AT)


def checked(lines: list[str]) -> verify.Head:
    return verify.verify(iter(lines), KEY.public_key())


def test_an_export_with_and_without_personal_parts_verifies(journal: None) -> None:
    without, whole = list(export_lines()), list(export_lines(with_personal=True))
    assert checked(without) == checked(whole)
    assert "SE2321000016-A001" in "".join(whole)
    assert "SE2321000016-A001" not in "".join(without)


def test_erasure_leaves_the_proof_and_takes_the_words(journal: None) -> None:
    before = checked(list(export_lines(with_personal=True)))
    PersonKey.objects.get(subject="person-1").delete()
    lines = list(export_lines(with_personal=True))
    assert checked(lines) == before
    assert "skäl 0" in "".join(lines)
    assert "skäl 1" not in "".join(lines)


def _with(part: str, **changed: object) -> Callable[[dict[str, dict[str, dict[str, object]]]], None]:
    return lambda row: row["personal"][part].update(changed)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_with("event", fields={"reason": "något annat"}), "row 2: its personal part 'event' is not what"),
        (_with("actor", salt="00" * 16), "row 2: its personal part 'actor' is not what"),
        (_with("actor", salt="no"), "row 2: a salt"),
        (_with("actor", more=""), "row 2: its personal part 'actor' has not the form"),
        (
            lambda row: row["personal"].update(other=row["personal"]["event"]),
            "row 2: its personal part 'other'",
        ),
        (lambda row: row.update(personal=[]), "line 4 is neither"),
    ],
)
def test_a_personal_part_that_was_not_committed_to_breaks_the_export(
    journal: None, change: Callable[[object], None], named: str
) -> None:
    lines = list(export_lines(with_personal=True))
    row = json.loads(lines[3])
    change(row)
    with pytest.raises(verify.BrokenJournal, match=named):
        checked([*lines[:3], json.dumps(row), *lines[4:]])
