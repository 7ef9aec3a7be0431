"""The database as the last guard: each constraint is violated once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from functioncerts import lifecycle
from functioncerts.models import ApiToken, FunctionObject, FunctionOrder, NameValidation
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
