"""Proofs of names that run out are told of in time, once a step, to those who can act (domain.md 5)."""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from pytest_django import Settings

from directory.models import Role
from functioncerts.models import NameValidation
from functioncerts.validation_reminders import remind_due
from functioncerts.validations import validate_names
from journal import sequencing
from tests.cast import actor_of
from tests.functioncerts.conftest import SERVER, SYSTEM, Stage
from worker.validation_notices import remind

NAME = "journal.regionnorr.test"
BO = "a003@regionnorr.test"


@pytest.fixture
def ending(stage: Stage, settings: Settings) -> NameValidation:
    settings.EMAIL_HOST = "127.0.0.1"
    NameValidation.objects.exclude(name=NAME).delete()
    return NameValidation.objects.get(name=NAME)


def run(at: datetime) -> int:
    reminded = remind_due(actor=SYSTEM, at=at)
    sequencing.sequence_committed()
    return reminded


def deliver() -> None:
    sequencing.sequence_committed()
    for entry in sequencing.entries_from(0, limit=500):
        if entry.type == "name_validation.reminded":
            remind(entry)


def test_a_year_of_daily_runs_reminds_at_each_step_once(stage: Stage, ending: NameValidation) -> None:
    assert ending.valid_to is not None
    told = []
    for days in range(365, -3, -1):
        at = ending.valid_to - timedelta(days=days)
        if run(at):
            told.append(days)
        assert remind_due(actor=SYSTEM, at=at + timedelta(hours=1)) == 0
    assert told == [60, 30, 7]


def test_steps_that_passed_unseen_become_one(stage: Stage, ending: NameValidation) -> None:
    assert ending.valid_to is not None
    assert run(ending.valid_to - timedelta(days=5)) == 1
    assert run(ending.valid_to - timedelta(days=1)) == 0


def test_orderers_of_the_owner_and_specialists_are_told_and_nobody_else(
    stage: Stage, ending: NameValidation
) -> None:
    """Doris of another organization gets nothing, nor who has protected data."""
    specialist = actor_of(stage.cast.asa, Role.VALIDATION_SPECIALIST)
    actor_of(stage.cast.erik, Role.FUNCTION_CERT_ORDERER)
    assert specialist
    assert ending.valid_to is not None
    assert run(ending.valid_to - timedelta(days=20)) == 1
    deliver()
    assert {one.to[0] for one in mail.outbox} == {BO, stage.cast.asa.email}
    assert len(mail.outbox) == 2
    assert NAME in mail.outbox[0].body


def test_a_name_that_was_validated_again_is_told_of_no_more(stage: Stage, ending: NameValidation) -> None:
    assert ending.valid_to is not None
    at = ending.valid_to - timedelta(days=20)
    NameValidation.objects.filter(pk=ending.pk).update(valid_to=at - timedelta(days=1))
    validate_names(hsa_id=SERVER, names=[NAME], actor=SYSTEM, at=at)
    NameValidation.objects.filter(pk=ending.pk).update(valid_to=ending.valid_to)
    assert run(at) == 0
