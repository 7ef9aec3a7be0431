"""PUK letters: who orders one, what leaves the house, what delays it, and that no PUK is ever here."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from cards import lifecycle
from cards.errors import CardNotFound, FactoryUnavailable, OrderRefusedByFactory, Refused
from cards.factory import Delivery, Factory, PukLetterOrder
from cards.manufacturing.order_file import factory_order, order_file
from cards.models import Card
from cards.puk_letter_models import PukLetter
from cards.puk_letters import note_posted_puk_letters, running_letter, send_due_puk_letters
from cards.reasons import BlockReason
from cards.states import PukLetterState
from directory.models import Role
from hsm_sim.factory.cms import FactoryKey
from hsm_sim.factory.ledger import Ledger
from hsm_sim.factory.order import parse_batch
from hsm_sim.factory.web import FactoryServer
from journal.models import Entry
from tests.cast import actor_of
from tests.scenarios import WORKER, Scene, a_shipped_card, an_active_card

pytestmark = pytest.mark.django_db


class PaperPrinter:
    """A producer of letters whose failures are set by the test."""

    def __init__(self) -> None:
        self.letters: list[PukLetterOrder] = []
        self.failure: Exception | None = None
        self.posts = True

    def place_letter(self, letter: PukLetterOrder) -> None:
        if self.failure:
            raise self.failure
        self.letters.append(letter)

    def is_letter_posted(self, letter_id: str) -> bool:
        return self.posts and any(letter.letter_id == letter_id for letter in self.letters)


@pytest.fixture
def card(scene: Scene) -> Card:
    return an_active_card(scene)


def ordered(scene: Scene, card: Card) -> PukLetter:
    return lifecycle.order_puk_letter(card_id=str(card.pk), actor=scene.cast.alva, at=scene.at)


def types() -> list[str]:
    letters = Entry.objects.filter(type__startswith="puk_letter.").order_by("id")
    return list(letters.values_list("type", flat=True))


def test_a_letter_goes_to_the_registered_address_by_way_of_the_producer(scene: Scene, card: Card) -> None:
    """Issue 7: each step an event; the producer gets card, name and address, and nothing else."""
    letter, printer = ordered(scene, card), PaperPrinter()
    assert send_due_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 1
    assert printer.letters == [
        PukLetterOrder(
            letter_id=str(letter.pk),
            card_number=card.card_number or "",
            name=card.holder_name,
            delivery=Delivery.REGISTERED_ADDRESS,
            delivery_lines=tuple(card.person.address_lines),
        )
    ]
    printer.posts = False
    assert note_posted_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 0
    printer.posts = True
    assert note_posted_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 1
    assert note_posted_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 0
    letter.refresh_from_db()
    assert letter.state == PukLetterState.POSTED
    assert types() == ["puk_letter.ordered", "puk_letter.sent", "puk_letter.posted"]
    assert ordered(scene, card).pk != letter.pk


def test_a_protected_persons_letter_goes_by_way_of_skatteverket(scene: Scene, card: Card) -> None:
    """Also one who is protected only since the order: no address leaves the house."""
    ordered(scene, card)
    person = card.person
    type(person).objects.filter(pk=person.pk).update(protected_identity=True, search_key="")
    printer = PaperPrinter()
    assert send_due_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 1
    (letter,) = printer.letters
    assert (letter.delivery, letter.delivery_lines) == (Delivery.SKATTEVERKET, ())


def test_a_producer_that_is_away_delays_the_letter_and_nothing_is_lost(scene: Scene, card: Card) -> None:
    letter, printer = ordered(scene, card), PaperPrinter()
    printer.failure = FactoryUnavailable("connection_refused", surely_not_received=True)
    assert send_due_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 0
    letter.refresh_from_db()
    assert (letter.state, letter.last_problem) == (PukLetterState.PLACED, "connection_refused")
    printer.failure = None
    assert send_due_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 0
    assert send_due_puk_letters(factory=printer, actor=WORKER, at=scene.later(seconds=6)) == 1
    assert types() == ["puk_letter.ordered", "puk_letter.delayed", "puk_letter.sent"]


def test_a_letter_that_the_producer_refuses_is_over(scene: Scene, card: Card) -> None:
    letter, printer = ordered(scene, card), PaperPrinter()
    printer.failure = OrderRefusedByFactory("refused", facts={"status": "422"})
    assert send_due_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 0
    letter.refresh_from_db()
    assert (letter.state, letter.end_reason) == (PukLetterState.ENDED, "rejected")


def test_no_letter_is_sent_for_a_card_that_was_blocked(scene: Scene, card: Card) -> None:
    letter, printer = ordered(scene, card), PaperPrinter()
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert send_due_puk_letters(factory=printer, actor=WORKER, at=scene.at) == 0
    letter.refresh_from_db()
    assert (letter.state, letter.end_reason) == (PukLetterState.ENDED, "card_not_active")
    assert printer.letters == []


def test_nobody_orders_a_letter_that_they_may_not(scene: Scene, card: Card) -> None:
    cast = scene.cast
    for actor in (cast.bo, cast.cia, actor_of(cast.asa, Role.ID_ADMINISTRATOR)):
        with pytest.raises((Refused, CardNotFound)):
            lifecycle.order_puk_letter(card_id=str(card.pk), actor=actor, at=scene.at)
    with pytest.raises(CardNotFound):
        lifecycle.order_puk_letter(card_id=str(card.pk), actor=cast.doris, at=scene.at)
    assert running_letter(card) is None


@pytest.mark.parametrize("why", ["running", "no_address", "not_in_use"])
def test_a_letter_that_would_not_help_is_refused_with_the_reason(why: str, scene: Scene, card: Card) -> None:
    code = {
        "running": "puk_letter_running",
        "no_address": "registered_address_missing",
        "not_in_use": "card_not_in_use",
    }[why]
    if why == "running":
        ordered(scene, card)
    if why == "no_address":
        type(card.person).objects.filter(pk=card.person_id).update(address_lines=[])
    if why == "not_in_use":
        card = a_shipped_card(scene)
    with pytest.raises(Refused) as caught:
        ordered(scene, card)
    assert caught.value.refusal.code == code


@pytest.fixture
def producer(tmp_path: Path) -> Iterator[tuple[Factory, Ledger]]:
    """The simulated producer over HTTP; it has made one card."""
    ledger = Ledger(tmp_path / "factory.sqlite3")
    server = FactoryServer(0, ledger, FactoryKey(tmp_path, customers=tmp_path / "root.pem"))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    factory = Factory(url=f"http://127.0.0.1:{server.server_port}", timeout=(5, 5))
    yield factory, ledger
    factory.close()
    server.shutdown()
    server.server_close()
    thread.join()
    ledger.close()


def test_the_producer_posts_once_what_it_made_and_tells_nobody_the_puk(
    scene: Scene, card: Card, producer: tuple[Factory, Ledger]
) -> None:
    factory, ledger = producer
    order = factory_order(card.order)
    file = order_file(1, [order], assembled_at=scene.at)
    ledger.take_batch(parse_batch(1, file.content), at=scene.at)
    job = ledger.job(order.order_id)
    assert job is not None
    Card.objects.filter(pk=card.pk).update(card_number=job.card_number)
    letter = ordered(scene, card)
    assert not ledger.has_letter(str(letter.pk))
    assert send_due_puk_letters(factory=factory, actor=WORKER, at=scene.at) == 1
    assert note_posted_puk_letters(factory=factory, actor=WORKER, at=scene.at) == 1
    factory.place_letter(
        PukLetterOrder(
            letter_id=str(letter.pk),
            card_number=job.card_number or "",
            name=card.holder_name,
            delivery=Delivery.REGISTERED_ADDRESS,
            delivery_lines=("another",),
        )
    )
    puk = ledger.puk_of(job.card_number or "")
    assert puk
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cards_pukletter")
        kept = repr(cursor.fetchall()) + "".join(Entry.objects.values_list("content", flat=True))
    assert puk not in kept


def test_the_producer_posts_no_letter_for_a_card_that_it_did_not_make(
    scene: Scene, card: Card, producer: tuple[Factory, Ledger]
) -> None:
    factory, _ = producer
    letter = ordered(scene, card)
    assert send_due_puk_letters(factory=factory, actor=WORKER, at=scene.at) == 0
    letter.refresh_from_db()
    assert letter.end_reason == "rejected"
