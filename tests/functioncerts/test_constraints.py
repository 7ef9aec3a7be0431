"""The database as the last guard: each constraint is violated once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from functioncerts import lifecycle
from functioncerts.models import (
    ApiToken,
    ApprovalPolicy,
    CertificateMail,
    ExpiryNotice,
    FunctionObject,
    FunctionOrder,
    FunctionResponsible,
    FunctionTag,
    KeyParcel,
    KeyPolicy,
    NameValidation,
    NoticeAnswer,
    NoticeMail,
)
from functioncerts.tokens import create_token
from tests.functioncerts.conftest import SERVER, SYSTEM, Stage, request_for

Violation = Callable[[Stage], Callable[[], object]]


def function_object(stage: Stage, **changes: object) -> Callable[[], object]:
    return lambda: FunctionObject.objects.filter(pk=stage.server.pk).update(**changes)


def order(stage: Stage, **changes: object) -> Callable[[], object]:
    placed = lifecycle.order_certificate(hsa_id=SERVER, csr=request_for(), actor=stage.cast.bo, at=stage.at)
    return lambda: FunctionOrder.objects.filter(pk=placed.pk).update(**changes)


def revoked(stage: Stage, **changes: object) -> Callable[[], object]:
    complete = {
        "state": "REVOKED",
        "delivered_at": stage.at,
        "certificate_id": "x",
        "revoked_at": stage.at,
        "revocation_requested_at": stage.at,
        "revocation_reason": "superseded",
        "revoked_by": "x",
    }
    return order(stage, **{**complete, **changes})


def api_token(stage: Stage, **changes: object) -> Callable[[], object]:
    made = create_token(
        hsa_id=stage.cast.bo.identifier, role="function_cert_orderer", actor=SYSTEM, at=stage.at
    ).api_token
    return lambda: ApiToken.objects.filter(pk=made.pk).update(**changes)


def validation(stage: Stage, **changes: object) -> Callable[[], object]:
    return lambda: NameValidation.objects.filter(function_object=stage.server).update(**changes)


def responsible(stage: Stage, capacity: str) -> Callable[[], object]:
    def named() -> object:
        return FunctionResponsible.objects.create(
            function_object=stage.server, hsa_id="x", capacity=capacity, named_at=stage.at, named_by="x"
        )

    if capacity == "receiver":
        named()
    return named


def twice(act: Callable[[], object]) -> Callable[[], object]:
    act()
    return act


def parcel(stage: Stage, **changes: object) -> Callable[[], object]:
    order(stage)
    kept = {"shrouded_key": b"k", "mac_key": b"m", "mac_iterations": 1, "made_at": stage.at}
    return lambda: KeyParcel.objects.create(order=FunctionOrder.objects.get(), **{**kept, **changes})


def certificate_mail(stage: Stage, **changes: object) -> Callable[[], object]:
    order(stage)
    asked = {"address": "a@b.test", "sealing": "password", "fate": "WAITING", "asked_at": stage.at}
    return lambda: CertificateMail.objects.create(order=FunctionOrder.objects.get(), **{**asked, **changes})


def key_policy(stage: Stage) -> Callable[[], object]:
    return twice(
        lambda: KeyPolicy.objects.create(
            organization=stage.cast.norr, kind="server", set_at=stage.at, set_by="x"
        )
    )


def decided_keys(stage: Stage, **changes: object) -> Callable[[], object]:
    set_by = {"kind": "server", "set_at": stage.at, "set_by": "x"}
    return lambda: KeyPolicy.objects.create(organization=stage.cast.norr, **{**set_by, **changes})


def mail(stage: Stage, **changes: object) -> Callable[[], object]:
    order(stage)
    notice = ExpiryNotice.objects.create(
        order=FunctionOrder.objects.get(), days=30, not_after=stage.at, raised_at=stage.at
    )
    told = {"notice": notice, "recipient": "orderer", "address": "a@b.test", "fate": "WAITING"}
    return lambda: NoticeMail.objects.create(**{**told, **changes})


def proof() -> NameValidation | None:
    return NameValidation.objects.first()


def notice(stage: Stage) -> Callable[[], object]:
    order(stage)
    placed = FunctionOrder.objects.get()
    return twice(
        lambda: ExpiryNotice.objects.create(order=placed, days=7, not_after=stage.at, raised_at=stage.at)
    )


def answer(stage: Stage, **changes: object) -> Callable[[], object]:
    order(stage)
    placed = FunctionOrder.objects.get()
    said = {"order": placed, "answer": "taken", "answered_at": stage.at, "answered_by": "x"}
    return lambda: NoticeAnswer.objects.create(**{**said, **changes})


def policy(stage: Stage) -> Callable[[], object]:
    return lambda: ApprovalPolicy.objects.create(
        organization=stage.cast.norr, kind="server", set_at=stage.at, set_by="x"
    )


def second_request(stage: Stage) -> Callable[[], object]:
    order(stage)
    return order(stage, certificate_request_id=FunctionOrder.objects.get().certificate_request_id)


VIOLATIONS: list[tuple[str, Violation]] = [
    ("function_object_kind_is_known", lambda s: function_object(s, kind="robot")),
    ("function_object_environment_is_known", lambda s: function_object(s, environment="DEV")),
    ("function_order_environment_is_known", lambda s: order(s, environment="DEV")),
    ("function_object_state_is_known", lambda s: function_object(s, state="LOST")),
    ("function_object_validated_has_when_and_by_whom", lambda s: function_object(s, validated_at=None)),
    ("function_object_validated_has_when_and_by_whom", lambda s: function_object(s, validated_by="")),
    ("name_validation_kind_is_known", lambda s: validation(s, kind="moon")),
    ("name_validation_method_is_known", lambda s: validation(s, method="guess")),
    ("name_validation_state_is_known", lambda s: validation(s, state="LOST")),
    *(
        (
            "name_validation_valid_has_when_by_whom_and_until_when",
            lambda s, change=change: validation(s, **change),
        )
        for change in ({"decided_at": None}, {"decided_by": ""}, {"valid_from": None}, {"valid_to": None})
    ),
    (
        "name_validation_valid_has_when_by_whom_and_until_when",
        lambda s: validation(s, valid_from=s.at, valid_to=s.at),
    ),
    ("name_validation_by_paper_names_the_paper", lambda s: validation(s, evidence_reference="")),
    ("function_order_state_is_known", lambda s: order(s, state="LOST")),
    ("a_certificate_request_is_of_one_function_order", second_request),
    ("function_order_asks_the_ca_iff_it_may", lambda s: order(s, certificate_request_id="")),
    ("function_order_asks_the_ca_iff_it_may", lambda s: order(s, state="AWAITING_APPROVAL")),
    ("function_order_asks_the_ca_iff_it_may", lambda s: order(s, state="DECLINED")),
    (
        "function_order_waits_for_a_key_only_where_one_is_made",
        lambda s: order(s, state="AWAITING_KEY", certificate_request_id=""),
    ),
    ("key_parcel_is_empty_iff_wiped", lambda s: parcel(s, shrouded_key=b"")),
    ("key_parcel_is_empty_iff_wiped", lambda s: parcel(s, mac_key=b"")),
    ("key_parcel_is_empty_iff_wiped", lambda s: parcel(s, wiped_at=s.at)),
    ("key_parcel_fetched_is_wiped_and_by_whom", lambda s: parcel(s, fetched_at=s.at, fetched_by="x")),
    (
        "key_parcel_fetched_is_wiped_and_by_whom",
        lambda s: parcel(s, fetched_at=s.at, wiped_at=s.at, shrouded_key=b"", mac_key=b""),
    ),
    ("one_key_policy_per_organization_and_kind", key_policy),
    (
        "key_policy_is_approved_by_another_person",
        lambda s: decided_keys(s, approved_at=s.at, approved_by="x"),
    ),
    ("key_policy_approved_has_when_and_by_whom", lambda s: decided_keys(s, approved_by="y")),
    ("key_policy_approved_has_when_and_by_whom", lambda s: decided_keys(s, approved_at=s.at)),
    ("one_certificate_mail_to_an_address_at_a_time", lambda s: twice(certificate_mail(s))),
    (
        "certificate_mail_forgets_its_password",
        lambda s: certificate_mail(s, fate="SENT", sealed_password=b"x"),
    ),
    ("certificate_mail_fate_is_known", lambda s: certificate_mail(s, fate="LOST")),
    ("certificate_mail_sealing_is_known", lambda s: certificate_mail(s, sealing="wax")),
    (
        "function_order_is_not_decided_by_who_ordered",
        lambda s: order(s, decided_by=s.cast.bo.identifier),
    ),
    ("function_order_receipt_has_text_when_and_by_whom", lambda s: order(s, receipt_version="1")),
    (
        "function_order_receipt_has_text_when_and_by_whom",
        lambda s: order(s, receipt_version="1", receipt_accepted_by="x"),
    ),
    ("function_order_receipt_has_text_when_and_by_whom", lambda s: order(s, receipt_accepted_at=s.at)),
    ("function_responsible_capacity_is_known", lambda s: responsible(s, "king")),
    ("somebody_is_responsible_once_per_capacity", lambda s: responsible(s, "receiver")),
    (
        "a_tag_is_set_once_per_object",
        lambda s: twice(lambda: FunctionTag.objects.create(function_object=s.server, tag="drift")),
    ),
    ("one_approval_policy_per_organization_and_kind", lambda s: twice(policy(s))),
    ("a_certificate_is_told_of_once_per_step", notice),
    ("notice_mail_fate_is_known", lambda s: mail(s, fate="LOST")),
    ("notice_mail_recipient_is_known", lambda s: mail(s, recipient="king")),
    ("notice_mail_is_of_one_thing", lambda s: mail(s, digest_week="2026-W01")),
    ("notice_mail_is_of_one_thing", lambda s: mail(s, notice=None)),
    ("notice_mail_is_of_one_thing", lambda s: mail(s, validation=proof(), validation_step=s.at)),
    ("notice_mail_of_a_proof_has_its_step", lambda s: mail(s, notice=None, validation=proof())),
    (
        "an_address_is_told_of_a_proof_once_per_step",
        lambda s: twice(mail(s, notice=None, validation=proof(), validation_step=s.at)),
    ),
    ("an_address_gets_a_notice_once", lambda s: twice(mail(s))),
    ("an_address_gets_one_digest_a_week", lambda s: twice(mail(s, notice=None, digest_week="2026-W01"))),
    ("notice_answer_is_known", lambda s: answer(s, answer="maybe")),
    ("notice_answer_delegated_iff_to_whom", lambda s: answer(s, answer="delegated")),
    ("notice_answer_delegated_iff_to_whom", lambda s: answer(s, delegated_to="x")),
    ("function_order_delivered_has_a_certificate", lambda s: order(s, state="DELIVERED", certificate_id="x")),
    ("function_order_delivered_has_a_certificate", lambda s: order(s, state="DELIVERED", delivered_at=s.at)),
    ("function_order_failed_iff_why", lambda s: order(s, state="FAILED")),
    ("function_order_failed_iff_why", lambda s: order(s, failure="x")),
    ("function_order_revoked_iff_when_why_and_by_whom", lambda s: revoked(s, revoked_at=None)),
    ("function_order_revoked_iff_when_why_and_by_whom", lambda s: revoked(s, revocation_requested_at=None)),
    ("function_order_revoked_iff_when_why_and_by_whom", lambda s: revoked(s, revocation_reason="")),
    ("function_order_revoked_iff_when_why_and_by_whom", lambda s: revoked(s, revoked_by="")),
    ("function_order_revoked_iff_when_why_and_by_whom", lambda s: revoked(s, state="DELIVERED")),
    (
        "function_order_revocation_was_requested_before_it_was_done",
        lambda s: revoked(s, revocation_requested_at=s.at + timedelta(seconds=1)),
    ),
    ("api_token_role_is_known", lambda s: api_token(s, role="king")),
    ("api_token_expires_after_it_was_created", lambda s: api_token(s, expires_at=s.at)),
]


@pytest.mark.parametrize(("constraint", "violate"), VIOLATIONS, ids=[name for name, _ in VIOLATIONS])
def test_the_database_refuses(stage: Stage, constraint: str, violate: Violation) -> None:
    named = [
        item
        for model in apps.get_app_config("functioncerts").get_models()
        for item in model._meta.constraints
        if item.name == constraint
    ]
    act = violate(stage)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    if isinstance(named[0], models.CheckConstraint):
        assert constraint in str(caught.value)


def test_every_constraint_is_violated_above() -> None:
    constraints = {
        item.name
        for model in apps.get_app_config("functioncerts").get_models()
        for item in model._meta.constraints
    }
    assert constraints == {name for name, _ in VIOLATIONS}
