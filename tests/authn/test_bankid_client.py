"""A BankID client library, as it is, logs somebody in by their card: the façade has BankID's shape."""

from urllib.parse import quote

import httpx
import pytest
from bankid import BankIDClient
from bankid.exceptions import InvalidParametersError, NotFoundError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client
from pytest_django import Settings

from authn.evidence import unb64
from authn.hints import FailureHint, PendingHint
from authn.rp_bankid import FAILED, PENDING
from tests.authn.pki import NUMBER, Holder
from tests.authn.robot import Robot, fresh_frame
from tests.authn.test_rp_api import Caller, caller

__all__ = ["caller"]


def _served_here(request: httpx.Request) -> httpx.Response:
    """Answer the library's request by this process: the wire between them is all that is left out."""
    answer = Client().post(
        request.url.path, request.content, content_type="application/json", headers=dict(request.headers)
    )
    return httpx.Response(answer.status_code, content=answer.content, headers=dict(answer.headers))


@pytest.fixture
def bankid(caller: Caller, settings: Settings) -> BankIDClient:
    """Return the library's client; only its connection is ours, with nginx's two headers."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.MIDDLEWARE = []
    client = BankIDClient.__new__(BankIDClient)
    original, httpx.Client = httpx.Client, lambda **_: None  # it opens its own files of keys otherwise
    try:
        BankIDClient.__init__(client, certificates=("", ""))
    finally:
        httpx.Client = original
    pem = x509.load_der_x509_certificate(caller.der).public_bytes(Encoding.PEM)
    client.client = httpx.Client(
        transport=httpx.MockTransport(_served_here),
        headers={
            "Content-Type": "application/json",
            "X-Client-Verify": "SUCCESS",
            "X-Client-Cert": quote(pem),
        },
    )
    return client


def test_the_library_authenticates_a_card_holder(bankid: BankIDClient, caller: Caller) -> None:
    """AUT-10: start, scan, sign, collect once; hint codes in BankID's words."""
    order = bankid.authenticate(end_user_ip="127.0.0.1")
    reference = order["orderRef"]
    assert bankid.collect(reference)["hintCode"] == "outstandingTransaction"
    robot = Robot()
    frame = fresh_frame(order["orderRef"], order["qrStartToken"], unb64(order["qrStartSecret"]))
    assert robot.claim(frame, member="qr")[0] == 200
    assert robot.claimed["visible"] == {"text": "Logga in i Journalen", "lang": "sv"}
    assert bankid.collect(reference)["hintCode"] == "started"
    assert robot.respond(caller.pki.holder(Holder()))[0] == 200
    done = bankid.collect(reference)
    assert done["status"] == "complete"
    assert done["completionData"]["user"]["personalNumber"] == NUMBER
    assert done["completionData"]["user"]["name"] == "Åsa Test"
    with pytest.raises((NotFoundError, InvalidParametersError)):
        bankid.collect(reference)


def test_the_library_shows_a_text_and_is_told_of_a_cancel(bankid: BankIDClient) -> None:
    order = bankid.sign(end_user_ip="127.0.0.1", user_visible_data="Jag godkänner läkemedelslistan")
    robot = Robot()
    frame = fresh_frame(order["orderRef"], order["qrStartToken"], unb64(order["qrStartSecret"]))
    assert robot.claim(frame, member="qr")[0] == 200
    assert robot.claimed["purpose"] == "sign"
    assert robot.claimed["visible"] == {"text": "Jag godkänner läkemedelslistan", "lang": "sv"}
    robot.abort("userCancel")
    assert bankid.collect(order["orderRef"])["hintCode"] == "userCancel"
    other = bankid.authenticate(end_user_ip="127.0.0.1")
    assert bankid.cancel(other["orderRef"])
    assert bankid.collect(other["orderRef"])["hintCode"] == "cancelled"


def test_the_librarys_own_errors_are_raised(bankid: BankIDClient) -> None:
    with pytest.raises(InvalidParametersError):
        bankid.authenticate(end_user_ip="127.0.0.1", user_visible_data="a\u202eb")
    with pytest.raises((NotFoundError, InvalidParametersError)):
        bankid.collect("not-an-order")


def test_every_hint_has_a_word_of_bankids() -> None:
    assert set(PENDING) == set(PendingHint)
    known = {
        "expiredTransaction", "startFailed", "userCancel", "cancelled", "userDeclinedCall", "certificateErr",
        "transactionRiskBlocked",
    }  # fmt: skip
    assert set(FAILED.values()) <= known
    assert set(FAILED) <= set(FailureHint)
