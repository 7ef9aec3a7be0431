"""PUK letters: who orders one, what leaves the house, what delays it, and that no PUK is ever here."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from cards import lifecycle, puk_letters
from cards.errors import CardNotFound, FactoryUnavailable, Refused
from cards.factory import LetterFactory
from cards.models import Card
from cards.puk_letter_files import RECEIPT_FORMAT
from cards.puk_letter_models import PukLetter
from cards.puk_letters import (
    LONGEST_CALL,
    SHORTEST_LOOK,
    note_posted_puk_letters,
    running_letter,
    send_due_puk_letters,
)
from cards.reasons import BlockReason
from cards.states import CardState, PukLetterState
from directory.models import Role
from hsm_sim.factory.ledger import Ledger
from journal.models import Entry
from tests.cards.factory_process import FactoryProcess, shipped, until
from tests.cards.factory_process import send as send_orders
from tests.cast import actor_of
from tests.scenarios import WORKER, OpenEnvelopes, Scene, a_pending_order, a_shipped_card, an_active_card
from worker.production_health import production_checks

pytestmark = pytest.mark.django_db


class PaperPrinter:
    """A producer of letters whose failures are set by the test."""

    def __init__(self) -> None:
        self.letters: dict[str, bytes] = {}
        self.failure: Exception | None = None
        self.says: dict[str, str] = {}

    def place_letter(self, letter_id: str, message: bytes) -> bytes:
        if self.failure:
            raise self.failure
        return self._receipt(letter_id, self.letters.setdefault(letter_id, message), "taken")

    def letter(self, letter_id: str) -> bytes:
        return self._receipt(letter_id, self.letters[letter_id], "posted")

    def _receipt(self, letter_id: str, content: bytes, state: str) -> bytes:
        members = {
            "format": RECEIPT_FORMAT,
            "letter_id": letter_id,
            "content_sha256": hashlib.sha256(content).hexdigest(),
            "state": state,
        }
        return json.dumps(members | self.says).encode()


def send(printer: LetterFactory, at: datetime) -> int:
    return send_due_puk_letters(factory=printer, sealing=OpenEnvelopes(), actor=WORKER, at=at)


def look(printer: LetterFactory, at: datetime) -> int:
    return note_posted_puk_letters(factory=printer, sealing=OpenEnvelopes(), actor=WORKER, at=at)


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
    assert send(printer, scene.at) == 1
    assert {one: json.loads(content) for one, content in printer.letters.items()} == {
        str(letter.pk): {
            "format": "sigill.letter-order/1",
            "letter_id": str(letter.pk),
            "card_number": card.card_number,
            "delivery": {
                "kind": "registered_address",
                "name": card.holder_name,
                "lines": list(card.person.address_lines),
            },
        }
    }
    printer.says = {"state": "taken"}
    assert look(printer, scene.at) == 0
    printer.says = {}
    assert look(printer, scene.at) == 0, "not again in the same moment"
    assert look(printer, scene.at + SHORTEST_LOOK) == 1
    assert look(printer, scene.at + SHORTEST_LOOK) == 0
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
    assert send(printer, scene.at) == 1
    (content,) = printer.letters.values()
    delivery = json.loads(content)["delivery"]
    assert (delivery["kind"], delivery["lines"]) == ("skatteverket", [])


def test_a_producer_that_is_away_delays_the_letter_and_nothing_is_lost(scene: Scene, card: Card) -> None:
    letter, printer = ordered(scene, card), PaperPrinter()
    printer.failure = FactoryUnavailable("connection_refused", surely_not_received=True)
    assert send(printer, scene.at) == 0
    letter.refresh_from_db()
    assert (letter.state, letter.last_problem) == (PukLetterState.PLACED, "connection_refused")
    printer.failure = None
    assert send(printer, scene.at) == 0
    assert send(printer, scene.later(seconds=6)) == 1
    assert types() == ["puk_letter.ordered", "puk_letter.delayed", "puk_letter.sent"]


def test_a_letter_that_the_producer_refuses_is_over(scene: Scene, card: Card) -> None:
    letter, printer = ordered(scene, card), PaperPrinter()
    printer.says = {"state": "refused"}
    assert send(printer, scene.at) == 0
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
    assert send(printer, scene.at) == 0
    letter.refresh_from_db()
    assert (letter.state, letter.end_reason) == (PukLetterState.ENDED, "card_not_active")
    assert printer.letters == {}


def test_nobody_orders_a_letter_that_they_may_not(scene: Scene, card: Card) -> None:
    cast = scene.cast
    for actor in (cast.bo, cast.cia, actor_of(cast.asa, Role.ID_ADMINISTRATOR)):
        with pytest.raises((Refused, CardNotFound)):
            lifecycle.order_puk_letter(card_id=str(card.pk), actor=actor, at=scene.at)
    with pytest.raises(CardNotFound):
        lifecycle.order_puk_letter(card_id=str(card.pk), actor=cast.doris, at=scene.at)
    assert running_letter(card) is None


def test_the_doctor_tells_of_letters_that_do_not_leave(scene: Scene, card: Card) -> None:
    ordered(scene, card)
    printer = PaperPrinter()
    printer.failure = FactoryUnavailable("factory_certificate_expired", surely_not_received=True)
    send(printer, scene.at)

    def told() -> list[str]:
        return [one.said for one in production_checks(scene.at) if one.what == "PUK letters"]

    assert told() == []
    scene.later(hours=1)
    assert told() == ["1 PUK letters have not left: factory_certificate_expired"]


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


class LosesTheFirstAnswer(PaperPrinter):
    """Takes every letter; whoever sends one hears nothing the first time."""

    def place_letter(self, letter_id: str, message: bytes) -> bytes:
        is_first = letter_id not in self.letters
        receipt = super().place_letter(letter_id, message)
        if is_first:
            raise FactoryUnavailable("timeout", surely_not_received=False)
        return receipt


def test_an_answer_that_was_lost_is_asked_for_again_and_the_letter_is_one(scene: Scene, card: Card) -> None:
    """The address has changed meanwhile: what the printer holds is the first order, and ours all the same."""
    letter, printer = ordered(scene, card), LosesTheFirstAnswer()
    assert send(printer, scene.at) == 0
    type(card.person).objects.filter(pk=card.person_id).update(address_lines=["Nygatan 2", "111 22 Stad"])
    assert send(printer, scene.later(seconds=6)) == 1
    assert look(printer, scene.at) == 1
    letter.refresh_from_db()
    assert (letter.state, len(printer.letters), len(letter.content_hashes)) == ("POSTED", 1, 2)


def sent_by_way_of() -> list[str]:
    letters = Entry.objects.filter(type="puk_letter.sent").order_by("id")
    return [str(json.loads(one)["event"]["delivery"]) for one in letters.values_list("content", flat=True)]


@pytest.mark.parametrize(("before", "now"), [(False, True), (True, False)])
def test_the_journal_names_the_way_of_the_content_that_the_printer_has(
    before: bool,  # noqa: FBT001 - a parameter of the test
    now: bool,  # noqa: FBT001 - a parameter of the test
    scene: Scene,
    card: Card,
) -> None:
    """An answer was lost, and the holder is protected since, or no longer: what left first is posted."""
    person = type(card.person).objects.filter(pk=card.person_id)
    letter, printer = ordered(scene, card), LosesTheFirstAnswer()
    person.update(protected_identity=before, search_key="")
    assert send(printer, scene.at) == 0
    person.update(protected_identity=now)
    assert send(printer, scene.later(seconds=6)) == 1
    delivered = json.loads(printer.letters[str(letter.pk)])["delivery"]["kind"]
    assert delivered == ("skatteverket" if before else "registered_address")
    assert sent_by_way_of() == [delivered]


class BusyPrinter(PaperPrinter):
    """Something else happens before it takes a letter: an act of the test, once."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = meanwhile
        self.told = 0
        self.loses_an_answer = False

    def place_letter(self, letter_id: str, message: bytes) -> bytes:
        self.told += 1
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        receipt = super().place_letter(letter_id, message)
        if self.loses_an_answer:
            self.loses_an_answer = False
            raise FactoryUnavailable("timeout", surely_not_received=False)
        return receipt


