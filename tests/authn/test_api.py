"""The client API answers everything, garbage too, with JSON, a code of its own and never 500."""

import json
import uuid

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authn import evidence
from authn.evidence import SIGNATURE_HEADER
from tests.authn.conftest import Service
from tests.authn.pki import Holder, Pki
from tests.authn.robot import Robot

CALLS = ["/c/v1/claim", "/c/v1/respond", "/c/v1/abort"]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)
MEMBERS = ["token", "clientKey", "app", "version", "orderId", "certificate", "alg", "signature", "spki"]
LIMITED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def post(path: str, body: bytes, content_type: str = "application/json", **headers: str) -> tuple[int, str]:
    response = Client().post(path, body, content_type=content_type, headers=headers)
    answer = response.json()
    assert set(answer) == {"errorCode", "details"}
    assert response.headers["Cache-Control"]
    return response.status_code, answer["errorCode"]


def test_hello_tells_versions_pins_and_time(service: Service) -> None:
    """APP-6."""
    answer = Client().get("/c/v1/hello").json()
    assert set(answer) == {"minVersion", "latest", "systems", "spkiPins", "serverTime"}
    assert answer["spkiPins"] == [evidence.NO_TLS_SPKI]


@LIMITED
@given(path=st.sampled_from(CALLS), body=st.binary(max_size=300))
def test_octets_that_are_not_json_are_refused(service: Service, path: str, body: bytes) -> None:
    status, code = post(path, body)
    expected = (400, "invalidParameters") if body else (415, "unsupportedMediaType")
    assert (status, code) == expected


@LIMITED
@given(path=st.sampled_from(CALLS), body=ANY_JSON)
def test_any_json_is_refused_and_never_an_error_of_ours(service: Service, path: str, body: object) -> None:
    assert post(path, json.dumps(body).encode())[0] in {400, 401, 404, 429}


@LIMITED
@given(
    path=st.sampled_from(CALLS),
    body=st.dictionaries(st.sampled_from(MEMBERS), ANY_JSON),
    signature=st.text(max_size=80),
)
def test_the_right_members_with_wrong_values_are_refused(
    service: Service, path: str, body: dict[str, object], signature: str
) -> None:
    headers = {
        SIGNATURE_HEADER: signature.encode("ascii", "ignore").decode().replace("\n", "").replace("\r", "")
    }
    assert post(path, json.dumps(body).encode(), **headers)[0] in {400, 401, 404, 429}


@LIMITED
@given(name=st.sampled_from(["certificate", "alg", "signature", "userChallenge", "spki"]), value=ANY_JSON)
def test_a_signed_answer_with_one_wrong_member_is_refused(
    service: Service, pki: Pki, name: str, value: object
) -> None:
    robot = Robot()
    service.row.orders_per_minute = 100_000
    service.row.save()
    started = service.start(end_user_address=f"192.0.2.{uuid.uuid4().int % 250}")
    robot.http = Client(REMOTE_ADDR=f"10.0.{uuid.uuid4().int % 250}.{uuid.uuid4().int % 250}")
    assert robot.claim(started.autostart_token)[0] == 200
    answer = robot.answer(pki.holder(Holder())) | {name: value}
    assert robot.call("/c/v1/respond", answer)[0] == 400


@pytest.mark.parametrize(
    ("path", "body", "content_type", "expected"),
    [
        ("/c/v1/claim", b"{}", "text/plain", (415, "unsupportedMediaType")),
        ("/c/v1/claim", b"[" * 60_000, "application/json", (400, "invalidParameters")),
        ("/c/v1/claim", b'"' + b"x" * 70_000 + b'"', "application/json", (400, "invalidParameters")),
        ("/c/v1/claim", b'{"token": "\\ud800"}', "application/json", (400, "invalidParameters")),
        ("/c/v1/claim", b'{"token": "\\u0000"}', "application/json", (400, "invalidParameters")),
        ("/c/v1/claim", b"9" * 5000, "application/json", (400, "invalidParameters")),
        ("/c/v1/claim", b"NaN", "application/json", (400, "invalidParameters")),
    ],
)
def test_a_body_that_is_no_small_json_object_is_refused(
    service: Service, path: str, body: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    assert post(path, body, content_type) == expected


def test_other_methods_are_refused(service: Service) -> None:
    for path in CALLS:
        assert Client().get(path).status_code == 405
    assert Client().post("/c/v1/hello").status_code == 405


@pytest.mark.parametrize("version", ["", "x", "1.", "1.0.0.0.0", "9999999", "1.-1", "\uff11"])
def test_a_version_is_numbers_with_dots(service: Service, version: str) -> None:
    started = service.start()
    assert Robot(version=version).claim(started.autostart_token)[0] == 400
    assert Robot().claim(started.autostart_token)[0] == 200


def test_an_unknown_order_and_an_unclaimed_one_look_the_same(service: Service) -> None:
    started, robot = service.start(), Robot()
    for order_id in (started.order_ref, str(uuid.uuid4())):
        robot.claimed = {"orderId": order_id}
        assert robot.abort("userCancel") == (404, {"errorCode": "notFound", "details": "Not Found"})
