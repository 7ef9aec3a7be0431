"""Basis lists of cards and orders, and what bulk decisions over them do (POR-11, POR-13)."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from ca.models import Certificate
from cards.basis import block_card_on_basis
from cards.basis_selectors import (
    CardGround,
    cards_on_basis,
    cards_with_a_former_name,
    count_cards_on_basis,
)
from cards.models import Card, CardOrder
from cards.outdated import remove_outdated_order, remove_outdated_orders
from cards.outdated_selectors import count_outdated_orders, lately_removed, outdated_orders
from directory.basis_decisions import (
    Chosen,
    Result,
    approve_decision,
    carry_out,
    decide,
    get_decision,
    is_under_way,
    stop_decision,
    was_stopped,
    withdraw_decision,
)
from directory.basis_models import BasisDecision, BasisMember, BasisSubject
from directory.errors import BasisDecisionNotFound, BasisDecisionRefused
from directory.models import Employment, Person, RoleAssignment, SyncRun
from directory.sync_models import SyncChange
from journal.actor import Actor
from journal.models import Entry
from tests.scenarios import Scene, a_pending_order, a_sent_order, a_shipped_card, an_active_card

pytestmark = pytest.mark.django_db
JOB = Actor.system("decisions")


def choose(scene: Scene, cards: Sequence[Card], actor: Actor | None = None) -> list[Chosen]:
    rows = cards_on_basis(actor=actor or scene.cast.alva, at=scene.at, chosen=[card.pk for card in cards])
    return [
        Chosen(
            subject_id=row.card.pk,
            person_id=row.card.person_id,
            organization_id=row.card.organization_id,
            ground=row.ground.value,
            evidence=row.evidence.as_facts(),
            weight=len(row.certificates),
        )
        for row in rows
    ]


def work(scene: Scene) -> int:
    return carry_out(BasisSubject.CARD, block_card_on_basis, actor=JOB, at=scene.at)


def set_person(scene: Scene, **facts: object) -> None:
    Person.objects.filter(pk=scene.cast.asa.person_id).update(**facts)


def outcomes(decision: BasisDecision) -> list[str]:
    return list(decision.members.order_by("pk").values_list("outcome", flat=True))


@pytest.mark.parametrize(
    ("facts", "ground"),
    [
        ({"registration_status": "deceased"}, CardGround.DECEASED),
        ({"registration_status": "emigrated"}, CardGround.EMIGRATED),
        ({"registration_status": "deregistered"}, CardGround.DEREGISTERED),
        ({"pu_missing_since": "now"}, CardGround.MISSING_IN_PU),
    ],
)
def test_a_card_of_somebody_gone_is_on_the_list_with_its_certificates(
    scene: Scene, facts: dict[str, object], ground: CardGround
) -> None:
    """POR-11: dead, emigrated, deregistered, missing in PU."""
    card = an_active_card(scene)
    assert cards_on_basis(actor=scene.cast.alva, at=scene.at) == []
    set_person(scene, **{name: scene.at if told == "now" else told for name, told in facts.items()})
    (row,) = cards_on_basis(actor=scene.cast.alva, at=scene.at)
    assert (row.card.pk, row.ground, row.refusal) == (card.pk, ground, None)
    assert len(row.certificates) == Certificate.objects.filter(carrier_id=str(card.pk)).count() > 0


def test_a_card_of_an_employment_that_hsa_does_not_know_or_that_ended_is_on_the_list(scene: Scene) -> None:
    """POR-11: missing in HSA, with the readings that it rests on."""
    an_active_card(scene)
    employment = Employment.objects.filter(pk=scene.cast.asa.pk)
    read_at = [scene.at - timedelta(days=day) for day in (3, 2, 1)]
    for moment in read_at:
        SyncRun.objects.create(register="hsa", state="complete", started_at=moment, ended_at=moment)
    employment.update(missing_since=read_at[-1])
    (row,) = cards_on_basis(actor=scene.cast.alva, at=scene.at)
    assert row.ground is CardGround.MISSING_IN_HSA
    assert row.evidence.readings == tuple(read_at)
    assert row.evidence.latest_at == read_at[-1]
    employment.update(missing_since=None, ends_on=(scene.at - timedelta(days=2)).date())
    (row,) = cards_on_basis(actor=scene.cast.alva, at=scene.at)
    assert row.ground is CardGround.EMPLOYMENT_ENDED


def test_nothing_is_blocked_before_somebody_decides(scene: Scene) -> None:
    card = an_active_card(scene)
    set_person(scene, registration_status="deceased")
    assert work(scene) == 0
    card.refresh_from_db()
    assert card.state == "ACTIVE"


def test_a_decision_blocks_the_card_as_whoever_decided_and_revokes_its_certificates(scene: Scene) -> None:
    """POR-11, PU-2: decided in bulk, journalled with the reason, each row with its outcome."""
    card = an_active_card(scene)
    set_person(scene, registration_status="deceased")
    decision = decide(
        BasisSubject.CARD, choose(scene, [card]), reason="Told by PU", actor=scene.cast.alva, at=scene.at
    )
    card.refresh_from_db()
    assert card.state == "ACTIVE"
    assert work(scene) == 1
    card.refresh_from_db()
    assert (card.state, card.block_reason) == ("BLOCKED", "holder_deceased_or_gone")
    assert (card.blocked_by, card.block_note) == (scene.cast.alva.identifier, "Told by PU")
    assert not Certificate.objects.filter(carrier_id=str(card.pk), revoked_at__isnull=True).exists()
    assert outcomes(decision) == ["done"]
    kinds = set(Entry.objects.values_list("type", flat=True))
    assert {"basis.decided", "basis.carried_out", "card.blocked"} <= kinds
    assert work(scene) == 0
    assert Entry.objects.filter(type="card.blocked").count() == 1


def test_what_the_register_took_back_meanwhile_is_not_blocked(scene: Scene) -> None:
    """A wrong register that is put right in time has cost nobody a card."""
    card = an_active_card(scene)
    set_person(scene, registration_status="deceased")
    decision = decide(
        BasisSubject.CARD, choose(scene, [card]), reason="Told by PU", actor=scene.cast.alva, at=scene.at
    )
    set_person(scene, registration_status="registered")
    work(scene)
    card.refresh_from_db()
    assert (card.state, outcomes(decision)) == ("ACTIVE", ["no_longer_so"])


def test_a_block_makes_the_reading_that_it_rests_on_final(scene: Scene) -> None:
    card = an_active_card(scene)
    run = SyncRun.objects.create(register="pu", state="complete", started_at=scene.at, ended_at=scene.at)
    change = SyncChange.objects.create(
        run=run, person=card.person, kind="deceased", is_costly=True, state="applied", settled_at=scene.at
    )
    set_person(scene, registration_status="deceased")
    (row,) = cards_on_basis(actor=scene.cast.alva, at=scene.at)
    assert row.evidence.readings == (scene.at,)
    decide(BasisSubject.CARD, choose(scene, [card]), reason="dead", actor=scene.cast.alva, at=scene.at)
    work(scene)
    change.refresh_from_db()
    assert change.acted_on_at == scene.at


def test_doris_sees_no_card_and_no_decision_of_another_organization(scene: Scene) -> None:
    """F16: neither rows nor counts nor a decision by its id; and she blocks nothing by naming it."""
    card = an_active_card(scene)
    set_person(scene, registration_status="deceased")
    chosen = choose(scene, [card])
    assert cards_on_basis(actor=scene.cast.doris, at=scene.at) == []
    assert count_cards_on_basis(actor=scene.cast.doris, at=scene.at) == 0
    stolen = decide(BasisSubject.CARD, chosen, reason="guessed", actor=scene.cast.doris, at=scene.at)
    work(scene)
    card.refresh_from_db()
    assert (card.state, outcomes(stolen)) == ("ACTIVE", ["refused"])
    decision = decide(BasisSubject.CARD, chosen, reason="mine", actor=scene.cast.alva, at=scene.at)
    with pytest.raises(BasisDecisionNotFound):
        get_decision(decision.pk, actor=scene.cast.doris)
    for act in (approve_decision, withdraw_decision):
        with pytest.raises(BasisDecisionNotFound):
            act(decision.pk, actor=scene.cast.doris, at=scene.at)


@pytest.mark.parametrize("who", ["bo", "cia"])
def test_those_who_do_not_block_get_no_list(scene: Scene, who: str) -> None:
    an_active_card(scene)
    set_person(scene, registration_status="deceased")
    assert cards_on_basis(actor=getattr(scene.cast, who), at=scene.at) == []


def test_a_protected_person_is_on_the_list_only_of_those_with_the_right(scene: Scene) -> None:
    card = an_active_card(scene)
    set_person(
        scene, registration_status="deceased", protected_identity=True, search_key="", address_lines=[]
    )
    assert cards_on_basis(actor=scene.cast.alva, at=scene.at) == []
    right = replace(scene.cast.alva, may_see_protected=True)
    decision = decide(
        BasisSubject.CARD, choose(scene, [card], right), reason="dead", actor=right, at=scene.at
    )
    with pytest.raises(BasisDecisionNotFound):
        get_decision(decision.pk, actor=scene.cast.alva)
    work(scene)
    assert outcomes(decision) == ["done"]


def many(scene: Scene, count: int) -> list[Chosen]:
    return [
        Chosen(
            subject_id=uuid4(),
            person_id=scene.cast.asa.person_id,
            organization_id=scene.cast.norr.pk,
            ground="deceased",
        )
        for _ in range(count)
    ]


def test_more_than_25_take_two_people(scene: Scene) -> None:
    """domain.md 7.3: dual control of bulk revocation."""
    alone = decide(BasisSubject.CARD, many(scene, 25), reason="all dead", actor=scene.cast.alva, at=scene.at)
    assert not alone.needs_second_person
    large = decide(BasisSubject.CARD, many(scene, 26), reason="all dead", actor=scene.cast.alva, at=scene.at)
    assert large.needs_second_person
    assert work(scene) == 25
    with pytest.raises(BasisDecisionRefused) as caught:
        approve_decision(large.pk, actor=scene.cast.alva, at=scene.at)
    assert caught.value.facts["rule"] == "same_person"
    approve_decision(large.pk, actor=scene.cast.another_administrator, at=scene.at)
    assert work(scene) == 26
    with pytest.raises(BasisDecisionRefused):
        approve_decision(large.pk, actor=scene.cast.another_administrator, at=scene.at)
    with pytest.raises(IntegrityError), transaction.atomic():
        BasisDecision.objects.filter(pk=large.pk).update(approved_person_id=scene.cast.alva.person_id)


def test_many_small_decisions_of_a_day_are_one_large_one(scene: Scene) -> None:
    """domain.md 7.3: what one person decides within a day counts together."""

    def small(actor: Actor, *, hours: int = 0) -> BasisDecision:
        at = scene.at + timedelta(hours=hours)
        return decide(BasisSubject.CARD, many(scene, 10), reason="all dead", actor=actor, at=at)

    alva, other = scene.cast.alva, scene.cast.another_administrator
    first = small(alva)
    assert [small(alva, hours=1).needs_second_person, small(alva, hours=2).needs_second_person] == [
        False,
        True,
    ]
    assert not small(other, hours=2).needs_second_person, "each person counts alone"
    orders = decide(BasisSubject.ORDER, many(scene, 30), reason="old", actor=alva, at=scene.at)
    assert not orders.needs_second_person, "an order can be placed anew"
    assert not small(alva, hours=25).needs_second_person, "the first day is over"
    assert (first.weight, orders.weight) == (10, 0)


def test_a_decision_lapses_with_the_role_of_who_decided(scene: Scene) -> None:
    """It is carried out as that person: a role that was taken does nothing more."""
    large = decide(BasisSubject.CARD, many(scene, 26), reason="all dead", actor=scene.cast.alva, at=scene.at)
    RoleAssignment.objects.filter(employment=scene.cast.alva_herself).update(
        valid_to=scene.at, valid_from=scene.at - timedelta(days=1)
    )
    with pytest.raises(BasisDecisionRefused) as caught:
        approve_decision(large.pk, actor=scene.cast.another_administrator, at=scene.at)
    assert caught.value.facts["rule"] == "role"
    assert work(scene) == 0


def test_many_certificates_on_few_cards_count_as_many(scene: Scene) -> None:
    chosen = [replace(one, weight=9) for one in many(scene, 3)]
    decision = decide(BasisSubject.CARD, chosen, reason="dead", actor=scene.cast.alva, at=scene.at)
    assert decision.needs_second_person


def test_a_decision_that_waits_can_be_withdrawn_and_then_does_nothing(scene: Scene) -> None:
    large = decide(BasisSubject.CARD, many(scene, 26), reason="all dead", actor=scene.cast.alva, at=scene.at)
    withdraw_decision(large.pk, actor=scene.cast.alva, at=scene.at)
    assert work(scene) == 0
    assert set(outcomes(large)) == {"withdrawn"}
    with pytest.raises(BasisDecisionRefused):
        approve_decision(large.pk, actor=scene.cast.another_administrator, at=scene.at)


def test_one_card_is_in_one_decision_at_a_time(scene: Scene) -> None:
    """A double click is one decision."""
    card = an_active_card(scene)
    set_person(scene, registration_status="deceased")
    chosen = choose(scene, [card])
    decide(BasisSubject.CARD, chosen, reason="dead", actor=scene.cast.alva, at=scene.at)
    with pytest.raises(BasisDecisionRefused) as caught:
        decide(BasisSubject.CARD, chosen, reason="dead", actor=scene.cast.another_administrator, at=scene.at)
    assert caught.value.facts["rule"] == "under_way"
    assert BasisDecision.objects.count() == 1


@pytest.mark.parametrize(
    ("count", "reason", "rule"), [(0, "dead", "empty"), (1, "  ", "no_reason"), (201, "dead", "too_many")]
)
def test_a_decision_that_is_none_is_refused(scene: Scene, count: int, reason: str, rule: str) -> None:
    with pytest.raises(BasisDecisionRefused) as caught:
        decide(BasisSubject.CARD, many(scene, count), reason=reason, actor=scene.cast.alva, at=scene.at)
    assert caught.value.facts["rule"] == rule
    assert not BasisMember.objects.exists()


def test_a_killed_worker_goes_on_with_what_is_left(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = decide(BasisSubject.CARD, many(scene, 5), reason="dead", actor=scene.cast.alva, at=scene.at)
    left = list(decision.members.order_by("pk").values_list("pk", flat=True))

    def killed(*_arguments: object) -> object:
        if BasisMember.objects.exclude(outcome="").count() == 2:
            raise KeyboardInterrupt
        return block_card_on_basis(*_arguments)  # type: ignore[arg-type]

    with pytest.raises(KeyboardInterrupt):
        carry_out(BasisSubject.CARD, killed, actor=JOB, at=scene.at)  # type: ignore[arg-type]
    decision.refresh_from_db()
    assert decision.finished_at is None
    assert list(decision.members.filter(outcome="").order_by("pk").values_list("pk", flat=True)) == left[2:]
    assert work(scene) == 3
    decision.refresh_from_db()
    assert decision.finished_at == scene.at


def test_a_new_name_makes_a_new_card_needed_and_blocks_nothing(scene: Scene) -> None:
    """domain.md 2.4: after a change of name a new card is ordered."""
    card = an_active_card(scene)
    run = SyncRun.objects.create(register="pu", state="complete", started_at=scene.at, ended_at=scene.at)
    SyncChange.objects.create(
        run=run, person=card.person, kind="name", is_costly=True, state="applied", settled_at=scene.at
    )
    assert cards_with_a_former_name(actor=scene.cast.alva) == []
    set_person(scene, surname="Nyberg")
    assert [one.pk for one in cards_with_a_former_name(actor=scene.cast.alva)] == [card.pk]
    assert cards_with_a_former_name(actor=scene.cast.doris) == []
    assert cards_on_basis(actor=scene.cast.alva, at=scene.at) == []


def test_orders_that_were_never_made_are_removed_after_sixty_days(scene: Scene) -> None:
    """POR-13: outdated orders go by themselves, with their cards; one that was made stays."""
    order = a_sent_order(scene)
    assert remove_outdated_orders(actor=JOB, at=scene.later(days=59)) == "0 outdated orders removed"
    assert remove_outdated_orders(actor=JOB, at=scene.later(days=2)) == "1 outdated orders removed"
    order.refresh_from_db()
    assert (order.state, order.lapse_reason, order.card.state) == ("LAPSED", "outdated", "DISCARDED")
    assert Entry.objects.filter(type="card_order.lapsed").count() == 1
    assert remove_outdated_orders(actor=JOB, at=scene.at) == "0 outdated orders removed"
    assert [one.pk for one in lately_removed(actor=scene.cast.alva, at=scene.at)] == [order.pk]
    assert lately_removed(actor=scene.cast.doris, at=scene.at) == []


def test_a_card_that_was_sent_is_not_outdated(scene: Scene) -> None:
    card = a_shipped_card(scene)
    remove_outdated_orders(actor=JOB, at=scene.later(days=90))
    card.refresh_from_db()
    assert card.state == "SHIPPED"


def test_a_clock_that_jumped_ends_not_everybodys_orders(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision 9: more than the cap wait for people, who may remove them."""
    monkeypatch.setattr("cards.outdated._LEAST_CAP", 0)
    order = a_pending_order(scene)
    at = scene.later(days=400)
    assert "wait for a decision" in remove_outdated_orders(actor=JOB, at=at)
    assert CardOrder.objects.get().state == "PLACED"
    assert count_outdated_orders(actor=scene.cast.alva, at=at) == 1
    assert outdated_orders(actor=scene.cast.doris, at=at) == []
    chosen = [
        Chosen(
            subject_id=order.pk,
            person_id=order.person_id,
            organization_id=order.organization_id,
            ground="never_made",
        )
    ]
    stolen = decide(BasisSubject.ORDER, chosen, reason="mine now", actor=scene.cast.doris, at=at)
    carry_out(BasisSubject.ORDER, remove_outdated_order, actor=JOB, at=at)
    assert outcomes(stolen) == ["refused"]
    mine = decide(BasisSubject.ORDER, chosen, reason="too old", actor=scene.cast.alva, at=at)
    carry_out(BasisSubject.ORDER, remove_outdated_order, actor=JOB, at=at)
    assert outcomes(mine) == ["done"]
    assert CardOrder.objects.get().state == "LAPSED"