def test_of_two_workers_with_one_letter_one_tells_the_printer_and_no_digest_is_lost(
    scene: Scene, card: Card
) -> None:
    """The second finds it taken. Only when the first takes far too long are both at it: both are ours."""
    letter = ordered(scene, card)

    def moves_and_is_sent_by_another() -> None:
        type(card.person).objects.filter(pk=card.person_id).update(address_lines=["Nygatan 2", "111 22 Stad"])
        assert send(printer, scene.at) == 0
        assert printer.told == 1
        printer.loses_an_answer = True
        assert send(printer, scene.at + LONGEST_CALL) == 0

    printer = BusyPrinter(moves_and_is_sent_by_another)
    assert send(printer, scene.at) == 1
    letter.refresh_from_db()
    assert (letter.state, len(letter.content_hashes), printer.told) == ("SENT", 2, 2)
    assert types() == ["puk_letter.ordered", "puk_letter.delayed", "puk_letter.sent"]
    (content,) = printer.letters.values()
    assert hashlib.sha256(content).hexdigest() == letter.content_hashes[1]
    assert look(printer, scene.at + LONGEST_CALL) == 1


def test_a_slower_worker_keeps_no_digest_and_tells_nobody(scene: Scene, card: Card) -> None:
    """It read the letter before the other one took it."""
    letter = ordered(scene, card)
    stale = PukLetter.objects.select_related("card__person").get(pk=letter.pk)
    printer = PaperPrinter()
    printer.failure = FactoryUnavailable("timeout", surely_not_received=False)
    assert send(printer, scene.at) == 0
    kept = PukLetter.objects.get().content_hashes
    assert len(kept) == 1
    type(card.person).objects.filter(pk=card.person_id).update(address_lines=["Nygatan 2", "111 22 Stad"])
    stale.card.person.refresh_from_db()
    busy = BusyPrinter(lambda: None)
    is_sent = puk_letters._send(  # the second of two workers, at the point of the race
        stale, factory=busy, sealing=OpenEnvelopes(), actor=WORKER, at=scene.at
    )
    assert (is_sent, busy.told) == (False, 0)
    assert PukLetter.objects.get().content_hashes == kept


