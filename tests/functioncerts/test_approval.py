"""A second person where the organization wants one, the receipt before delivery, and renewal with overlap."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ca.models import Certificate, CertificateRequest
from ca.pki.reasons import RevocationReason
from directory.models import Role
from functioncerts import lifecycle
from functioncerts.approval import kinds_that_wait, set_approval
from functioncerts.errors import (
    FunctionOrderNotFound,
    IllegalTransition,
    Refused,
    RequestInvalid,
)
from functioncerts.models import FunctionKind, FunctionOrder
from functioncerts.receipts import VERSION, Receipt, accept_receipt
from functioncerts.states import FunctionOrderState, NameValidationAction
from functioncerts.validations import end_validation
from journal.actor import Actor
from journal.models import Entry
from tests.functioncerts.conftest import SERVER, SYSTEM, Stage, request_for
from tests.functioncerts.test_lifecycle import delivered, order


def manager(stage: Stage) -> Actor:
    return replace(stage.cast.alva, role=Role.ISSUANCE_MANAGER.value)


def another_orderer(stage: Stage) -> Actor:
    return replace(stage.cast.alva, role=Role.FUNCTION_CERT_ORDERER.value)


@pytest.fixture
def waiting(stage: Stage) -> FunctionOrder:
    set_approval(
        organization_id=str(stage.cast.norr.pk),
        kind=FunctionKind.SERVER,
        takes_two=True,
        actor=manager(stage),
        at=stage.at,
    )
    return order(stage)


def test_an_order_that_waits_has_asked_the_ca_for_nothing(stage: Stage, waiting: FunctionOrder) -> None:
    assert waiting.state == FunctionOrderState.AWAITING_APPROVAL
    assert not CertificateRequest.objects.exists()
    assert kinds_that_wait(str(stage.cast.norr.pk)) == {"server"}


def test_a_second_person_sends_it_on_and_the_certificate_has_its_key(
    stage: Stage, waiting: FunctionOrder
) -> None:
    approved = lifecycle.approve_order(order_id=str(waiting.pk), actor=another_orderer(stage), at=stage.at)
    assert approved.decided_by == stage.cast.alva.identifier
    stage.authority.issue_and_publish(at=stage.at)
    settled = lifecycle.settle_order(order_id=str(waiting.pk), actor=SYSTEM, at=stage.at)
    assert settled.state == FunctionOrderState.DELIVERED
    assert settled.not_after == Certificate.objects.get().not_after


def test_who_ordered_does_not_approve(stage: Stage, waiting: FunctionOrder) -> None:
    for act in (
        lambda: lifecycle.approve_order(order_id=str(waiting.pk), actor=stage.cast.bo, at=stage.at),
        lambda: lifecycle.decline_order(
            order_id=str(waiting.pk), reason="", actor=stage.cast.bo, at=stage.at
        ),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.refusal.code == "second_person_is_the_first"


def test_who_ordered_does_not_approve_by_another_of_their_employments(
    stage: Stage, waiting: FunctionOrder
) -> None:
    again = replace(stage.cast.bo, identifier="SE2321000016-A009")
    with pytest.raises(Refused) as caught:
        lifecycle.approve_order(order_id=str(waiting.pk), actor=again, at=stage.at)
    assert caught.value.refusal.code == "second_person_is_the_first"


def test_another_organization_neither_sees_nor_decides(stage: Stage, waiting: FunctionOrder) -> None:
    doris = replace(stage.cast.doris, role=Role.FUNCTION_CERT_ORDERER.value)
    with pytest.raises(FunctionOrderNotFound):
        lifecycle.approve_order(order_id=str(waiting.pk), actor=doris, at=stage.at)
    with pytest.raises(Refused):
        set_approval(
            organization_id=str(stage.cast.norr.pk),
            kind=FunctionKind.CLIENT,
            takes_two=True,
            actor=doris,
            at=stage.at,
        )


def test_what_was_declined_stays_so(stage: Stage, waiting: FunctionOrder) -> None:
    actor = another_orderer(stage)
    lifecycle.decline_order(order_id=str(waiting.pk), reason="fel namn", actor=actor, at=stage.at)
    with pytest.raises(Refused) as caught:
        lifecycle.approve_order(order_id=str(waiting.pk), actor=actor, at=stage.at)
    assert caught.value.refusal.code == "order_not_waiting"
    assert not CertificateRequest.objects.exists()


def test_a_name_that_is_withdrawn_meanwhile_is_not_certified(stage: Stage, waiting: FunctionOrder) -> None:
    proof = stage.server.name_validations.get()
    end_validation(
        validation_id=str(proof.pk), action=NameValidationAction.WITHDRAW, actor=SYSTEM, at=stage.at
    )
    with pytest.raises(Refused) as caught:
        lifecycle.approve_order(order_id=str(waiting.pk), actor=another_orderer(stage), at=stage.at)
    assert caught.value.refusal.code == "name_outside_validated"


def test_a_key_that_may_not_be_certified_does_not_wait(stage: Stage, waiting: FunctionOrder) -> None:
    """A person is not asked to approve what the CA refuses."""
    with pytest.raises(RequestInvalid):
        order(stage, csr=request_for(ec.generate_private_key(ec.SECP521R1())))
    assert FunctionOrder.objects.count() == 1


def test_other_kinds_do_not_wait(stage: Stage, waiting: FunctionOrder) -> None:
    assert order(stage, stage.client.hsa_id).state == FunctionOrderState.ORDERED


def test_the_receipt_is_kept_with_text_time_and_person_and_told_once(stage: Stage) -> None:
    """FC-4."""
    with_receipt = order(stage, receipt=Receipt(version=VERSION, evidence_id="e"))
    assert (with_receipt.receipt_version, with_receipt.receipt_evidence_id) == (VERSION, "e")
    without = order(stage)
    for _ in range(2):
        accept_receipt(
            order_id=str(without.pk), receipt=Receipt(version=VERSION), actor=stage.cast.bo, at=stage.at
        )
    without.refresh_from_db()
    assert without.receipt_accepted_by == stage.cast.bo.identifier
    told = Entry.objects.filter(type="function_certificate.receipt_accepted")
    assert told.count() == 2


def test_the_receipt_of_another_text_or_by_another_organization_is_refused(stage: Stage) -> None:
    """FC-4."""
    placed = order(stage)
    with pytest.raises(IllegalTransition):
        accept_receipt(
            order_id=str(placed.pk), receipt=Receipt(version="old"), actor=stage.cast.bo, at=stage.at
        )
    with pytest.raises(FunctionOrderNotFound):
        accept_receipt(
            order_id=str(placed.pk), receipt=Receipt(version=VERSION), actor=stage.cast.doris, at=stage.at
        )


def test_old_and_new_certificate_are_good_together_until_the_old_one_is_closed(stage: Stage) -> None:
    old, first = delivered(stage)
    new, second = delivered(stage, replaces=str(old.pk))
    assert new.replaces_id == old.pk
    assert first.serial_number != second.serial_number
    old.refresh_from_db()
    assert old.state == new.state == FunctionOrderState.DELIVERED
    lifecycle.revoke_certificate(
        order_id=str(old.pk),
        reason=RevocationReason.SUPERSEDED,
        requested_at=stage.at,
        actor=stage.cast.bo,
        at=stage.at,
    )
    new.refresh_from_db()
    assert new.state == FunctionOrderState.DELIVERED


def test_only_a_delivered_certificate_of_the_same_object_is_renewed(stage: Stage) -> None:
    undelivered = order(stage)
    other, _ = delivered(stage, stage.client.hsa_id)
    for replaced in (undelivered, other):
        with pytest.raises(Refused) as caught:
            order(stage, SERVER, replaces=str(replaced.pk))
        assert caught.value.refusal.code == "order_not_to_be_renewed"
