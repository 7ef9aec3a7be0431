"""A new card in the place of another: which reason ends the old one how, and when (domain.md 2.4, 2.8)."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from cards import lifecycle
from cards.errors import CardsError, Refused
from cards.models import Card, CardOrder
from cards.policies import is_expired
from cards.reasons import REVOCATION_REASONS, BlockReason
from cards.replacement_policies import Replacement, may_replace, replacement_of
from cards.replacement_reasons import ENDINGS, ReplacementReason
from cards.states import CardOrderState, CardState
from directory.models import Person
from journal.models import Entry
from tests.scenarios import (
    Scene,
    a_replacement,
    a_shipped_card,
    an_activated_replacement,
    an_active_card,
)

pytestmark = pytest.mark.django_db
README = (Path(__file__).parents[2] / "cards" / "README.md").read_text(encoding="utf-8")

AT_ONCE = {
    ReplacementReason.LOST: (BlockReason.LOST_OR_STOLEN, RevocationReason.KEY_COMPROMISE),
    ReplacementReason.STOLEN: (BlockReason.LOST_OR_STOLEN, RevocationReason.KEY_COMPROMISE),
    ReplacementReason.CODES_KNOWN_TO_OTHERS: (
        BlockReason.CODES_KNOWN_TO_OTHERS,
        RevocationReason.KEY_COMPROMISE,
    ),
}
"""domain.md 2.8, written down once more: lost, stolen, codes known to others."""
WHEN_ACTIVATED = {
    ReplacementReason.DAMAGED: (BlockReason.DEFECTIVE, RevocationReason.SUPERSEDED),
    ReplacementReason.NAME_CHANGED: (
        BlockReason.NAME_OR_DETAILS_CHANGED,
        RevocationReason.AFFILIATION_CHANGED,
    ),
    ReplacementReason.EXPIRING: (BlockReason.REPLACED, RevocationReason.SUPERSEDED),
}
"""domain.md 2.8: defective, name changed, replaced."""


@pytest.fixture
def old(scene: Scene) -> Card:
    return an_active_card(scene)


def renamed(card: Card) -> None:
    """Let the register say another surname, as a reading of PU does."""
    Person.objects.filter(pk=card.person_id).update(surname="Vretholm")
    card.person.refresh_from_db()


def reasons_on(card: Card) -> set[int | None]:
    """Return why the certificates of a card are revoked; None for one that works."""
    rows = Certificate.objects.filter(carrier_id=str(card.pk))
    return set(rows.values_list("revocation_reason", flat=True))


def events(kind: str) -> list[dict[str, str]]:
    return [json.loads(entry.content)["event"] for entry in Entry.objects.filter(type=kind)]


def test_each_reason_has_one_ending_and_the_readme_shows_them() -> None:
    """The table in the README, this file's own and the code's are the same."""
    expected = {
        **{reason: (*ends, True) for reason, ends in AT_ONCE.items()},
        **{reason: (*ends, False) for reason, ends in WHEN_ACTIVATED.items()},
    }
    assert {
        reason: (end.block_reason, REVOCATION_REASONS[end.block_reason], end.is_at_once)
        for reason, end in ENDINGS.items()
    } == expected
    chapter = README.split("## The replacement\n", 1)[1].split("\n## ", 1)[0]
    told = re.findall(
        r"^\| `(\w+)` \| (at once|when the new one is activated) \| `(\w+)` \|", chapter, re.MULTILINE
    )
    assert {
        (reason.value, "at once" if is_at_once else "when the new one is activated", revocation.rfc_name)
        for reason, (_block, revocation, is_at_once) in expected.items()
    } == set(told)


@pytest.mark.parametrize("reason", AT_ONCE)
def test_a_card_that_somebody_else_may_use_ends_when_its_replacement_is_ordered(
    scene: Scene, old: Card, reason: ReplacementReason
) -> None:
    order = a_replacement(scene, old, reason)
    old.refresh_from_db()
    block_reason, revocation_reason = AT_ONCE[reason]
    assert (old.state, old.block_reason, old.blocked_at) == (CardState.BLOCKED, block_reason, scene.at)
    assert old.blocked_by == scene.cast.alva.identifier
    assert reasons_on(old) == {revocation_reason}
    order.refresh_from_db()
    assert order.state == CardOrderState.PLACED  # the old card's end does not end the new one's order
    assert (order.replaces_id, order.replacement_reason) == (old.pk, reason)
    (told,) = events("card.replacement_ordered")
    assert told["replaced_card_id"] == str(old.pk)
    assert told["reason"] == reason


@pytest.mark.parametrize("reason", WHEN_ACTIVATED)
def test_any_other_card_works_until_its_replacement_is_activated(
    scene: Scene, old: Card, reason: ReplacementReason
) -> None:
    if reason is ReplacementReason.NAME_CHANGED:
        renamed(old)
    order = a_replacement(scene, old, reason)
    placed_at = scene.at
    old.refresh_from_db()
    assert (old.state, reasons_on(old)) == (CardState.ACTIVE, {None})
    new = an_activated_replacement(scene, order)
    old.refresh_from_db()
    block_reason, revocation_reason = WHEN_ACTIVATED[reason]
    assert (old.state, old.block_reason, old.blocked_at) == (CardState.BLOCKED, block_reason, scene.at)
    # The administrator who ordered it decided it then; the card client only came last.
    assert (old.blocked_by, old.block_requested_at) == (scene.cast.alva.identifier, placed_at)
    assert reasons_on(old) == {revocation_reason}
    assert (new.state, reasons_on(new)) == (CardState.ACTIVE, {None})
    (told,) = events("card.replaced")
    assert (told["card_id"], told["new_card_id"]) == (str(old.pk), str(new.pk))
    (blocked,) = events("card.blocked")
    assert blocked["revocation_reason"] == revocation_reason.rfc_name


def test_a_new_name_stands_on_the_new_card_and_the_old_one_goes_on_until_then(
    scene: Scene, old: Card
) -> None:
    """domain.md 2.4, point 8: a changed name wants a new card."""
    assert _code(scene, old, ReplacementReason.NAME_CHANGED) == "name_not_changed"
    renamed(old)
    assert _code(scene, old, ReplacementReason.NAME_CHANGED) == ""
    order = a_replacement(scene, old, ReplacementReason.NAME_CHANGED)
    assert order.printed_name.endswith("Vretholm")
    new = an_activated_replacement(scene, order)
    assert new.holder_name.endswith("Vretholm")
    old.refresh_from_db()
    assert not old.holder_name.endswith("Vretholm")


def test_an_order_that_comes_to_nothing_leaves_the_old_card_as_it_is_and_may_be_placed_again(
    scene: Scene, old: Card
) -> None:
    order = a_replacement(scene, old, ReplacementReason.DAMAGED)
    assert replacement_of(old.pk) == order
    assert _code(scene, old, ReplacementReason.DAMAGED) == "card_already_replaced"
    lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.later(minutes=1))
    old.refresh_from_db()
    assert (old.state, replacement_of(old.pk)) == (CardState.ACTIVE, None)
    again = a_replacement(scene, old, ReplacementReason.EXPIRING)
    assert replacement_of(old.pk) == again


def test_a_card_blocked_before_or_while_its_replacement_is_made_is_ended_once(
    scene: Scene, old: Card
) -> None:
    """A lost card is blocked first, whatever becomes of the order; a broken one may be lost meanwhile."""
    order = a_replacement(scene, old, ReplacementReason.DAMAGED)
    lifecycle.block_card(
        card_id=str(old.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(minutes=5),
    )
    an_activated_replacement(scene, order)
    old.refresh_from_db()
    assert old.block_reason == BlockReason.LOST_OR_STOLEN
    assert not events("card.replaced")
    assert len(events("card.blocked")) == 1


def test_a_lost_card_that_is_blocked_already_is_replaced(scene: Scene, old: Card) -> None:
    lifecycle.block_card(
        card_id=str(old.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(minutes=5),
    )
    old.refresh_from_db()
    order = a_replacement(scene, old, ReplacementReason.LOST)
    assert order.replaces == old
    assert len(events("card.blocked")) == 1


def test_a_card_past_its_last_day_is_replaced_and_needs_no_block(scene: Scene, old: Card) -> None:
    order = a_replacement(scene, old, ReplacementReason.EXPIRING)
    Card.objects.filter(pk=old.pk).update(valid_until=scene.at.date() - timedelta(days=1))
    old.refresh_from_db()
    assert is_expired(old, at=scene.at)
    an_activated_replacement(scene, order)
    old.refresh_from_db()
    assert old.state == CardState.ACTIVE  # it ended by its day


def test_who_may_not_order_replaces_nothing(scene: Scene, old: Card) -> None:
    cast = scene.cast
    assert _code(scene, old, ReplacementReason.DAMAGED, actor=cast.doris) == "outside_scope"
    assert _code(scene, old, ReplacementReason.DAMAGED, actor=cast.cia) == "role_missing"
    own = replace(cast.alva, person_id=str(old.person_id))
    assert _code(scene, old, ReplacementReason.DAMAGED, actor=own) == "self_service_forbidden"
    with pytest.raises(CardsError):
        lifecycle.place_order(
            hsa_id=old.hsa_id,
            product_code="7C1",
            replacement=Replacement(card=old, reason=ReplacementReason.LOST),
            actor=cast.doris,
            at=scene.later(minutes=1),
        )
    old.refresh_from_db()
    assert (old.state, CardOrder.objects.count()) == (CardState.ACTIVE, 1)


def test_a_card_is_replaced_by_its_own_holders_only(scene: Scene, old: Card) -> None:
    """Erik's order ends nobody else's card, whatever the form says."""
    with pytest.raises(Refused) as refused:
        lifecycle.place_order(
            hsa_id=scene.cast.erik.hsa_id,
            product_code="7C1",
            replacement=Replacement(card=old, reason=ReplacementReason.LOST),
            actor=replace(scene.cast.alva, may_see_protected=True),
            at=scene.later(minutes=1),
        )
    assert refused.value.refusal.code == "replaces_other_holders_card"
    old.refresh_from_db()
    assert old.state == CardState.ACTIVE


def test_a_card_that_was_never_in_use_is_no_card_to_replace(scene: Scene) -> None:
    assert _code(scene, a_shipped_card(scene), ReplacementReason.LOST) == "card_not_in_use"


def _code(scene: Scene, card: Card, reason: ReplacementReason, **more: object) -> str:
    refusal = may_replace(card, reason, actor=more.get("actor", scene.cast.alva), at=scene.at)  # type: ignore[arg-type]
    return refusal.code if refusal else ""
