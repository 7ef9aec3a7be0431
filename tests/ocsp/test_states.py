"""The tables of landings and sightings are those of the README, and no end leads anywhere."""

import re
from pathlib import Path

from ocsp.states import (
    LANDING_MOVES,
    SIGHTING_MOVES,
    LandingAction,
    LandingState,
    SightingState,
    landing_states_before,
)

README = Path(__file__).resolve().parents[2] / "ocsp" / "README.md"


def test_the_moves_are_those_of_the_diagram() -> None:
    row = next(line for line in README.read_text().splitlines() if "-> late (limit passed)" in line)
    told = set(re.findall(r"\w+", row)) & {state.value for state in (*LandingState, *SightingState)}
    assert told == {state.value for state in (*LandingState, *SightingState)}
    assert {(before.value, after.value) for (before, _), after in LANDING_MOVES.items()} == {
        ("open", "late"), ("open", "closed"), ("late", "closed"), ("open", "lapsed"), ("late", "lapsed"),
    }  # fmt: skip
    assert [(before, after) for (before, _), after in SIGHTING_MOVES.items()] == [("awaited", "seen")]


def test_from_an_end_nothing_leads_on_and_what_was_seen_stays_seen() -> None:
    ends = {LandingState.CLOSED, LandingState.LAPSED}
    assert not {before for before, _ in LANDING_MOVES} & ends
    assert SightingState.SEEN not in {before for before, _ in SIGHTING_MOVES}
    assert landing_states_before(LandingAction.PASS_LIMIT) == ["open"]
    assert set(landing_states_before(LandingAction.CLOSE)) == {"open", "late"}
