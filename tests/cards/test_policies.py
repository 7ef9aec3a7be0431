"""Every rule of who may what, with the facts it rests on and who can change it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cards import lifecycle, policies
from cards.errors import CardNotFound, IllegalTransition, OrderBeingHandedOver, Refused
from cards.models import CardOrder, OrderStop
from cards.products import assurance_level
from cards.reasons import BlockReason
from directory.models import Employment, NumberKind, Person, RegistrationStatus, Role
from directory.organization_models import OrganizationSettings
from journal.actor import Actor
from journal.errors import Refusal
from tests.cast import actor_of
from tests.scenarios import (
    Scene,
    a_blocked_card,
    a_pending_order,
    a_sent_order,
    a_shipped_card,
    an_active_card,
    an_open_activation,
)


def why_not_order(scene: Scene, *, actor: Actor | None = None, product: str = "7C1", loa: int = 3) -> str:
    employment = Employment.objects.select_related("person").get(pk=scene.cast.asa.pk)
    refusal = policies.may_order(
        employment=employment, product_code=product, loa=loa, actor=actor or scene.cast.alva, at=scene.at
    )
    return refusal.code if refusal else ""


def change_asa(scene: Scene, **changes: object) -> None:
    Person.objects.filter(pk=scene.cast.asa.person_id).update(**changes)


def test_alva_may_order_for_asa(scene: Scene) -> None:
    assert why_not_order(scene) == ""


def test_only_an_id_administrator_orders(scene: Scene) -> None:
    for role in set(Role) - {Role.ID_ADMINISTRATOR}:
        assert why_not_order(scene, actor=replace(scene.cast.alva, role=role.value)) == "role_missing"
    assert why_not_order(scene, actor=replace(scene.cast.alva, role="")) == "role_missing"


def test_doris_is_refused_by_scope(scene: Scene) -> None:
    """F16."""
    assert why_not_order(scene, actor=scene.cast.doris) == "outside_scope"


def test_a_login_below_loa3_is_too_weak(scene: Scene) -> None:
    assert why_not_order(scene, actor=replace(scene.cast.alva, loa=2)) == "login_too_weak"


def test_nobody_orders_for_themselves(scene: Scene) -> None:
    employment = scene.cast.alva_herself
    refusal = policies.may_order(
        employment=employment, product_code="7C1", loa=3, actor=scene.cast.alva, at=scene.at
    )
    assert refusal == Refusal(code="self_service_forbidden", fixer="id_administrator")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"registration_status": RegistrationStatus.DECEASED.value}, "holder_deceased"),
        ({"registration_status": RegistrationStatus.EMIGRATED.value}, "holder_emigrated"),
        ({"registration_status": RegistrationStatus.DEREGISTERED.value}, "holder_deregistered"),
        ({"registration_status": RegistrationStatus.UNKNOWN.value}, "holder_not_read_from_register"),
        ({"birth_date": date(2008, 11, 22)}, "under_age"),
        ({"address_lines": []}, "registered_address_missing"),
        ({"number_kind": NumberKind.COORDINATION_NUMBER.value}, "identity_kind_not_allowed"),
        ({"protected_identity": True, "search_key": ""}, "protected_identity_right_missing"),
    ],
)
def test_the_holder_must_be_right_for_loa3(scene: Scene, changes: dict[str, object], code: str) -> None:
    change_asa(scene, **changes)
    assert why_not_order(scene) == code


def test_eighteen_today_is_old_enough(scene: Scene) -> None:
    change_asa(scene, birth_date=date(2008, 11, 21))
    assert why_not_order(scene) == ""


def test_a_person_missing_in_a_register_gets_no_card(scene: Scene) -> None:
    change_asa(scene, pu_missing_since=scene.at)
    assert why_not_order(scene) == "holder_missing_in_register"
    change_asa(scene, pu_missing_since=None)
    Employment.objects.filter(pk=scene.cast.asa.pk).update(missing_since=scene.at)
    assert why_not_order(scene) == "employment_missing_in_register"


def test_an_ended_employment_gets_no_card(scene: Scene) -> None:
    Employment.objects.filter(pk=scene.cast.asa.pk).update(ends_on=date(2026, 11, 20))
    assert why_not_order(scene) == "employment_ended"


def test_a_protected_person_is_ordered_for_with_the_right_and_without_an_address(scene: Scene) -> None:
    actor = replace(scene.cast.alva, may_see_protected=True)
    refusal = policies.may_order(
        employment=scene.cast.erik, product_code="7C1", loa=3, actor=actor, at=scene.at
    )
    assert refusal is None


@pytest.mark.parametrize(
    ("product", "loa", "code"),
    [("999", 3, "product_unknown"), ("773", 3, "product_comes_from_stock"), ("7C1", 2, "loa_not_allowed")],
)
def test_the_product_must_be_right(scene: Scene, product: str, loa: int, code: str) -> None:
    assert why_not_order(scene, product=product, loa=loa) == code


@pytest.mark.parametrize(
    ("identity_level", "code"),
    [("Styrkt", ""), ("Sannolik", ""), ("Osäker", "identity_level_too_low"), ("", "identity_level_too_low")],
)
def test_a_coordination_number_must_surely_be_somebodys(scene: Scene, identity_level: str, code: str) -> None:
    """domain.md 2.2: by PU's identityLevel, at LoA2."""
    change_asa(scene, number_kind=NumberKind.COORDINATION_NUMBER.value, identity_level=identity_level)
    refusal = policies._identity_refusal(Person.objects.get(pk=scene.cast.asa.person_id), assurance_level(2))
    assert (refusal.code if refusal else "") == code


