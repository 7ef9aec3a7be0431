"""The tables are what the README shows, and what they promise holds for every walk through them."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cards.states import (
    ACTIVATION_MOVES,
    BLOCKABLE_CARD_STATES,
    CARD_MOVES,
    CARD_ORDER_MOVES,
    OPEN_ACTIVATION_STATES,
    OPEN_UNLOCK_STATES,
    PUK_LETTER_MOVES,
    RUNNING_ORDER_STATES,
    UNLOCK_MOVES,
    ActivationState,
    CardOrderState,
    CardState,
    UnlockState,
)
from cards.stock_states import (
    OPEN_REFILL_STATES,
    REFILL_MOVES,
    RESERVE_MOVES,
    STOCK_CARD_MOVES,
    STOCK_TRANSFER_MOVES,
    ReserveState,
    StockCardState,
)

README = (Path(__file__).parents[2] / "cards" / "README.md").read_text(encoding="utf-8")


def drawn(heading: str) -> set[tuple[str, str, str]]:
    chapter = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\s+(\w+) --> (\w+): (\w+)$", chapter, flags=re.MULTILINE))


def reached(table: Mapping[tuple[str, str], str], start: str) -> set[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        state = pending.pop()
        for (source, _), goal in table.items():
            if source == state and goal not in found:
                found.add(goal)
                pending.append(goal)
    return found


@pytest.mark.parametrize(
    ("heading", "table"),
    [("The order", CARD_ORDER_MOVES), ("The card", CARD_MOVES), ("The activation", ACTIVATION_MOVES),
     ("The unlocking", UNLOCK_MOVES), ("The PUK letter", PUK_LETTER_MOVES),
     ("The reserve card in stock", STOCK_CARD_MOVES), ("The hand-over", STOCK_TRANSFER_MOVES),
     ("The reserve card handed out", RESERVE_MOVES), ("The reserve card filled again", REFILL_MOVES)],
)  # fmt: skip
def test_the_diagram_in_the_readme_is_the_table(heading: str, table: Mapping[tuple[str, str], str]) -> None:
    assert drawn(heading) == {(source, goal, action) for (source, action), goal in table.items()}


def test_nothing_leads_from_blocked_or_discarded_anywhere() -> None:
    assert reached(CARD_MOVES, CardState.BLOCKED) == set()
    assert reached(CARD_MOVES, CardState.DISCARDED) == set()


def test_a_reserve_card_that_is_lost_or_somebodys_never_comes_back_to_stock() -> None:
    """CRD-4; domain.md 2.1: a reserve card is for one person only."""
    assert reached(STOCK_CARD_MOVES, StockCardState.LOST) == set()
    ended = {StockCardState.RETURNED, StockCardState.DESTROYED}
    assert reached(STOCK_CARD_MOVES, StockCardState.HANDED_OUT) == ended
    assert reached(STOCK_CARD_MOVES, StockCardState.IN_STOCK) == set(StockCardState)


def test_every_state_can_be_reached() -> None:
    assert reached(CARD_ORDER_MOVES, CardOrderState.DRAFT) == set(CardOrderState) - {CardOrderState.DRAFT}
    assert reached(CARD_MOVES, CardState.ORDERED) == set(CardState) - {CardState.ORDERED}
    assert reached(ACTIVATION_MOVES, ActivationState.OPENED) == set(ActivationState) - {
        ActivationState.OPENED
    }
    assert reached(UNLOCK_MOVES, UnlockState.OPENED) == set(UnlockState) - {UnlockState.OPENED}


def test_a_re_fill_is_open_while_it_may_still_be_fetched() -> None:
    open_states = {one for one in ReserveState if ReserveState.FETCHED in reached(REFILL_MOVES, one)}
    assert open_states == OPEN_REFILL_STATES


def test_a_card_that_is_or_may_become_usable_can_be_blocked() -> None:
    assert {CardState.ORDERED, CardState.SHIPPED, CardState.ACTIVE} == BLOCKABLE_CARD_STATES


def test_running_and_open_are_the_states_from_which_use_is_within_reach() -> None:
    assert {
        s for s in CardOrderState if CardOrderState.ACTIVATED in reached(CARD_ORDER_MOVES, s)
    } == RUNNING_ORDER_STATES
    assert {
        s for s in ActivationState if ActivationState.ACTIVE in reached(ACTIVATION_MOVES, s)
    } == OPEN_ACTIVATION_STATES
    assert {s for s in UnlockState if UnlockState.ABORTED in reached(UNLOCK_MOVES, s)} == OPEN_UNLOCK_STATES


def test_an_order_with_the_factory_cannot_be_cancelled() -> None:
    """domain.md 2.4: cancel only before SENT."""
    cancellable = {source for (source, action) in CARD_ORDER_MOVES if action == "CANCEL"}
    assert cancellable == {CardOrderState.DRAFT, CardOrderState.PLACED}
