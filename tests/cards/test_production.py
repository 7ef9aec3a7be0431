"""Orders out and files in, against the real factory process over HTTP, with its faults (CRD-2)."""

import base64
import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from cryptography import x509
from django.db import transaction
from PIL import Image

from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from cards import lifecycle, policies
from cards.errors import CardsError, FactoryUnavailable, OrderBeingHandedOver
from cards.factory import Delivery, Factory
from cards.manufacturing import assembling
from cards.manufacturing.factory_certificate import lasting_until, request_for_factory, write_when_issued
from cards.manufacturing.factory_file import Report
from cards.manufacturing.models import (
    FactoryCursor,
    FactoryFile,
    FactoryReport,
    ProductionBatch,
    ProductionRow,
)
from cards.manufacturing.order_file import factory_order, order_file
from cards.manufacturing.receiving import poll_factory_files, receive_file
from cards.manufacturing.reports import Outcome, apply_report
from cards.manufacturing.sealing import SealedFile
from cards.manufacturing.sending import LEASE, send_batch, send_due_batches
from cards.manufacturing.states import BatchState, FactoryFileState
from cards.models import Card, CardOrder
from cards.reasons import BlockReason
from cards.selectors import factory_contact
from cards.states import CardOrderState, CardState
from directory.logos import logo_of
from directory.models import Person
from directory.organization_models import OrganizationSettings
from hsm_sim.factory.order import parse_batch
from journal.models import Entry
from tests.cards.factory_process import FactoryProcess, poll, receive, row, send, shipped, until
from tests.hsm_sim.customer import Customer
from tests.scenarios import (
    WORKER,
    OpenEnvelopes,
    PaperFactory,
    Scene,
    a_pending_order,
    a_sent_order,
    a_shipped_card,
    an_open_activation,
    card_number,
    report,
    send_to_paper,
)

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
    until(lambda: poll(scene, factory) == 0)


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
    assert ProductionBatch.objects.count() == 1


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
    a_pending_order(scene)
    factory.fault(slow_seconds=3.0)
    impatient = Factory(url=factory.url, timeout=(5.0, 0.2))
    assert sent_to(impatient, scene, factory) == ("timeout", True)
    impatient.close()
    # It takes the batch when it wakes, and must not do so in the middle of the next test.
    factory.fault()
    until(lambda: shipped(scene, factory))


def test_nobody_listening_means_surely_not_received(scene: Scene, factory: FactoryProcess) -> None:
    a_pending_order(scene)
    nobody = Factory(url="http://127.0.0.1:9", timeout=(0.5, 0.5))
    assert sent_to(nobody, scene, factory) == ("connection_refused", False)
    nobody.close()


def sent_to(other: Factory, scene: Scene, factory: FactoryProcess) -> tuple[str, bool]:
    """Send to another address, and return the problem and whether the order may have arrived."""
    assert send_due_batches(factory=other, sealing=factory.keys, actor=WORKER, at=scene.at) == 0
    order = CardOrder.objects.get()
    return order.last_problem, order.handover_is_uncertain


# --- what the factory is told --------------------------------------------------------------------------


def test_the_factory_is_told_what_it_needs_and_nothing_else(scene: Scene) -> None:
    a_sent_order(scene)
    told = scene.factory.orders[0]
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
        "logo_sha256",
        "photo_jpeg",
        "signature_png",
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
    order = factory_order(a_pending_order(scene))
    another = replace(order, order_id="another")
    file = order_file(7, [order, another], assembled_at=scene.at)
    assert file.content.count(base64.b64encode(logo.png)) == 1, "each logo is in the file once"
    made = parse_batch(7, file.content)
    assert made.content_sha256 == file.sha256
    for one in made.orders:
        assert (one.issuer_number, one.back_text) == ("9752278", "Upphittat kort lämnas till Region Norr")
        assert base64.b64decode(one.logo_png) == logo.png


def test_a_protected_persons_card_goes_by_skatteverket_without_an_address(scene: Scene) -> None:
    a_sent_order(scene, scene.cast.erik)
    delivery = scene.factory.orders[0]["delivery"]
    assert (delivery["kind"], delivery["lines"]) == ("skatteverket", [])


def test_who_became_protected_after_the_order_goes_by_skatteverket_too(scene: Scene) -> None:
    order = a_pending_order(scene)
    Person.objects.filter(pk=order.person_id).update(protected_identity=True, search_key="")
    message = factory_order(CardOrder.objects.select_related("person").get())
    assert message.delivery is Delivery.SKATTEVERKET
    assert message.delivery_lines == ()


