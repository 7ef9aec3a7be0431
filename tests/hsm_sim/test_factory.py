"""The factory as a process: orders once, states in order, usable cards, faults that can be switched."""

import base64
import hashlib
import json
import os
import re
import signal
import stat
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
from cryptography import x509

from cards.manufacturing.cms import CmsInvalid
from deploy.free_ports import free_port
from hsm_sim.factory.cms import FactoryKey, MessageRefused
from hsm_sim.factory.faults import Faults
from hsm_sim.factory.numbers import admin_key, luhn_digit, random_card_number, read_master_key
from hsm_sim.factory.order import OrderNotUnderstood, parse_batch, parse_order
from tests.hsm_sim.conftest import READ_WRITE, Card
from tests.hsm_sim.customer import Customer

ORDER = {
    "order_id": "order-1",
    "product_code": "7A1",
    "printed_name": "Åsa Lindqvist",
    "organization_name": "Region Norr",
    "back_text": "Återlämnas till Region Norr",
    "issuer_number": "",
    "logo_sha256": "",
    "photo_jpeg": base64.b64encode(b"\xff\xd8\xff\xe0 a face").decode(),
    "signature_png": "",
    "valid_until": "2031-10-30",
    "delivery": {
        "kind": "registered_address",
        "name": "Åsa Lindqvist",
        "lines": ["Storgatan 1", "871 30 Härnösand"],
    },
}


BY_SKATTEVERKET = {"kind": "skatteverket", "name": "Åsa Lindqvist", "lines": []}


class Factory:
    """A running factory; `call` gives status and content."""

    def __init__(self, home: Path, customer: Customer, seconds: str = "0.2") -> None:
        self.home = home
        self.customer = customer
        (home / "public").mkdir(parents=True, exist_ok=True)
        (home / "public" / "root.pem").write_bytes(customer.root_pem)
        customer.give_key(home / "factory")
        self.port = free_port()
        self._environment = {
            **os.environ,
            "SIGILL_HOME": str(home),
            "SIGILL_FACTORY_PORT": str(self.port),
            "SIGILL_FACTORY_SECONDS": seconds,
        }
        for name in ("SIGILL_SHIM_FAULTS", "SIGILL_CARD_MODULE"):
            self._environment.pop(name, None)
        self.start()
        request = (home / "factory" / "request.pem").read_bytes()
        self.certificate = customer.certify(request)
        (home / "factory" / "certificate.pem").write_bytes(self.certificate)

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "hsm_sim.factory"], env=self._environment)
        eventually(lambda: self.call("GET", "/healthz")[0] == 200)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def call(self, method: str, path: str, members: object = None) -> tuple[int, Any]:
        """Members are sent as JSON, bytes as they are; what comes back is read as JSON when it is."""
        body = members if isinstance(members, bytes) else None
        body = json.dumps(members).encode() if members is not None and body is None else body
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own process
                is_json = response.headers["Content-Type"] == "application/json"
                return response.status, json.load(response) if is_json else response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    def batch(self, number: int, *orders: dict[str, object], **header: object) -> tuple[int, Any]:
        content = file_of(number, *orders, **header)
        return self.call("PUT", f"/batches/{number}", self.customer.seal(content, self.certificate))

    def order(self, number: int = 1, **changes: object) -> tuple[int, Any]:
        return self.batch(number, {**ORDER, **changes})

    def state(self, order_id: str = "order-1") -> str:
        return str(self.call("GET", f"/orders/{order_id}")[1].get("state"))

    def files(self, after: int = 0) -> list[dict[str, Any]]:
        """Return what the factory's files say, each verified with its certificate."""
        numbers = self.call("GET", f"/files?after={after}")[1]["files"]
        return [self.file(number) for number in numbers]

    def file(self, number: int) -> dict[str, Any]:
        signed = self.call("GET", f"/files/{number}")[1]
        return dict(json.loads(self.customer.verified(signed, self.certificate)))

    def rows(self, after: int = 0) -> dict[int, dict[str, Any]]:
        return {row["n"]: row for file in self.files(after) for row in file["rows"]}

    def events(self, after: int = 0) -> list[str]:
        return [row["event"] for _, row in sorted(self.rows(after).items())]

    @contextmanager
    def faulty(self, **switches: object) -> Iterator[None]:
        assert self.call("PUT", "/faults", switches)[0] == 200
        yield
        assert self.call("PUT", "/faults", {})[0] == 200


