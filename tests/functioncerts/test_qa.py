"""A function object of QA gets certificates from QA's issuers only, by the same verbs and the same API."""

import json

import pytest
from django.test import Client
from pytest_django import Settings

from ca.environments import Environment
from ca.models import Certificate
from ca.selectors import certificate as get_certificate
from functioncerts import lifecycle
from functioncerts.errors import FunctionObjectNotFound, Refused
from functioncerts.models import FunctionKind
from functioncerts.tokens import create_token
from functioncerts.validations import validate_names
from tests.authority import WORKER, the_authority
from tests.functioncerts.conftest import SERVER, SYSTEM, Stage, request_for

QA_SERVER = "SE2321000016-QAJOURNAL"


@pytest.fixture
def with_qa(stage: Stage) -> Stage:
    the_authority(Environment.QA)
    register(stage)
    return stage


def register(stage: Stage) -> None:
    lifecycle.register_function_object(
        hsa_id=QA_SERVER,
        kind=FunctionKind.SERVER,
        name="Journalsystemet, test",
        organization=stage.cast.norr,
        environment=Environment.QA,
        actor=SYSTEM,
        at=stage.at,
    )
    validate_names(hsa_id=QA_SERVER, names=("qa.journal.regionnorr.test",), actor=SYSTEM, at=stage.at)


def delivered(stage: Stage, hsa_id: str) -> Certificate:
    order = lifecycle.order_certificate(hsa_id=hsa_id, csr=request_for(), actor=stage.cast.bo, at=stage.at)
    stage.authority.issue_and_publish(at=stage.at)
    settled = lifecycle.settle_order(order_id=str(order.pk), actor=WORKER, at=stage.at)
    return get_certificate(settled.certificate_id)


def test_each_object_gets_its_own_environments_issuer(with_qa: Stage) -> None:
    """QA-2, QA-3."""
    of_qa, of_prod = delivered(with_qa, QA_SERVER), delivered(with_qa, SERVER)
    assert (of_qa.issuer_id, of_qa.environment) == ("qa_function", "QA")
    assert (of_prod.issuer_id, of_prod.environment) == ("function", "PROD")


def test_an_object_never_changes_its_environment(with_qa: Stage) -> None:
    """QA-3: registered again in the other environment it is refused, and stays what it is."""
    with pytest.raises(Refused) as refused:
        lifecycle.register_function_object(
            hsa_id=QA_SERVER,
            kind=FunctionKind.SERVER,
            name="Journalsystemet",
            organization=with_qa.cast.norr,
            actor=SYSTEM,
            at=with_qa.at,
        )
    assert refused.value.refusal.code == "environment_of_object_is_fixed"


def test_without_qas_ceremony_nothing_can_be_ordered_and_the_refusal_says_why(stage: Stage) -> None:
    register(stage)
    with pytest.raises(Refused) as refused:
        lifecycle.order_certificate(hsa_id=QA_SERVER, csr=request_for(), actor=stage.cast.bo, at=stage.at)
    assert refused.value.refusal.code == "qa_not_set_up"


def test_doris_sees_nothing_of_it(with_qa: Stage) -> None:
    with pytest.raises(FunctionObjectNotFound):
        lifecycle.order_certificate(
            hsa_id=QA_SERVER, csr=request_for(), actor=with_qa.cast.doris, at=with_qa.at
        )


@pytest.mark.urls("tests.functioncerts.urls")
def test_the_api_orders_it_and_says_which_environment(
    with_qa: Stage, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QA-2: test function certificates through the API, by those who may."""
    settings.MIDDLEWARE = []
    monkeypatch.setattr("functioncerts.api.WAIT_SECONDS", 0.0)
    token = create_token(
        hsa_id=with_qa.cast.bo.identifier, role="function_cert_orderer", actor=SYSTEM, at=with_qa.at
    )
    answer = client.post(
        "/api/v1/function-certificates/",
        json.dumps({"function_object": QA_SERVER, "csr": request_for().decode()}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token.text}"},
    )
    assert answer.status_code in {201, 202}, answer.content
    assert answer.json()["environment"] == "QA"
