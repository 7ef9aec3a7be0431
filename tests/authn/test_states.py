"""The table of an order's life: equal to the README's diagram, with no way back, held by the database."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from authn.hints import AbortReason, FailureHint
from authn.models import AuthnOrder
from authn.mtls import states as mtls_states
from authn.mtls.states import AttemptAction, AttemptState
from authn.states import (
    LATE,
    LIMITS,
    PENDING,
    TRANSITIONS,
    IllegalTransition,
    OrderAction,
    OrderState,
    is_gone,
    is_late,
    next_state,
)
from portal import words
from tests.authn.conftest import Service

README = Path(__file__).parents[2] / "authn" / "README.md"


def test_the_table_equals_the_diagram_in_the_readme() -> None:
    drawn = {
        (OrderState(old), OrderAction(action)): OrderState(new) for old, action, new in _drawn("## States")
    }
    assert drawn == TRANSITIONS


def test_the_table_of_attempts_equals_its_diagram() -> None:
    drawn = {
        (AttemptState(old), AttemptAction(action)): AttemptState(new)
        for old, action, new in _drawn("## Two-way TLS of people")
    }
    assert drawn == mtls_states.TRANSITIONS


def _drawn(heading: str) -> list[tuple[str, str, str]]:
    """Return the arrows of a chapter of the README: from, by, to."""
    chapter = README.read_text(encoding="utf-8").split(f"\n{heading}", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^(\w+) --(\w+)--> (\w+)$", chapter, flags=re.MULTILINE)


def test_no_attempt_comes_back_from_where_it_ended_and_none_skips_the_proof() -> None:
    for state in (AttemptState.REDEEMED, AttemptState.FAILED):
        for action in AttemptAction:
            with pytest.raises(IllegalTransition):
                mtls_states.next_state(state, action)
    into_redeemed = {old for (old, _), new in mtls_states.TRANSITIONS.items() if new is AttemptState.REDEEMED}
    assert into_redeemed == {AttemptState.PROVED}


def test_no_order_comes_back_from_where_it_ended() -> None:
    for state in (OrderState.CONSUMED, OrderState.FAILED):
        for action in OrderAction:
            with pytest.raises(IllegalTransition):
                next_state(state, action)


def test_nothing_is_collected_that_was_not_checked() -> None:
    sources = {old for (old, action), _ in TRANSITIONS.items() if action is OrderAction.COLLECT}
    assert sources == {OrderState.COMPLETE}
    into_complete = {old for (old, _), new in TRANSITIONS.items() if new is OrderState.COMPLETE}
    assert into_complete == {OrderState.VERIFYING}


def test_every_open_state_has_a_limit_a_hint_and_a_failure() -> None:
    open_states = {old for (old, action) in TRANSITIONS if action is OrderAction.FAIL}
    assert open_states == set(LATE) == set(PENDING)
    assert set(LIMITS) == set(OrderState) - {OrderState.CONSUMED}


def test_the_limits_are_those_of_the_design() -> None:
    seconds = {state.value: int(limit.total_seconds()) for state, limit in LIMITS.items()}
    assert seconds == {"created": 60, "claimed": 180, "verifying": 15, "complete": 180, "failed": 300}


@pytest.mark.parametrize("state", list(LIMITS))
def test_an_order_is_late_just_after_its_limit(state: OrderState) -> None:
    since = datetime(2026, 11, 21, tzinfo=UTC)
    assert not is_late(state, since=since, at=since + LIMITS[state])
    assert is_late(state, since=since, at=since + LIMITS[state] + timedelta(microseconds=1))
    assert not is_gone(state, since=since, at=since + LIMITS[state])
    assert is_gone(state, since=since, at=since + timedelta(minutes=10))


def test_every_reason_to_give_up_is_a_failure_and_every_failure_has_words() -> None:
    assert {reason.value for reason in AbortReason} <= {hint.value for hint in FailureHint}
    assert {hint.value for hint in FailureHint} <= set(words.LOGIN_HINTS)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "done"},
        {"state": "failed"},
        {"failure": "expired"},
        {"failure": "because", "state": "failed"},
        {"purpose": "x"},
        {"flow": "x"},
        {"state": "claimed"},
        {"claimed_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"client_key_x": "x"},
        {"state": "complete", "client_key_x": "x"},
        {"state": "complete", "claimed_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_the_database_refuses_an_order_that_makes_no_sense(
    service: Service, columns: dict[str, object]
) -> None:
    started = service.start()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuthnOrder.objects.filter(pk=started.order_ref).update(**columns)