def test_an_sis_card_wants_the_number_that_dnv_gave_the_organization(scene: Scene) -> None:
    assert why_not_order(scene, product="7A1") == "issuer_number_missing"
    OrganizationSettings.objects.create(organization=scene.cast.norr, issuer_number="4711")
    assert why_not_order(scene, product="7A1") == "photo_and_signature_needed"
    OrganizationSettings.objects.update(products=["7C1"])
    assert why_not_order(scene, product="7A1") == "product_not_for_organization"


def test_every_reason_is_told_at_once_and_the_first_is_the_policys(scene: Scene) -> None:
    """POR-16 and domain.md 2.2: nobody mends one thing to be told of the next."""
    change_asa(scene, birth_date=date(2012, 1, 1), address_lines=[])
    lifecycle.stop_ordering(
        starts_at=scene.at,
        reason="Byte av portal",
        actor=replace(scene.cast.alva, role=Role.CENTRAL_ADMINISTRATOR.value),
        at=scene.at,
    )
    employment = Employment.objects.select_related("person").get(pk=scene.cast.asa.pk)
    asked = {"employment": employment, "product_code": "7A1", "loa": 3, "at": scene.at}
    told = policies.refusals_to_order(**asked, actor=scene.cast.alva)  # type: ignore[arg-type]
    assert [refusal.code for refusal in told] == [
        "ordering_stopped",
        "issuer_number_missing",
        "under_age",
        "registered_address_missing",
        "photo_and_signature_needed",
    ]
    assert told[0] == policies.may_order(**asked, actor=scene.cast.alva)  # type: ignore[arg-type]
    doris = policies.refusals_to_order(**asked, actor=scene.cast.doris)  # type: ignore[arg-type]
    assert [refusal.code for refusal in doris] == ["outside_scope"]


def test_a_running_order_stops_another_and_says_which(scene: Scene) -> None:
    order = a_pending_order(scene)
    refusal = policies.may_order(
        employment=scene.cast.asa, product_code="7C1", loa=3, actor=scene.cast.alva, at=scene.at
    )
    assert refusal is not None
    assert refusal.code == "order_already_running"
    assert ("card_order_id", str(order.pk)) in refusal.facts


def test_ordering_can_be_stopped_from_an_instant_while_blocking_goes_on(scene: Scene) -> None:
    """POR-16."""
    card = an_active_card(scene)
    central = replace(scene.cast.alva, role=Role.CENTRAL_ADMINISTRATOR.value)
    stop_at = scene.at + timedelta(hours=1)
    lifecycle.stop_ordering(starts_at=stop_at, reason="Byte av portal", actor=central, at=scene.at)
    assert why_not_order(scene) == ""
    scene.at = stop_at
    assert why_not_order(scene) == "ordering_stopped"
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.DEFECTIVE,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    scene.later(hours=1)
    assert lifecycle.resume_ordering(actor=central, at=scene.at) == 1
    assert why_not_order(scene) == ""


def test_a_stop_that_has_not_begun_can_be_taken_back(scene: Scene) -> None:
    central = replace(scene.cast.alva, role=Role.CENTRAL_ADMINISTRATOR.value)
    later = scene.at + timedelta(days=1)
    lifecycle.stop_ordering(starts_at=later, reason="Byte av portal", actor=central, at=scene.at)
    assert lifecycle.resume_ordering(actor=central, at=scene.at) == 1
    assert OrderStop.objects.count() == 0


def test_an_id_administrator_does_not_stop_ordering(scene: Scene) -> None:
    with pytest.raises(Refused):
        lifecycle.stop_ordering(starts_at=scene.at, reason="x", actor=scene.cast.alva, at=scene.at)


def test_activation_waits_until_the_card_is_shipped(scene: Scene) -> None:
    order = a_sent_order(scene)
    refusal = policies.may_activate(order.card, actor=scene.cast.alva, at=scene.at)
    assert refusal is not None
    assert (refusal.code, refusal.fixer) == ("card_not_shipped", "time")


