"""Reserve cards handed to people (CRD-1, CRD-4, MIN-4): two people at level 3, fetched by the holder."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from ca.models import CertificateRequest
from cards import lifecycle
from cards.envelope_code import envelope_code
from cards.errors import OrderAlreadyRunning, Refused
from cards.lifecycle import OpenedActivation
from cards.models import Activation, Card, CardOrder, IdentityCheck
from cards.outdated import remove_outdated_orders
from cards.reserve_cards import approve_reserve_card, hand_out_reserve_card, refuse_reserve_card
from cards.reserve_fetching import extend_reserve_card, extendable_cards, open_reserve_activation
from cards.reserve_models import ReserveHandOut
from cards.reserve_selectors import awaiting_second, get_hand_out
from cards.selectors import shipped_and_waiting
from cards.stock_errors import EnvelopeCodeWrong, NotInStock, ReserveHandOutNotFound
from cards.stock_models import StockCard
from directory.models import Employment
from hsm_sim.factory.numbers import envelope_code as factory_code
from journal.actor import Actor, ActorKind
from journal.models import Entry
from journal.selectors import content_of
from tests.cards.stock_violations import a_box, a_hand_out, a_list, a_place, an_approved_hand_out
from tests.scenarios import (
    CHECK,
    WORKER,
    Scene,
    a_claimed_activation,
    a_pending_order,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    card_number,
)

pytestmark = pytest.mark.django_db

HOLDER = Actor(kind=ActorKind.SERVICE, identifier="own-pages")
ONE, TWO = card_number(500), card_number(501)


@pytest.fixture(autouse=True)
def _master_key(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")


def fetch(scene: Scene, number: str = ONE, *, code: str = "") -> OpenedActivation:
    """Open the activation as the holder does, with the envelope's code."""
    return open_reserve_activation(
        card_number=number, code=code or envelope_code(number), actor=HOLDER, at=scene.at
    )


def in_use(scene: Scene) -> Card:
    """Fetch the certificates to the card, to the signed receipt."""
    claimed = a_claimed_activation(scene, fetch(scene))
    return an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, claimed)))


def policies_asked() -> set[str]:
    """Return the certificate policies that were asked for."""
    return {str(one.subject["policy"]) for one in CertificateRequest.objects.all()}


def test_at_level_two_one_administrator_and_the_holder_are_enough(scene: Scene) -> None:
    hand_out = a_hand_out(scene, loa=2)
    assert (hand_out.state, StockCard.objects.get(card_number=ONE).state) == ("READY", "HANDED_OUT")
    card = in_use(scene)
    assert (card.state, card.loa, card.order.state) == ("ACTIVE", 2, "ACTIVATED")
    assert policies_asked() == {"loa2_reserve"}
    assert IdentityCheck.objects.filter(card=card).count() == 1


def test_at_level_three_the_holder_fetches_when_another_person_has_approved(scene: Scene) -> None:
    """DIGG K3.4: nobody alone."""
    hand_out = a_hand_out(scene)
    with pytest.raises(EnvelopeCodeWrong):
        fetch(scene)
    with pytest.raises(Refused) as caught:
        approve_reserve_card(
            hand_out_id=str(hand_out.pk), identity_check=CHECK, actor=scene.cast.alva, at=scene.at
        )
    assert caught.value.refusal.code == "second_person_needed"
    same = replace(scene.cast.another_administrator, person_id=scene.cast.alva.person_id)
    with pytest.raises(Refused) as caught:
        approve_reserve_card(hand_out_id=str(hand_out.pk), identity_check=CHECK, actor=same, at=scene.at)
    assert caught.value.refusal.code == "second_person_needed", "another HSA-id is not another person"
    assert [one.pk for one in awaiting_second(actor=scene.cast.another_administrator)] == [hand_out.pk]
    approve_reserve_card(
        hand_out_id=str(hand_out.pk),
        identity_check=CHECK,
        actor=scene.cast.another_administrator,
        at=scene.at,
    )
    card = in_use(scene)
    assert (card.state, policies_asked()) == ("ACTIVE", {"loa3_reserve"})
    assert awaiting_second(actor=scene.cast.alva) == ()
    with pytest.raises(EnvelopeCodeWrong):
        fetch(scene)


def test_what_is_approved_is_approved_once(scene: Scene) -> None:
    hand_out = an_approved_hand_out(scene)
    with pytest.raises(Refused) as caught:
        approve_reserve_card(
            hand_out_id=str(hand_out.pk),
            identity_check=CHECK,
            actor=scene.cast.another_administrator,
            at=scene.at,
        )
    assert caught.value.refusal.code == "reserve_card_decided"


