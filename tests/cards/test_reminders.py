"""Holders are reminded once for each step that their card ends (domain.md 2.10)."""

import json
from datetime import datetime, time, timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from cards.models import Card
from cards.reminders import remind_holders
from directory.swedish_time import SWEDEN
from journal import sequencing
from journal.actor import Actor
from journal.models import Entry
from tests.scenarios import Scene, a_blocked_card, a_pending_order, an_active_card
from worker.card_notices import remind_holder
from worker.errors import NotYet

pytestmark = pytest.mark.django_db
JOB = Actor.system("remind_card_holders")


def days_before(card: Card, days: int) -> datetime:
    day = card.valid_until - timedelta(days=days)
    return datetime.combine(day, time(12), SWEDEN)


def remind(card: Card, days: int) -> int:
    return remind_holders(actor=JOB, at=days_before(card, days))


def deliver() -> None:
    sequencing.sequence_committed()
    for entry in sequencing.entries_from(0, limit=1000):
        if entry.type == "card.holder_reminded":
            remind_holder(entry)


def test_a_holder_is_told_sixty_thirty_and_seven_days_before_and_once_each(scene: Scene) -> None:
    card = an_active_card(scene)
    told = {days: remind(card, days) for days in range(62, -2, -1)}
    assert [days for days, count in told.items() if count] == [60, 30, 7]


def test_missed_runs_are_made_up_by_one_reminder_and_not_by_three(scene: Scene) -> None:
    card = an_active_card(scene)
    assert remind(card, 3) == 1
    assert [remind(card, days) for days in (3, 2, 1, 0)] == [0, 0, 0, 0]
    (entry,) = Entry.objects.filter(type="card.holder_reminded")
    assert json.loads(entry.content)["event"]["days_before"] == 7


def test_nobody_is_told_of_a_blocked_card(scene: Scene) -> None:
    assert remind(a_blocked_card(scene), 20) == 0


def test_nobody_is_told_whose_next_card_is_on_its_way(scene: Scene) -> None:
    card = an_active_card(scene)
    scene.at = days_before(card, 40)
    a_pending_order(scene)
    assert remind(card, 30) == 0


def test_the_mail_says_the_day_and_names_nobody(scene: Scene, settings: Settings) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    card = an_active_card(scene)
    remind(card, 30)
    deliver()
    assert [one.to for one in mail.outbox] == [[scene.cast.asa.email]]
    text = f"{mail.outbox[0].subject} {mail.outbox[0].body}"
    assert str(card.valid_until) in text
    for secret in (
        card.holder_name,
        card.card_number,
        card.hsa_id,
        scene.cast.asa.person.personal_identity_number,
    ):
        assert str(secret) not in text


def test_a_card_blocked_meanwhile_and_a_house_without_mail_send_nothing(
    scene: Scene, settings: Settings
) -> None:
    card = an_active_card(scene)
    remind(card, 30)
    deliver()
    settings.EMAIL_HOST = "127.0.0.1"
    Card.objects.filter(pk=card.pk).update(
        state="BLOCKED",
        blocked_at=scene.at,
        block_requested_at=scene.at,
        block_reason="defective",
        blocked_by="x",
    )
    deliver()
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_tried_again(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    remind(an_active_card(scene), 30)

    def away(_self: EmailBackend, _messages: object) -> int:
        raise SMTPException("away")

    monkeypatch.setattr(EmailBackend, "send_messages", away)
    with pytest.raises(NotYet, match="away"):
        deliver()
