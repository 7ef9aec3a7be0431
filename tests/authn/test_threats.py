"""The threats of authn.md section 10: each stands in the README, with tests that say that they are its."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
README = TESTS.parent / "authn" / "README.md"
ROWS = re.findall(r"^\| (T\d+) [^|]*\| (.+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)


def named(cell: str) -> list[tuple[Path, str]]:
    """Return file and function of each test that a cell of the table names."""
    found, file = [], Path()
    for name in re.findall(r"`([^`]+)`", cell):
        if name.endswith(".py"):
            file = TESTS / name
        else:
            found.append((file, name))
    return found


def test_every_threat_has_its_row() -> None:
    assert [threat for threat, _ in ROWS] == [f"T{number}" for number in range(1, 22)]


@pytest.mark.parametrize(("threat", "cell"), ROWS, ids=[threat for threat, _ in ROWS])
def test_the_tests_of_a_threat_are_there_and_name_it(threat: str, cell: str) -> None:
    tests = named(cell)
    assert tests
    for file, name in tests:
        source = file.read_text(encoding="utf-8")
        assert f"def {name}(" in source, f"{file}: {name}"
        body = source.split(f"def {name}(", 1)[1].split("\ndef ", 1)[0]
        assert re.search(rf"\b{threat}\b", body), f"{name} does not say {threat}"
