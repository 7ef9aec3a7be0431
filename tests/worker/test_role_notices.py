"""Reminders of roles by mail: to those who may confirm, naming nobody (GOV-2)."""

from datetime import datetime, timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from directory.confirmations import remind_due
from directory.models import Employment, Role
from directory.roles import CONFIRMATION_LASTS
from journal import sequencing
from journal.actor import Actor
from tests.cast import LONG_AGO, Cast, actor_of, the_cast
from worker.errors import NotYet
from worker.role_notices import remind

pytestmark = pytest.mark.django_db
AT: datetime = LONG_AGO + CONFIRMATION_LASTS - timedelta(days=10)


@pytest.fixture
def cast(settings: Settings) -> Cast:
    settings.EMAIL_HOST = "127.0.0.1"
    found = the_cast()
    actor_of(found.asa, Role.ISSUANCE_MANAGER)
    actor_of(found.erik, Role.DEPUTY_ISSUANCE_MANAGER)
    return found


def deliver() -> None:
    remind_due(actor=Actor.system("test"), at=AT)
    sequencing.sequence_committed()
    for entry in sequencing.entries_from(0, limit=100):
        if entry.type == "role.reminded":
            remind(entry)


def test_managers_get_one_mail_that_names_nobody_and_protected_people_get_none(cast: Cast) -> None:
    deliver()
    assert [(one.to, one.from_email != "") for one in mail.outbox] == [([cast.asa.email], True)]
    body = mail.outbox[0].body
    assert "/roles/confirm/" in body
    for hsa_id in Employment.objects.values_list("hsa_id", flat=True):
        assert hsa_id not in body
    for name in ("Alva", "Berg", "Bo", "Region"):
        assert f" {name} " not in body


def test_without_a_mail_server_nobody_is_written_to(cast: Cast, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    deliver()
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: EmailBackend, _messages: object) -> int:
        raise SMTPException("away")

    monkeypatch.setattr(EmailBackend, "send_messages", away)
    with pytest.raises(NotYet):
        deliver()