def file_of(number: int, *orders: dict[str, object], **header: object) -> bytes:
    """Return the content of an order file."""
    content = {
        "format": "sigill.order-file/1",
        "batch": number,
        "assembled_at": "2026-11-21T12:00:00Z",
        "count": len(orders),
        "orders_sha256": hashlib.sha256(canonical(orders)).hexdigest(),
        "logos": {},
        "orders": orders,
        **header,
    }
    return canonical(content)


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def customer() -> Customer:
    return Customer()


@pytest.fixture
def factory(home: Path, module: Path, customer: Customer) -> Iterator[Factory]:
    running = Factory(home, customer)
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


def test_an_order_becomes_a_card_that_lies_where_cards_lie(
    factory: Factory, home: Path, library: Any
) -> None:
    status, told = factory.order()
    assert (status, told["batch"], told["count"]) == (201, 1, 1)
    eventually(lambda: factory.state() == "shipped")
    number = factory.call("GET", "/orders/order-1")[1]["card_number"]
    assert number.startswith("97522789")
    assert len(number) == 19
    assert luhn_digit(number[:-1]) == number[-1]
    description = json.loads((home / "cards" / f"{number}.json").read_text())
    assert description["printed_name"] == "Åsa Lindqvist"
    assert description["product_name"] == "SIS-kort med foto"
    assert description["photo_jpeg"] == ORDER["photo_jpeg"]
    assert "Storgatan" not in json.dumps(description)
    key = admin_key(read_master_key(home / "secrets" / "card-master.key"), number)
    Card(home, number, key).insert()
    session = library.openSession(0, READ_WRITE)
    session.login(key, PyKCS11.CKU_SO)
    assert not library.getTokenInfo(0).flags & PyKCS11.CKF_USER_PIN_INITIALIZED


def test_reports_tell_each_state_once_in_order(factory: Factory) -> None:
    factory.batch(1, ORDER, {**ORDER, "order_id": "order-2", "delivery": BY_SKATTEVERKET})
    eventually(lambda: factory.state() == factory.state("order-2") == "shipped")
    answer, *status = factory.files()
    assert (answer["kind"], answer["batch"], answer["count"]) == ("acknowledgement", 1, len(answer["rows"]))
    assert {one["kind"] for one in status} == {"status"}
    reports = factory.rows()
    assert sorted(reports) == list(range(1, 7))
    for order_id in ("order-1", "order-2"):
        mine = [report for _, report in sorted(reports.items()) if report["order_id"] == order_id]
        assert [report["event"] for report in mine] == ["accepted", "produced", "shipped"]
        assert "card_number" not in mine[0]
        assert mine[1]["card_number"] == mine[2]["card_number"]
        # UPU S10; what goes by way of Skatteverket is not followed.
        tracked = re.fullmatch("RR[0-9]{9}SE", mine[2].get("tracking_number", ""))
        assert bool(tracked) is (order_id == "order-1")
    assert factory.files(after=max(one["file"] for one in status)) == []


def test_the_same_order_again_makes_no_second_card(factory: Factory, home: Path) -> None:
    assert [factory.order()[0] for _ in range(3)] == [201, 200, 200]
    answers = [file for file in factory.files() if file["kind"] == "acknowledgement"]
    assert [answer["rows"][0] for answer in answers] == [answers[0]["rows"][0]] * 3
    eventually(lambda: factory.state() == "shipped")
    assert factory.order()[0] == 200
    assert factory.order(number=2)[0] == 201, "another batch, the same order"
    assert len(list((home / "cards").glob("*.json"))) == 1


def test_a_batch_number_used_for_something_else_says_for_what(factory: Factory) -> None:
    _, first = factory.order()
    status, told = factory.order(printed_name="Bo Ek")
    assert (status, told["content_sha256"]) == (409, first["content_sha256"])
    assert [file["content_sha256"] for file in factory.files() if file["kind"] == "acknowledgement"] == [
        first["content_sha256"]
    ] * 2


def test_what_is_not_signed_by_the_customer_or_not_for_the_factory_is_refused(
    factory: Factory, customer: Customer
) -> None:
    content = file_of(1, ORDER)
    stranger = Customer()
    for message, problem in (
        (stranger.seal(content, factory.certificate), "not_verified"),
        (customer.seal(content, stranger.certify(customer.request())), "not_decrypted"),
        (customer.signed(content), "not_decrypted"),
        (b"nothing", "not_decrypted"),
    ):
        assert factory.call("PUT", "/batches/1", message) == (400, {"error": problem})
    assert factory.call("GET", "/files?after=0")[1] == {"files": []}