def test_who_lost_the_address_after_the_order_waits(scene: Scene) -> None:
    order = a_pending_order(scene)
    Person.objects.filter(pk=order.person_id).update(address_lines=[])
    sent = send_to_paper(scene)
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


# --- files of many orders ------------------------------------------------------------------------------


def three_orders(scene: Scene) -> list[CardOrder]:
    """Order cards for Åsa, for Alva herself by another, and for Erik, who is protected."""
    hers = lifecycle.place_order(
        hsa_id=scene.cast.alva_herself.hsa_id,
        product_code="7C1",
        actor=scene.cast.another_administrator,
        at=scene.at,
    )
    return [a_pending_order(scene), hers, a_pending_order(scene, scene.cast.erik)]


def test_many_orders_leave_in_one_file_and_come_back_counted(scene: Scene, factory: FactoryProcess) -> None:
    """CRD-2: ordered, acknowledged, made and dispatched, each in the row of its batch."""
    three_orders(scene)
    assert send(scene, factory) == 3
    until(lambda: shipped(scene, factory, orders=3))
    batch = ProductionBatch.objects.get()
    assert (batch.state, batch.rows.count()) == (BatchState.ACKNOWLEDGED, 3)
    assert batch.next_attempt_at is None
    leaf = x509.load_pem_x509_certificates(factory.certificate.read_bytes())[0]
    assert batch.recipient_serial_hex == f"{leaf.serial_number:x}"
    for one in batch.rows.select_related("order__card", "order__person"):
        assert one.accepted_at
        assert one.produced_at
        assert one.dispatched_at
        assert one.card_number == one.order.card.card_number
        # Whose address is protected is not followed on the way either.
        assert bool(one.tracking_number) is not one.order.person.protected_identity
    told = Entry.objects.filter(type__startswith="production_batch.").order_by("id")
    assert list(told.values_list("type", flat=True)) == [
        "production_batch.sent",
        "production_batch.acknowledged",
    ]
    assert set(FactoryFile.objects.values_list("state", flat=True)) == {FactoryFileState.APPLIED}


def test_a_rejected_row_says_why_and_the_others_are_made(scene: Scene, factory: FactoryProcess) -> None:
    """POR-2: the orderer sees the reason, corrects and orders again."""
    three_orders(scene)
    factory.fault(reject_every=2)
    send(scene, factory)
    factory.fault()
    until(lambda: shipped(scene, factory, orders=2))
    rejected = CardOrder.objects.get(state=CardOrderState.REJECTED.value)
    assert rejected.rejection_reason == "photo_quality"
    assert ProductionRow.objects.get(order=rejected).position == 2
    assert ProductionBatch.objects.get().state == BatchState.ACKNOWLEDGED
    acknowledged = Entry.objects.get(type="production_batch.acknowledged").content
    acknowledged = json.loads(acknowledged)["event"]
    assert (acknowledged["accepted"], acknowledged["rejected"]) == (2, 1)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("wrong_signature", "signature_invalid"),
        ("garbage", "unreadable"),
        ("wrong_count", "count_differs"),
        ("lose_row", ""),
    ],
)
def test_an_answer_that_does_not_hold_is_set_aside_and_asked_for_again(
    fault: str, problem: str, scene: Scene, factory: FactoryProcess
) -> None:
    three_orders(scene)
    factory.fault(stalled=True)
    send(scene, factory)
    factory.fault(stalled=True, **{fault: True})
    poll(scene, factory)
    file = FactoryFile.objects.earliest("number")
    assert (file.state == FactoryFileState.SET_ASIDE, file.problem) == (bool(problem), problem)
    assert ProductionBatch.objects.get().state == BatchState.SENT
    assert not CardOrder.objects.filter(state=CardOrderState.SHIPPED.value).exists()
    factory.fault()
    scene.later(minutes=3)
    assert send(scene, factory) == 0, "the factory is asked again, and makes nothing again"
    until(lambda: shipped(scene, factory, orders=3))
    assert ProductionBatch.objects.get().state == BatchState.ACKNOWLEDGED
    assert Entry.objects.filter(type="card.produced").count() == 3


