"""Production's tables are what its README shows, and what they promise holds."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cards.errors import IllegalTransition
from cards.manufacturing.states import (
    BATCH_MOVES,
    FACTORY_FILE_MOVES,
    OPEN_BATCH_STATES,
    BatchAction,
    BatchState,
    FactoryFileAction,
    FactoryFileState,
)
from cards.manufacturing.transitions import batch_after, file_after

README = (Path(__file__).parents[2] / "cards" / "manufacturing" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "table"), [("The batch", BATCH_MOVES), ("The factory's file", FACTORY_FILE_MOVES)]
)
def test_each_diagram_is_its_table(heading: str, table: Mapping[tuple[str, str], str]) -> None:
    chapter = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (\w+)$", chapter, flags=re.MULTILINE))
    assert drawn == {(str(source), str(goal), str(action)) for (source, action), goal in table.items()}


def test_open_batches_are_those_that_something_still_happens_to() -> None:
    assert {source for source, _ in BATCH_MOVES} == OPEN_BATCH_STATES


def test_nothing_is_sent_twice_as_new_and_no_file_is_settled_twice() -> None:
    with pytest.raises(IllegalTransition):
        batch_after(BatchState.SENT.value, BatchAction.SEND)
    with pytest.raises(IllegalTransition):
        batch_after(BatchState.SENT.value, BatchAction.WITHDRAW)
    with pytest.raises(IllegalTransition):
        file_after(FactoryFileState.SETTLED, FactoryFileAction.SETTLE)
