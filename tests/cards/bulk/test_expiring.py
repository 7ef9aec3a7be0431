"""Cards ordered for several because they end: each old one ends as in a single replacement (POR-17)."""

from datetime import timedelta

import pytest

from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from cards.bulk.checking import check_rows
from cards.bulk.choosing import from_expiring
from cards.bulk.lifecycle import place_bulk_order
from cards.bulk.models import BulkOrder, BulkSource
from cards.bulk.placing import carry_on, place_rows
from cards.bulk.preparing import prepare_bulk_order
from cards.bulk.selectors import list_digest, replaced_count
from cards.lifecycle import block_card, cancel_order
from cards.models import Card, CardOrder
from cards.ordering_together import Wanted, place_together
from cards.reasons import BlockReason
from cards.replacement_policies import Replacement
from cards.replacement_reasons import ReplacementReason
from journal.models import Entry
from tests.cards.bulk.conftest import JOB
from tests.scenarios import Scene, a_replacement, an_activated_replacement, an_active_card


@pytest.fixture
def old(scene: Scene) -> Card:
    return an_active_card(scene)


def prepared(scene: Scene, old: Card, *, product_code: str = "", is_checked: bool = True) -> BulkOrder:
    """Prepare an order for those whose cards end before the day after this one's last, and check it."""
    before, norr, alva = old.valid_until + timedelta(days=1), scene.cast.norr, scene.cast.alva
    rows = from_expiring(before, organization=norr, product_code=product_code, actor=alva, at=scene.at)
    bulk = prepare_bulk_order(
        rows,
        source=BulkSource.EXPIRING,
        about=before.isoformat(),
        organization=norr,
        actor=alva,
        at=scene.at,
    )
    if is_checked:
        check_rows(bulk.pk, limit=100, actor=JOB, at=scene.at)
    bulk.refresh_from_db()
    return bulk


def placed(scene: Scene, bulk: BulkOrder) -> BulkOrder:
    place_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    carry_on(actor=JOB, clock=lambda: scene.at, patience=timedelta(days=1))
    bulk.refresh_from_db()
    return bulk


def types() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("type", flat=True))


def test_the_old_card_works_until_the_new_one_is_activated_and_ends_in_that_moment(
    scene: Scene, old: Card
) -> None:
    """POR-17, domain.md 2.8: as when one card is replaced because it ends."""
    bulk = placed(scene, prepared(scene, old))
    order = CardOrder.objects.get(bulk_row__bulk_order=bulk)
    assert (order.replaces, order.replacement_reason) == (old, ReplacementReason.EXPIRING)
    assert types().count("card.replacement_ordered") == 1
    old.refresh_from_db()
    assert old.state == "ACTIVE"
    placed_at = scene.at
    an_activated_replacement(scene, order)
    old.refresh_from_db()
    assert (old.state, old.block_reason, old.blocked_at) == ("BLOCKED", BlockReason.REPLACED, scene.at)
    assert (old.blocked_by, old.block_requested_at) == (scene.cast.alva.identifier, placed_at)
    revoked = Certificate.objects.filter(carrier_id=str(old.pk)).values_list("revocation_reason", flat=True)
    assert set(revoked) == {RevocationReason.SUPERSEDED}
    assert types().count("card.replaced") == 1


def test_the_rows_of_one_for_several_say_what_a_single_replacement_says(scene: Scene, old: Card) -> None:
    """The order and its event are the same, whichever way it was placed."""

    def told() -> list[tuple[str, str, list[str]]]:
        order = CardOrder.objects.filter(replaces=old).latest("placed_at")
        entry = Entry.objects.filter(type="card.replacement_ordered").latest("pk")
        cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.later(minutes=1))
        kinds = sorted(one.kind for one in entry.references.all())
        return [(order.replacement_reason, order.product_code, kinds)]

    a_replacement(scene, old, ReplacementReason.EXPIRING)
    alone = told()
    placed(scene, prepared(scene, old))
    assert told() == alone


def test_what_was_replaced_since_the_preview_is_refused_as_it_would_be_alone(scene: Scene, old: Card) -> None:
    bulk = prepared(scene, old)
    place_bulk_order(bulk.pk, actor=scene.cast.alva, at=scene.at)
    order = a_replacement(scene, old, ReplacementReason.DAMAGED)
    an_activated_replacement(scene, order)
    place_rows(bulk.pk, actor=JOB, at=scene.at)
    row = bulk.rows.get()
    assert (row.state, row.code) == ("REFUSED", "card_already_replaced")
    assert dict(row.facts)["card_order_id"] == str(order.pk)
    assert CardOrder.objects.filter(replaces=old).count() == 1


def test_what_was_replaced_while_the_rows_were_looked_at_is_refused_in_the_preview(
    scene: Scene, old: Card
) -> None:
    bulk = prepared(scene, old, is_checked=False)
    an_activated_replacement(scene, a_replacement(scene, old, ReplacementReason.DAMAGED))
    check_rows(bulk.pk, limit=100, actor=JOB, at=scene.at)
    row = bulk.rows.get()
    assert (row.state, row.code) == ("REFUSED", "card_already_replaced")


def test_a_card_lost_since_the_preview_stays_blocked_as_lost(scene: Scene, old: Card) -> None:
    bulk = prepared(scene, old)
    block_card(
        card_id=str(old.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    placed(scene, bulk)
    order = CardOrder.objects.get(bulk_row__bulk_order=bulk)
    an_activated_replacement(scene, order)
    old.refresh_from_db()
    assert old.block_reason == BlockReason.LOST_OR_STOLEN
    assert "card.replaced" not in types()


def test_a_test_card_takes_nobodys_place(scene: Scene, old: Card) -> None:
    """QA-2: what is QA's has nothing to do with what is PROD's."""
    bulk = prepared(scene, old, product_code="7T1")
    assert bulk.rows.get().replaces is None
    assert replaced_count(bulk) == 0


def test_what_is_signed_says_which_cards_end(scene: Scene, old: Card) -> None:
    """authn.md 9: another card in the place of it is another list."""
    bulk = prepared(scene, old)
    assert replaced_count(bulk) == 1
    signed = list_digest(bulk)
    bulk.rows.update(replaces=None)
    assert list_digest(bulk) != signed


def test_of_two_orders_in_the_place_of_one_card_one_goes_through(scene: Scene, old: Card) -> None:
    """Two want to replace the same card in one go: the database lets one through."""
    replacement = Replacement(card=old, reason=ReplacementReason.EXPIRING)
    wanted = [
        Wanted(
            employment=scene.cast.asa,
            product_code="7C1",
            loa=3,
            idempotency_key=key,
            replaced_when_active=replacement,
        )
        for key in ("one", "two")
    ]
    first, second = place_together(wanted, actor=scene.cast.alva, at=scene.at)
    assert isinstance(first, CardOrder)
    assert first.replaces == old
    assert getattr(second, "code", "") == "order_already_running"