def test_a_number_that_the_factory_knows_for_something_else_is_given_up(
    scene: Scene, factory: FactoryProcess
) -> None:
    """After a restore from a backup that knew fewer batches: no order is lost, none is made twice."""
    a_pending_order(scene)
    send(scene, factory)
    until(lambda: shipped(scene, factory))
    FactoryCursor.objects.update(last_batch=0)  # the number that is used now may be anybody's
    last = ProductionBatch.objects.get()
    FactoryCursor.objects.update(last_batch=last.pk - 1)
    ProductionRow.objects.all().delete()
    last.delete()
    lifecycle.block_card(
        card_id=str(Card.objects.get().pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    order = a_pending_order(scene)
    assert send(scene, factory) == 0
    withdrawn = ProductionBatch.objects.get()
    assert (withdrawn.state, withdrawn.last_problem) == (BatchState.WITHDRAWN, "number_taken")
    assert send(scene, factory) == 1
    until(lambda: CardOrder.objects.get(pk=order.pk).state == "SHIPPED" or poll(scene, factory) < 0)
    assert Entry.objects.filter(type="production_batch.withdrawn").count() == 1


# --- keys and certificates -----------------------------------------------------------------------------


def factory_position() -> int:
    return FactoryCursor.objects.get(pk=1).file_position


def the_certificate(factory: FactoryProcess) -> Certificate:
    leaf = x509.load_pem_x509_certificates(factory.certificate.read_bytes())[0]
    return Certificate.objects.get(serial_hex=f"{leaf.serial_number:x}")


def test_nothing_is_sent_to_a_revoked_certificate(scene: Scene, factory: FactoryProcess) -> None:
    order = a_pending_order(scene)
    revoke(
        certificate_id=the_certificate(factory).pk,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=scene.at,
        actor=WORKER,
        at=scene.at,
    )
    assert send(scene, factory) == 0
    order.refresh_from_db()
    assert (order.state, order.last_problem) == ("PLACED", "factory_certificate_revoked")
    lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)
    factory.fault()
    scene.later(hours=1)
    assert send(scene, factory) == 0
    batch = ProductionBatch.objects.get()
    assert (batch.state, batch.last_problem) == (BatchState.WITHDRAWN, "nothing_left")


def test_an_expired_missing_or_foreign_certificate_stops_the_file(
    scene: Scene, factory: FactoryProcess
) -> None:
    order = a_pending_order(scene)
    ours = factory.certificate.read_bytes()
    customer = Customer()
    found = []
    for content in (customer.certify(customer.request()), customer.root_pem, b"no certificate"):
        factory.certificate.write_bytes(content)
        send(scene, factory)
        order.refresh_from_db()
        found.append(order.last_problem)
    factory.certificate.write_bytes(ours)
    scene.later(days=900)
    send(scene, factory)
    order.refresh_from_db()
    assert [*found, order.last_problem] == [
        "factory_certificate_unknown",
        "factory_certificate_unknown",
        "factory_certificate_missing",
        "factory_certificate_expired",
    ]


def test_what_a_revoked_key_of_the_factory_signs_counts_for_nothing(
    scene: Scene, factory: FactoryProcess
) -> None:
    a_pending_order(scene)
    send(scene, factory)
    revoke(
        certificate_id=the_certificate(factory).pk,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=scene.at,
        actor=WORKER,
        at=scene.at,
    )
    poll(scene, factory)
    file = FactoryFile.objects.earliest("number")
    assert (file.state, file.problem) == (FactoryFileState.SET_ASIDE, "factory_certificate_revoked")


def test_the_next_certificate_of_the_factory_takes_over_and_what_the_old_one_signed_still_counts(
    scene: Scene, factory: FactoryProcess
) -> None:
    """What the doctor asks for, and ``manage.py factory_certificate`` does."""
    a_pending_order(scene)
    send(scene, factory)
    old = the_certificate(factory)
    until(lambda: factory.client.files_after(factory_position()))
    asked_for_again = old.not_after - timedelta(days=59)
    assert lasting_until(factory.certificate, at=scene.at) == old.not_after
    assert lasting_until(factory.certificate, at=asked_for_again) is None
    request = (factory.home / "factory" / "request.pem").read_bytes()
    asked = request_for_factory(request, after=old.serial_hex, actor=WORKER, at=scene.at)
    scene.authority.issue_and_publish(at=scene.at)
    assert write_when_issued(asked, factory.certificate)
    assert the_certificate(factory) != old
    until(lambda: poll(scene, factory) or shipped(scene, factory))
    assert not FactoryFile.objects.exclude(problem="").exists()
    revoke(
        certificate_id=the_certificate(factory).pk,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=scene.at,
        actor=WORKER,
        at=scene.at,
    )
    assert lasting_until(factory.certificate, at=scene.at) is None


# --- killed between any two steps ----------------------------------------------------------------------


class Killed(BaseException):
    """The worker dies here."""


class Deadly:
    """Factory and keys at which the worker dies once, before or after a call came through."""

    def __init__(self, factory: FactoryProcess, dies: str) -> None:
        self._factory, self._dies = factory, dies

    def _may_die(self, here: str) -> None:
        if here == self._dies:
            self._dies = ""
            raise Killed

    def seal(self, content: bytes, *, at: datetime) -> SealedFile:
        self._may_die("before the signature")
        sealed = self._factory.keys.seal(content, at=at)
        self._may_die("after the signature")
        return sealed

    def open(self, message: bytes, *, at: datetime) -> bytes:
        self._may_die("before the file is opened")
        return self._factory.keys.open(message, at=at)

    def place_batch(self, number: int, message: bytes) -> None:
        self._may_die("before the file left")
        self._factory.client.place_batch(number, message)
        self._may_die("after the file arrived")

    def files_after(self, position: int) -> list[int]:
        return self._factory.client.files_after(position)

    def file(self, number: int) -> bytes:
        content = self._factory.client.file(number)
        self._may_die("after the answer was fetched")
        return content


@pytest.mark.parametrize(
    "dies",
    [
        "before the signature",
        "after the signature",
        "before the file left",
        "after the file arrived",
        "after the answer was fetched",
        "before the file is opened",
    ],
)
def test_a_worker_killed_between_any_two_steps_loses_and_doubles_nothing(
    dies: str, scene: Scene, factory: FactoryProcess
) -> None:
    """F31, R8: every card ordered is made once."""
    three_orders(scene)
    deadly = Deadly(factory, dies)

    def work() -> None:
        for step in (send_due_batches, poll_factory_files):
            with suppress(Killed):
                step(factory=deadly, sealing=deadly, actor=WORKER, at=scene.at)

    work()
    scene.later(seconds=LEASE.total_seconds())
    until(lambda: work() or shipped(scene, factory, orders=3))
    batch = ProductionBatch.objects.get()
    assert (batch.state, batch.rows.count()) == (BatchState.ACKNOWLEDGED, 3)
    assert len({card.card_number for card in Card.objects.all()}) == 3
    for kind in ("card_order.sent", "card.produced", "card.shipped"):
        assert Entry.objects.filter(type=kind).count() == 3


def test_who_was_cut_short_may_have_arrived_and_is_not_cancelled(
    scene: Scene, factory: FactoryProcess
) -> None:
    order = a_pending_order(scene)
    deadly = Deadly(factory, "before the file left")
    with pytest.raises(Killed):
        send_due_batches(factory=deadly, sealing=deadly, actor=WORKER, at=scene.at)
    factory.fault(down=True)
    assert send(scene, factory) == 0
    with pytest.raises(OrderBeingHandedOver):
        lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)


