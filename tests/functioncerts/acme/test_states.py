"""The state tables: equal to the README's diagrams, held by the database, kept whatever an account does."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from functioncerts.acme import states
from functioncerts.acme.finalizing import settle_orders
from functioncerts.acme.models import Account, AcmeOrder, Authorization, Challenge
from functioncerts.acme.placing import expire_orders
from functioncerts.models import FunctionOrder
from tests.functioncerts.acme.conftest import NAME, Acme, aged, csr

README = Path(__file__).resolve().parents[3] / "functioncerts" / "acme" / "README.md"
TABLES: dict[str, dict[tuple[StrEnum, StrEnum], StrEnum]] = {
    "account": dict(states.ACCOUNT_MOVES),
    "order": dict(states.ORDER_MOVES),
    "authorization": dict(states.AUTHORIZATION_MOVES),
    "challenge": dict(states.CHALLENGE_MOVES),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_draws_what_the_table_says(name: str) -> None:
    drawing = re.search(
        rf"### The {name}\n+```mermaid\nstateDiagram-v2\n(.*?)```", README.read_text(), re.DOTALL
    )
    assert drawing
    drawn = set(re.findall(r"(\w+) --> (\w+): (\w+)", drawing.group(1)))
    assert drawn == {(before.value, after.value, act.value) for (before, act), after in TABLES[name].items()}


@pytest.mark.parametrize("final", ["valid", "invalid"])
def test_nothing_leads_back_from_an_order_that_ended(final: str) -> None:
    assert not [move for move in states.ORDER_MOVES if move[0].value == final]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Account, {"state": "asleep"}),
        (Account, {"state": "deactivated"}),
        (Account, {"ended_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (AcmeOrder, {"state": "asleep"}),
        (AcmeOrder, {"state": "processing"}),
        (AcmeOrder, {"state": "processing", "function_order_id": "x"}),
        (AcmeOrder, {"state": "valid", "function_order_id": "x", "public_key_sha256": "x"}),
        (AcmeOrder, {"certificate_id": "x"}),
        (AcmeOrder, {"state": "invalid"}),
        (AcmeOrder, {"error": {}}),
        (Authorization, {"state": "asleep"}),
        (Challenge, {"state": "asleep"}),
        (Challenge, {"state": "valid"}),
        (Challenge, {"validated_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (Challenge, {"state": "processing"}),
        (Challenge, {"state": "invalid"}),
    ],
)
def test_the_database_refuses_what_no_verb_would_write(
    acme: Acme, model: Any, fields: dict[str, Any]
) -> None:
    acme.program.order(NAME)
    first = model.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.filter(pk=first.pk).update(**fields)


class Walk(RuleBasedStateMachine):
    """An account does whatever comes to its mind with one order, and so do the worker and time."""

    acme: Acme

    @initialize()
    def place(self) -> None:
        self.savepoint = transaction.savepoint()
        self.order = self.acme.program.order(NAME, f"a.{NAME}")
        assert self.order.status_code in {201, 429}
        self.request = csr(NAME, f"a.{NAME}")

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            transaction.savepoint_rollback(self.savepoint)
        self.acme.world.pages.clear()

    def _challenges(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for place in self.order.json()["authorizations"]:
            told = self.acme.program.post(place).json()
            found += [(told["identifier"]["value"], one) for one in told.get("challenges", ())]
        return found

    @rule(place=st.integers(0, 3), is_there=st.booleans())
    def answer(self, place: int, *, is_there: bool) -> None:
        challenges = self._challenges()
        if not challenges:  # the account was ended
            return
        name, challenge = challenges[place % len(challenges)]
        if is_there:
            self.acme.put(challenge, name, self.acme.program)
        self.acme.program.post(challenge["url"], {})

    @rule()
    def look(self) -> None:
        for pk in Challenge.objects.values_list("pk", flat=True):
            self.acme.look(f"/{pk}")

    @rule()
    def finalize(self) -> None:
        self.acme.program.post(self.order.json()["finalize"], {"csr": self.request})

    @rule()
    def issue(self) -> None:
        self.acme.issue()
        settle_orders(at=datetime.now(UTC))

    @rule(place=st.integers(0, 1))
    def give_up(self, place: int) -> None:
        self.acme.program.post(self.order.json()["authorizations"][place], {"status": "deactivated"})

    @rule()
    @precondition(lambda self: self._state() in {"pending", "ready"})
    def run_out(self) -> None:
        aged(self.order["Location"], timedelta(days=8))
        expire_orders(at=datetime.now(UTC))

    @rule()
    def end(self) -> None:
        self.acme.program.post(self.acme.program.account, {"status": "deactivated"})

    def _state(self) -> str:
        return AcmeOrder.objects.get(pk=self.order["Location"].rpartition("/")[2]).state

    @invariant()
    def an_order_goes_only_where_the_table_leads(self) -> None:
        if not hasattr(self, "order"):
            return
        state, before = self._state(), getattr(self, "before", "pending")
        reached, waiting = {before}, [before]
        while waiting:
            here = waiting.pop()
            for (start, _), end in states.ORDER_MOVES.items():
                if start.value == here and end.value not in reached:
                    reached.add(end.value)
                    waiting.append(end.value)
        assert state in reached, (before, state)
        self.before = state

    @invariant()
    def a_certificate_rests_on_every_name_having_been_shown(self) -> None:
        if not hasattr(self, "order"):
            return
        order = AcmeOrder.objects.get(pk=self.order["Location"].rpartition("/")[2])
        assert FunctionOrder.objects.count() == (1 if order.function_order_id else 0)
        if order.state in {"ready", "processing", "valid"}:
            shown = Challenge.objects.filter(authorization__orders=order, state="valid")
            assert shown.values("authorization__name").distinct().count() == 2


@pytest.mark.django_db
def test_whatever_an_account_does_the_order_keeps_to_its_table(acme: Acme) -> None:
    class Bound(Walk):
        pass

    Bound.acme = acme
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Bound,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
