"""The database as the last guard: each constraint is violated once, by a row that is otherwise right."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from authn.evidence import client_key_of
from cards import lifecycle
from cards.block_request_models import BlockRequest
from cards.mobile.models import MobileEid
from cards.models import (
    Activation,
    Card,
    CardOrder,
    ForeignCertificate,
    IdentityCheck,
    OrderStop,
    Receipt,
)
from cards.pictures.models import CardPicture
from cards.puk_letter_models import PukLetter
from cards.reminder_models import CardReminder
from cards.renewal.models import Renewal, RenewalKey, RenewalPurpose
from cards.unlock_models import Unlock
from journal.actor import Actor, ActorKind
from tests.cards.mobile.phone import an_active_mobile, an_own_unlock, opened
from tests.cards.production_violations import PRODUCTION_VIOLATIONS
from tests.cards.stock_violations import STOCK_VIOLATIONS
from tests.scenarios import (
    CLIENT,
    Scene,
    a_claimed_activation,
    a_pending_order,
    a_sent_order,
    a_shipped_card,
    a_written_activation,
    an_active_card,
    an_open_activation,
    an_open_unlock,
)

Violation = Callable[[Scene], Callable[[], object]]
NOW = timezone.now()


def order(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = CardOrder.objects.filter(pk=a_pending_order(scene).pk)
    return lambda: rows.update(**changes)


def sent(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = CardOrder.objects.filter(pk=a_sent_order(scene).pk)
    return lambda: rows.update(**changes)


def card(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = Card.objects.filter(pk=a_shipped_card(scene).pk)
    return lambda: rows.update(**changes)


def replacement(scene: Scene, *, replacement_reason: str = "damaged", times: int = 1) -> Callable[[], object]:
    """Let one or two orders say that they replace one card."""
    old = a_shipped_card(scene)
    orders = [old.order, a_pending_order(scene, scene.cast.erik)][2 - times :]
    return lambda: [
        CardOrder.objects.filter(pk=one.pk).update(replaces=old, replacement_reason=replacement_reason)
        for one in orders
    ]


def foreign(
    scene: Scene, *, issuer_name: str = "CN=X", serial_hex: str = "1a", times: int = 1
) -> Callable[[], object]:
    found = a_shipped_card(scene)
    return lambda: [
        ForeignCertificate.objects.create(
            card=found, issuer_name=issuer_name, serial_hex=serial_hex, recorded_at=NOW
        )
        for _ in range(times)
    ]


def active(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = Card.objects.filter(pk=an_active_card(scene).pk)
    return lambda: rows.update(**changes)


def check(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = IdentityCheck.objects.filter(pk=an_open_activation(scene).activation.identity_check_id)
    return lambda: rows.update(**changes)


def activation(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = Activation.objects.filter(pk=an_open_activation(scene).activation.pk)
    return lambda: rows.update(**changes)


def claimed(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = Activation.objects.filter(pk=a_claimed_activation(scene).pk)
    return lambda: rows.update(**changes)


def signed_without_evidence(scene: Scene) -> Callable[[], object]:
    rows = Receipt.objects.filter(activation=a_written_activation(scene))
    return lambda: rows.update(signed_at=NOW)


def second_open_activation(scene: Scene) -> Callable[[], object]:
    first = an_open_activation(scene).activation
    check = first.identity_check
    assert check is not None
    check.pk = None
    check._state.adding = True
    check.save()
    return lambda: Activation.objects.create(
        state="OPENED",
        card=first.card,
        identity_check=check,
        token_sha256="0" * 64,
        terms_version="x",
        opened_at=NOW,
        opened_by="x",
        expires_at=NOW + timedelta(minutes=1),
    )


def unlock(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = Unlock.objects.filter(pk=an_open_unlock(scene, an_active_card(scene)).unlock.pk)
    return lambda: rows.update(**changes)


def own_unlock(scene: Scene, **changes: object) -> Callable[[], object]:
    card = an_active_card(scene)
    opened_here = an_own_unlock(scene, card, an_active_mobile(scene, card))
    rows = Unlock.objects.filter(pk=opened_here.unlock.pk)
    return lambda: rows.update(**changes)


def own_unlock_with_a_check(scene: Scene) -> Callable[[], object]:
    card = an_active_card(scene)
    mobile, check = an_active_mobile(scene, card), Activation.objects.get(card=card).identity_check
    rows = Unlock.objects.filter(pk=an_own_unlock(scene, card, mobile).unlock.pk)
    return lambda: rows.update(identity_check=check)


def claimed_unlock(scene: Scene, **changes: object) -> Callable[[], object]:
    opened = an_open_unlock(scene, an_active_card(scene))
    lifecycle.claim_unlock(
        token=opened.token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=scene.at,
    )
    rows = Unlock.objects.filter(pk=opened.unlock.pk)
    return lambda: rows.update(**changes)


def second_open_unlock(scene: Scene) -> Callable[[], object]:
    first = an_open_unlock(scene, an_active_card(scene)).unlock
    check = first.identity_check
    check.pk = None
    check._state.adding = True
    check.save()
    return lambda: Unlock.objects.create(
        state="OPENED",
        card=first.card,
        identity_check=check,
        token_sha256="0" * 64,
        question={},
        opened_at=NOW,
        opened_by="x",
        expires_at=NOW + timedelta(minutes=1),
    )


def own_renewal(scene: Scene) -> Renewal:
    found = an_active_card(scene)
    holder = Actor(kind=ActorKind.PERSON, identifier="x", person_id=str(found.person_id), loa=3)
    return lifecycle.open_own_renewal(
        card_id=str(found.pk), purpose=RenewalPurpose.RENEW, actor=holder, at=scene.at
    ).renewal


def renewal(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = Renewal.objects.filter(pk=own_renewal(scene).pk)
    return lambda: rows.update(**changes)


def second_open_renewal(scene: Scene) -> Callable[[], object]:
    first = own_renewal(scene)
    first.pk, first.token_sha256 = None, "0" * 64
    first._state.adding = True
    return first.save


def mobile(scene: Scene, **changes: object) -> Callable[[], object]:
    """Change one in the making."""
    rows = MobileEid.objects.filter(pk=opened(scene, an_active_card(scene)).mobile.pk)
    return lambda: rows.update(**changes)


def mobile_in_use(scene: Scene, **changes: object) -> Callable[[], object]:
    rows = MobileEid.objects.filter(pk=an_active_mobile(scene, an_active_card(scene)).pk)
    return lambda: rows.update(**changes)


def second_mobile(scene: Scene, **changes: object) -> Callable[[], object]:
    """Begin another beside one that is under way, or in use (``slot``)."""
    card = an_active_card(scene)
    first = an_active_mobile(scene, card) if "slot" in changes else opened(scene, card).mobile
    facts = {"state": "OPENED", "token_sha256": "0" * 64, "evidence_id": "other", "slot": 2, **changes}
    fresh = opened(scene, card).mobile if "slot" in changes else first
    fresh.pk, fresh._state.adding = None, True
    MobileEid.objects.filter(state="OPENED").exclude(pk=first.pk).update(
        state="ABORTED", aborted_at=NOW, abort_reason="x", slot=None
    ) if "slot" in changes else None
    for name, value in facts.items():
        setattr(fresh, name, value)
    return fresh.save


def second_renewal_key(scene: Scene) -> Callable[[], object]:
    facts = {"renewal": own_renewal(scene), "name": "x", "label": "x", "public_key": b"x", "made_at": NOW}
    RenewalKey.objects.create(**facts)
    return lambda: RenewalKey.objects.create(**facts)


def letter(scene: Scene, **changes: object) -> Callable[[], object]:
    found = an_active_card(scene)
    ordered = lifecycle.order_puk_letter(card_id=str(found.pk), actor=scene.cast.alva, at=scene.at)
    rows = PukLetter.objects.filter(pk=ordered.pk)
    return lambda: rows.update(**changes)


def second_running_letter(scene: Scene) -> Callable[[], object]:
    found = an_active_card(scene)
    lifecycle.order_puk_letter(card_id=str(found.pk), actor=scene.cast.alva, at=scene.at)
    return lambda: PukLetter.objects.create(state="PLACED", card=found, ordered_at=NOW, ordered_by="x")


def second_running_order(scene: Scene) -> Callable[[], object]:
    first = a_pending_order(scene)
    first.pk = None
    first._state.adding = True
    return first.save


def second_current_key(scene: Scene) -> Callable[[], object]:
    key = a_written_activation(scene).keys.first()
    assert key is not None
    key.pk = None
    key._state.adding = True
    return key.save


BLOCKED = {
    "state": "BLOCKED",
    "blocked_at": NOW,
    "block_requested_at": NOW,
    "block_reason": "defective",
    "blocked_by": "SE1-1",
}


def second_reminder(scene: Scene) -> Callable[[], object]:
    found = a_shipped_card(scene)
    CardReminder.objects.create(card=found, days_before=30, reminded_at=NOW)
    return lambda: CardReminder.objects.create(card=found, days_before=30, reminded_at=NOW)


def block_request(scene: Scene, *, again: bool = False, **changes: object) -> Callable[[], object]:
    found = a_shipped_card(scene)
    facts: dict[str, object] = {
        "person_id": found.person_id,
        "organization_id": found.organization_id,
        "card": found,
        "reason": "replaced",
        "received_at": NOW,
        "registered_at": NOW,
        "registered_by": "x",
        "had_effect": False,
        **changes,
    }
    if again:
        BlockRequest.objects.create(**facts)
    return lambda: BlockRequest.objects.create(**facts)


def picture(scene: Scene, *, times: int = 1, **changes: object) -> Callable[[], object]:
    found = a_pending_order(scene)
    facts: dict[str, object] = {
        "kind": "photo",
        "source": "camera",
        "person_id": found.person_id,
        "organization_id": found.organization_id,
        "hsa_id": found.hsa_id,
        "order": found,
        "captured_at": NOW,
        "captured_by": "x",
        "sha256": "0" * 64,
        "octets": 1,
        "width": 3,
        "height": 4,
        "sealed": b"x",
        "wrapped_key": b"x",
        **changes,
    }
    return lambda: [CardPicture.objects.create(**facts) for _ in range(times)]


VIOLATIONS: list[tuple[str, Violation]] = [
    ("card_order_state_is_known", lambda s: order(s, state="LOST")),
    ("card_order_environment_is_known", lambda s: order(s, environment="DEV")),
    ("card_environment_is_known", lambda s: card(s, environment="DEV")),
    ("foreign_certificate_is_recorded_once", lambda s: foreign(s, times=2)),
    ("foreign_certificate_names_its_issuer_and_number", lambda s: foreign(s, issuer_name="")),
    ("foreign_certificate_names_its_issuer_and_number", lambda s: foreign(s, serial_hex="")),
    ("card_order_is_for_a_known_assurance_level", lambda s: order(s, loa=4)),
    ("card_order_cancelled_iff_when_and_by_whom", lambda s: order(s, state="CANCELLED", cancelled_by="x")),
    ("card_order_cancelled_iff_when_and_by_whom", lambda s: order(s, state="CANCELLED", cancelled_at=NOW)),
    ("card_order_cancelled_iff_when_and_by_whom", lambda s: order(s, cancelled_at=NOW, cancelled_by="x")),
    ("card_order_rejected_iff_when_and_why", lambda s: sent(s, state="REJECTED", rejection_reason="x")),
    ("card_order_rejected_iff_when_and_why", lambda s: sent(s, state="REJECTED", rejected_at=NOW)),
    ("card_order_lapsed_iff_when_and_why", lambda s: order(s, state="LAPSED", lapse_reason="x")),
    ("card_order_lapsed_iff_when_and_why", lambda s: order(s, state="LAPSED", lapsed_at=NOW)),
    ("card_order_with_the_factory_was_sent", lambda s: order(s, state="SENT")),
    ("card_order_past_the_factory_was_shipped", lambda s: sent(s, state="SHIPPED")),
    ("card_order_activated_iff_when", lambda s: sent(s, activated_at=NOW)),
    ("card_order_replaces_a_card_iff_it_says_why", lambda s: order(s, replacement_reason="damaged")),
    ("card_order_replaces_a_card_iff_it_says_why", lambda s: replacement(s, replacement_reason="")),
    ("card_order_replaces_a_card_iff_it_says_why", lambda s: replacement(s, replacement_reason="whim")),
    ("a_card_is_replaced_once", lambda s: replacement(s, times=2)),
    ("one_running_order_per_person_and_organization", second_running_order),
    ("card_state_is_known", lambda s: card(s, state="LOST")),
    ("card_blocked_iff_when_why_and_by_whom", lambda s: card(s, **{**BLOCKED, "blocked_at": None})),
    ("card_blocked_iff_when_why_and_by_whom", lambda s: card(s, **{**BLOCKED, "block_requested_at": None})),
    ("card_blocked_iff_when_why_and_by_whom", lambda s: card(s, **{**BLOCKED, "block_reason": ""})),
    ("card_blocked_iff_when_why_and_by_whom", lambda s: card(s, **{**BLOCKED, "block_reason": "bored"})),
    ("card_blocked_iff_when_why_and_by_whom", lambda s: card(s, **{**BLOCKED, "blocked_by": ""})),
    ("card_blocked_iff_when_why_and_by_whom", lambda s: card(s, **{**BLOCKED, "state": "SHIPPED"})),
    (
        "card_block_was_requested_before_it_was_done",
        lambda s: card(s, **{**BLOCKED, "block_requested_at": NOW + timedelta(seconds=1)}),
    ),
    ("card_sent_to_its_holder_has_number_and_date", lambda s: card(s, card_number=None)),
    ("card_sent_to_its_holder_has_number_and_date", lambda s: card(s, shipped_at=None)),
    ("card_active_was_activated", lambda s: active(s, activated_at=None)),
    ("card_once_activated_is_active_or_blocked", lambda s: active(s, state="SHIPPED")),
    ("card_discarded_iff_when_and_why", lambda s: card(s, state="DISCARDED", discard_reason="x")),
    ("card_discarded_iff_when_and_why", lambda s: card(s, state="DISCARDED", discarded_at=NOW)),
    ("identity_check_outcome_is_known", lambda s: check(s, outcome="maybe")),
    ("identity_check_method_is_known", lambda s: check(s, method="letter")),
    ("identity_check_passed_names_its_document", lambda s: check(s, document_number="")),
    ("identity_check_passed_names_its_document", lambda s: check(s, document_kind="library_card")),
    ("identity_check_passed_names_its_document", lambda s: check(s, document_valid_until=None)),
    ("identity_check_passed_has_all_seven_steps", lambda s: check(s, signature_compared=False)),
    ("identity_check_is_of_a_card_or_was_broken_off_before_one", lambda s: check(s, hsa_id="SE1-A")),
    ("identity_check_is_of_a_card_or_was_broken_off_before_one", lambda s: check(s, card=None)),
    ("identity_check_names_its_attestor_iff_there_was_one", lambda s: check(s, method="attestor")),
    ("identity_check_names_its_attestor_iff_there_was_one", lambda s: check(s, attestor_name="Maj")),
    (
        "identity_check_of_a_foreign_document_names_its_country",
        lambda s: check(s, method="foreign_document"),
    ),
    ("activation_state_is_known", lambda s: activation(s, state="LOST")),
    ("one_open_activation_per_card", second_open_activation),
    ("activation_aborted_iff_when_and_why", lambda s: activation(s, state="ABORTED", abort_reason="x")),
    ("activation_aborted_iff_when_and_why", lambda s: activation(s, state="ABORTED", aborted_at=NOW)),
    ("activation_active_iff_finished", lambda s: activation(s, finished_at=NOW)),
    ("activation_claimed_iff_by_a_client_key", lambda s: claimed(s, client_key=None)),
    ("activation_answered_iff_when_and_what", lambda s: claimed(s, answers=1)),
    ("activation_past_opened_was_claimed", lambda s: activation(s, state="CLAIMED")),
    ("activation_past_written_was_written", lambda s: claimed(s, state="WRITTEN")),
    ("activation_expires_after_it_was_opened", lambda s: activation(s, expires_at=NOW - timedelta(days=999))),
    ("one_current_key_per_card_and_name", second_current_key),
    (
        "receipt_signed_iff_with_evidence",
        signed_without_evidence,
    ),
    *PRODUCTION_VIOLATIONS,
    (
        "order_stop_ends_after_it_starts",
        lambda _: (
            lambda: OrderStop.objects.create(starts_at=NOW, ends_at=NOW, reason="x", set_by="x", set_at=NOW)
        ),
    ),
    ("one_reminder_per_card_and_step", second_reminder),
    ("a_block_request_is_registered_once", lambda s: block_request(s, again=True)),
    ("a_block_request_names_a_card_or_a_certificate", lambda s: block_request(s, card=None)),
    ("a_block_request_has_a_known_reason", lambda s: block_request(s, reason="x")),
    (
        "a_block_request_was_received_before_somebody_registered_it",
        lambda s: block_request(s, received_at=NOW + timedelta(days=1)),
    ),
    ("unlock_state_is_known", lambda s: claimed_unlock(s, state="LOST")),
    ("one_open_unlock_per_card", second_open_unlock),
    ("unlock_rests_on_a_check_or_a_mobile_login", lambda s: unlock(s, identity_check=None)),
    ("unlock_rests_on_a_check_or_a_mobile_login", lambda s: unlock(s, login_evidence_id="x")),
    ("unlock_rests_on_a_check_or_a_mobile_login", lambda s: own_unlock(s, login_evidence_id="")),
    ("unlock_rests_on_a_check_or_a_mobile_login", lambda s: own_unlock(s, mobile=None)),
    ("unlock_rests_on_a_check_or_a_mobile_login", own_unlock_with_a_check),
    ("unlock_aborted_iff_when_and_why", lambda s: unlock(s, state="ABORTED", abort_reason="x")),
    ("unlock_aborted_iff_when_and_why", lambda s: unlock(s, aborted_at=NOW)),
    ("unlock_done_iff_the_card_signed", lambda s: claimed_unlock(s, unlocked_at=NOW)),
    ("unlock_claimed_iff_by_a_client_key", lambda s: claimed_unlock(s, claimed_at=None, state="OPENED")),
    ("unlock_past_opened_was_claimed", lambda s: unlock(s, state="CLAIMED")),
    ("unlock_answered_iff_when_and_what", lambda s: claimed_unlock(s, answers=1)),
    ("unlock_past_claimed_was_answered", lambda s: claimed_unlock(s, state="ANSWERED")),
    ("unlock_expires_after_it_was_opened", lambda s: unlock(s, expires_at=NOW - timedelta(days=999))),
    ("renewal_state_is_known", lambda s: renewal(s, state="LOST", claimed_at=NOW, client_key={})),
    ("renewal_purpose_is_known", lambda s: renewal(s, purpose="x")),
    ("renewal_is_a_refill_iff_one_was_ordered", lambda s: renewal(s, purpose="refill")),
    ("one_open_renewal_per_card", second_open_renewal),
    ("renewal_aborted_iff_when_and_why", lambda s: renewal(s, state="ABORTED", abort_reason="x")),
    ("renewal_aborted_iff_when_and_why", lambda s: renewal(s, aborted_at=NOW)),
    ("renewal_done_iff_the_card_signed", lambda s: renewal(s, finished_at=NOW)),
    ("renewal_claimed_iff_by_a_client_key", lambda s: renewal(s, claimed_at=NOW)),
    ("renewal_past_opened_was_claimed", lambda s: renewal(s, state="CLAIMED")),
    ("renewal_expires_after_it_was_opened", lambda s: renewal(s, expires_at=NOW - timedelta(days=999))),
    ("one_key_per_renewal_and_name", second_renewal_key),
    ("mobile_state_is_known", lambda s: mobile(s, state="LOST", claimed_at=NOW, client_key={})),
    ("one_open_mobile_per_card", lambda s: second_mobile(s, person=s.cast.erik.person)),
    ("one_open_mobile_per_person", lambda s: second_mobile(s, card=a_shipped_card(s, s.cast.erik))),
    ("one_mobile_per_person_and_slot", lambda s: second_mobile(s, slot=1)),
    ("mobile_aborted_iff_when_and_why", lambda s: mobile(s, state="ABORTED", abort_reason="x", slot=None)),
    ("mobile_aborted_iff_when_and_why", lambda s: mobile(s, aborted_at=NOW)),
    ("mobile_claimed_iff_by_a_client_key", lambda s: mobile(s, claimed_at=NOW)),
    ("mobile_approved_was_claimed", lambda s: mobile(s, approved_at=NOW)),
    ("mobile_mark_is_salted", lambda s: mobile(s, mark_salt="")),
    ("mobile_past_opened_was_claimed", lambda s: mobile(s, state="CLAIMED")),
    ("mobile_expires_after_it_was_opened", lambda s: mobile(s, expires_at=NOW - timedelta(days=999))),
    ("mobile_under_way_has_a_slot_and_one_that_ended_none", lambda s: mobile(s, slot=None)),
    (
        "mobile_under_way_has_a_slot_and_one_that_ended_none",
        lambda s: mobile(s, state="ABORTED", aborted_at=NOW, abort_reason="x"),
    ),
    ("mobile_slot_is_one_of_three", lambda s: mobile(s, slot=4)),
    ("mobile_rests_on_a_second_login", lambda s: mobile(s, evidence_id="")),
    ("mobile_key_made_iff_when_and_requested", lambda s: mobile(s, key_made_at=NOW)),
    ("mobile_key_made_iff_when_and_requested", lambda s: mobile(s, public_key=b"x")),
    (
        "mobile_past_claimed_has_a_key",
        lambda s: mobile(s, state="KEY_MADE", claimed_at=NOW, client_key={}),
    ),
    ("mobile_issued_iff_when_and_what", lambda s: mobile(s, issued_at=NOW)),
    ("mobile_issued_iff_when_and_what", lambda s: mobile(s, certificate_id="x")),
    (
        "mobile_past_key_made_was_issued",
        lambda s: mobile_in_use(
            s, issued_at=None, certificate_id="", certificate_sha256="", valid_until=None
        ),
    ),
    ("mobile_in_use_iff_the_phone_signed", lambda s: mobile(s, activated_at=NOW)),
    ("mobile_in_use_iff_the_phone_signed", lambda s: mobile_in_use(s, signature=None)),
    ("mobile_blocked_iff_when_why_and_by_whom", lambda s: mobile_in_use(s, blocked_at=NOW)),
    ("mobile_blocked_iff_when_why_and_by_whom", lambda s: mobile_in_use(s, state="BLOCKED", slot=None)),
    ("puk_letter_state_is_known", lambda s: letter(s, state="LOST")),
    ("one_running_puk_letter_per_card", second_running_letter),
    ("puk_letter_ended_iff_when_and_why", lambda s: letter(s, state="ENDED", end_reason="x")),
    ("puk_letter_ended_iff_when_and_why", lambda s: letter(s, ended_at=NOW)),
    ("puk_letter_with_the_producer_was_sent", lambda s: letter(s, state="SENT")),
    ("puk_letter_posted_iff_when", lambda s: letter(s, posted_at=NOW)),
    *STOCK_VIOLATIONS,
    ("card_picture_kind_is_known", lambda s: picture(s, kind="fingerprint")),
    ("card_picture_source_is_known", lambda s: picture(s, source="post")),
    ("one_picture_of_a_kind_per_order", lambda s: picture(s, times=2)),
    ("card_picture_has_a_size", lambda s: picture(s, width=0)),
    ("card_picture_has_a_size", lambda s: picture(s, height=0)),
    ("card_picture_has_a_size", lambda s: picture(s, octets=0)),
    ("card_picture_is_here_iff_not_purged", lambda s: picture(s, sealed=None)),
    ("card_picture_is_here_iff_not_purged", lambda s: picture(s, wrapped_key=None)),
    ("card_picture_is_here_iff_not_purged", lambda s: picture(s, purged_at=NOW, purge_reason="produced")),
    (
        "card_picture_is_here_iff_not_purged",
        lambda s: picture(s, sealed=None, wrapped_key=None, purged_at=NOW, purge_reason="bored"),
    ),
]


@pytest.mark.parametrize(("constraint", "violate"), VIOLATIONS, ids=[name for name, _ in VIOLATIONS])
def test_the_database_refuses(scene: Scene, constraint: str, violate: Violation) -> None:
    named = [
        item
        for model in apps.get_app_config("cards").get_models()
        for item in model._meta.constraints
        if item.name == constraint
    ]
    assert len(named) == 1
    act = violate(scene)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    if isinstance(named[0], models.CheckConstraint):
        assert constraint in str(caught.value)
    else:
        assert "UNIQUE" in str(caught.value) or constraint in str(caught.value)


def test_every_constraint_is_violated_above() -> None:
    constraints = {
        item.name for model in apps.get_app_config("cards").get_models() for item in model._meta.constraints
    }
    assert constraints == {name for name, _ in VIOLATIONS}
