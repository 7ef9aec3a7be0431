"""Proofs of names that run out are told of in time, once a step, to those who can act (domain.md 5)."""

from datetime import datetime, timedelta

import pytest

from directory.models import Role
from functioncerts.models import Fate, NameValidation
from functioncerts.notice_selectors import find_notices, mails_of_validation
from functioncerts.validation_reminders import remind_due
from functioncerts.validations import validate_names
from tests.cast import actor_of
from tests.functioncerts.conftest import SERVER, SYSTEM, Stage
from tests.smtp_server import Post
from worker.expiry_notices import send_notices

NAME = "journal.regionnorr.test"
BO = "a003@regionnorr.test"


@pytest.fixture
def ending(stage: Stage) -> NameValidation:
    NameValidation.objects.exclude(name=NAME).delete()
    return NameValidation.objects.get(name=NAME)


def run(at: datetime) -> int:
    return remind_due(actor=SYSTEM, at=at)


def test_a_year_of_daily_runs_reminds_at_each_step_once(stage: Stage, ending: NameValidation) -> None:
    assert ending.valid_to is not None
    told = []
    for days in range(365, -3, -1):
        at = ending.valid_to - timedelta(days=days)
        if run(at):
            told.append(days)
        assert remind_due(actor=SYSTEM, at=at + timedelta(hours=1)) == 0
    assert told == [60, 30, 7]


def test_those_told_of_take_no_place_from_those_to_come(stage: Stage, ending: NameValidation) -> None:
    assert ending.valid_to is not None
    at = ending.valid_to - timedelta(days=20)
    assert remind_due(actor=SYSTEM, at=at, limit=1) == 1
    validate_names(hsa_id=SERVER, names=["ny.regionnorr.test"], actor=SYSTEM, at=at)
    NameValidation.objects.filter(name="ny.regionnorr.test").update(valid_to=at + timedelta(days=50))
    assert remind_due(actor=SYSTEM, at=at, limit=1) == 1
    assert remind_due(actor=SYSTEM, at=at, limit=1) == 0


def test_steps_that_passed_unseen_become_one(stage: Stage, ending: NameValidation) -> None:
    assert ending.valid_to is not None
    assert run(ending.valid_to - timedelta(days=5)) == 1
    assert run(ending.valid_to - timedelta(days=1)) == 0


def test_orderers_of_the_owner_and_specialists_are_told_and_nobody_else(
    stage: Stage, ending: NameValidation, post: Post
) -> None:
    """Doris of another organization gets nothing, nor who has protected data; each mail's fate is seen."""
    specialist = actor_of(stage.cast.asa, Role.VALIDATION_SPECIALIST)
    actor_of(stage.cast.erik, Role.FUNCTION_CERT_ORDERER)
    assert ending.valid_to is not None
    at = ending.valid_to - timedelta(days=20)
    post.answers[stage.cast.asa.email] = b"550 5.1.1 no such user"
    assert run(at) == 1
    assert {one.fate for one in mails_of_validation(ending)} == {Fate.WAITING.value}
    send_notices(at=at)
    send_notices(at=at + timedelta(hours=1))
    assert [address for address, _ in post.taken] == [BO]
    assert NAME in post.taken[0][1].get_content()
    told = {one.address: (one.recipient, one.fate, one.days, one.name) for one in mails_of_validation(ending)}
    assert told == {
        BO: ("orderer", "SENT", 30, NAME),
        stage.cast.asa.email: ("specialist", "REFUSED", 30, NAME),
    }
    for actor in (specialist, stage.cast.bo):
        assert [one.name for one in find_notices(show="lost", actor=actor).rows] == [NAME]
    assert not find_notices(show="", actor=stage.cast.doris).rows


def test_a_name_that_was_validated_again_is_told_of_no_more(stage: Stage, ending: NameValidation) -> None:
    assert ending.valid_to is not None
    at = ending.valid_to - timedelta(days=20)
    NameValidation.objects.filter(pk=ending.pk).update(valid_to=at - timedelta(days=1))
    validate_names(hsa_id=SERVER, names=[NAME], actor=SYSTEM, at=at)
    NameValidation.objects.filter(pk=ending.pk).update(valid_to=ending.valid_to)
    assert run(at) == 0
