"""The API for programs: tokens, scope, problem+json, and the certificate in the answer."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from textwrap import wrap

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from directory.models import Employment, Role, RoleAssignment
from functioncerts import api
from functioncerts.lifecycle import settle_orders
from functioncerts.models import ApiToken, FunctionObject, FunctionOrder, TokenScope
from functioncerts.tokens import create_token, revoke_token
from journal.models import Entry
from portal import problems
from tests.cast import actor_of
from tests.functioncerts.conftest import CLIENT, SERVER, SYSTEM, Stage, request_for

pytestmark = pytest.mark.django_db
URL = "/api/v1/function-certificates/"


@pytest.fixture(autouse=True)
def _only_the_api(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = "tests.functioncerts.urls"
    settings.MIDDLEWARE = []
    monkeypatch.setattr(api, "WAIT_SECONDS", 0.0)


@pytest.fixture
def token(stage: Stage) -> str:
    return token_of(stage, stage.cast.bo.identifier, Role.FUNCTION_CERT_ORDERER)


def token_of(stage: Stage, hsa_id: str, role: Role) -> str:
    every = tuple(TokenScope)
    return create_token(hsa_id=hsa_id, role=role.value, scopes=every, actor=SYSTEM, at=stage.at).text


def bearer(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


def post_order(token: str, *, hsa_id: str = SERVER, key: str = "", **more: object):  # noqa: ANN201 - Django's answer
    body = {"function_object": hsa_id, "csr": request_for().decode(), **more}
    headers = {"Idempotency-Key": key} if key else {}
    return bearer(token).post(URL, body, content_type="application/json", headers=headers)


def test_an_order_is_accepted_then_read_with_its_certificate_and_revoked(stage: Stage, token: str) -> None:
    """FC-2."""
    answer = post_order(token)
    assert answer.status_code == 202
    where = answer["Location"]
    assert where == f"{URL}{answer.json()['id']}/"
    stage.authority.issue_and_publish(at=stage.at)
    call_settle(stage)
    read = bearer(token).get(where).json()
    assert read["state"] == "DELIVERED"
    certificate = x509.load_pem_x509_certificate(read["certificate"].encode())
    chain = x509.load_pem_x509_certificates(read["chain"].encode())
    certificate.verify_directly_issued_by(chain[0])
    chain[0].verify_directly_issued_by(chain[1])
    assert int(read["serial_number"], 16) == certificate.serial_number
    pem = bearer(token).get(f"{where}certificate.pem")
    assert pem["Content-Type"] == "application/x-pem-file"
    assert x509.load_pem_x509_certificates(pem.content)[0] == certificate
    for too_early in ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00", "1900-01-01T00:00:00Z"):
        early = bearer(token).post(
            f"{where}revoke",
            {"reason": "superseded", "requested_at": too_early},
            content_type="application/json",
        )
        assert early.status_code in {400, 422}, early.content
        assert early.json()["code"] in {"request_invalid", "requested_before_certificate"}
    revoked = bearer(token).post(f"{where}revoke", {"reason": "superseded"}, content_type="application/json")
    assert (revoked.status_code, revoked.json()["state"]) == (200, "REVOKED")
    again = bearer(token).post(f"{where}revoke", {"reason": "superseded"}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "already_revoked")


def call_settle(stage: Stage) -> None:
    settle_orders(actor=SYSTEM, at=stage.at)


@pytest.mark.django_db(transaction=True)
def test_the_certificate_is_in_the_answer_when_the_worker_is_quick(
    transactional_db: None, stage: Stage, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "WAIT_SECONDS", 60.0)
    with working(stage):
        answer = post_order(token)
    assert answer.status_code == 201
    assert "BEGIN CERTIFICATE" in answer.json()["certificate"]


@contextmanager
def working(stage: Stage) -> Iterator[None]:
    """Issue and publish beside the request, as the worker does."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.05):
            stage.authority.issue_and_publish(at=stage.at)
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        done.set()
        worker.join(60)


def test_orders_are_listed_a_page_at_a_time_and_by_state(stage: Stage, token: str) -> None:
    for _ in range(3):
        post_order(token)
    listed = bearer(token).get(URL).json()
    assert len(listed["orders"]) == 3
    assert listed["after"] == ""
    assert "certificate" not in listed["orders"][0]
    assert bearer(token).get(f"{URL}?state=REVOKED").json()["orders"] == []