def test_a_card_blocked_while_its_letter_leaves_is_blocked_and_the_letter_over(
    scene: Scene, card: Card
) -> None:
    letter = ordered(scene, card)
    printer = BusyPrinter(
        lambda: lifecycle.block_card(
            card_id=str(card.pk),
            reason=BlockReason.LOST_OR_STOLEN,
            requested_at=scene.at,
            actor=scene.cast.alva,
            at=scene.at,
        )
    )
    assert send(printer, scene.at) == 0
    letter.refresh_from_db()
    card.refresh_from_db()
    assert (card.state, letter.state) == (CardState.BLOCKED, PukLetterState.ENDED)


def test_a_letter_that_two_workers_hear_refused_is_over_once(scene: Scene, card: Card) -> None:
    ordered(scene, card)
    printer = BusyPrinter(lambda: send(printer, scene.at + LONGEST_CALL))
    printer.says = {"state": "refused"}
    assert send(printer, scene.at) == 0
    assert types() == ["puk_letter.ordered", "puk_letter.ended"]


class SlowPrinter(PaperPrinter):
    """Counts how often it is asked after letters."""

    asked = 0

    def letter(self, letter_id: str) -> bytes:
        self.asked += 1
        if self.failure:
            raise self.failure
        return super().letter(letter_id)

    def _receipt(self, letter_id: str, content: bytes, state: str) -> bytes:
        return super()._receipt(letter_id, content, state if self.is_done else "taken")

    is_done = False


