"""The factory as a process: orders once, states in order, usable cards, faults that can be switched."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import PyKCS11
import pytest

from hsm_sim.factory.faults import Faults
from hsm_sim.factory.numbers import admin_key, luhn_digit, random_card_number, read_master_key
from hsm_sim.factory.order import OrderNotUnderstood, parse_order
from tests.hsm_sim.conftest import READ_WRITE, Card

ORDER = {
    "order_id": "order-1",
    "product_code": "7A1",
    "printed_name": "Åsa Lindqvist",
    "organization_name": "Region Norr",
    "back_text": "Återlämnas till Region Norr",
    "valid_until": "2031-10-30",
    "delivery": {
        "kind": "registered_address",
        "name": "Åsa Lindqvist",
        "lines": ["Storgatan 1", "871 30 Härnösand"],
    },
}


class Factory:
    """A running factory; `call` gives status and content."""

    def __init__(self, home: Path, seconds: str = "0.2") -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._environment = {
            **os.environ,
            "SIGILL_HOME": str(home),
            "SIGILL_FACTORY_PORT": str(self.port),
            "SIGILL_FACTORY_SECONDS": seconds,
        }
        for name in ("SIGILL_SHIM_FAULTS", "SIGILL_CARD_MODULE"):
            self._environment.pop(name, None)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "hsm_sim.factory"], env=self._environment)
        eventually(lambda: self.call("GET", "/healthz")[0] == 200)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=10)

    def call(self, method: str, path: str, members: object = None) -> tuple[int, Any]:
        body = None if members is None else json.dumps(members).encode()
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own process
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    def order(self, **changes: object) -> tuple[int, Any]:
        members = {**ORDER, **changes}
        return self.call("PUT", f"/orders/{members['order_id']}", members)

    def state(self, order_id: str = "order-1") -> str:
        return str(self.call("GET", f"/orders/{order_id}")[1].get("state"))

    def events(self, after: int = 0) -> list[str]:
        return [report["event"] for report in self.call("GET", f"/reports?after={after}")[1]]

    @contextmanager
    def faulty(self, **switches: object) -> Iterator[None]:
        assert self.call("PUT", "/faults", switches)[0] == 200
        yield
        assert self.call("PUT", "/faults", {})[0] == 200


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def factory(home: Path, module: Path) -> Iterator[Factory]:
    running = Factory(home)
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


def test_an_order_becomes_a_card_that_lies_where_cards_lie(
    factory: Factory, home: Path, library: Any
) -> None:
    assert factory.order() == (201, {"order_id": "order-1", "state": "accepted"})
    eventually(lambda: factory.state() == "shipped")
    number = factory.call("GET", "/orders/order-1")[1]["card_number"]
    assert number.startswith("97522789")
    assert len(number) == 19
    assert luhn_digit(number[:-1]) == number[-1]
    description = json.loads((home / "cards" / f"{number}.json").read_text())
    assert description["printed_name"] == "Åsa Lindqvist"
    assert description["product_name"] == "SIS-kort med foto"
    assert "Storgatan" not in json.dumps(description)
    key = admin_key(read_master_key(home / "secrets" / "card-master.key"), number)
    Card(home, number, key).insert()
    session = library.openSession(0, READ_WRITE)
    session.login(key, PyKCS11.CKU_SO)
    assert not library.getTokenInfo(0).flags & PyKCS11.CKF_USER_PIN_INITIALIZED


def test_reports_tell_each_state_once_in_order(factory: Factory) -> None:
    factory.order()
    factory.order(order_id="order-2")
    eventually(lambda: factory.state() == factory.state("order-2") == "shipped")
    reports = factory.call("GET", "/reports?after=0")[1]
    assert [report["n"] for report in reports] == list(range(1, 7))
    for order_id in ("order-1", "order-2"):
        mine = [report for report in reports if report["order_id"] == order_id]
        assert [report["event"] for report in mine] == ["accepted", "produced", "shipped"]
        assert "card_number" not in mine[0]
        assert mine[1]["card_number"] == mine[2]["card_number"]
    assert len(factory.events(after=4)) == 2


def test_the_same_order_again_makes_no_second_card(factory: Factory, home: Path) -> None:
    assert [factory.order()[0] for _ in range(3)] == [201, 200, 200]
    eventually(lambda: factory.state() == "shipped")
    assert factory.order()[0] == 200
    assert len(list((home / "cards").glob("*.json"))) == 1


def test_an_order_id_used_for_something_else_is_refused(factory: Factory) -> None:
    factory.order()
    assert factory.order(printed_name="Bo Ek")[0] == 409


def test_a_killed_factory_goes_on_where_it_was(home: Path, module: Path) -> None:
    factory = Factory(home, seconds="0.4")
    for number in range(6):
        factory.order(order_id=f"order-{number}")
        if number % 2:
            factory.stop(signal.SIGKILL)
            factory.start()
    eventually(lambda: all(factory.state(f"order-{number}") == "shipped" for number in range(6)))
    assert len(list((home / "cards").glob("*.json"))) == 6
    assert sorted(factory.events()) == sorted(["accepted", "produced", "shipped"] * 6)
    factory.stop()


def test_an_answer_lost_on_the_way_leaves_the_order_taken(factory: Factory) -> None:
    with factory.faulty(lose_answers=True):
        assert factory.order()[0] == 0
    assert factory.order()[0] == 200


def test_a_factory_that_is_down_says_so_and_comes_back(factory: Factory) -> None:
    with factory.faulty(down=True):
        assert factory.order()[0] == 503
        assert factory.call("GET", "/reports?after=0")[0] == 503
    assert factory.order()[0] == 201


def test_a_rejected_order_says_why_and_makes_no_card(factory: Factory, home: Path) -> None:
    with factory.faulty(reject="the photo is too dark"):
        assert factory.order()[1]["state"] == "rejected"
    [report] = factory.call("GET", "/reports?after=0")[1]
    assert (report["event"], report["reason"]) == ("rejected", "the photo is too dark")
    assert not list((home / "cards").glob("*.json"))


def test_a_stalled_line_makes_nothing_until_it_runs_again(factory: Factory) -> None:
    with factory.faulty(stalled=True, slow_seconds=0.05):
        factory.order()
        assert [factory.state() for _ in range(8)] == ["accepted"] * 8
    eventually(lambda: factory.state() == "shipped")


def test_reports_may_come_twice_and_backwards(factory: Factory) -> None:
    factory.order()
    eventually(lambda: factory.state() == "shipped")
    with factory.faulty(duplicate_reports=True, shuffled_reports=True):
        assert factory.events() == ["shipped", "shipped", "produced", "produced", "accepted", "accepted"]


@pytest.mark.parametrize("switches", [{"unknown": True}, {"down": "yes"}, [], {"slow_seconds": "1"}])
def test_a_switch_that_does_not_exist_is_refused(switches: object, factory: Factory) -> None:
    assert factory.call("PUT", "/faults", switches)[0] == 400
    assert factory.call("GET", "/faults")[1] == Faults().as_members()


def test_the_puk_is_told_by_letter_only(factory: Factory, home: Path) -> None:
    factory.order()
    eventually(lambda: factory.state() == "shipped")
    number = factory.call("GET", "/orders/order-1")[1]["card_number"]
    command = [sys.executable, "-m", "hsm_sim.factory", "letter", number]
    environment = {**os.environ, "SIGILL_HOME": str(home)}
    puk = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()[
        1
    ]
    assert len(puk) == 8
    told = json.dumps([factory.call("GET", path) for path in ("/orders/order-1", "/reports?after=0")])
    assert puk not in told


@pytest.mark.parametrize(
    "change",
    [{"photo": "x"}, {"valid_until": "soon"}, {"printed_name": " "}, {"delivery": {"kind": "pigeon"}},
     {"order_id": "another"}, {"logo_png": "R0lGODlh"}, {"logo_png": "!"}, {"issuer_number": 7},
     {"back_text": None}, {"delivery": {**ORDER["delivery"], "lines": ["a"] * 9}}],  # type: ignore[dict-item]
)  # fmt: skip
def test_an_order_not_in_the_agreed_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(OrderNotUnderstood):
        parse_order("order-1", json.dumps({**ORDER, **change}).encode())


def test_card_numbers_have_their_check_digit() -> None:
    """domain.md 2.1; the example there has the digits of the registered range."""
    for _ in range(50):
        number = random_card_number()
        digits = [int(digit) for digit in reversed(number)]
        total = sum(
            digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)
        )
        assert total % 10 == 0