def test_findings_are_in_the_answer(stage: Stage, token: str) -> None:
    body = {"function_object": SERVER, "csr": request_for(names=("evil.test",)).decode()}
    answer = bearer(token).post(URL, body, content_type="application/json").json()
    assert answer["findings"] == [{"code": "names_ignored", "facts": {"names": "evil.test"}}]
    assert answer["names"] == ["journal.regionnorr.test"]


def test_an_idempotency_key_makes_a_retry_harmless(stage: Stage, token: str) -> None:
    body = {"function_object": SERVER, "csr": request_for().decode()}
    answers = [
        bearer(token).post(URL, body, content_type="application/json", headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    other = post_order(token, key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_an_idempotency_key_stands_for_the_names_too(stage: Stage, token: str) -> None:
    body = {"function_object": SERVER, "csr": request_for().decode(), "names": ["a.journal.regionnorr.test"]}

    def send() -> tuple[int, dict[str, object]]:
        answer = bearer(token).post(
            URL, body, content_type="application/json", headers={"Idempotency-Key": "k2"}
        )
        return answer.status_code, answer.json()

    first = send()[1]["id"]
    assert send()[1]["id"] == first
    body["names"] = ["b.journal.regionnorr.test"]
    status, problem = send()
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    assert FunctionOrder.objects.count() == 1


def test_an_idempotency_key_is_never_cut(stage: Stage, token: str) -> None:
    assert post_order(token, key="k" * 64).status_code == 202
    longer = post_order(token, key="k" * 64 + "x")
    assert (longer.status_code, longer.json()["code"]) == (400, "request_invalid")
    assert list(longer.json()["errors"]) == ["Idempotency-Key"]
    assert FunctionOrder.objects.count() == 1


# --- who gets in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer sigill_" + "x" * 43])
def test_without_a_good_token_nothing_is_answered(stage: Stage, header: str) -> None:
    client = Client(headers={"Authorization": header} if header else {})
    for answer in (client.get(URL), client.post(URL, {}, content_type="application/json")):
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "unauthenticated"


def test_a_token_dies_when_it_is_revoked_expires_or_the_role_ends(stage: Stage, token: str) -> None:
    assert bearer(token).get(URL).status_code == 200
    RoleAssignment.objects.filter(role=Role.FUNCTION_CERT_ORDERER.value).update(valid_to=stage.at)
    assert bearer(token).get(URL).status_code == 401
    RoleAssignment.objects.update(valid_to=None)
    assert bearer(token).get(URL).status_code == 200
    row = ApiToken.objects.get()
    revoke_token(api_token_id=str(row.pk), actor=SYSTEM, at=stage.at)
    revoke_token(api_token_id=str(row.pk), actor=SYSTEM, at=stage.at)
    assert bearer(token).get(URL).status_code == 401
    assert Entry.objects.filter(type="api_token.revoked").count() == 1


def test_the_token_is_kept_as_a_digest(stage: Stage, token: str) -> None:
    """F24."""
    assert token not in str(ApiToken.objects.values().get())
    assert token not in "".join(Entry.objects.values_list("content", flat=True))


def test_a_strangers_token_sees_and_does_nothing_of_region_norr(stage: Stage, token: str) -> None:
    """F16: an orderer of another organization, and Doris, on every endpoint."""
    placed = post_order(token).json()["id"]
    stage.authority.issue_and_publish(at=stage.at)
    call_settle(stage)
    doris = stage.cast.doris.identifier
    actor_of(Employment.objects.get(hsa_id=doris), Role.FUNCTION_CERT_ORDERER)
    strangers = [
        token_of(stage, doris, Role.FUNCTION_CERT_ORDERER),
        token_of(stage, doris, Role.ID_ADMINISTRATOR),
    ]
    for stranger in strangers:
        client = bearer(stranger)
        assert client.get(URL).json()["orders"] == []
        refused = post_order(stranger)
        assert (refused.status_code, refused.json()["code"]) == (404, "function_object_not_found")
        for answer in (
            client.get(f"{URL}{placed}/"),
            client.get(f"{URL}{placed}/certificate.pem"),
            client.post(f"{URL}{placed}/revoke", {"reason": "superseded"}, content_type="application/json"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "function_order_not_found")
    assert FunctionOrder.objects.get().state == "DELIVERED"


def test_an_auditors_token_reads_and_is_told_why_it_orders_nothing(stage: Stage, token: str) -> None:
    post_order(token)
    auditor = token_of(stage, stage.cast.cia.identifier, Role.AUDITOR)
    assert len(bearer(auditor).get(URL).json()["orders"]) == 1
    refused = post_order(auditor)
    assert refused.status_code == 403
    problem = refused.json()
    assert (problem["code"], problem["status"], problem["facts"]["fixer"]) == (
        "role_missing",
        403,
        "issuance_manager",
    )
    assert problem["type"] == "urn:sigill:problem:role_missing"


# --- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"function_object": SERVER}, 400),
        ({"function_object": SERVER, "csr": "x" * 20_000}, 400),
        ({"function_object": SERVER, "csr": "x"}, 422),
        ({"function_object": "SE2321000016-NOPE", "csr": "x"}, 404),
        ({"function_object": SERVER, "csr": "x", "names": "journal.regionnorr.test"}, 400),
        ({"function_object": SERVER, "csr": "x", "names": ["a"] * 21}, 400),
        ({"function_object": SERVER, "csr": "x", "names": []}, 400),
    ],
)
def test_a_body_that_is_not_right_is_a_problem(
    stage: Stage, token: str, body: dict[str, object], status: int
) -> None:
    answer = bearer(token).post(URL, body, content_type="application/json")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_a_field_that_nobody_knows_is_named_and_nothing_is_ordered(stage: Stage, token: str) -> None:
    answer = post_order(token, dns_names=["evil.test"])
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["dns_names"])
    assert not FunctionOrder.objects.exists()
    placed = post_order(token).json()["id"]
    body = {"reason": "superseded", "invalidity_date": "2026-01-01"}
    answer = bearer(token).post(f"{URL}{placed}/revoke", body, content_type="application/json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["invalidity_date"])


def _with_its_point_moved(csr: str) -> str:
    """Return the request with a point that is not on P-256."""
    request = x509.load_pem_x509_csr(csr.encode())
    point = request.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    moved = point[:-1] + bytes([point[-1] ^ 1])
    lines = wrap(b64encode(request.public_bytes(Encoding.DER).replace(point, moved)).decode(), 64)
    return "\n".join(["-----BEGIN CERTIFICATE REQUEST-----", *lines, "-----END CERTIFICATE REQUEST-----"])


def test_a_refused_request_tells_the_rule_and_who_can_mend_it(stage: Stage, token: str) -> None:
    good = request_for().decode()
    tampered = good[:-60] + ("B" if good[-60] != "B" else "C") + good[-59:]
    cases = [
        ("x", {"check": "csr_refused", "reason": "malformed"}, "not a PKCS#10 request"),
        (tampered, {"check": "csr_refused", "reason": "proof"}, "not made by the key"),
        (
            request_for(rsa.generate_private_key(65537, 1024)).decode(),  # noqa: S505 - the point of the test
            {"check": "key_refused", "weakness": "size"},
            "an RSA key of 1024 bits",
        ),
        (request_for(ec.generate_private_key(ec.SECP192R1())).decode(), {"weakness": "curve"}, "secp192r1"),
    ]
    cases.append((_with_its_point_moved(good), {"check": "csr_refused", "reason": "key"}, "not a key"))
    told = set()
    for csr, facts, sentence in cases:
        body = {"function_object": SERVER, "csr": csr}
        answer = bearer(token).post(URL, body, content_type="application/json")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "certificate_request_invalid")
        assert problem["facts"].items() >= {**facts, "fixer": "you"}.items()
        assert sentence in problem["detail"]
        told.add(problems.of_code(problem["code"], facts=problem["facts"]).text)
    assert len(told) == len(cases), "each fault has its own words"


@pytest.mark.parametrize("octets", [b"", b"[", b"\xff", b"[]", b"7"])
def test_octets_that_are_no_json_object_are_a_problem(stage: Stage, token: str, octets: bytes) -> None:
    answer = bearer(token).post(URL, octets, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_another_content_type_or_method_is_a_problem(stage: Stage, token: str) -> None:
    assert bearer(token).post(URL, b"x", content_type="text/plain").status_code == 415
    assert bearer(token).delete(URL).status_code == 405
    assert bearer(token).put(URL, {}, content_type="application/json").status_code == 405


def test_a_name_outside_is_told_with_name_and_who_can_help(stage: Stage, token: str) -> None:
    answer = post_order(token, names=["evil.test"])
    assert answer.status_code == 422
    assert answer.json()["facts"] == {
        "name": "evil.test",
        "validated": "journal.regionnorr.test",
        "fixer": "validation_specialist",
    }


@pytest.mark.parametrize(
    "body", [{}, {"reason": "certificateHold"}, {"reason": "superseded", "requested_at": "x"}]
)
def test_a_revocation_that_is_not_right_is_a_problem(stage: Stage, token: str, body: dict[str, str]) -> None:
    placed = post_order(token).json()["id"]
    answer = bearer(token).post(f"{URL}{placed}/revoke", body, content_type="application/json")
    assert answer.status_code == 400


def test_before_delivery_there_is_no_file_and_nothing_to_revoke(stage: Stage, token: str) -> None:
    placed = post_order(token, hsa_id=CLIENT).json()["id"]
    assert bearer(token).get(f"{URL}{placed}/certificate.pem").status_code == 404
    answer = bearer(token).post(
        f"{URL}{placed}/revoke", {"reason": "superseded"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "certificate_not_delivered")


# --- the commands --------------------------------------------------------------------------------------


def test_the_command_makes_a_token_that_works_and_refuses_a_role_not_held(stage: Stage) -> None:
    out = StringIO()
    call_command(
        "create_api_token",
        "--hsa-id",
        stage.cast.bo.identifier,
        "--role",
        "FUNCTION_CERT_ORDERER",
        "--only-token",
        stdout=out,
    )
    assert bearer(out.getvalue().strip()).get(URL).status_code == 200
    with pytest.raises(CommandError):
        call_command("create_api_token", "--hsa-id", stage.cast.bo.identifier, "--role", "auditor")
    with pytest.raises(CommandError):
        call_command("create_api_token", "--hsa-id", "SE1-NOBODY", "--role", "auditor")


def test_the_demo_function_objects_are_seeded_once(stage: Stage) -> None:
    before = FunctionObject.objects.count()
    for _ in range(2):
        call_command("seed_function_objects", stdout=StringIO())
    assert FunctionObject.objects.count() == before + 3  # two of the five are the stage's own


def test_the_openapi_document_describes_every_endpoint(stage: Stage) -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)
    assert set(document["paths"]) == {
        "/api/v1/function-certificates/",
        "/api/v1/function-certificates/{order_id}/",
        "/api/v1/function-certificates/{order_id}/certificate.pem",
        "/api/v1/function-certificates/{order_id}/revoke",
        "/api/v1/function-certificates/{order_id}/renewal",
        "/api/v1/function-certificates/{order_id}/receipt",
        "/api/v1/function-certificates/{order_id}/decision",
        "/api/v1/function-certificates/{order_id}/answer",
        "/api/v1/function-certificates/{order_id}/mails",
        "/api/v1/function-receipt/",
        "/api/v1/function-objects/",
        "/api/v1/function-objects/{hsa_id}/",
        "/api/v1/function-objects/{hsa_id}/tags",
    }
    assert document["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}


@pytest.mark.parametrize(
    "after",
    ["0001-01-01T00:00:00%2B23:59~x", "9999-12-31T23:59:59-23:59~x", "9999-12-31T23:59:59Z~x", "x~"],
)
def test_a_crafted_cursor_breaks_nothing(stage: Stage, token: str, after: str) -> None:
    assert bearer(token).get(f"{URL}?after={after}").status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=revoked", "state"), ("sate=REVOKED", "sate"), ("after=%00~", "after")],
)
def test_what_a_list_is_asked_with_is_read_exactly(stage: Stage, token: str, query: str, field: str) -> None:
    """A program that misspells a filter would else be given every order, and act on them."""
    post_order(token)
    answer = bearer(token).get(f"{URL}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("body", ["[" * 5000, '{"a":' * 5000, "\x00", "[", "1"])
def test_a_crafted_body_is_refused(stage: Stage, token: str, body: str) -> None:
    answer = bearer(token).post(URL, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
