"""The tables are what the README shows; from REVOKED nothing leads anywhere."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from functioncerts.states import (
    FUNCTION_OBJECT_MOVES,
    FUNCTION_ORDER_MOVES,
    NAME_VALIDATION_MOVES,
    FunctionOrderState,
)

README = (Path(__file__).parents[2] / "functioncerts" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("The function object", FUNCTION_OBJECT_MOVES),
        ("The validation of a name", NAME_VALIDATION_MOVES),
        ("The order", FUNCTION_ORDER_MOVES),
    ],
)
def test_the_diagram_in_the_readme_is_the_table(heading: str, table: Mapping[tuple[str, str], str]) -> None:
    chapter = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (\w+)$", chapter, flags=re.MULTILINE))
    assert drawn == {(source, goal, action) for (source, action), goal in table.items()}


def test_nothing_leads_from_revoked_failed_or_declined_anywhere() -> None:
    sources = {source for source, _ in FUNCTION_ORDER_MOVES}
    assert sources == {
        FunctionOrderState.AWAITING_APPROVAL,
        FunctionOrderState.AWAITING_KEY,
        FunctionOrderState.ORDERED,
        FunctionOrderState.DELIVERED,
    }
