"""Those responsible are told by mail that a place has few reserve cards left (CRD-4)."""

from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from cards.stock_places import tell_of_low_stock
from directory.models import Role
from journal import sequencing
from journal.actor import Actor
from tests.cards.stock_violations import a_place
from tests.cast import actor_of
from tests.scenarios import Scene, a_scene
from worker.errors import NotYet
from worker.stock_notices import tell

pytestmark = pytest.mark.django_db


def deliver(scene: Scene) -> None:
    """Tell of a place that is empty, and hand the event to the consumer."""
    a_place(scene, threshold=3)
    tell_of_low_stock(actor=Actor.system("test"), at=scene.at)
    sequencing.sequence_committed()
    for entry in sequencing.entries_from(0, limit=100):
        if entry.type == "stock.running_low":
            tell(entry)


@pytest.fixture
def scene(settings: Settings) -> Scene:
    settings.EMAIL_HOST = "127.0.0.1"
    found = a_scene()
    actor_of(found.cast.asa, Role.ISSUANCE_MANAGER)
    return found


def test_the_managers_are_told_how_many_are_left(scene: Scene) -> None:
    deliver(scene)
    (sent,) = mail.outbox
    assert sent.to == [scene.cast.asa.email]
    assert "0 reserve cards left, fewer than 3" in sent.body
    assert "Reception" not in sent.body


def test_without_a_mail_server_nothing_is_sent_and_nothing_waits(scene: Scene, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    deliver(scene)
    assert mail.outbox == []


def test_a_mail_server_that_takes_nothing_is_tried_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise SMTPException("not now")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    with pytest.raises(NotYet):
        deliver(scene)
