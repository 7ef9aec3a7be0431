"""Orders out and reports in, against the real factory process over HTTP, with its faults."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import requests
from django.db import transaction
from PIL import Image

from cards import lifecycle
from cards.errors import FactoryUnavailable, OrderBeingHandedOver
from cards.factory import Delivery, Factory, Report
from cards.factory_reports import Outcome, apply_report
from cards.models import Card, CardOrder, FactoryCursor, FactoryReport
from cards.production import factory_order, poll_factory_reports, send_due_orders, send_order_to_factory
from cards.reasons import BlockReason
from cards.selectors import factory_contact
from cards.states import CardOrderState, CardState
from directory.logos import logo_of
from directory.models import Person
from directory.organization_models import OrganizationSettings
from hsm_sim.factory.order import parse_order
from journal.models import Entry
from tests.scenarios import (
    WORKER,
    Scene,
    a_pending_order,
    a_sent_order,
    a_shipped_card,
    card_number,
    report,
)

REPOSITORY = Path(__file__).parents[2]


@dataclass
class FactoryProcess:
    """A running factory of our own, on a private port with a private home."""

    url: str
    client: Factory

    def fault(self, **switches: object) -> None:
        requests.put(f"{self.url}/faults", json=switches, timeout=5).raise_for_status()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactoryProcess]:
    home = tmp_path_factory.mktemp("factory-home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "SIGILL_HOME": str(home),
        "SIGILL_FACTORY_PORT": str(port),
        "SIGILL_FACTORY_SECONDS": "0.1",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "hsm_sim.factory", "serve"], cwd=REPOSITORY, env=environment
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(url))
        client = Factory(url=url, timeout=(1.0, 2.0))
        yield FactoryProcess(url=url, client=client)
        client.close()
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture
def factory(process: FactoryProcess) -> Iterator[FactoryProcess]:
    yield process
    process.fault()


def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def poll(scene: Scene, factory: FactoryProcess) -> int:
    return poll_factory_reports(factory=factory.client, actor=WORKER, at=scene.later(seconds=1))


def send(scene: Scene, factory: FactoryProcess) -> int:
    return send_due_orders(factory=factory.client, actor=WORKER, at=scene.later(minutes=30))


def shipped(scene: Scene, factory: FactoryProcess) -> bool:
    poll(scene, factory)
    return CardOrder.objects.get().state == CardOrderState.SHIPPED


# --- with the factory process --------------------------------------------------------------------------


def test_an_order_is_made_and_posted(scene: Scene, factory: FactoryProcess) -> None:
    """CRD-2."""
    a_pending_order(scene)
    assert send(scene, factory) == 1
    assert send(scene, factory) == 0
    until(lambda: shipped(scene, factory))
    card = Card.objects.get()
    assert card.state == CardState.SHIPPED
    assert card.card_number is not None
    assert factory_contact().problem == ""
    assert poll(scene, factory) == 0


def test_a_factory_that_is_down_leaves_the_order_placed_with_reason_and_next_attempt(
    scene: Scene, factory: FactoryProcess
) -> None:
    order = a_pending_order(scene)
    factory.fault(down=True)
    assert send(scene, factory) == 0
    order.refresh_from_db()
    assert (order.state, order.last_problem, order.attempts) == ("PLACED", "http_503", 1)
    assert order.next_attempt_at is not None
    assert order.next_attempt_at > scene.at
    assert Entry.objects.filter(type="card_order.delayed").count() == 1
    with pytest.raises(FactoryUnavailable):
        poll(scene, factory)
    assert factory_contact().problem == "http_503"
    factory.fault()
    assert send(scene, factory) == 1
    order.refresh_from_db()
    assert (order.state, order.last_problem) == ("SENT", "")


def test_an_order_that_surely_did_not_arrive_may_be_cancelled(scene: Scene, factory: FactoryProcess) -> None:
    order = a_pending_order(scene)
    factory.fault(down=True)
    send(scene, factory)
    cancelled = lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)
    assert cancelled.state == CardOrderState.CANCELLED


def test_an_order_whose_answer_was_lost_is_not_cancelled_and_made_once(
    scene: Scene, factory: FactoryProcess
) -> None:
    """F31: every card ordered once."""
    order = a_pending_order(scene)
    factory.fault(lose_answers=True)
    assert send(scene, factory) == 0
    with pytest.raises(OrderBeingHandedOver):
        lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)
    factory.fault(down=True)
    assert send(scene, factory) == 0
    with pytest.raises(OrderBeingHandedOver):
        lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)
    factory.fault()
    assert send(scene, factory) == 1
    until(lambda: shipped(scene, factory))
    assert FactoryReport.objects.filter(order_id=str(order.pk), kind="shipped").count() == 1


def test_a_person_who_moved_between_two_attempts_still_gets_one_card(
    scene: Scene, factory: FactoryProcess
) -> None:
    a_pending_order(scene)
    factory.fault(lose_answers=True)
    send(scene, factory)
    Person.objects.filter(pk=scene.cast.asa.person_id).update(address_lines=["Nygatan 2", "111 22 Ny"])
    factory.fault()
    assert send(scene, factory) == 1
    until(lambda: shipped(scene, factory))


def test_a_report_may_arrive_before_the_answer(scene: Scene, factory: FactoryProcess) -> None:
    order = a_pending_order(scene)
    factory.fault(lose_answers=True)
    send(scene, factory)
    factory.fault()
    until(lambda: shipped(scene, factory))
    order.refresh_from_db()
    assert order.sent_at is not None
    assert send(scene, factory) == 0


def test_a_rejected_order_ends_with_the_reason(scene: Scene, factory: FactoryProcess) -> None:
    order = a_pending_order(scene)
    factory.fault(reject="the name does not fit")
    send(scene, factory)
    until(lambda: poll(scene, factory) or CardOrder.objects.get().state == CardOrderState.REJECTED)
    order.refresh_from_db()
    assert (order.state, order.rejection_reason) == ("REJECTED", "the name does not fit")
    assert Card.objects.get().state == CardState.DISCARDED
    factory.fault()
    a_pending_order(scene)


def test_duplicate_and_shuffled_reports_are_applied_once(scene: Scene, factory: FactoryProcess) -> None:
    factory.fault(duplicate_reports=True, shuffled_reports=True)
    a_pending_order(scene)
    send(scene, factory)
    until(lambda: shipped(scene, factory))
    for kind in ("card.produced", "card.shipped"):
        assert Entry.objects.filter(type=kind).count() == 1


def test_a_slow_factory_is_a_factory_that_does_not_answer(scene: Scene, factory: FactoryProcess) -> None:
    order = a_pending_order(scene)
    factory.fault(slow_seconds=1.0)
    impatient = Factory(url=factory.url, timeout=(1.0, 0.2))
    with pytest.raises(FactoryUnavailable) as caught:
        send_order_to_factory(card_order_id=str(order.pk), factory=impatient, actor=WORKER, at=scene.at)
    impatient.close()
    assert (caught.value.problem, caught.value.surely_not_received) == ("timeout", False)


def test_nobody_listening_means_surely_not_received(scene: Scene) -> None:
    order = a_pending_order(scene)
    nobody = Factory(url="http://127.0.0.1:9", timeout=(0.5, 0.5))
    with pytest.raises(FactoryUnavailable) as caught:
        send_order_to_factory(card_order_id=str(order.pk), factory=nobody, actor=WORKER, at=scene.at)
    nobody.close()
    assert (caught.value.problem, caught.value.surely_not_received) == ("connection_refused", True)


# --- what the factory is told --------------------------------------------------------------------------


def test_the_factory_is_told_what_it_needs_and_nothing_else(scene: Scene) -> None:
    a_sent_order(scene)
    told = scene.factory.orders[0].as_json()
    assert told["delivery"] == {
        "kind": "registered_address",
        "name": "Åsa Lindqvist",
        "lines": ["Storgatan 1", "972 31 Luleå"],
    }
    assert set(told) == {
        "order_id",
        "product_code",
        "printed_name",
        "organization_name",
        "back_text",
        "issuer_number",
        "logo_png",
        "valid_until",
        "delivery",
    }
    assert scene.cast.asa.person.personal_identity_number not in str(told)


def test_the_factory_is_told_what_the_organization_has_on_its_cards(scene: Scene) -> None:
    """domain.md 1.1: logo, text on the back and issuer number."""
    picture = BytesIO()
    Image.new("RGB", (40, 10), "teal").save(picture, format="PNG")
    logo = logo_of(picture.getvalue())
    OrganizationSettings.objects.create(
        organization=scene.cast.norr, issuer_number="9752278", logo_png=logo.png, logo_sha256=logo.sha256
    )
    a_sent_order(scene)
    told = scene.factory.orders[0].as_json()
    assert (told["issuer_number"], told["back_text"]) == ("9752278", "Upphittat kort lämnas till Region Norr")
    made = parse_order(str(told["order_id"]), json.dumps(told).encode())
    assert made.issuer_number == "9752278"
    assert base64.b64decode(made.logo_png) == logo.png


def test_a_protected_persons_card_goes_by_skatteverket_without_an_address(scene: Scene) -> None:
    a_sent_order(scene, scene.cast.erik)
    order = scene.factory.orders[0]
    assert order.delivery is Delivery.SKATTEVERKET
    assert order.delivery_lines == ()


def test_who_became_protected_after_the_order_goes_by_skatteverket_too(scene: Scene) -> None:
    order = a_pending_order(scene)
    Person.objects.filter(pk=order.person_id).update(protected_identity=True, search_key="")
    message = factory_order(CardOrder.objects.select_related("person").get())
    assert message.delivery is Delivery.SKATTEVERKET
    assert message.delivery_lines == ()


def test_who_lost_the_address_after_the_order_waits(scene: Scene) -> None:
    order = a_pending_order(scene)
    Person.objects.filter(pk=order.person_id).update(address_lines=[])
    sent = send_due_orders(factory=scene.factory, actor=WORKER, at=scene.at)
    order.refresh_from_db()
    assert (sent, order.state, order.last_problem) == (0, "PLACED", "registered_address_missing")
    assert scene.factory.orders == []


# --- reports that do not fit ---------------------------------------------------------------------------


def outcome(scene: Scene, order_id: str, kind: str, **more: str) -> str:
    report(scene, order_id, kind, **more)
    return FactoryReport.objects.get(pk=scene.reports).outcome


def test_reports_that_do_not_fit_are_set_aside_and_stop_nothing(scene: Scene) -> None:
    order = a_sent_order(scene)
    order_id = str(order.pk)
    assert outcome(scene, "no-such-order", "shipped") == Outcome.UNKNOWN_ORDER
    assert outcome(scene, "00000000-0000-0000-0000-000000000000", "shipped") == Outcome.UNKNOWN_ORDER
    assert outcome(scene, order_id, "painted") == Outcome.UNKNOWN_KIND
    assert outcome(scene, order_id, "shipped") == Outcome.CARD_NUMBER_INVALID
    assert (
        outcome(scene, order_id, "produced", card_number="9752278900000000000") == Outcome.CARD_NUMBER_INVALID
    )
    assert outcome(scene, order_id, "produced", card_number=card_number(1)) == Outcome.APPLIED
    assert outcome(scene, order_id, "shipped", card_number=card_number(2)) == Outcome.CARD_NUMBER_CONTRADICTED
    assert outcome(scene, order_id, "accepted") == Outcome.ALREADY_KNOWN
    assert outcome(scene, order_id, "shipped", card_number=card_number(1)) == Outcome.APPLIED
    assert outcome(scene, order_id, "rejected") == Outcome.ORDER_HAS_ENDED
    assert Entry.objects.filter(type="factory_report.set_aside").count() == 7


def test_two_cards_never_share_a_number(scene: Scene) -> None:
    first = a_shipped_card(scene)
    scene.cast = replace(scene.cast, alva=scene.cast.another_administrator)
    second = a_sent_order(scene, scene.cast.alva_herself)
    got = outcome(scene, str(second.pk), "produced", card_number=first.card_number or "")
    assert got == Outcome.CARD_NUMBER_CONTRADICTED


def test_the_last_report_alone_tells_everything(scene: Scene) -> None:
    order = a_pending_order(scene)
    report(scene, str(order.pk), "shipped", card_number=card_number(7))
    order.refresh_from_db()
    assert order.state == CardOrderState.SHIPPED
    types = list(Entry.objects.order_by("id").values_list("type", flat=True))
    assert types == [
        "card.ordered",
        "card.produced",
        "card_order.sent",
        "card_order.production_started",
        "card.shipped",
    ]


def test_a_card_blocked_in_production_keeps_its_number_for_whoever_finds_it(scene: Scene) -> None:
    order = a_sent_order(scene)
    lifecycle.block_card(
        card_id=str(order.card.pk),
        reason=BlockReason.WRONGLY_ISSUED,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert outcome(scene, str(order.pk), "shipped", card_number=card_number(3)) == Outcome.ORDER_HAS_ENDED
    card = Card.objects.get()
    assert (card.state, card.card_number) == (CardState.BLOCKED, card_number(3))


def test_the_same_number_twice_is_one_report(scene: Scene) -> None:
    order = a_sent_order(scene)
    told = Report(number=1, order_id=str(order.pk), kind="accepted", at=scene.at)
    with transaction.atomic():
        assert apply_report(told, actor=WORKER, at=scene.at)
        assert not apply_report(told, actor=WORKER, at=scene.at)


def test_a_worker_killed_in_the_middle_goes_on_where_it_stopped(scene: Scene) -> None:
    order = a_sent_order(scene)

    class DiesAfterTwo:
        def reports_after(self, position: int) -> list[Report]:
            number = card_number(5)
            told = [("accepted", ""), ("produced", number), ("shipped", number)]
            every = [
                Report(number=n, order_id=str(order.pk), kind=kind, at=scene.at, card_number=card)
                for n, (kind, card) in enumerate(told, start=1)
            ]
            return [one for one in every if one.number > position][: 2 if position == 0 else None]

    line = DiesAfterTwo()
    assert poll_factory_reports(factory=line, actor=WORKER, at=scene.at) == 2
    assert FactoryCursor.objects.get().position == 2
    assert poll_factory_reports(factory=line, actor=WORKER, at=scene.at) == 1
    assert poll_factory_reports(factory=line, actor=WORKER, at=scene.at) == 0
    assert Card.objects.get().state == CardState.SHIPPED


def test_a_hand_over_cut_short_by_a_kill_stays_uncancellable(scene: Scene) -> None:
    order = a_pending_order(scene)
    CardOrder.objects.filter(pk=order.pk).update(handover_started_at=scene.at)
    nobody = Factory(url="http://127.0.0.1:9", timeout=(0.5, 0.5))
    with pytest.raises(FactoryUnavailable):
        send_order_to_factory(card_order_id=str(order.pk), factory=nobody, actor=WORKER, at=scene.at)
    nobody.close()
    with pytest.raises(OrderBeingHandedOver):
        lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)


def test_the_waits_grow_and_end_at_ten_minutes(scene: Scene) -> None:
    order = a_pending_order(scene)
    nobody = Factory(url="http://127.0.0.1:9", timeout=(0.5, 0.5))
    waits = []
    for _ in range(10):
        with pytest.raises(FactoryUnavailable):
            send_order_to_factory(card_order_id=str(order.pk), factory=nobody, actor=WORKER, at=scene.at)
        order.refresh_from_db()
        assert order.next_attempt_at is not None
        waits.append(order.next_attempt_at - scene.at)
    nobody.close()
    assert waits[0] == timedelta(seconds=5)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=10)
