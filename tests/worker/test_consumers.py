"""Consumers lose nothing, take nothing twice in order, and let no bad entry stop the others."""

import threading
from collections.abc import Sequence

import pytest
from django.db import OperationalError

from journal import sequencing
from journal.correlation import caused_by
from journal.models import ConsumerCursor, DeadLetter
from journal.sequencing import SequencedEntry
from tests.journal.test_recording import ring
from worker import consumers
from worker.consumers import ATTEMPTS, Consumer, ConsumerLoop, consume_available
from worker.errors import NotYet


@pytest.fixture
def _seven_bells(transactional_db: None) -> None:
    for times in range(7):
        ring(times)
    sequencing.sequence_committed()


def consumer(handler: consumers.Handler, name: str = "bells") -> Consumer:
    return Consumer(name=name, handlers={"test.bell_rung": handler})


@pytest.mark.usefixtures("_seven_bells")
def test_each_entry_is_taken_once_and_in_order() -> None:
    heard: list[object] = []
    bells = consumer(lambda entry: heard.append(entry.event["times"]))
    assert consume_available(bells, limit=3) == 3
    assert consume_available(bells) == 4
    assert consume_available(bells) == 0
    assert heard == list(range(7))
    assert ConsumerCursor.objects.get(name="bells").position == 7


@pytest.mark.usefixtures("_seven_bells")
def test_a_consumer_passes_over_what_it_does_not_want() -> None:
    assert consume_available(Consumer(name="deaf", handlers={})) == 7


@pytest.mark.usefixtures("_seven_bells")
def test_an_entry_that_must_wait_stops_the_consumer_before_it_and_is_taken_later() -> None:
    heard: list[object] = []
    away = {3}

    def handle(entry: SequencedEntry) -> None:
        if entry.event["times"] in away:
            raise NotYet("the signer is away")
        heard.append(entry.event["times"])

    with pytest.raises(NotYet):
        consume_available(consumer(handle))
    assert ConsumerCursor.objects.get(name="bells").position == 3
    away.clear()
    consume_available(consumer(handle))
    assert heard == list(range(7))
    assert not DeadLetter.objects.exists()


@pytest.mark.usefixtures("_seven_bells")
def test_a_database_that_is_away_is_no_fault_of_the_entry() -> None:
    def handle(_: SequencedEntry) -> None:
        raise OperationalError("database is locked")

    with pytest.raises(NotYet):
        consume_available(consumer(handle))
    assert not DeadLetter.objects.exists()


@pytest.mark.usefixtures("_seven_bells")
def test_a_bad_entry_becomes_a_dead_letter_and_the_others_go_on() -> None:
    tries: list[object] = []

    def handle(entry: SequencedEntry) -> None:
        tries.append(entry.event["times"])
        if entry.event["times"] == 2:
            raise ValueError("cracked")

    assert consume_available(consumer(handle)) == 7
    assert tries == [0, 1, *[2] * ATTEMPTS, 3, 4, 5, 6]
    letter = DeadLetter.objects.get()
    assert (letter.consumer, letter.error) == ("bells", "ValueError: cracked")


@pytest.mark.usefixtures("_seven_bells")
def test_what_one_act_caused_is_taken_together_and_alone_when_that_fails() -> None:
    """R21: ten thousand revocations are a hundred batches; one that is bad holds up none of them."""
    together: list[list[object]] = []
    alone: list[object] = []

    def take(entries: Sequence[SequencedEntry]) -> None:
        together.append([one.event["times"] for one in entries])
        if 5 in together[-1]:
            raise ValueError("one of them is cracked")

    def take_one(entry: SequencedEntry) -> None:
        if entry.event["times"] == 5:
            raise ValueError("cracked")
        alone.append(entry.event["times"])

    bells = Consumer(name="bells", handlers={"test.bell_rung": take_one}, batches={"test.bell_rung": take})
    assert consume_available(bells, limit=3) == 3
    assert consume_available(bells) == 4
    assert (together, alone) == ([[0, 1, 2], [3, 4, 5, 6]], [3, 4, 6])
    assert DeadLetter.objects.get().error == "ValueError: cracked"


@pytest.mark.usefixtures("_seven_bells")
def test_a_batch_that_must_wait_leaves_the_cursor_before_it() -> None:
    away = [NotYet("the signer is away"), OperationalError("database is locked")]

    def take(_: Sequence[SequencedEntry]) -> None:
        if away:
            raise away.pop()

    bells = Consumer(name="bells", handlers={"test.bell_rung": print}, batches={"test.bell_rung": take})
    for _ in range(2):
        with pytest.raises(NotYet):
            consume_available(bells)
        assert ConsumerCursor.objects.get(name="bells").position == 0
    assert consume_available(bells) == 7
    assert not DeadLetter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_different_acts_caused_is_not_taken_together() -> None:
    """What a batch records is found by the id of the act that caused it."""
    for act in ("one", "one", "other"):
        with caused_by(act):
            ring()
    sequencing.sequence_committed()
    sizes: list[int] = []
    batches = {"test.bell_rung": lambda entries: sizes.append(len(entries))}
    handlers = {"test.bell_rung": lambda _: sizes.append(1)}
    assert consume_available(Consumer(name="bells", handlers=handlers, batches=batches)) == 3
    assert sizes == [2, 1]


@pytest.mark.usefixtures("_seven_bells")
def test_consumers_follow_at_their_own_pace() -> None:
    slow: list[object] = []
    quick: list[object] = []
    consume_available(consumer(lambda entry: quick.append(entry.position), "quick"))
    consume_available(consumer(lambda entry: slow.append(entry.position), "slow"), limit=1)
    assert (len(quick), len(slow)) == (7, 1)


@pytest.mark.django_db(transaction=True)
def test_the_loop_sequences_what_is_committed_and_wakes_the_consumers() -> None:
    """The threads take an entry that was committed after they went to sleep."""
    rung = threading.Event()
    loop = ConsumerLoop([consumer(lambda _: rung.set())])
    loop.start()
    try:
        ring()
        assert rung.wait(timeout=60)
    finally:
        loop.stop()