def test_a_worker_whose_clock_is_a_little_behind_blocks_all_the_same(scene: Scene) -> None:
    card = an_active_card(scene)
    set_person(scene, registration_status="deceased")
    ahead = scene.at + timedelta(seconds=2)
    decision = decide(
        BasisSubject.CARD, choose(scene, [card]), reason="dead", actor=scene.cast.alva, at=ahead
    )
    work(scene)
    assert outcomes(decision) == ["done"]


def test_a_run_that_is_stopped_does_no_more_and_what_it_did_stays(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """domain.md 7.3: a staged run can be stopped; what somebody stopped counts whole all the same."""
    alva, other = scene.cast.alva, scene.cast.another_administrator
    decision = decide(BasisSubject.CARD, many(scene, 20), reason="all dead", actor=alva, at=scene.at)
    rows = 0

    def act(member: BasisMember, reason: str, actor: Actor, at: datetime) -> Result:
        nonlocal rows
        rows += 1
        if rows == 4:  # the fifth row finds that a colleague stopped it
            raise KeyboardInterrupt
        return block_card_on_basis(member, reason, actor, at)

    with pytest.raises(KeyboardInterrupt):
        carry_out(BasisSubject.CARD, act, actor=JOB, at=scene.at)
    assert (is_under_way(decision), was_stopped(decision)) == (True, False)
    with pytest.raises(BasisDecisionNotFound):
        stop_decision(decision.pk, actor=scene.cast.doris, at=scene.at)
    decision = stop_decision(decision.pk, actor=other, at=scene.at)
    assert (is_under_way(decision), was_stopped(decision)) == (False, True)
    assert work(scene) == 0
    assert outcomes(decision) == ["already_done"] * 3 + ["withdrawn"] * 17
    told = json.loads(Entry.objects.get(type="basis.stopped").content)["event"]
    assert (told["done"], told["total"]) == (3, 20)
    with pytest.raises(BasisDecisionRefused):
        stop_decision(decision.pk, actor=alva, at=scene.at)
    again = decide(BasisSubject.CARD, many(scene, 6), reason="all dead", actor=alva, at=scene.at)
    assert again.needs_second_person, "to stop is no way round the rule for many"


def test_what_waits_for_a_second_person_is_withdrawn_not_stopped(scene: Scene) -> None:
    large = decide(BasisSubject.CARD, many(scene, 26), reason="all dead", actor=scene.cast.alva, at=scene.at)
    with pytest.raises(BasisDecisionRefused):
        stop_decision(large.pk, actor=scene.cast.alva, at=scene.at)
    approve_decision(large.pk, actor=scene.cast.another_administrator, at=scene.at)
    stop_decision(large.pk, actor=scene.cast.alva, at=scene.at)
    assert work(scene) == 0
    assert set(outcomes(large)) == {"withdrawn"}
