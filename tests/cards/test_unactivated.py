"""Cards that nobody activated in time are blocked by a job, within its cap (POR-12, CRD-5)."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from cards import unactivated
from cards.basis import block_card_on_basis
from cards.basis_selectors import CardGround, cards_on_basis
from cards.models import Activation, Card
from cards.unactivated import activation_lasts, block_unactivated_card, block_unactivated_cards
from directory.basis_models import BasisDecision, BasisMember, BasisOutcome
from journal.actor import Actor
from journal.models import Entry
from tests.scenarios import Scene, a_shipped_card, an_active_card, an_open_activation

pytestmark = pytest.mark.django_db
JOB = Actor.system("block_unactivated")


def overdue(scene: Scene) -> Card:
    card = a_shipped_card(scene)
    assert card.shipped_at is not None
    scene.at = card.shipped_at + activation_lasts() + timedelta(seconds=1)
    return card


def test_a_card_is_blocked_when_its_hundred_days_have_passed(scene: Scene) -> None:
    """POR-12: by the job, for ever, with the reason of domain.md 2.8."""
    card = overdue(scene)
    before = scene.at - timedelta(seconds=2)
    assert block_unactivated_cards(actor=JOB, at=before) == "0 cards blocked"
    assert block_unactivated_cards(actor=JOB, at=scene.at) == "1 cards blocked"
    card.refresh_from_db()
    assert (card.state, card.block_reason, card.blocked_at) == ("BLOCKED", "not_activated_in_time", scene.at)
    assert block_unactivated_cards(actor=JOB, at=scene.at) == "0 cards blocked"
    (entry,) = Entry.objects.filter(type="card.blocked")
    assert entry.actor_identifier == JOB.identifier


def test_a_card_in_use_and_one_that_is_being_activated_are_left_alone(scene: Scene) -> None:
    used = an_active_card(scene)
    scene.later(days=activation_lasts().days + 10)
    assert block_unactivated_cards(actor=JOB, at=scene.at) == "0 cards blocked"
    used.refresh_from_db()
    assert used.state == "ACTIVE"


def test_at_the_desk_just_now_is_in_time(scene: Scene) -> None:
    """Whoever sits at the desk on the last day gets their card; an attempt that ran out does not hold it."""
    card = overdue(scene)
    an_open_activation(scene, card)
    assert block_unactivated_cards(actor=JOB, at=scene.at) == "0 cards blocked"
    opened = Activation.objects.get(card=card)
    assert block_unactivated_cards(actor=JOB, at=opened.expires_at) == "1 cards blocked"


def test_more_than_the_cap_wait_for_people(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decision 9: a clock that jumped costs nobody a card."""
    card = overdue(scene)
    monkeypatch.setattr(unactivated, "_LEAST_CAP", 0)
    said = block_unactivated_cards(actor=JOB, at=scene.at)
    assert said == "1 cards not activated in time wait for a decision: more than 0 at once"
    card.refresh_from_db()
    assert card.state == "SHIPPED"
    (row,) = cards_on_basis(actor=scene.cast.alva, at=scene.at)
    assert (row.card.pk, row.ground, row.shipped_at) == (card.pk, CardGround.NOT_ACTIVATED, card.shipped_at)
    assert cards_on_basis(actor=scene.cast.doris, at=scene.at) == []
    member = BasisMember(subject_id=card.pk, decision=BasisDecision(decided_at=scene.at))
    result = block_card_on_basis(member, "nobody came", scene.cast.alva, scene.at)
    card.refresh_from_db()
    assert (result.outcome, card.block_reason) == (BasisOutcome.DONE, "not_activated_in_time")
    assert cards_on_basis(actor=scene.cast.alva, at=scene.at) == []


def test_a_card_is_on_the_list_of_what_waits_only_when_its_time_is_over(scene: Scene) -> None:
    card = overdue(scene)
    before = scene.at - timedelta(seconds=2)
    assert cards_on_basis(actor=scene.cast.alva, at=before) == []
    an_open_activation(scene, card)
    assert cards_on_basis(actor=scene.cast.alva, at=scene.at) == []


def test_somebody_may_decide_about_one_with_a_note(scene: Scene) -> None:
    card = overdue(scene)
    assert block_unactivated_card(card.pk, note="never fetched", actor=scene.cast.alva, at=scene.at)
    assert not block_unactivated_card(card.pk, actor=scene.cast.alva, at=scene.at)
    card.refresh_from_db()
    assert (card.block_note, card.blocked_by) == ("never fetched", scene.cast.alva.identifier)


def test_doris_blocks_no_card_of_another_organization(scene: Scene) -> None:
    card = overdue(scene)
    assert not block_unactivated_card(card.pk, actor=scene.cast.doris, at=scene.at)
    card.refresh_from_db()
    assert card.state == "SHIPPED"


def test_the_days_are_a_setting(scene: Scene, settings: Settings) -> None:
    settings.SIGILL_CARD_ACTIVATION_DAYS = 3
    a_shipped_card(scene)
    assert block_unactivated_cards(actor=JOB, at=scene.at) == "1 cards blocked"
