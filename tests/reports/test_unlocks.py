"""H4 tells unlockings and PUK letters from the journal: when, which card, which administrator."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from cards import lifecycle
from cards.unlock_models import Unlock
from reports.catalogue import Filter
from reports.columns import PROTECTED
from reports.question import Question
from reports.tables import count_rows, first_rows
from tests.cards.mobile.phone import an_active_mobile, an_own_unlock
from tests.cards.test_own_unlock import claimed as own_claimed
from tests.cards.test_puk_letters import PaperPrinter, look, send
from tests.cards.test_unlock import answered, certificate_on, claimed, signed
from tests.scenarios import CLIENT, Scene, a_scene, an_active_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None, settings: Settings, tmp_path: Path) -> Scene:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    return a_scene()


def test_each_unlocking_and_letter_is_told_with_the_administrator_behind_it(scene: Scene) -> None:
    card = an_active_card(scene)
    unlock = claimed(scene, card)
    answered(scene, unlock)
    lifecycle.confirm_unlock(
        unlock_id=str(unlock.pk), answer=signed(scene, unlock, certificate_on(card)),
        actor=CLIENT, at=scene.at,
    )  # fmt: skip
    unlocked_at, printer = scene.at, PaperPrinter()
    scene.later(hours=1)
    lifecycle.order_puk_letter(card_id=str(card.pk), actor=scene.cast.alva, at=scene.at)
    scene.later(hours=1)
    send(printer, scene.at)
    look(printer, scene.at)
    asked = Question.of("H4", actor=scene.cast.alva, as_of=scene.at)
    told = [(*row[1:3], row[4], row[5]) for row in first_rows(asked, 9)]
    alva = scene.cast.alva.identifier
    assert told == [
        ("Upplåst", card.card_number, card.hsa_id, alva),
        ("PUK-brev beställt", card.card_number, card.hsa_id, alva),
        ("PUK-brev skickat", card.card_number, card.hsa_id, alva),
    ]
    assert count_rows(replace(asked, as_of=unlocked_at)) == 1
    assert count_rows(replace(asked, since=unlocked_at + timedelta(minutes=1))) == 2
    assert count_rows(Question.of("H4", actor=scene.cast.doris, as_of=scene.at)) == 0
    type(card.person).objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    assert {(row[2], row[4]) for row in first_rows(asked, 9)} == {(PROTECTED, PROTECTED)}


def test_who_unlocked_their_own_card_is_told_as_the_card_names_them_and_hidden_with_it(scene: Scene) -> None:
    """POR-6: no administrator stands behind it; a protected holder is nowhere in the row."""
    card = an_active_card(scene)
    mobile = an_active_mobile(scene, card)
    unlock = own_claimed(scene, an_own_unlock(scene, card, mobile))
    answered(scene, unlock)
    lifecycle.confirm_unlock(
        unlock_id=str(unlock.pk), answer=signed(scene, unlock, certificate_on(card)),
        actor=CLIENT, at=scene.at,
    )  # fmt: skip
    Unlock.objects.filter(pk=unlock.pk).update(opened_by=str(card.person_id))
    asked = Question.of("H4", actor=scene.cast.alva, as_of=scene.at)
    assert [(row[1], row[4], row[5]) for row in first_rows(asked, 9)] == [
        ("Upplåst", card.hsa_id, card.hsa_id)
    ]
    type(card.person).objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    (row,) = first_rows(asked, 9)
    assert (row[2], row[4], row[5]) == (PROTECTED, PROTECTED, PROTECTED)
    by_holder = replace(asked, filters={Filter.OPERATOR.value: card.hsa_id})
    assert count_rows(by_holder) == 0