def test_an_active_or_blocked_or_expired_card_is_not_activated(scene: Scene) -> None:
    card = a_blocked_card(scene)
    refusal = policies.may_activate(card, actor=scene.cast.alva, at=scene.at)
    assert refusal is not None
    assert refusal.code == "card_blocked"
    assert ("by", scene.cast.alva.identifier) in refusal.facts


def test_an_active_card_is_not_activated_again(scene: Scene) -> None:
    card = an_active_card(scene)
    refusal = policies.may_activate(card, actor=scene.cast.alva, at=scene.at)
    assert refusal is not None
    assert refusal.code == "card_already_active"


def test_the_last_day_of_a_card_still_counts(scene: Scene) -> None:
    card = a_shipped_card(scene)
    last_day = scene.at.replace(year=2031, month=11, day=21, hour=22)
    assert policies.may_activate(card, actor=scene.cast.alva, at=last_day) is None
    refusal = policies.may_activate(card, actor=scene.cast.alva, at=last_day + timedelta(hours=1))
    assert refusal is not None
    assert refusal.code == "card_expired"


def test_a_holder_who_died_meanwhile_is_not_activated_for(scene: Scene) -> None:
    card = a_shipped_card(scene)
    change_asa(scene, registration_status=RegistrationStatus.DECEASED.value)
    with pytest.raises(Refused) as caught:
        an_open_activation(scene, card)
    assert caught.value.refusal.code == "holder_deceased"


def test_nobody_activates_their_own_card(scene: Scene) -> None:
    card = a_shipped_card(scene, scene.cast.asa)
    asa = actor_of(scene.cast.asa, Role.ID_ADMINISTRATOR)
    refusal = policies.may_activate(card, actor=asa, at=scene.at)
    assert refusal is not None
    assert refusal.code == "self_service_forbidden"


@pytest.mark.parametrize("role", sorted(policies.MAY_BLOCK))
def test_the_roles_of_the_matrix_block(scene: Scene, role: str) -> None:
    card = a_shipped_card(scene)
    assert policies.may_block(card, actor=replace(scene.cast.alva, role=role), at=scene.at) is None


def test_an_auditor_and_an_orderer_do_not_block(scene: Scene) -> None:
    card = a_shipped_card(scene)
    for actor in (scene.cast.cia, scene.cast.bo):
        refusal = policies.may_block(card, actor=actor, at=scene.at)
        assert refusal is not None
        assert refusal.code == "role_missing"


def test_doris_cannot_block(scene: Scene) -> None:
    """F16: revoke has the check that enrol has."""
    card = an_active_card(scene)
    with pytest.raises(CardNotFound):
        lifecycle.block_card(
            card_id=str(card.pk),
            reason=BlockReason.LOST_OR_STOLEN,
            requested_at=scene.at,
            actor=scene.cast.doris,
            at=scene.at,
        )


def test_an_order_is_cancelled_before_it_leaves(scene: Scene) -> None:
    order = lifecycle.cancel_order(
        card_order_id=str(a_pending_order(scene).pk), actor=scene.cast.alva, at=scene.at
    )
    assert (order.state, order.cancelled_by) == ("CANCELLED", scene.cast.alva.identifier)
    assert order.card.state == "DISCARDED"


def test_an_order_with_the_factory_is_not_cancelled(scene: Scene) -> None:
    order = a_sent_order(scene)
    with pytest.raises(IllegalTransition):
        lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)


def test_an_order_on_its_way_to_the_factory_is_not_cancelled(scene: Scene) -> None:
    order = a_pending_order(scene)
    CardOrder.objects.filter(pk=order.pk).update(handover_started_at=scene.at)
    with pytest.raises(OrderBeingHandedOver):
        lifecycle.cancel_order(card_order_id=str(order.pk), actor=scene.cast.alva, at=scene.at)


def test_a_double_click_is_one_order(scene: Scene) -> None:
    orders = [
        lifecycle.place_order(
            hsa_id=scene.cast.asa.hsa_id,
            product_code="7C1",
            idempotency_key="form-1",
            actor=scene.cast.alva,
            at=scene.at,
        )
        for _ in range(2)
    ]
    assert orders[0].pk == orders[1].pk


@pytest.mark.parametrize("months", [0, 61, -1])
def test_a_validity_beyond_the_product_is_refused(scene: Scene, months: int) -> None:
    with pytest.raises(Refused):
        lifecycle.place_order(
            hsa_id=scene.cast.asa.hsa_id,
            product_code="7C1",
            validity_months=months,
            actor=scene.cast.alva,
            at=scene.at,
        )
