"""File orders at PU: placed, fetched, taken up again, a clear state for every way they go wrong (PU-1)."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from lxml import etree
from pytest_django import Settings

from directory import pu_answers, registers
from directory.configuration import FileOrderRules
from directory.errors import RegisterUnavailable
from directory.file_order_models import FileOrderState, PuFileOrder
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person
from directory.pu_answers import Answers
from directory.pu_files import PuFileClient, _Bounded
from directory.simulators.people import PACKAGED, load
from tests.directory.conftest import Registers
from tests.directory.people import ALVA, ASA, BO, ERIK, GOSTA, NOBODY
from tests.directory.test_published_contracts import body
from tests.directory.test_synchronization import hsa, pu

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ASKED = [PersonalIdentityNumber(digits) for digits in (ASA, ERIK, GOSTA, NOBODY)]
RULES = FileOrderRules(
    at_least=1, size=20, pause=timedelta(), patience=timedelta(seconds=30), freshness=timedelta(hours=12)
)
CONTRACTS = Path(__file__).parents[2] / "directory" / "contracts" / "pu"


def client(running: Registers, *, deadline: float = 60.0) -> PuFileClient:
    endpoint = running.endpoint("pu", deadline=deadline)
    return PuFileClient(endpoint, files=endpoint, include_test_people=True)


def addresses(files: PuFileClient, order_id: str) -> tuple[str, ...]:
    """Ask until the order is done: the simulator takes its time for one question."""
    while not (found := files.addresses(order_id)):
        pass
    return found


def test_a_file_says_what_a_call_says(registers_running: Registers) -> None:
    files = client(registers_running)
    (address,) = addresses(files, files.order(ASKED))
    assert files.fetch(address) == registers_running.pu().read(ASKED)


def test_an_order_is_not_done_at_once(registers_running: Registers) -> None:
    files = client(registers_running)
    assert files.addresses(files.order(ASKED)) == ()


def test_of_what_has_changed_only_that_is_told(registers_running: Registers) -> None:
    registers_running.edit(rf'number = "{ASA}"', rf'number = "{ASA}"\nversion = "20261101120000"')
    files = client(registers_running)
    (address,) = addresses(files, files.order(ASKED, changed_since=datetime(2026, 10, 1, tzinfo=UTC)))
    assert files.fetch(address).keys() == {ASA}
    later = files.order(ASKED, changed_since=datetime(2026, 11, 1, 11, 0, 1, tzinfo=UTC))  # noon in Sweden
    (address,) = addresses(files, later)
    assert files.fetch(address) == {}


def test_test_people_are_left_out_in_production(registers_running: Registers) -> None:
    endpoint = registers_running.endpoint("pu")
    files = PuFileClient(endpoint, files=endpoint, include_test_people=False)
    (address,) = addresses(files, files.order(ASKED))
    assert set(files.fetch(address).values()) == {None}


def test_what_we_send_and_get_follows_the_contract(registers_running: Registers) -> None:
    schema = etree.XMLSchema(etree.parse(CONTRACTS / "get_files_for_order_id_4.xsd"))
    (message,) = client(registers_running).messages().values()
    schema.assertValid(body(message))


FAULTS = [
    ("down", "connection"), ("503", "http_status"), ("403", "access_denied"), ("redirect", "http_status"),
    ("malformed", "malformed"), ("garbage", "malformed"), ("truncated", "connection"),
    ("soap_fault", "http_status"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "reason"), FAULTS)
def test_a_bad_answer_to_an_order_is_a_clear_state(
    registers_running: Registers, kind: str, reason: str
) -> None:
    registers_running.show("pu", kind)
    with pytest.raises(RegisterUnavailable) as caught:
        client(registers_running).order(ASKED)
    assert caught.value.reason == reason


FILE_FAULTS = [
    ("down", "connection"), ("503", "http_status"), ("403", "access_denied"), ("truncated", "connection"),
    ("malformed", "malformed"), ("garbage", "malformed"), ("entities", "malformed"), ("invalid", "malformed"),
    ("swapped", "mismatched"), ("huge", "too_large"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "reason"), FILE_FAULTS)
def test_a_bad_file_is_a_clear_state(registers_running: Registers, kind: str, reason: str) -> None:
    files = client(registers_running, deadline=60.0)
    (address,) = addresses(files, files.order(ASKED))
    registers_running.show("pu", kind)
    with pytest.raises(RegisterUnavailable) as caught:
        files.fetch(address)
    assert caught.value.reason == reason
    assert ASA not in str(caught.value)


@pytest.mark.parametrize("kind", ["slow", "trickle"])
def test_a_slow_file_is_not_waited_for(registers_running: Registers, kind: str) -> None:
    files = client(registers_running, deadline=0.3)
    patient = client(registers_running)
    (address,) = addresses(patient, patient.order(ASKED))
    registers_running.show("pu", kind, seconds=3.0)
    with pytest.raises(RegisterUnavailable) as caught:
        files.fetch(address)
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/pu/order/get/x", "file:///etc/passwd", "https://pu.example/x", "//x"]
)
def test_a_file_somewhere_else_is_not_fetched(registers_running: Registers, address: str) -> None:
    """F39: what an answer names is no reason to go there."""
    with pytest.raises(RegisterUnavailable) as caught:
        client(registers_running).fetch(address)
    assert (caught.value.reason, caught.value.facts["detail"]) == ("malformed", "address")


# --- readings of many -----------------------------------------------------------------------------------


@pytest.fixture
def by_orders(registers_running: Registers, settings: Settings) -> Iterator[Registers]:
    """Let every reading go by orders of twenty, without pauses."""
    settings.SIGILL_PU_FILE_ORDERS_FROM, settings.SIGILL_PU_FILE_ORDER_SIZE = 1, 20
    settings.SIGILL_PU_FILE_PAUSE_MILLISECONDS, settings.SIGILL_PU_FILE_PATIENCE_SECONDS = 0, 60
    registers_running.server.book.orders.clear()
    registers_running.server.book.questions.clear()
    yield registers_running
    registers.forget()


def everybody() -> list[str]:
    return sorted(load(PACKAGED).people)


def read(numbers: list[str], *, at: datetime = NOW) -> list[Answers]:
    return list(pu_answers.answers(numbers, rules=RULES, at=at))


def told(pieces: list[Answers]) -> set[str]:
    return {digits for piece in pieces for digits in piece.found}


def _what_is_told() -> list[dict[str, object]]:
    counted = {"pu_read_at": None, "pu_missed_reads": 0}  # that somebody was read, and who was not there
    return [row | counted for row in Person.objects.order_by("pk").values()]


@pytest.mark.django_db
def test_a_reading_by_orders_is_a_reading_by_calls(by_orders: Registers) -> None:
    hsa()
    assert pu().state == "complete"
    before = _what_is_told()
    assert len(by_orders.server.book.orders) == 3
    by_orders.server.book.orders.clear()
    again = pu()
    assert (again.state, again.read, again.changed) == ("complete", again.asked, 0)
    assert _what_is_told() == before
    assert set(PuFileOrder.objects.values_list("state", "numbers")) == {("taken", "")}


@pytest.mark.django_db
def test_a_reading_that_was_broken_off_takes_up_what_pu_made_ready(by_orders: Registers) -> None:
    numbers = everybody()
    pieces = pu_answers.answers(numbers, rules=RULES, at=NOW)
    while not next(pieces).found:
        pass
    pieces.close()  # the process is gone: nothing of the first order was taken to its end
    placed = set(by_orders.server.book.orders)
    assert PuFileOrder.objects.filter(state=FileOrderState.PLACED.value).count() == len(placed) == 3
    assert told(read(numbers, at=NOW + timedelta(hours=1))) == set(numbers)
    assert set(by_orders.server.book.orders) == placed
    assert not PuFileOrder.objects.filter(state=FileOrderState.PLACED.value).exists()


@pytest.mark.django_db
def test_who_has_come_since_is_ordered_beside_what_is_taken_up(by_orders: Registers) -> None:
    numbers = everybody()
    first = pu_answers.answers(numbers[:20], rules=RULES, at=NOW)
    next(first)
    first.close()
    assert told(read(numbers)) == set(numbers)
    assert sorted(len(one.asked) for one in by_orders.server.book.orders.values()) == [14, 20, 20]


@pytest.mark.django_db
def test_who_is_not_wanted_any_more_is_left_out_of_what_is_taken_up(by_orders: Registers) -> None:
    numbers = everybody()
    first = pu_answers.answers(numbers[:20], rules=RULES, at=NOW)
    next(first)
    first.close()
    assert told(read(numbers[5:20])) == set(numbers[5:20])


@pytest.mark.django_db
def test_an_order_that_pu_has_lost_is_placed_again(by_orders: Registers) -> None:
    numbers = everybody()
    first = pu_answers.answers(numbers, rules=RULES, at=NOW)
    next(first)
    first.close()
    by_orders.server.book.orders.clear()
    assert told(read(numbers)) == set(numbers)
    assert PuFileOrder.objects.filter(state=FileOrderState.LOST.value).count() == 3


@pytest.mark.django_db
def test_an_order_of_yesterday_is_not_taken_up(by_orders: Registers) -> None:
    numbers = everybody()
    first = pu_answers.answers(numbers, rules=RULES, at=NOW - timedelta(days=1))
    next(first)
    first.close()
    before = set(by_orders.server.book.orders)
    assert told(read(numbers)) == set(numbers)
    assert len(set(by_orders.server.book.orders) - before) == 3


@pytest.mark.django_db
def test_who_was_read_since_the_order_was_placed_is_asked_about_anew(by_orders: Registers) -> None:
    """A protection that came in between must not be lifted by an older file."""
    hsa()
    pu()
    numbers = sorted(Person.objects.values_list("personal_identity_number", flat=True))
    first = pu_answers.answers(numbers, rules=RULES, at=NOW)
    while not next(first).found:
        pass
    first.close()
    for order in list(by_orders.server.book.orders.values()):
        by_orders.server.book.questions[order.order_id] = 1
    Person.objects.filter(personal_identity_number=BO).update(pu_read_at=NOW + timedelta(minutes=5))
    calls = by_orders.server.calls["pu"]
    assert told(read(numbers, at=NOW + timedelta(minutes=10))) == set(numbers)
    asked_files = len(PuFileOrder.objects.filter(placed_at=NOW))
    assert by_orders.server.calls["pu"] == calls + asked_files + 1


@pytest.mark.django_db
def test_a_file_that_leaves_somebody_out_counts_nobody_as_absent(by_orders: Registers) -> None:
    hsa()
    assert pu().state == "complete"
    by_orders.show("pu", "partial")
    for _ in range(4):
        run = pu()
        assert (run.state, run.absent) == ("incomplete", 0)
    assert not Person.objects.filter(pu_missed_reads__gt=1).exists()
    assert not Person.objects.filter(pu_missing_since__isnull=False).exists()


@pytest.mark.django_db
def test_an_order_that_never_gets_done_is_a_time_out_and_stays_for_the_next_reading(
    by_orders: Registers,
) -> None:
    by_orders.show("pu", "unready")
    impatient = FileOrderRules(at_least=1, size=500, pause=timedelta(), patience=timedelta())
    pieces = list(pu_answers.answers(everybody(), rules=impatient, at=NOW))
    assert [piece.failure.reason for piece in pieces if piece.failure] == ["timeout"]
    assert PuFileOrder.objects.get().state == FileOrderState.PLACED.value


@pytest.mark.django_db
def test_a_refused_order_is_a_failure_of_its_people_alone(by_orders: Registers) -> None:
    by_orders.show("pu", "503", times=1)
    pieces = read(everybody())
    assert [piece.failure.reason for piece in pieces if piece.failure] == ["http_status"]
    assert len(told(pieces)) == len(everybody()) - 20


@pytest.mark.django_db
@pytest.mark.parametrize(
    "facts",
    [
        {"state": "eaten"},
        {"numbers": ""},
        {"ended_at": NOW},
        {"state": "taken", "numbers": ""},
        {"state": "lost", "ended_at": NOW},
    ],
)
def test_the_database_refuses_an_order_that_keeps_its_numbers_too_long_or_not_long_enough(
    facts: dict[str, object],
) -> None:
    whole = {"order_id": "one", "state": "placed", "numbers": ALVA, "placed_at": NOW, **facts}
    with pytest.raises(IntegrityError), transaction.atomic():
        PuFileOrder(**whole).save(force_insert=True)


def test_a_file_longer_than_it_says_is_not_read_on() -> None:
    bounded = _Bounded(io.BytesIO(b"x" * 1000), 999)
    assert bounded.read(500) == b"x" * 500
    with pytest.raises(ValueError, match="longer"):
        bounded.read(500)