def test_a_letter_that_does_not_leave_is_asked_after_ever_more_seldom(scene: Scene, card: Card) -> None:
    """It keeps no other back, also when the printer fails for it alone, and hours of it are few questions."""
    letter, printer = ordered(scene, card), SlowPrinter()
    assert send(printer, scene.at) == 1
    for minute in range(6 * 60):
        assert look(printer, scene.at + timedelta(minutes=minute)) == 0
    assert 20 < printer.asked < 80
    at = scene.at + timedelta(hours=7)
    printer.failure = FactoryUnavailable("http_500", surely_not_received=False)
    with pytest.raises(FactoryUnavailable):
        look(printer, at)
    assert look(printer, at) == 0, "the next look is at the others"
    printer.failure, printer.is_done = None, True
    assert look(printer, at + timedelta(minutes=10)) == 1
    letter.refresh_from_db()
    assert (letter.state, letter.next_attempt_at) == ("POSTED", None)


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        ({"content_sha256": "0" * 64}, "letter_contradicted"),
        ({"puk": "12345678"}, "letter_receipt_malformed"),
        ({"letter_id": "another"}, "letter_receipt_malformed"),
        ({"state": "burnt"}, "letter_receipt_malformed"),
    ],
)
def test_a_receipt_that_is_not_of_this_letter_counts_for_nothing(
    says: dict[str, str], problem: str, scene: Scene, card: Card
) -> None:
    letter, printer = ordered(scene, card), PaperPrinter()
    printer.says = says
    assert send(printer, scene.at) == 0
    letter.refresh_from_db()
    assert (letter.state, letter.last_problem) == ("PLACED", problem)
    assert "12345678" not in repr(list(PukLetter.objects.values())) + repr(list(Entry.objects.values()))


def made(scene: Scene, factory: FactoryProcess) -> Card:
    """Return a card in use that the simulated producer has made."""
    a_pending_order(scene)
    send_orders(scene, factory)
    until(lambda: shipped(scene, factory))
    card = Card.objects.get()
    Card.objects.filter(pk=card.pk).update(state=CardState.ACTIVE.value, activated_at=scene.at)
    return card


def sent_to(factory: FactoryProcess, scene: Scene) -> int:
    return send_due_puk_letters(factory=factory.client, sealing=factory.keys, actor=WORKER, at=scene.at)


def posted_by(factory: FactoryProcess, scene: Scene) -> int:
    return note_posted_puk_letters(factory=factory.client, sealing=factory.keys, actor=WORKER, at=scene.at)


def test_the_producer_gets_what_it_alone_can_read_posts_once_and_tells_nobody_the_puk(
    scene: Scene, factory: FactoryProcess
) -> None:
    """CMS both ways (RFC 5652, 5083), opened and signed by the openssl program on the other side."""
    card = made(scene, factory)
    letter = ordered(scene, card)
    factory.fault(lose_answers=True)
    assert sent_to(factory, scene) == 0
    factory.fault(wrong_signature=True)
    scene.later(minutes=1)
    assert sent_to(factory, scene) == 0
    letter.refresh_from_db()
    assert letter.last_problem == "letter_receipt_invalid"
    factory.fault()
    scene.later(minutes=10)
    assert sent_to(factory, scene) == 1
    assert posted_by(factory, scene) == 1
    ledger = Ledger(factory.home / "factory" / "factory.sqlite3")
    puk = ledger.puk_of(card.card_number or "")
    assert ledger.letter(str(letter.pk)) in PukLetter.objects.get().content_hashes
    ledger.close()
    assert puk
    kept = repr(list(PukLetter.objects.values())) + "".join(Entry.objects.values_list("content", flat=True))
    assert puk not in kept
    with pytest.raises(FactoryUnavailable) as refused:
        factory.client.place_letter(str(letter.pk), b"{}")
    assert (refused.value.problem, refused.value.surely_not_received) == (
        "letter_refused_not_decrypted",
        True,
    )


def test_the_producer_posts_no_letter_for_a_card_that_it_did_not_make(
    scene: Scene, factory: FactoryProcess
) -> None:
    letter = ordered(scene, an_active_card(scene))
    assert sent_to(factory, scene) == 0
    letter.refresh_from_db()
    assert letter.end_reason == "rejected"
