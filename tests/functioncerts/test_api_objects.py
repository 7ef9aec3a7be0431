"""The API of objects, tags, renewal, receipts, decisions and answers: by scope of token and role (POR-10)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pytest_django import Settings

from directory.models import Role
from functioncerts import api
from functioncerts.lifecycle import settle_orders
from functioncerts.models import ApprovalPolicy, FunctionObject, FunctionOrder, NoticeAnswer, TokenScope
from functioncerts.receipts import VERSION
from functioncerts.states import FunctionObjectState, FunctionOrderState
from functioncerts.tokens import create_token
from tests.cast import actor_of
from tests.functioncerts.conftest import CLIENT, SERVER, SYSTEM, Stage, request_for
from tests.functioncerts.test_api import URL, bearer, post_order, token_of

pytestmark = pytest.mark.django_db
OBJECTS = "/api/v1/function-objects/"


@pytest.fixture(autouse=True)
def _only_the_api(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = "tests.functioncerts.urls"
    settings.MIDDLEWARE = []
    monkeypatch.setattr(api, "WAIT_SECONDS", 0.0)


@pytest.fixture
def token(stage: Stage) -> str:
    return token_of(stage, stage.cast.bo.identifier, Role.FUNCTION_CERT_ORDERER)


def put(token: str, place: str, body: object):  # noqa: ANN201 - Django's answer
    return bearer(token).put(place, body, content_type="application/json")


def post(token: str, place: str, body: object):  # noqa: ANN201 - Django's answer
    return bearer(token).post(place, body, content_type="application/json")


def delivered(stage: Stage, token: str, **more: object) -> FunctionOrder:
    placed = post_order(token, **more).json()
    stage.authority.issue_and_publish(at=stage.at)
    settle_orders(actor=SYSTEM, at=stage.at)
    return FunctionOrder.objects.get(pk=placed["id"])


def test_objects_are_listed_searched_read_and_tagged(stage: Stage, token: str) -> None:
    """POR-10."""
    order = delivered(stage, token)
    assert len(bearer(token).get(OBJECTS).json()["function_objects"]) == 3
    (found,) = bearer(token).get(f"{OBJECTS}?kind=server&q=journal").json()["function_objects"]
    assert (found["hsa_id"], found["certificates"]) == (SERVER, 1)
    assert order.not_after is not None
    assert found["first_ends"].startswith(f"{order.not_after:%Y-%m-%d}")
    answer = put(token, f"{OBJECTS}{SERVER}/tags", {"tags": ["drift", "norr "]})
    assert (answer.status_code, answer.json()["tags"]) == (200, ["drift", "norr"])
    one = bearer(token).get(f"{OBJECTS}{SERVER}/").json()
    assert (one["names"], one["tags"]) == (["journal.regionnorr.test"], ["drift", "norr"])
    assert len(bearer(token).get(f"{OBJECTS}?tag=drift").json()["function_objects"]) == 1
    refused = put(token, f"{OBJECTS}{SERVER}/tags", {"tags": ["<script>"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "tags_not_allowed")


def test_an_object_that_waits_for_validation_is_in_no_list(stage: Stage, token: str) -> None:
    """POR-10."""
    FunctionObject.objects.filter(hsa_id=CLIENT).update(state=FunctionObjectState.NOT_VALIDATED.value)
    listed = bearer(token).get(OBJECTS).json()["function_objects"]
    assert CLIENT not in {one["hsa_id"] for one in listed}
    assert bearer(token).get(f"{OBJECTS}{CLIENT}/").status_code == 404


def test_a_certificate_is_renewed_with_its_names_and_both_are_good(stage: Stage, token: str) -> None:
    old = delivered(stage, token)
    answer = post(token, f"{URL}{old.pk}/renewal", {"csr": request_for().decode()})
    assert answer.status_code == 202
    stage.authority.issue_and_publish(at=stage.at)
    settle_orders(actor=SYSTEM, at=stage.at)
    new = bearer(token).get(answer["Location"]).json()
    assert (new["replaces"], new["names"], new["state"]) == (str(old.pk), old.names, "DELIVERED")
    old.refresh_from_db()
    assert old.state == FunctionOrderState.DELIVERED.value


def test_nothing_is_received_before_the_receipt(stage: Stage) -> None:
    """FC-4: by a token whose holder accepted nothing ahead."""
    token = create_token(
        hsa_id=stage.cast.bo.identifier,
        role="function_cert_orderer",
        scopes=tuple(TokenScope),
        receipt=None,
        actor=SYSTEM,
        at=stage.at,
    ).text
    order = delivered(stage, token)
    place = f"{URL}{order.pk}/"
    assert "certificate" not in bearer(token).get(place).json()
    assert bearer(token).get(f"{place}certificate.pem").status_code == 404
    text = bearer(token).get("/api/v1/function-receipt/").json()
    assert "Jag kvitterar" in text["text"]
    assert post(token, f"{place}receipt", {"version": "1999-1"}).status_code == 400
    answer = post(token, f"{place}receipt", {"version": text["version"]}).json()
    assert answer["certificate"].startswith("-----BEGIN")
    with_it = delivered(stage, token, hsa_id=CLIENT, receipt=VERSION)
    assert "certificate" in bearer(token).get(f"{URL}{with_it.pk}/").json()
    assert with_it.receipt_accepted_by == stage.cast.bo.identifier
    assert post_order(token, receipt="1999-1").status_code == 400


def test_a_token_carries_the_receipt_of_who_made_it(stage: Stage, token: str) -> None:
    """FC-4: accepted once, for all that is ordered with it."""
    order = delivered(stage, token)
    assert (order.receipt_version, order.receipt_accepted_by) == (VERSION, SYSTEM.identifier)
    assert order.receipt_accepted_at == stage.at


def test_a_second_person_decides_and_notices_are_answered(stage: Stage, token: str) -> None:
    ApprovalPolicy.objects.create(
        organization=stage.cast.norr, kind="server", set_at=stage.at, set_by="SE2321000016-A009"
    )
    order = post_order(token).json()
    place = f"{URL}{order['id']}/"
    own = post(token, f"{place}decision", {"decision": "approve"})
    assert own.json()["code"] == "second_person_is_the_first"
    second = actor_of(stage.cast.asa, Role.FUNCTION_CERT_ORDERER)
    other = token_of(stage, second.identifier, Role.FUNCTION_CERT_ORDERER)
    assert post(other, f"{place}decision", {"decision": "approve"}).json()["state"] == "ORDERED"
    stage.authority.issue_and_publish(at=stage.at)
    settle_orders(actor=SYSTEM, at=stage.at)
    body = {"answer": "delegated", "delegate_to": second.identifier}
    assert post(token, f"{place}answer", body).status_code == 200
    assert NoticeAnswer.objects.get().delegated_to == second.identifier
    declined = post_order(token).json()["id"]
    answer = post(other, f"{URL}{declined}/decision", {"decision": "decline", "reason": "nej"})
    assert answer.json()["state"] == "DECLINED"


def test_a_certificate_is_sent_by_mail_and_its_fate_told(stage: Stage, token: str) -> None:
    """FC-5: once to each receiver; an auditor sees none of the addresses."""
    key = rsa.generate_private_key(65537, 2048)
    order = delivered(stage, token, csr=request_for(key).decode())
    place = f"{URL}{order.pk}/mails"
    nowhere = post(token, place, {})
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "nowhere_to_mail")
    FunctionObject.objects.filter(hsa_id=SERVER).update(mailbox="drift@regionnorr.test")
    first, second = post(token, place, {}), post(token, place, {})
    assert (first.status_code, first.json()["asked"], second.json()["asked"]) == (202, 1, 0)
    (mail,) = bearer(token).get(place).json()["mails"]
    assert (mail["address"], mail["sealing"], mail["fate"]) == (
        "drift@regionnorr.test",
        "certificate",
        "WAITING",
    )
    assert post(token, place, {"address": "another@evil.test"}).status_code == 400
    auditor = token_of(stage, stage.cast.cia.identifier, Role.AUDITOR)
    assert bearer(auditor).get(place).status_code == 403


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (TokenScope.READ, {"list", "objects", "mails"}),
        (TokenScope.ORDER, {"order", "renew"}),
        (TokenScope.REVOKE, {"revoke"}),
        (TokenScope.MANAGE, {"tags", "receipt", "mail"}),
        (TokenScope.APPROVE, {"decision"}),
    ],
)
def test_a_token_is_good_for_its_scope_alone(
    stage: Stage, token: str, scope: TokenScope, allowed: set[str]
) -> None:
    order = delivered(stage, token)
    narrow = create_token(
        hsa_id=stage.cast.bo.identifier,
        role="function_cert_orderer",
        scopes=[scope],
        actor=SYSTEM,
        at=stage.at,
    ).text
    answers = {
        "list": bearer(narrow).get(URL),
        "objects": bearer(narrow).get(OBJECTS),
        "mails": bearer(narrow).get(f"{URL}{order.pk}/mails"),
        "mail": post(narrow, f"{URL}{order.pk}/mails", {}),
        "order": post_order(narrow),
        "renew": post(narrow, f"{URL}{order.pk}/renewal", {"csr": request_for().decode()}),
        "tags": put(narrow, f"{OBJECTS}{SERVER}/tags", {"tags": []}),
        "receipt": post(narrow, f"{URL}{order.pk}/receipt", {"version": VERSION}),
        "revoke": post(narrow, f"{URL}{order.pk}/revoke", {"reason": "superseded"}),
        "decision": post(narrow, f"{URL}{order.pk}/decision", {"decision": "approve"}),
    }
    refused = {what for what, said in answers.items() if said.status_code == 403}
    assert refused == set(answers) - allowed
    assert {answers[what].json()["code"] for what in refused} == {"token_scope_missing"}


def test_doris_gets_nothing_at_any_of_them(stage: Stage, token: str) -> None:
    order = delivered(stage, token)
    doris = token_of(stage, stage.cast.doris.identifier, Role.ID_ADMINISTRATOR)
    assert bearer(doris).get(OBJECTS).status_code == 403
    for place, body in (
        (f"{URL}{order.pk}/renewal", {"csr": request_for().decode()}),
        (f"{URL}{order.pk}/receipt", {"version": VERSION}),
        (f"{URL}{order.pk}/decision", {"decision": "approve"}),
        (f"{URL}{order.pk}/answer", {"answer": "left"}),
        (f"{URL}{order.pk}/mails", {}),
    ):
        assert post(doris, place, body).status_code == 404
    assert put(doris, f"{OBJECTS}{SERVER}/tags", {"tags": ["x"]}).status_code == 404
    assert bearer(doris).get(f"{OBJECTS}{SERVER}/").status_code == 404
    assert bearer(doris).get(f"{URL}{order.pk}/mails").status_code == 404