def test_the_second_identity_check_has_all_seven_steps(scene: Scene) -> None:
    hand_out = a_hand_out(scene)
    with pytest.raises(Refused) as caught:
        approve_reserve_card(
            hand_out_id=str(hand_out.pk),
            identity_check=replace(CHECK, steps=frozenset()),
            actor=scene.cast.another_administrator,
            at=scene.at,
        )
    assert caught.value.refusal.code == "identity_check_incomplete"


def test_whoever_is_not_approved_keeps_a_card_that_is_nobodys(scene: Scene) -> None:
    hand_out = a_hand_out(scene)
    refused = refuse_reserve_card(
        hand_out_id=str(hand_out.pk), reason="suspicion", actor=scene.cast.another_administrator, at=scene.at
    )
    assert (refused.state, refused.card.state, refused.card.order.state) == ("REFUSED", "DISCARDED", "LAPSED")
    with pytest.raises(EnvelopeCodeWrong):
        fetch(scene)
    assert StockCard.objects.get(card_number=ONE).state == "HANDED_OUT", "it goes to nobody else"


def test_at_the_desk_nobody_activates_a_reserve_card(scene: Scene) -> None:
    for hand_out, code in (
        (a_hand_out(scene), "reserve_card_not_approved"),
        (None, "reserve_card_fetched_by_holder"),
    ):
        if hand_out is None:
            approve_reserve_card(
                hand_out_id=str(ReserveHandOut.objects.get().pk),
                identity_check=CHECK,
                actor=scene.cast.another_administrator,
                at=scene.at,
            )
        with pytest.raises(Refused) as caught:
            lifecycle.open_activation(
                card_id=str(Card.objects.get().pk), identity_check=CHECK, actor=scene.cast.alva, at=scene.at
            )
        assert caught.value.refusal.code == code
    assert shipped_and_waiting(actor=scene.cast.alva) == ()


def test_an_interrupted_fetching_begins_again_with_the_same_check(scene: Scene) -> None:
    an_approved_hand_out(scene)
    first = fetch(scene)
    card = in_use(scene)
    assert card.state == "ACTIVE"
    assert Activation.objects.get(pk=first.activation.pk).state == "ABORTED"
    assert len(set(Activation.objects.values_list("identity_check", flat=True))) == 1


def test_five_wrong_codes_and_the_card_is_nobodys(scene: Scene) -> None:
    an_approved_hand_out(scene)
    right = envelope_code(ONE)
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    for _ in range(5):
        with pytest.raises(EnvelopeCodeWrong):
            fetch(scene, code=wrong)
    with pytest.raises(EnvelopeCodeWrong):
        fetch(scene, code=right)
    hand_out = ReserveHandOut.objects.get()
    assert (hand_out.state, hand_out.wrong_codes, hand_out.card.state) == ("LOCKED", 5, "DISCARDED")
    told = [content_of(one)["event"] for one in Entry.objects.filter(type="reserve_card.code_refused")]
    assert {one["attempts"]: one["is_locked"] for one in told} == {n: n == 5 for n in range(1, 6)}
    assert right not in str(told)


def test_a_number_of_no_card_and_a_wrong_code_are_answered_alike(scene: Scene) -> None:
    an_approved_hand_out(scene)
    answers = []
    for number, code in ((card_number(77), "12345678"), (TWO, envelope_code(TWO)), (ONE, "x")):
        with pytest.raises(EnvelopeCodeWrong) as caught:
            fetch(scene, number, code=code)
        answers.append((caught.value.code, caught.value.facts))
    assert answers == [("envelope_code_wrong", {})] * 3


def test_the_code_is_for_its_card_and_may_be_typed_in_groups(scene: Scene) -> None:
    code = envelope_code(ONE)
    assert code != envelope_code(TWO)
    assert len(code) == 8
    a_hand_out(scene, loa=2)
    assert fetch(scene, code=f"{code[:4]} {code[4:]}").token


def test_what_nobody_fetched_within_a_fortnight_is_removed(scene: Scene) -> None:
    """POR-13, domain.md 2.4."""
    a_hand_out(scene, loa=2)
    later = scene.later(days=13)
    assert remove_outdated_orders(actor=WORKER, at=later) == "0 outdated orders removed"
    assert fetch(scene).token
    scene.later(days=2)
    with pytest.raises(Refused) as caught:
        fetch(scene)
    assert caught.value.refusal.code == "reserve_card_not_fetched_in_time"
    assert remove_outdated_orders(actor=WORKER, at=scene.at) == "1 outdated orders removed"
    card = Card.objects.get()
    assert (card.state, card.order.state) == ("DISCARDED", "LAPSED")
    a_hand_out(scene, loa=2, first=600)