@pytest.mark.parametrize(
    "header", [{"count": 2}, {"orders_sha256": "0" * 64}, {"batch": 2}, {"format": "x"}, {"more": 1}]
)
def test_a_file_whose_count_or_digest_is_not_of_its_orders_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(OrderNotUnderstood):
        parse_batch(1, file_of(1, ORDER, **header))


def test_one_bad_order_among_good_ones_is_rejected_with_its_reason(factory: Factory) -> None:
    with factory.faulty(reject_every=3, stalled=True):
        bad = {**ORDER, "order_id": "order-2", "valid_until": "soon"}
        assert factory.batch(1, ORDER, bad, {**ORDER, "order_id": "order-3"})[0] == 201
    told = [(row["event"], row.get("reason")) for _, row in sorted(factory.rows().items())][:3]
    assert told == [
        ("accepted", None),
        ("rejected", "valid_until is not a date YYYY-MM-DD"),
        ("rejected", "photo_quality"),
    ]


def test_it_makes_a_key_and_a_request_and_takes_nothing_before_it_is_certified(tmp_path: Path) -> None:
    key = FactoryKey(tmp_path, customers=tmp_path / "root.pem")
    assert x509.load_pem_x509_csr((tmp_path / "request.pem").read_bytes()).is_signature_valid
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    for act in (key.opened, key.signed):
        with pytest.raises(MessageRefused, match="no_certificate"):
            act(b"x")


def test_its_files_may_be_spoiled(home: Path, module: Path, customer: Customer) -> None:
    factory = Factory(home, customer, seconds="3600")
    factory.order()
    with factory.faulty(garbage=True), pytest.raises(CmsInvalid, match="unreadable"):
        factory.file(1)
    with factory.faulty(wrong_signature=True), pytest.raises(CmsInvalid, match="signature_invalid"):
        factory.file(1)
    with factory.faulty(lose_row=True):
        assert factory.file(1)["rows"] == []
    with factory.faulty(wrong_count=True):
        assert factory.file(1)["count"] == len(factory.file(1)["rows"]) + 1
    factory.stop()


def test_a_killed_factory_goes_on_where_it_was(home: Path, module: Path, customer: Customer) -> None:
    factory = Factory(home, customer, seconds="0.4")
    for number in range(6):
        factory.order(number + 1, order_id=f"order-{number}")
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
        assert factory.call("GET", "/files?after=0")[0] == 503
    assert factory.order()[0] == 201


def test_a_rejected_order_says_why_and_makes_no_card(factory: Factory, home: Path) -> None:
    with factory.faulty(reject="the photo is too dark"):
        assert factory.order()[0] == 201
    [report] = factory.rows().values()
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
        numbers = factory.call("GET", "/files?after=0")[1]["files"]
        assert numbers == sorted(numbers, reverse=True)
        assert len(numbers) == 2 * len(set(numbers))
        told = [row["event"] for row in factory.file(1)["rows"]]
    assert told == ["shipped", "shipped", "produced", "produced", "accepted", "accepted"]


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
    told = json.dumps([factory.call("GET", "/orders/order-1"), factory.files()])
    assert puk not in told


@pytest.mark.parametrize(
    "change",
    [{"photo": "x"}, {"valid_until": "soon"}, {"printed_name": " "}, {"delivery": {"kind": "pigeon"}},
     {"order_id": ""}, {"photo_jpeg": "R0lGODlh"}, {"signature_png": "!"}, {"issuer_number": 7},
     {"logo_sha256": "0" * 64},
     {"back_text": None}, {"delivery": {**ORDER["delivery"], "lines": ["a"] * 9}}],  # type: ignore[dict-item]
)  # fmt: skip
def test_an_order_not_in_the_agreed_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(OrderNotUnderstood):
        parse_order({**ORDER, **change}, {})


def test_card_numbers_have_their_check_digit() -> None:
    """domain.md 2.1; the example there has the digits of the registered range."""
    for _ in range(50):
        number = random_card_number()
        digits = [int(digit) for digit in reversed(number)]
        total = sum(
            digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)
        )
        assert total % 10 == 0
