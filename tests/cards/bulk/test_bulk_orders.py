"""An order for several from the list to every row's result: checked, placed once, steered (POR-17)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from cards.bulk.checking import check_rows
from cards.bulk.errors import BulkOrderNotFound, BulkOrderRefused
from cards.bulk.lifecycle import (
    approve_bulk_order,
    cancel_bulk_order,
    pause_bulk_order,
    place_bulk_order,
    resume_bulk_order,
)
from cards.bulk.models import BulkOrder, BulkOrderRow
from cards.bulk.placing import AT_ONCE, carry_on, is_something_left, place_rows, tidy_up
from cards.bulk.selectors import (
    get_bulk_order,
    list_bulk_orders,
    list_digest,
    products_of,
    rows_of,
    visible_bulk_orders,
)
from cards.bulk.states import BulkRowState
from cards.errors import CardsError, IllegalTransition, Refused
from cards.lifecycle import cancel_order, place_order, stop_ordering
from cards.models import Card, CardOrder
from cards.policies import may_order
from directory.models import Employment, Person, Role, RoleAssignment
from journal.actor import Actor
from journal.models import Entry
from tests.cards.bulk.conftest import JOB, People, prepared
from tests.cast import actor_of
from tests.scenarios import Scene, a_pending_order

FOREVER = timedelta(days=1)


def listed(people: list[Employment]) -> str:
    return "\n".join(one.hsa_id for one in people)


def shown(scene: Scene, text: str, *, product_code: str = "7C1", actor: Actor | None = None) -> BulkOrder:
    """Return an order that every row of was checked."""
    bulk = prepared(scene, text, product_code=product_code, actor=actor)
    check_rows(bulk.pk, limit=1000, actor=JOB, at=scene.at)
    bulk.refresh_from_db()
    return bulk


def placed(scene: Scene, text: str) -> BulkOrder:
    return place_bulk_order(shown(scene, text).pk, actor=scene.cast.alva, at=scene.at)


def done(scene: Scene, bulk: BulkOrder) -> BulkOrder:
    """Let the worker go on until nothing is left."""
    carry_on(actor=JOB, clock=lambda: scene.at, patience=FOREVER)
    bulk.refresh_from_db()
    return bulk


def results(bulk: BulkOrder) -> list[str]:
    return [row.code or row.state for row in bulk.rows.order_by("line")]


def test_a_list_is_checked_placed_and_finished_with_a_result_for_each_row(
    scene: Scene, people: People
) -> None:
    """POR-17: the very refusals of a single order; nothing is ordered before somebody says so."""
    a_pending_order(scene)
    many = [*people(3), scene.cast.asa, scene.cast.alva_herself, scene.cast.erik]
    bulk = shown(scene, listed(many))
    assert bulk.state == "READY"
    assert CardOrder.objects.count() == 1
    assert (bulk.total, bulk.checked, bulk.ready, bulk.refused) == (6, 6, 3, 3)
    refused = ["order_already_running", "self_service_forbidden", "bulk_unknown"]
    assert results(bulk) == ["READY"] * 3 + refused
    bulk = done(scene, place_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at))
    assert (bulk.state, bulk.ordered, bulk.refused) == ("FINISHED", 3, 3)
    assert results(bulk) == ["ORDERED"] * 3 + refused
    orders = CardOrder.objects.filter(bulk_row__bulk_order=bulk)
    assert {one.person_id for one in orders} == {one.person_id for one in many[:3]}
    assert {one.placed_by for one in orders} == {scene.cast.alva.identifier}
    assert Card.objects.filter(order__in=orders, state="ORDERED").count() == 3
    assert not is_something_left()


def test_each_act_and_each_card_is_an_event_of_the_same_request(scene: Scene, people: People) -> None:
    actor = replace(scene.cast.alva, correlation_id="c-1", evidence_id="e-1")
    bulk = shown(scene, listed(people(2)), actor=actor)
    place_bulk_order(bulk.pk, actor=actor, at=scene.at)
    done(scene, bulk)
    told = [entry.type for entry in Entry.objects.filter(type__startswith="bulk_order.").order_by("pk")]
    assert told == ["bulk_order.prepared", "bulk_order.checked", "bulk_order.placed", "bulk_order.ended"]
    ordered = Entry.objects.filter(type="card.ordered")
    assert ordered.count() == 2
    for entry in ordered:
        kept = {(one.kind, one.value) for one in entry.references.all()}
        assert {("correlation", "c-1"), ("evidence", "e-1")} <= kept


class Killed(BaseException):
    """The process is gone, between two statements to the database."""


def killed_after(statements: int, act: Callable[[], object]) -> bool:
    """Run the act until that many statements were sent; tell whether it was killed before it was done."""
    sent = 0

    def count(execute: Callable[..., object], *arguments: object) -> object:
        nonlocal sent
        sent += 1
        if sent == statements + 1:  # what follows is the database, which rolls back by itself
            raise Killed
        return execute(*arguments)

    try:
        with connection.execute_wrapper(count):
            act()
    except Killed:
        return True
    return False


def test_killed_between_any_two_statements_no_row_is_lost_or_placed_twice(
    scene: Scene, people: People
) -> None:
    """POR-17, R8: whichever statement is the last, the row and its order are both there or neither."""
    statement = 0
    many = people(2)
    while True:
        bulk = placed(scene, listed(many))
        was_killed = killed_after(
            statement,
            lambda bulk=bulk: place_rows(bulk.pk, actor=JOB, at=scene.at),  # type: ignore[misc]
        )
        bulk.refresh_from_db()
        ordered = CardOrder.objects.filter(idempotency_key__startswith="bulk-", state="PLACED").count()
        with_result = bulk.rows.filter(state="ORDERED").count()
        assert ordered == with_result == bulk.ordered, statement
        assert ordered in ({0, 2} if was_killed else {2}), statement
        bulk = done(scene, bulk)
        orders = CardOrder.objects.filter(bulk_row__bulk_order=bulk)
        assert {one.person_id for one in orders} == {one.person_id for one in many}
        assert (bulk.state, bulk.ordered, orders.count()) == ("FINISHED", 2, 2)
        for order in orders:
            cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)
        if not was_killed:
            break
        statement += 1
    assert statement > 10


def test_a_row_whose_result_is_there_is_not_placed_again(scene: Scene, people: People) -> None:
    bulk = placed(scene, listed(people(1)))
    row = bulk.rows.get()
    done(scene, bulk)
    assert place_rows(bulk.pk, actor=JOB, at=scene.at) == 0
    with pytest.raises(IllegalTransition):
        place_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    assert CardOrder.objects.filter(idempotency_key=f"bulk-{row.pk}").count() == 1


def test_an_order_stop_in_the_midst_refuses_the_rest_with_its_reason(scene: Scene, people: People) -> None:
    """POR-16."""
    bulk = placed(scene, listed(people(4)))
    place_rows(bulk.pk, actor=JOB, at=scene.at, limit=2)
    stop_ordering(starts_at=scene.at, reason="Byte av portal", actor=_central(), at=scene.at)
    bulk = done(scene, bulk)
    assert results(bulk) == ["ORDERED"] * 2 + ["ordering_stopped"] * 2
    assert dict(bulk.rows.last().facts)["reason"] == "Byte av portal"  # type: ignore[union-attr]
    assert (bulk.state, bulk.ordered, bulk.refused) == ("FINISHED", 2, 2)


def _central() -> Actor:
    return Actor.system("test")


def test_what_changed_since_the_preview_is_refused_row_by_row(scene: Scene, people: People) -> None:
    many = people(3)
    bulk = placed(scene, listed(many))
    Person.objects.filter(pk=many[0].person_id).update(registration_status="deceased")
    a_pending_order(scene, many[1])
    assert results(done(scene, bulk)) == ["holder_deceased", "order_already_running", "ORDERED"]


def test_a_pause_holds_everything_until_it_goes_on(scene: Scene, people: People) -> None:
    bulk = placed(scene, listed(people(3)))
    place_rows(bulk.pk, actor=JOB, at=scene.at, limit=1)
    pause_bulk_order(bulk.pk, actor=scene.cast.another_administrator, at=scene.at)
    assert results(done(scene, bulk)) == ["ORDERED", "READY", "READY"]
    assert not is_something_left()
    with pytest.raises(IllegalTransition):
        pause_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    resume_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    assert results(done(scene, bulk)) == ["ORDERED"] * 3


def test_a_cancel_leaves_what_was_ordered_and_ends_the_rest(scene: Scene, people: People) -> None:
    bulk = placed(scene, listed(people(3)))
    place_rows(bulk.pk, actor=JOB, at=scene.at, limit=1)
    cancel_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    assert results(done(scene, bulk)) == ["ORDERED", "CANCELLED", "CANCELLED"]
    assert bulk.state == "CANCELLED"
    assert CardOrder.objects.get().state == "PLACED"


def test_a_large_one_waits_for_another_person(scene: Scene, people: People, settings: Settings) -> None:
    """Two in unison: small ones of one person count together, so that they do not go around the rule."""
    settings.SIGILL_BULK_ORDER_ALONE = 3
    placed(scene, listed(people(2)))
    bulk = placed(scene, listed(people(2)))
    assert (bulk.state, bulk.needs_second_person) == ("WAITING", True)
    assert results(bulk) == ["READY", "READY"]
    assert done(scene, bulk).ordered == 0
    with pytest.raises(BulkOrderRefused) as caught:
        approve_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    assert caught.value.facts["rule"] == "same_person"
    with pytest.raises(Refused):
        approve_bulk_order(bulk.pk, actor=scene.cast.cia, at=scene.at)
    with pytest.raises(BulkOrderNotFound):
        approve_bulk_order(bulk.pk, actor=scene.cast.doris, at=scene.at)
    approve_bulk_order(bulk.pk, actor=scene.cast.another_administrator, at=scene.at)
    bulk = done(scene, bulk)
    assert (bulk.state, bulk.ordered) == ("FINISHED", 2)
    later = scene.later(hours=25)
    again = shown(scene, listed(people(2)))
    assert place_bulk_order(again.pk, actor=scene.cast.alva, at=later).state == "RUNNING"


def test_whose_role_ended_meanwhile_orders_nothing_more(scene: Scene, people: People) -> None:
    bulk = placed(scene, listed(people(2)))
    place_rows(bulk.pk, actor=JOB, at=scene.at, limit=1)
    RoleAssignment.objects.filter(employment__hsa_id=scene.cast.alva.identifier).update(valid_to=scene.at)
    assert results(done(scene, bulk)) == ["ORDERED", "role_missing"]
    waiting = prepared(scene, listed(people(1)), actor=scene.cast.another_administrator)
    RoleAssignment.objects.filter(employment__hsa_id=scene.cast.another_administrator.identifier).update(
        valid_to=scene.at
    )
    assert results(done(scene, waiting)) == ["role_missing"]


def test_a_protected_person_is_ordered_for_by_whoever_has_the_right(scene: Scene) -> None:
    who = {"employment__hsa_id": scene.cast.alva.identifier}
    RoleAssignment.objects.filter(**who).update(role=Role.ID_ADMINISTRATOR.value, may_see_protected=True)
    scene.cast = replace(scene.cast, alva=replace(scene.cast.alva, may_see_protected=True))
    bulk = shown(scene, scene.cast.erik.hsa_id)
    assert results(bulk) == ["READY"]
    place_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    assert results(done(scene, bulk)) == ["ORDERED"]


@pytest.mark.parametrize("product_code", ["7A1", "773", "9X9", ""])
def test_a_product_that_cannot_be_ordered_is_refused_as_it_would_be_alone(
    scene: Scene, product_code: str
) -> None:
    bulk = shown(scene, scene.cast.asa.hsa_id, product_code=product_code)
    employment = Employment.objects.select_related("person", "organization").get(pk=scene.cast.asa.pk)
    alone = may_order(
        employment=employment, product_code=product_code, loa=3, actor=scene.cast.alva, at=scene.at
    )
    assert alone is not None
    assert results(bulk) == [alone.code]
    with pytest.raises(BulkOrderRefused) as caught:
        place_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    assert caught.value.facts["rule"] == "empty"


def test_only_an_id_administrator_prepares_and_only_who_prepared_it_places(
    scene: Scene, people: People
) -> None:
    (one,) = people(1)
    for actor in (scene.cast.bo, scene.cast.cia, replace(scene.cast.alva, loa=2)):
        with pytest.raises(Refused):
            prepared(scene, one.hsa_id, actor=actor)
    with pytest.raises(Refused):  # Doris has the role, in another organization
        prepared(scene, one.hsa_id, actor=scene.cast.doris)
    bulk = shown(scene, one.hsa_id)
    with pytest.raises(BulkOrderRefused) as caught:
        place_bulk_order(bulk.pk, actor=scene.cast.another_administrator, at=scene.at)
    assert caught.value.facts["rule"] == "not_yours"


def test_doris_gets_nothing_of_region_norr(scene: Scene, people: People) -> None:
    """F16."""
    bulk = shown(scene, listed(people(1)))
    doris = scene.cast.doris
    assert not visible_bulk_orders(actor=doris).exists()
    for act in (place_bulk_order, approve_bulk_order, pause_bulk_order, resume_bulk_order, cancel_bulk_order):
        with pytest.raises(BulkOrderNotFound):
            act(bulk.pk, actor=doris, at=scene.at)
    unit = replace(scene.cast.alva, organization_ids=(), unit_id="u", unit_ids=())
    for nobody in (doris, scene.cast.bo, unit):
        with pytest.raises(BulkOrderNotFound):
            get_bulk_order(bulk.pk, actor=nobody)
    assert get_bulk_order(str(bulk.pk), actor=scene.cast.cia) == bulk
    with pytest.raises(BulkOrderNotFound):
        get_bulk_order("no id", actor=scene.cast.alva)


def test_a_draft_that_nobody_placed_lapses_and_what_was_typed_is_forgotten(
    scene: Scene, people: People
) -> None:
    bulk = shown(scene, f"{people(1)[0].hsa_id}\nKalle")
    assert tidy_up(actor=JOB, at=scene.later(days=6)) == 0
    assert tidy_up(actor=JOB, at=scene.later(days=2)) == 1
    bulk.refresh_from_db()
    assert (bulk.state, results(bulk)) == ("LAPSED", ["CANCELLED", "bulk_unreadable"])
    assert bulk.rows.filter(typed="Kalle").exists()
    assert tidy_up(actor=JOB, at=scene.later(days=31)) == 1
    assert not bulk.rows.exclude(typed="").exists()
    assert tidy_up(actor=JOB, at=scene.at) == 0


def test_the_worker_takes_turns_and_gives_up_when_its_time_is_over(scene: Scene, people: People) -> None:
    first, second = (placed(scene, listed(people(AT_ONCE + 5))) for _ in range(2))
    moments = iter([scene.at, scene.at, *[scene.at + timedelta(seconds=9)] * 9])
    last = scene.at

    def clock() -> datetime:
        nonlocal last
        last = next(moments, last)
        return last

    assert carry_on(actor=JOB, clock=clock, patience=timedelta(seconds=5)) == (0, 2 * AT_ONCE)
    assert {one.ordered for one in (done_one(first), done_one(second))} == {AT_ONCE}


def done_one(bulk: BulkOrder) -> BulkOrder:
    bulk.refresh_from_db()
    return bulk


def test_lists_go_on_by_keyset(scene: Scene, people: People) -> None:
    made = [shown(scene, one.hsa_id) for one in people(5)]
    seen: list[BulkOrder] = []
    after = ""
    while True:
        page = list_bulk_orders(actor=scene.cast.alva, after=after, limit=2)
        seen += page.orders
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == len(made)
    assert list_bulk_orders(actor=scene.cast.alva, after="yesterday").orders
    big = shown(scene, listed(people(5)))
    first = rows_of(big, limit=3)
    assert [row.line for row in first.rows] == [1, 2, 3]
    second = rows_of(big, after=first.after, limit=3)
    assert ([row.line for row in second.rows], second.after) == ([4, 5], 0)
    assert rows_of(big, states=frozenset({BulkRowState.REFUSED})).rows == ()


def test_what_is_signed_is_the_rows_that_were_shown(scene: Scene, people: People) -> None:
    one, two = people(2)
    assert list_digest(shown(scene, one.hsa_id)) == list_digest(shown(scene, one.hsa_id))
    assert list_digest(shown(scene, one.hsa_id)) != list_digest(shown(scene, two.hsa_id))
    assert products_of(shown(scene, listed([one, two]))) == {"7C1": 2}


def test_counts_say_what_the_rows_say(scene: Scene, people: People) -> None:
    bulk = done(scene, placed(scene, f"{listed(people(12))}\nKalle\n{scene.cast.erik.hsa_id}"))
    rows = BulkOrderRow.objects.filter(bulk_order=bulk)
    assert bulk.total == rows.count() == bulk.checked
    assert bulk.ordered == rows.filter(state="ORDERED").count() == 12
    assert bulk.refused == rows.filter(state="REFUSED").count() == 2


def test_a_manager_approves_and_steers(scene: Scene, people: People, settings: Settings) -> None:
    settings.SIGILL_BULK_ORDER_ALONE = 0
    manager = actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER)
    bulk = placed(scene, listed(people(1)))
    approve_bulk_order(bulk.pk, actor=manager, at=scene.at)
    pause_bulk_order(bulk.pk, actor=manager, at=scene.at)
    with pytest.raises(CardsError):
        prepared(scene, scene.cast.asa.hsa_id, actor=manager)


def test_what_the_database_refuses_of_several_costs_the_others_nothing(scene: Scene, people: People) -> None:
    """The statement for all fails on one; then each goes alone, and only that one is refused."""
    *several, other = people(4)
    bulk = placed(scene, listed(several))
    taken = bulk.rows.order_by("line")[1]
    somebody = replace(scene.cast.alva, identifier="SE0000000000-ELSE")
    place_order(
        hsa_id=other.hsa_id,
        product_code="7C1",
        idempotency_key=f"bulk-{taken.pk}",
        actor=somebody,
        at=scene.at,
    )
    place_rows(bulk.pk, actor=JOB, at=scene.at)
    assert results(bulk) == ["ORDERED", "order_already_running", "ORDERED"]
    assert CardOrder.objects.filter(person__in=[one.person_id for one in several]).count() == 2
