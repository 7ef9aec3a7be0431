"""A check that was broken off on suspicion is an alarm until somebody has cleared it up (CRD-6)."""

from dataclasses import replace
from datetime import timedelta

from cards import lifecycle
from cards.identity import SuspicionFacts
from cards.models import Card
from cards.reasons import BlockReason
from cards.suspicions import open_suspicions
from tests.scenarios import CHECK, Scene, a_shipped_card


def a_suspicion(scene: Scene) -> Card:
    card = a_shipped_card(scene)
    lifecycle.report_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.at
    )
    return card


def test_a_suspicion_alarms_those_who_may_block_there_and_nobody_else(scene: Scene) -> None:
    card = a_suspicion(scene)
    manager = replace(scene.cast.alva, role="issuance_manager")
    for actor in (scene.cast.alva, scene.cast.another_administrator, manager):
        assert [one.card_id for one in open_suspicions(actor=actor, at=scene.at)] == [card.pk]
    for actor in (scene.cast.doris, scene.cast.bo, scene.cast.cia):
        assert open_suspicions(actor=actor, at=scene.at) == []
    assert open_suspicions(actor=manager, at=scene.at + timedelta(days=30)) == []


def test_it_is_cleared_up_by_a_block_or_by_a_check_beyond_doubt(scene: Scene) -> None:
    card = a_suspicion(scene)
    lifecycle.open_activation(
        card_id=str(card.pk), identity_check=CHECK, actor=scene.cast.alva, at=scene.later(minutes=1)
    )
    assert open_suspicions(actor=scene.cast.alva, at=scene.at) == []
    lifecycle.report_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.later(minutes=1)
    )
    assert len(open_suspicions(actor=scene.cast.alva, at=scene.at)) == 1
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert open_suspicions(actor=scene.cast.alva, at=scene.at) == []
