"""A report of any past moment says what the journal tells of that moment, replayed (REP-1, design.md 5)."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from cards.models import Card
from journal.models import Entry
from reports.queries import answer_to, stream, teller
from reports.question import Question
from reports.tables import count_rows
from tests.scenarios import (
    Client,
    Scene,
    a_blocked_card,
    a_pending_order,
    a_scene,
    a_shipped_card,
    an_active_card,
)

_STANDS = {
    "card.ordered": "BESTÄLLT", "card.shipped": "SKICKAT", "card.activated": "AKTIVT",
    "card.blocked": "SPÄRRAT", "card.discarded": "MAKULERAT",
}  # fmt: skip


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()


def replayed(at: datetime) -> Mapping[str, int]:
    """Return how many cards stood how, from the journal alone."""
    stood: dict[str, str] = {}
    entries = Entry.objects.filter(type__in=list(_STANDS), at__lte=at).order_by("at", "id")
    for entry in entries:
        event = json.loads(entry.content)["event"]
        stood[event["card_id"]] = _STANDS[entry.type]
    return {state: list(stood.values()).count(state) for state in set(stood.values())}


def by_column(question: Question) -> list[Mapping[str, str]]:
    """Return the rows with their codes, by the English names of the columns."""
    told, names = teller(question, language=None), [field.english for field in question.fields]
    return [dict(zip(names, told(row), strict=True)) for row in stream(answer_to(question))]


def reported(at: datetime) -> Mapping[str, int]:
    question = Question(code="S1", as_of=at, may_see_protected=True)
    states = [row["State"] for row in by_column(question)]
    return {state: states.count(state) for state in set(states)}


def test_the_cards_of_every_past_moment_are_those_that_the_journal_tells(scene: Scene) -> None:
    a_blocked_card(scene)
    scene.client = Client()
    scene.later(days=2)
    an_active_card(scene)
    scene.later(hours=7)
    a_shipped_card(scene)
    scene.later(days=1)
    moments = sorted({entry.at for entry in Entry.objects.filter(type__in=list(_STANDS))})
    assert len(moments) > 8
    for moment in moments:
        for at in (moment - timedelta(microseconds=1), moment):
            assert reported(at) == replayed(at), at
    assert reported(scene.at) == {"SPÄRRAT": 1, "AKTIVT": 1, "SKICKAT": 1}


_CERTIFICATES = {"certificate.issued": "AKTIVT", "certificate.revoked": "SPÄRRAT"}


def test_the_certificates_of_every_past_moment_are_those_that_the_journal_tells(scene: Scene) -> None:
    a_blocked_card(scene)
    entries = list(Entry.objects.filter(type__in=list(_CERTIFICATES)).order_by("at", "id"))
    assert len(entries) > 3
    for moment in sorted({entry.at for entry in entries}):
        for at in (moment - timedelta(microseconds=1), moment):
            stood: dict[str, str] = {}
            for entry in entries:
                event = json.loads(entry.content)["event"]
                if entry.at <= at and event["carrier_kind"] == "card":
                    stood[event["certificate_id"]] = _CERTIFICATES[entry.type]
            question = Question(code="S2", as_of=at, may_see_protected=True)
            told = [row["State"] for row in by_column(question)]
            assert sorted(told) == sorted(stood.values()), at


def test_periods_that_meet_share_no_event_and_leave_none_out(scene: Scene) -> None:
    start = scene.at - timedelta(seconds=1)
    a_blocked_card(scene)
    a_pending_order(scene)
    end = scene.at + timedelta(days=1)
    cards = Card.objects.count()
    steps = [start + (end - start) * part / 7 for part in range(8)]
    for code, total in (("H1", cards), ("H3", 1), ("H2", 1), ("H8", 1)):
        parts = [
            count_rows(Question(code=code, as_of=until, since=since + timedelta(microseconds=1)))
            for since, until in pairwise(steps)
        ]
        assert sum(parts) == total == count_rows(Question(code=code, as_of=end))
