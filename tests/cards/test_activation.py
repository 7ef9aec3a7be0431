"""Activation: each step's guard, and going on after anybody was killed between any two."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from authn.evidence import NO_TLS_SPKI, hashed, verify
from ca.batch_issuance import issue_pending
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from cards import lifecycle
from cards.card_keys import KeyName, usable_keys
from cards.errors import (
    ActivationAborted,
    ActivationExpired,
    IllegalTransition,
    KeysInvalid,
    ReceiptInvalid,
    Refused,
    TokenInvalid,
    WrittenMismatch,
)
from cards.identity import IdentityCheckStep, SuspicionFacts
from cards.models import Activation, Card, CardKey, IdentityCheck, Receipt
from cards.products import DocumentKind, IdentityCheckMethod
from cards.reasons import BlockReason
from cards.receipts import question_of
from cards.states import ActivationState, CardState
from journal.models import Entry
from tests.scenarios import (
    CHECK,
    CLIENT,
    Scene,
    a_claimed_activation,
    a_shipped_card,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    an_open_activation,
)


def block(scene: Scene, card: Card) -> None:
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )


# --- the identity check --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", list(IdentityCheckStep))
def test_each_of_the_seven_steps_is_needed(scene: Scene, step: IdentityCheckStep) -> None:
    """CRD-6."""
    card = a_shipped_card(scene)
    check = replace(CHECK, steps=CHECK.steps - {step})
    with pytest.raises(Refused) as caught:
        lifecycle.open_activation(
            card_id=str(card.pk), identity_check=check, actor=scene.cast.alva, at=scene.at
        )
    assert caught.value.refusal.code == "identity_check_incomplete"
    assert caught.value.facts["missing"] == step.value


def test_a_document_that_expired_yesterday_is_refused_and_one_that_expires_today_is_not(scene: Scene) -> None:
    card = a_shipped_card(scene)
    today = date(2026, 11, 28)
    assert scene.at.date() == today
    check = replace(CHECK, document_valid_until=today - timedelta(days=1))
    with pytest.raises(Refused) as caught:
        lifecycle.open_activation(
            card_id=str(card.pk), identity_check=check, actor=scene.cast.alva, at=scene.at
        )
    assert caught.value.refusal.code == "document_expired"
    assert not IdentityCheck.objects.exists()
    check = replace(CHECK, document_valid_until=today)
    lifecycle.open_activation(card_id=str(card.pk), identity_check=check, actor=scene.cast.alva, at=scene.at)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": IdentityCheckMethod.ATTESTOR}, "identity_check_method_not_allowed"),
        ({"document_kind": DocumentKind.FOREIGN_PASSPORT}, "document_kind_not_allowed"),
        ({"document_number": "  "}, "document_number_missing"),
        ({"document_number": "9" * 41}, "document_number_missing"),
    ],
)
def test_loa3_wants_a_visit_with_a_swedish_document(
    scene: Scene, changes: dict[str, object], code: str
) -> None:
    card = a_shipped_card(scene)
    with pytest.raises(Refused) as caught:
        lifecycle.open_activation(
            card_id=str(card.pk),
            identity_check=replace(CHECK, **changes),
            actor=scene.cast.alva,
            at=scene.at,
        )
    assert caught.value.refusal.code == code


def test_suspicion_ends_the_activation_and_is_an_event_of_its_own(scene: Scene) -> None:
    activation = a_claimed_activation(scene)
    lifecycle.report_suspicion(
        card_id=str(activation.card_id), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.at
    )
    activation.refresh_from_db()
    assert activation.state == ActivationState.ABORTED
    assert IdentityCheck.objects.filter(outcome="suspected").count() == 1
    entry = Entry.objects.get(type="identity.suspected")
    assert "98765432" not in entry.content


def test_the_journal_never_holds_name_number_or_document(scene: Scene) -> None:
    """F24."""
    an_active_card(scene)
    everything = "".join(Entry.objects.values_list("content", flat=True))
    person = scene.cast.asa.person
    for secret in (person.personal_identity_number, person.surname, CHECK.document_number, "Storgatan"):
        assert secret not in everything


# --- the token and the client --------------------------------------------------------------------------


def test_the_token_is_stored_as_a_digest_and_not_shown_by_repr(scene: Scene) -> None:
    opened = an_open_activation(scene)
    row = Activation.objects.values().get()
    assert opened.token not in str(row)
    assert opened.token not in repr(opened)


def test_the_first_client_wins(scene: Scene) -> None:
    opened = an_open_activation(scene)
    a_claimed_activation(scene, opened)
    scene.client = scene.client.restarted()
    with pytest.raises(TokenInvalid):
        a_claimed_activation(scene, opened)


def test_a_token_dies_after_ten_minutes(scene: Scene) -> None:
    opened = an_open_activation(scene)
    scene.later(minutes=10)
    with pytest.raises(TokenInvalid):
        a_claimed_activation(scene, opened)


def test_an_activation_not_finished_in_time_ends(scene: Scene) -> None:
    activation = a_claimed_activation(scene)
    scene.later(minutes=31)
    with pytest.raises(ActivationExpired):
        an_activation_with_keys(scene, activation)
    assert lifecycle.expire_activations(actor=CLIENT, at=scene.at) == 1
    assert lifecycle.expire_activations(actor=CLIENT, at=scene.at) == 0
    with pytest.raises(ActivationAborted):
        an_activation_with_keys(scene, activation)


def test_a_blocked_card_cannot_be_activated(scene: Scene) -> None:
    card = a_shipped_card(scene)
    block(scene, card)
    with pytest.raises(Refused) as caught:
        an_open_activation(scene, card)
    assert caught.value.refusal.code == "card_blocked"


def test_not_me_is_an_alarm(scene: Scene) -> None:
    activation = a_claimed_activation(scene)
    lifecycle.abort_activation(activation_id=str(activation.pk), reason="notMe", actor=CLIENT, at=scene.at)
    lifecycle.abort_activation(activation_id=str(activation.pk), reason="notMe", actor=CLIENT, at=scene.at)
    assert Entry.objects.filter(type="activation.denied_by_holder").count() == 1


def test_an_active_card_cannot_be_aborted_away(scene: Scene) -> None:
    card = an_active_card(scene)
    with pytest.raises(IllegalTransition):
        lifecycle.abort_activation(
            activation_id=str(card.activations.get().pk), reason="userCancel", actor=CLIENT, at=scene.at
        )


# --- the keys ------------------------------------------------------------------------------------------


def test_a_request_that_proves_nothing_is_refused(scene: Scene) -> None:
    activation = a_claimed_activation(scene)
    requests = scene.client.requests()
    tampered = bytearray(requests["hsa_authentication"])
    tampered[-1] ^= 1
    for broken in (
        {**requests, "hsa_authentication": bytes(tampered)},
        {**requests, "hsa_authentication": b"x"},
    ):
        with pytest.raises(KeysInvalid):
            lifecycle.register_keys(
                activation_id=str(activation.pk), requests=broken, actor=CLIENT, at=scene.at
            )
    assert not CardKey.objects.exists()


def test_both_keys_are_needed_and_no_other_and_not_one_for_both(scene: Scene) -> None:
    activation = a_claimed_activation(scene)
    requests = scene.client.requests()
    one = requests["hsa_authentication"]
    for wrong in (
        {},
        {"hsa_authentication": one},
        {**requests, "signature": one},
        {"hsa_authentication": one, "id_authentication": one},
    ):
        with pytest.raises(KeysInvalid):
            lifecycle.register_keys(
                activation_id=str(activation.pk), requests=wrong, actor=CLIENT, at=scene.at
            )


def test_a_key_of_another_card_is_refused(scene: Scene) -> None:
    an_active_card(scene)
    scene.cast = replace(scene.cast, alva=scene.cast.another_administrator)
    activation = a_claimed_activation(
        scene, an_open_activation(scene, a_shipped_card(scene, scene.cast.alva_herself))
    )
    with pytest.raises(KeysInvalid) as caught:
        an_activation_with_keys(scene, activation)
    assert caught.value.facts["check"] == "key_reused"


def test_a_weak_or_foreign_key_kind_is_refused_at_once(scene: Scene) -> None:
    activation = a_claimed_activation(scene)
    scene.client.chip[KeyName.HSA_AUTHENTICATION] = ec.generate_private_key(ec.SECP521R1())
    with pytest.raises(KeysInvalid):
        an_activation_with_keys(scene, activation)


def test_the_same_keys_again_change_nothing_and_others_are_refused(scene: Scene) -> None:
    activation = an_activation_with_keys(scene)
    again = an_activation_with_keys(scene, activation)
    assert again.state == ActivationState.KEYS_MADE
    assert CardKey.objects.count() == 2
    scene.client.chip.clear()
    with pytest.raises(IllegalTransition):
        an_activation_with_keys(scene, activation)


def test_nothing_is_handed_out_before_it_is_published(scene: Scene) -> None:
    activation = an_activation_with_keys(scene)
    collect = lambda: lifecycle.collect_certificates(  # noqa: E731
        activation_id=str(activation.pk), actor=CLIENT, at=scene.at
    )
    assert collect() == ()
    issue_pending(signers=scene.authority, actor=CLIENT, at=scene.at)
    assert Certificate.objects.count() == 2
    assert collect() == ()
    scene.authority.publish(at=scene.at)
    assert [item.name for item in collect()] == list(KeyName)


def test_an_activation_that_nobody_claimed_hands_out_nothing(scene: Scene) -> None:
    activation = an_open_activation(scene).activation
    with pytest.raises(IllegalTransition):
        lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)


def test_the_certificates_say_who_holds_the_card(scene: Scene) -> None:
    activation = a_written_activation(scene)
    subjects = {item.name: item.subject_text for item in Certificate.objects.all()}
    assert scene.cast.asa.hsa_id in subjects["hsa_authentication"]
    assert scene.cast.asa.person.personal_identity_number in subjects["id_authentication"]
    last = max(Certificate.objects.values_list("not_after", flat=True))
    assert last.date() <= activation.card.valid_until


# --- written and signed --------------------------------------------------------------------------------


def test_a_card_that_reads_back_something_else_is_not_written(scene: Scene) -> None:
    activation = an_activation_with_keys(scene)
    scene.authority.issue_and_publish(at=scene.at)
    issued = lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)
    right = {item.name.value: item.certificate.sha256 for item in issued}
    for wrong in (
        {},
        {**right, "id_authentication": "0" * 64},
        {name: right[other] for name, other in zip(right, reversed(list(right)), strict=True)},
    ):
        with pytest.raises(WrittenMismatch):
            lifecycle.confirm_written(
                activation_id=str(activation.pk), digests=wrong, actor=CLIENT, at=scene.at
            )
    assert not Receipt.objects.exists()


def test_a_receipt_signed_by_any_other_certificate_is_refused(scene: Scene) -> None:
    activation = a_written_activation(scene)
    certificate = lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)[
        0
    ]
    right = scene.client.answer(activation, bytes(certificate.certificate.certificate_der))
    other = bytes(certificate.certificate.issuer.certificate_der)
    for wrong in (
        replace(right, certificate_der=other),
        replace(right, signature=right.signature[:-1] + bytes([right.signature[-1] ^ 1])),
        replace(right, server_spki=hashed(b"another server")),
        replace(right, user_challenge="x" * 43),
        replace(right, algorithm="RS256"),
    ):
        with pytest.raises(ReceiptInvalid):
            lifecycle.sign_receipt(activation_id=str(activation.pk), answer=wrong, actor=CLIENT, at=scene.at)
    assert Card.objects.get().state == CardState.SHIPPED
    lifecycle.sign_receipt(activation_id=str(activation.pk), answer=right, actor=CLIENT, at=scene.at)
    again = lifecycle.sign_receipt(activation_id=str(activation.pk), answer=right, actor=CLIENT, at=scene.at)
    assert again.state == ActivationState.ACTIVE
    assert Entry.objects.filter(type="card.activated").count() == 1


def test_a_receipt_rightly_signed_by_a_certificate_of_ones_own_is_refused(scene: Scene) -> None:
    activation = a_written_activation(scene)
    key = ec.generate_private_key(ec.SECP256R1())
    scene.client.chip[KeyName.HSA_AUTHENTICATION] = key
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Åsa Lindqvist")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, scene.at, scene.at + timedelta(days=9))
    own = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    answer = scene.client.answer(activation, own)
    verify(question_of(activation.receipt), answer, server_spki_pins=[NO_TLS_SPKI])
    with pytest.raises(ReceiptInvalid) as caught:
        lifecycle.sign_receipt(activation_id=str(activation.pk), answer=answer, actor=CLIENT, at=scene.at)
    assert caught.value.facts["check"] == "other_certificate"


def test_a_receipt_before_the_card_is_written_is_refused(scene: Scene) -> None:
    activation = a_written_activation(scene)
    certificate = lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)[
        0
    ]
    answer = scene.client.answer(activation, bytes(certificate.certificate.certificate_der))
    second = a_claimed_activation(scene, an_open_activation(scene, activation.card))
    with pytest.raises(IllegalTransition):
        lifecycle.sign_receipt(activation_id=str(second.pk), answer=answer, actor=CLIENT, at=scene.at)
    with pytest.raises(ActivationAborted):
        lifecycle.sign_receipt(activation_id=str(activation.pk), answer=answer, actor=CLIENT, at=scene.at)


def test_a_card_blocked_before_the_receipt_never_becomes_active(scene: Scene) -> None:
    activation = a_written_activation(scene)
    certificates = lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)
    answer = scene.client.answer(activation, bytes(certificates[0].certificate.certificate_der))
    block(scene, activation.card)
    with pytest.raises(ActivationAborted):
        lifecycle.sign_receipt(activation_id=str(activation.pk), answer=answer, actor=CLIENT, at=scene.at)
    assert Card.objects.get().state == CardState.BLOCKED
    assert not Certificate.objects.filter(revoked_at__isnull=True).exists()


def test_a_certificate_still_being_made_when_the_card_is_blocked_never_comes_into_force(scene: Scene) -> None:
    activation = an_activation_with_keys(scene)
    block(scene, activation.card)
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    assert not Certificate.objects.filter(revoked_at__isnull=True).exists()


# --- killed between any two steps ----------------------------------------------------------------------

STEPS: list[Callable[[Scene], Activation]] = [
    lambda scene: an_open_activation(scene).activation,
    a_claimed_activation,
    an_activation_with_keys,
    a_written_activation,
]


@pytest.mark.parametrize("reached", range(len(STEPS)))
@pytest.mark.parametrize("told", [True, False], ids=["aborted", "silent"])
def test_a_new_activation_goes_on_where_the_old_one_stopped(scene: Scene, reached: int, told: bool) -> None:  # noqa: FBT001
    first = STEPS[reached](scene)
    if told:
        lifecycle.abort_activation(
            activation_id=str(first.pk), reason="cardRemoved", actor=CLIENT, at=scene.at
        )
    made = set(scene.client.chip)
    scene.client = scene.client.restarted()
    scene.later(minutes=5)
    second = a_claimed_activation(scene, an_open_activation(scene, first.card))
    assert usable_keys(second.card) == made
    if made:
        # A client that finds its keys done goes straight to the certificates.
        scene.authority.issue_and_publish(at=scene.at)
        card = an_active_card(scene, a_written_activation(scene, second))
    else:
        card = an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, second)))
    assert card.state == CardState.ACTIVE
    assert Certificate.objects.count() == 2
    first.refresh_from_db()
    assert first.state == ActivationState.ABORTED


def test_a_key_made_anew_replaces_the_old_one_for_good(scene: Scene) -> None:
    first = a_written_activation(scene)
    old = set(Certificate.objects.values_list("sha256", flat=True))
    scene.client = scene.client.restarted()
    scene.client.chip.clear()
    second = a_claimed_activation(scene, an_open_activation(scene, first.card))
    card = an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, second)))
    assert card.state == CardState.ACTIVE
    assert set(Certificate.objects.filter(revoked_at__isnull=False).values_list("sha256", flat=True)) == old
    assert Certificate.objects.filter(revoked_at__isnull=True).count() == 2


def test_a_certificate_that_comes_after_its_key_was_replaced_is_revoked(scene: Scene) -> None:
    first = an_activation_with_keys(scene)
    waiting = list(CardKey.objects.values_list("certificate_request_id", flat=True))
    scene.client = scene.client.restarted()
    scene.client.chip.clear()
    second = a_claimed_activation(scene, an_open_activation(scene, first.card))
    an_activation_with_keys(scene, second)
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    for request_id in CardKey.objects.values_list("certificate_request_id", flat=True):
        revoked = lifecycle.revoke_superseded_certificate(
            certificate_request_id=request_id, actor=CLIENT, at=scene.at
        )
        assert revoked is (request_id in waiting)
    assert Certificate.objects.filter(revoked_at__isnull=True).count() == 2


def test_a_revoked_certificate_does_not_count_as_done(scene: Scene) -> None:
    activation = a_written_activation(scene)
    certificate = Certificate.objects.get(name="id_authentication")
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=scene.at,
        actor=CLIENT,
        at=scene.at,
    )
    assert usable_keys(activation.card) == {KeyName.HSA_AUTHENTICATION}
    certificates = {item.name: item for item in Certificate.objects.all()}
    answer = scene.client.answer(activation, bytes(certificates["id_authentication"].certificate_der))
    with pytest.raises(ReceiptInvalid):
        lifecycle.sign_receipt(activation_id=str(activation.pk), answer=answer, actor=CLIENT, at=scene.at)


def test_a_second_administrator_restarts_and_the_first_client_is_told(scene: Scene) -> None:
    first = a_claimed_activation(scene)
    lifecycle.open_activation(
        card_id=str(first.card_id),
        identity_check=CHECK,
        actor=scene.cast.another_administrator,
        at=scene.at,
    )
    with pytest.raises(ActivationAborted) as caught:
        an_activation_with_keys(scene, first)
    assert caught.value.facts["reason"] == "superseded"