def test_a_reserve_card_stands_beside_an_ordinary_order_and_only_once(scene: Scene) -> None:
    a_pending_order(scene)
    a_hand_out(scene)
    a_box(scene, a_place(scene, "More"), a_list(box="BOX-7", first=700))
    with pytest.raises((Refused, OrderAlreadyRunning)) as caught:
        a_hand_out(scene, first=800)
    assert isinstance(caught.value, Refused)
    assert caught.value.refusal.code == "reserve_card_under_way"
    assert CardOrder.objects.count() == 2


def test_only_what_lies_in_stock_in_ones_reach_is_handed_out(scene: Scene) -> None:
    a_box(scene, a_place(scene))

    def hand_out(number: str, actor: Actor, employment: Employment = scene.cast.asa) -> None:
        hand_out_reserve_card(
            employment=employment,
            card_number=number,
            loa=2,
            months=6,
            identity_check=CHECK,
            actor=actor,
            at=scene.at,
        )

    for number, actor in ((card_number(77), scene.cast.alva), (ONE, scene.cast.doris)):
        with pytest.raises(NotInStock):
            hand_out(number, actor)
    with pytest.raises(Refused) as caught:
        hand_out(ONE, scene.cast.alva, scene.cast.alva_herself)
    assert caught.value.refusal.code == "self_service_forbidden"
    with pytest.raises(Refused) as caught:
        hand_out(ONE, scene.cast.alva, scene.cast.erik)
    assert caught.value.refusal.code == "protected_identity_right_missing"
    assert StockCard.objects.get(card_number=ONE).state == "IN_STOCK"
    hand_out(ONE, scene.cast.alva)
    with pytest.raises(NotInStock):
        hand_out(ONE, scene.cast.alva)


@pytest.mark.parametrize("months", [0, 13])
def test_a_reserve_card_holds_a_year_at_most(scene: Scene, months: int) -> None:
    a_box(scene, a_place(scene))
    with pytest.raises(Refused) as caught:
        hand_out_reserve_card(
            employment=scene.cast.asa,
            card_number=ONE,
            loa=2,
            months=months,
            identity_check=CHECK,
            actor=scene.cast.alva,
            at=scene.at,
        )
    assert caught.value.refusal.code == "validity_not_allowed"


def test_level_three_is_not_for_a_coordination_number(scene: Scene) -> None:
    """domain.md 2.5."""
    person = scene.cast.asa.person
    person.number_kind = "coordination_number"
    type(person).objects.filter(pk=person.pk).update(number_kind="coordination_number")
    with pytest.raises(Refused) as caught:
        a_hand_out(scene)
    assert caught.value.refusal.code == "identity_kind_not_allowed"


def test_doris_sees_and_approves_no_hand_out_of_norr(scene: Scene) -> None:
    hand_out = a_hand_out(scene)
    assert awaiting_second(actor=scene.cast.doris) == ()
    with pytest.raises(ReserveHandOutNotFound):
        get_hand_out(str(hand_out.pk), actor=scene.cast.doris)
    with pytest.raises(ReserveHandOutNotFound):
        approve_reserve_card(
            hand_out_id=str(hand_out.pk), identity_check=CHECK, actor=scene.cast.doris, at=scene.at
        )


def test_the_holder_extends_a_level_three_card_once(scene: Scene) -> None:
    """domain.md 2.5."""
    an_approved_hand_out(scene)
    card = in_use(scene)
    first_end = card.valid_until
    holder = Actor(kind=ActorKind.PERSON, identifier=card.hsa_id, person_id=str(card.person_id), loa=3)
    for stranger in (replace(holder, person_id=scene.cast.alva.person_id), replace(holder, person_id="")):
        with pytest.raises(ReserveHandOutNotFound):
            extend_reserve_card(card_id=str(card.pk), actor=stranger, at=scene.at)
    with pytest.raises(Refused) as caught:
        extend_reserve_card(card_id=str(card.pk), actor=replace(holder, loa=2), at=scene.at)
    assert caught.value.refusal.code == "reserve_card_not_extendable"
    assert extendable_cards(actor=holder, at=scene.at) == (card,)
    assert extendable_cards(actor=HOLDER, at=scene.at) == ()
    extended = extend_reserve_card(card_id=str(card.pk), actor=holder, at=scene.at)
    assert timedelta(days=180) < extended.valid_until - first_end < timedelta(days=186)
    with pytest.raises(Refused) as caught:
        extend_reserve_card(card_id=str(card.pk), actor=holder, at=scene.at)
    assert caught.value.refusal.code == "reserve_card_extended_before"
    assert extendable_cards(actor=holder, at=scene.at) == ()


def test_the_factory_prints_the_code_that_we_compute() -> None:
    key = (Path(django_settings.SIGILL_SECRETS) / "card-master.key").read_bytes().strip()
    assert factory_code(key, ONE) == envelope_code(ONE)