def test_two_senders_send_a_batch_once(scene: Scene) -> None:
    a_pending_order(scene)
    other_is_told = []

    class Meanwhile(PaperFactory):
        def place_batch(self, number: int, message: bytes) -> None:
            other_is_told.append(
                send_batch(number, factory=self, sealing=OpenEnvelopes(), actor=WORKER, at=scene.at)
            )
            super().place_batch(number, message)

    paper = Meanwhile()
    assert send_due_batches(factory=paper, sealing=OpenEnvelopes(), actor=WORKER, at=scene.at) == 1
    assert other_is_told == [0]
    assert len(paper.batches) == 1


def test_the_lease_of_a_batch_counts_from_its_own_turn(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first batches took longer than a lease lasts; nobody else may take the last one meanwhile."""
    monkeypatch.setattr(assembling, "MOST_ROWS", 1)
    orders = three_orders(scene)
    other_is_told = []

    class Slow(PaperFactory):
        def place_batch(self, number: int, message: bytes) -> None:
            scene.later(seconds=20)
            other_is_told.append(
                send_batch(number, factory=PaperFactory(), sealing=OpenEnvelopes(), actor=WORKER, at=scene.at)
            )
            scene.later(seconds=5)
            super().place_batch(number, message)

    began = scene.at
    sent = send_due_batches(
        factory=Slow(), sealing=OpenEnvelopes(), actor=WORKER, at=began, clock=lambda: scene.at
    )
    assert (sent, other_is_told) == (len(orders), [0, 0, 0])
    last = ProductionBatch.objects.latest("number")
    assert last.sent_at is not None
    assert last.sent_at >= began + timedelta(seconds=50)


def test_the_waits_grow_and_end_at_ten_minutes(scene: Scene) -> None:
    order = a_pending_order(scene)
    nobody = Factory(url="http://127.0.0.1:9", timeout=(0.5, 0.5))
    waits = []
    for _ in range(10):
        send_due_batches(factory=nobody, sealing=OpenEnvelopes(), actor=WORKER, at=scene.at)
        order.refresh_from_db()
        assert order.next_attempt_at is not None
        waits.append(order.next_attempt_at - scene.at)
        scene.at = order.next_attempt_at
    nobody.close()
    assert waits[0] == timedelta(seconds=5)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=10)
    assert Entry.objects.filter(type="card_order.delayed").count() == 1, "a problem is told once"


def test_a_batch_is_capped(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "MOST_ROWS", 2)
    three_orders(scene)
    assert send_to_paper(scene) == 3
    assert sorted(batch.rows.count() for batch in ProductionBatch.objects.all()) == [1, 2]
    numbers = sorted(ProductionBatch.objects.values_list("pk", flat=True))
    assert numbers == [1, 2], "without gaps"


# --- files that are of nothing we sent -----------------------------------------------------------------


def test_an_acknowledgement_of_something_else_is_set_aside_whole(scene: Scene) -> None:
    first = a_sent_order(scene)
    batch = ProductionBatch.objects.get()
    other = lifecycle.place_order(
        hsa_id=scene.cast.alva_herself.hsa_id,
        product_code="7C1",
        actor=scene.cast.another_administrator,
        at=scene.at,
    )
    answer = {
        "kind": "acknowledgement",
        "batch": batch.pk,
        "content_sha256": batch.content_hashes[0],
        "count": 1,
        "rows": [row(1, first, "accepted")],
    }
    found = [
        receive(scene, 1, **{**answer, "batch": 99}).problem,
        receive(scene, 2, **{**answer, "content_sha256": "0" * 64}).problem,
        receive(scene, 3, **{**answer, "rows": [row(1, other, "accepted")]}).problem,
        receive(scene, 4, **{**answer, "file": 5}).problem,
        receive(scene, 5, **{**answer, "format": "x"}).problem,
        receive(scene, 6, **{**answer, "rows": ["x"]}).problem,
        receive(scene, 7, **{**answer, "rows": [{**row(1, first, "accepted"), "at": "soon"}]}).problem,
    ]
    assert found == [
        "unknown_batch",
        "content_differs",
        "row_of_another_batch",
        "another_file",
        *["malformed"] * 3,
    ]
    assert not FactoryReport.objects.exists()
    assert Entry.objects.filter(type="factory_file.set_aside").count() == 7
    assert receive(scene, 8, **answer).state == FactoryFileState.APPLIED
    assert ProductionBatch.objects.get().state == BatchState.ACKNOWLEDGED


def test_a_file_is_applied_once_and_one_bad_row_does_not_stop_the_others(scene: Scene) -> None:
    order = a_sent_order(scene)
    number = card_number(5)
    rows = [row(1, order, "produced", card_number=number), row(2, order, "painted"),
            row(3, order, "shipped", card_number=number, tracking_number="RR123456785SE")]  # fmt: skip
    file = receive(scene, 1, rows=rows, count=3)
    assert (file.state, file.problem) == (FactoryFileState.SET_ASIDE, "rows_set_aside")
    assert Card.objects.get().state == CardState.SHIPPED
    assert ProductionRow.objects.get().tracking_number == "RR123456785SE"
    again = receive_file(1, bytes(file.content), sealing=OpenEnvelopes(), actor=WORKER, at=scene.at)
    assert not again
    assert Entry.objects.filter(type="card.shipped").count() == 1


def test_a_card_that_was_not_dispatched_is_not_activated(scene: Scene) -> None:
    """CRD-5: what nobody has reported as sent is nobody's to activate."""
    order = a_sent_order(scene)
    report(scene, str(order.pk), "accepted")
    report(scene, str(order.pk), "produced", card_number=card_number(1))
    card = Card.objects.get()
    refusal = policies.may_activate(card, actor=scene.cast.alva, at=scene.at)
    assert refusal is not None
    assert refusal.code == "card_not_shipped"
    with pytest.raises(CardsError):
        an_open_activation(scene, card)
    report(scene, str(order.pk), "shipped", card_number=card_number(1))
    assert policies.may_activate(Card.objects.get(), actor=scene.cast.alva, at=scene.at) is None
