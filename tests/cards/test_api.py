"""The activation channel over HTTP, as the card client speaks it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client as Http
from pytest_django import Settings

from authn.evidence import (
    NO_TLS_SPKI,
    Question,
    b64,
    client_key_of,
    sign_request,
    to_be_signed,
    unb64,
)
from cards.admin_key import activation_key, factory_key
from cards.card_keys import KeyName
from cards.models import Activation, Card
from cards.states import ActivationState, CardState
from hsm_sim.challenge import response
from journal.models import Entry
from tests.scenarios import USER_CHALLENGE, Scene, a_scene, a_shipped_card, an_open_activation

pytestmark = pytest.mark.django_db
MASTER_KEY = b"the factory and we share this\n"


@pytest.fixture
def scene(db: None, settings: Settings, tmp_path: Path) -> Scene:
    settings.ROOT_URLCONF = "tests.cards.urls"
    settings.MIDDLEWARE = []
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(MASTER_KEY)
    # The channel reads the clock itself, so the scene plays now.
    return a_scene(at=datetime.now(UTC) - timedelta(days=8))


@pytest.fixture
def token(scene: Scene) -> str:
    card = a_shipped_card(scene)
    scene.at = datetime.now(UTC)
    return an_open_activation(scene, card).token


def call(
    scene: Scene, name: str, *, signed_by: ec.EllipticCurvePrivateKey | None = None, **body: object
) -> tuple[int, dict[str, object]]:
    path = f"/c/v1/activation/{name}"
    octets = json.dumps(body).encode()
    headers = {}
    if signed_by is not None:
        headers["Sigill-Signature"] = sign_request(signed_by, method="POST", path=path, body=octets)
    answer = Http().post(path, data=octets, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def claim(scene: Scene, token: str) -> dict[str, object]:
    status, answer = call(
        scene,
        "claim",
        token=token,
        clientKey=client_key_of(scene.client.key).as_jwk(),
        app="sigill-eid",
        version="1.0",
    )
    assert status == 200, answer
    return answer


def test_the_keys_to_make_are_those_that_the_hierarchy_takes(
    scene: Scene, token: str, settings: Settings
) -> None:
    """The client makes what it is told: under `rsa` the CA takes no P-256 key for a card."""
    settings.SIGILL_HIERARCHY = "rsa"
    assert [key["algorithm"] for key in claim(scene, token)["keys"]] == ["RSA-3072", "RSA-3072"]


def send_keys(scene: Scene, activation_id: object) -> dict[str, object]:
    rows = [{"name": name, "csr": b64(csr)} for name, csr in scene.client.requests().items()]
    status, answer = call(scene, "keys", signed_by=scene.client.key, activationId=activation_id, keys=rows)
    assert status == 200, answer
    return answer


def test_the_whole_channel(scene: Scene, token: str) -> None:
    """POR-4: the client handles certificates on the card for the portal."""
    claimed = claim(scene, token)
    card = Card.objects.get()
    assert claimed["state"] == "claimed"
    assert claimed["cardNumber"] == card.card_number
    assert claimed["holderName"] == "Åsa Lindqvist"
    assert claimed["organization"] == "Region Norr"
    assert [key["done"] for key in claimed["keys"]] == [False, False]
    assert [key["algorithm"] for key in claimed["keys"]] == ["P-256", "P-256"]
    assert not any("dminKey" in name for name in claimed)
    assert "19830830" in claimed["pinRules"]["forbidden"]
    activation_id = claimed["activationId"]

    assert send_keys(scene, activation_id)["state"] == "keys_made"
    status, answer = call(scene, "certificates", signed_by=scene.client.key, activationId=activation_id)
    assert (status, answer["state"]) == (200, "issuing")
    scene.authority.issue_and_publish(at=datetime.now(UTC))
    status, answer = call(scene, "certificates", signed_by=scene.client.key, activationId=activation_id)
    assert (status, answer["state"]) == (200, "issued")
    certificates = {row["name"]: unb64(row["certificate"]) for row in answer["certificates"]}
    assert all(len(row["chain"]) == 2 for row in answer["certificates"])
    _demand_chain(answer["certificates"][0])

    status, answer = call(
        scene,
        "written",
        signed_by=scene.client.key,
        activationId=activation_id,
        certificates=[
            {"name": name, "sha256": hashlib.sha256(der).hexdigest()} for name, der in certificates.items()
        ],
    )
    assert (status, answer["state"]) == (200, "written")
    question = Question.from_json(answer["receipt"])
    assert question.purpose == "authForSign"
    assert card.card_number in question.visible_text

    status, answer = _sign(scene, activation_id, question, certificates["hsa_authentication"])
    assert (status, answer["state"]) == (200, "active")
    assert Card.objects.get().state == CardState.ACTIVE
    status, answer = call(scene, "status", signed_by=scene.client.key, activationId=activation_id)
    assert (status, answer["state"]) == (200, "active")
    assert not any("dminKey" in name for name in answer)


def answer(scene: Scene, activation_id: object, challenge: bytes) -> tuple[int, dict[str, object]]:
    return call(
        scene, "answer", signed_by=scene.client.key, activationId=activation_id, challenge=challenge.hex()
    )


def test_no_call_tells_an_admin_key_and_the_journal_tells_whose_answered(scene: Scene, token: str) -> None:
    """Issue 6: the answer opens one card once; whoever carries it learns no key."""
    claimed = claim(scene, token)
    activation_id, number = claimed["activationId"], str(claimed["cardNumber"])
    status, opened = answer(scene, activation_id, bytes(16))
    old, new = factory_key(number), activation_key(number, str(activation_id))
    assert (status, opened["state"]) == (200, "claimed")
    assert opened["answer"] == response(old, number, bytes(16), renewed=new)
    assert answer(scene, activation_id, bytes(16))[1]["answer"] == opened["answer"]
    told = [
        claimed,
        opened,
        send_keys(scene, activation_id),
        call(scene, "status", signed_by=scene.client.key, activationId=activation_id)[1],
    ]
    entry = Entry.objects.get(type="key.card_challenge_answered")
    event = json.loads(entry.content)["event"]
    assert (event["activation_id"], event["key_of_act_id"], event["attempts"]) == (activation_id, "", 1)
    journal = "".join(Entry.objects.values_list("content", flat=True))
    assert not any(key in json.dumps(told) + journal for key in (old, new))


def test_a_card_left_from_activations_that_broke_off_is_opened_newest_key_first(
    scene: Scene, token: str
) -> None:
    first = claim(scene, token)
    answer(scene, first["activationId"], bytes(16))
    scene.client = scene.client.restarted()
    claim(scene, an_open_activation(scene, Card.objects.get()).token)  # it showed no challenge: no key of it
    scene.client = scene.client.restarted()
    third = claim(scene, an_open_activation(scene, Card.objects.get()).token)
    number, new = (
        str(third["cardNumber"]),
        activation_key(str(third["cardNumber"]), str(third["activationId"])),
    )
    keys = [activation_key(number, str(first["activationId"])), factory_key(number), new]
    for place in range(8):
        challenge = bytes([place]) * 16
        told = answer(scene, third["activationId"], challenge)[1]["answer"]
        assert told == response(keys[place % 3], number, challenge, renewed=new)
    status, refused = answer(scene, third["activationId"], bytes([9]) * 16)
    assert (status, refused["errorCode"]) == (409, "illegal_transition")
    ended = Activation.objects.get(pk=str(third["activationId"]))
    assert (ended.state, ended.abort_reason) == (ActivationState.ABORTED, "tooManyTries")


def test_a_card_in_use_is_not_opened_by_an_activation(scene: Scene, token: str) -> None:
    activation_id = str(claim(scene, token)["activationId"])
    Card.objects.update(state=CardState.ACTIVE.value, activated_at=scene.at)
    assert answer(scene, activation_id, bytes(16))[0] == 409
    assert not Entry.objects.filter(type="key.card_challenge_answered").exists()


def test_no_challenge_is_answered_once_the_card_has_made_its_keys(scene: Scene, token: str) -> None:
    activation_id = str(claim(scene, token)["activationId"])
    send_keys(scene, activation_id)
    status, refused = answer(scene, activation_id, bytes(16))
    assert (status, refused["errorCode"]) == (409, "illegal_transition")


@pytest.mark.parametrize("challenge", ["", "00", "G" * 32, "A" * 32])
def test_a_challenge_is_32_hexadecimal_digits(scene: Scene, token: str, challenge: str) -> None:
    activation_id = claim(scene, token)["activationId"]
    status, refused = call(
        scene, "answer", signed_by=scene.client.key, activationId=activation_id, challenge=challenge
    )
    assert (status, refused["errorCode"]) == (400, "call_invalid")


@pytest.mark.parametrize("name", ["answer", "keys", "certificates", "written", "receipt", "abort", "status"])
def test_every_call_after_the_claim_is_signed_by_the_client_that_claimed(
    scene: Scene, token: str, name: str
) -> None:
    activation_id = claim(scene, token)["activationId"]
    stranger = ec.generate_private_key(ec.SECP256R1())
    body = {"activationId": activation_id, "reason": "userCancel", "keys": [], "certificates": []}
    for signed_by in (None, stranger):
        status, answer = call(scene, name, signed_by=signed_by, **body)
        assert (status, answer["errorCode"]) == (401, "call_unsigned")
    assert Activation.objects.get().state == ActivationState.CLAIMED


def test_a_signature_for_one_call_opens_no_other(scene: Scene, token: str) -> None:
    activation_id = claim(scene, token)["activationId"]
    octets = json.dumps({"activationId": activation_id, "reason": "userCancel"}).encode()
    signature = sign_request(scene.client.key, method="POST", path="/c/v1/activation/status", body=octets)
    answer = Http().post(
        "/c/v1/activation/abort",
        data=octets,
        content_type="application/json",
        headers={"Sigill-Signature": signature},
    )
    assert answer.status_code == 401


def test_an_activation_that_nobody_claimed_answers_nobody(scene: Scene, token: str) -> None:
    activation = Activation.objects.get()
    status, answer = call(scene, "status", signed_by=scene.client.key, activationId=str(activation.pk))
    assert (status, answer["errorCode"]) == (404, "activation_not_found")


def test_a_token_is_taken_once(scene: Scene, token: str) -> None:
    claim(scene, token)
    status, answer = call(
        scene,
        "claim",
        token=token,
        clientKey=client_key_of(ec.generate_private_key(ec.SECP256R1())).as_jwk(),
        app="x",
        version="1",
    )
    assert (status, answer["errorCode"]) == (404, "token_invalid")


def test_an_abort_is_told_and_ends_it(scene: Scene, token: str) -> None:
    activation_id = claim(scene, token)["activationId"]
    status, answer = call(
        scene, "abort", signed_by=scene.client.key, activationId=activation_id, reason="wrongCard"
    )
    assert (status, answer["state"]) == (200, "aborted")
    status, answer = call(scene, "keys", signed_by=scene.client.key, activationId=activation_id, keys=[])
    assert (status, answer["errorCode"]) == (410, "activation_aborted")
    assert answer["details"] == {"reason": "wrongCard"}


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'"x"',
        b'{"token": 1}',
        b'{"token": "x", "clientKey": {}}',
        b"\xff",
        b"[" * 9000,
    ],
)
def test_a_malformed_claim_is_refused_and_nothing_breaks(scene: Scene, octets: bytes) -> None:
    answer = Http().post("/c/v1/activation/claim", data=octets, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "call_invalid"


@pytest.mark.parametrize(
    "change",
    [
        {"keys": "x"},
        {"keys": [1]},
        {"keys": [{"name": "hsa_authentication"}]},
        {"keys": [{"name": "hsa_authentication", "csr": "!"}]},
        {"keys": [{"name": "x" * 300, "csr": "AAAA"}]},
        {"keys": [{}] * 9},
        {"activationId": "x"},
        {"activationId": 7},
    ],
)
def test_malformed_keys_are_refused(scene: Scene, token: str, change: dict[str, object]) -> None:
    body = {"activationId": claim(scene, token)["activationId"], "keys": [], **change}
    status, _ = call(scene, "keys", signed_by=scene.client.key, **body)
    assert status in {400, 404}


def test_only_post_is_answered(scene: Scene) -> None:
    assert Http().get("/c/v1/activation/claim").status_code == 405


def test_a_body_beyond_the_limit_is_refused(scene: Scene) -> None:
    body = json.dumps({"token": "x" * 70_000}).encode()
    answer = Http().post("/c/v1/activation/claim", data=body, content_type="application/json")
    assert answer.status_code == 400


def _sign(
    scene: Scene, activation_id: object, question: Question, certificate_der: bytes
) -> tuple[int, dict[str, object]]:
    tbs = to_be_signed(
        question, user_challenge=USER_CHALLENGE, server_spki=NO_TLS_SPKI, certificate_der=certificate_der
    )
    signature = scene.client.chip[KeyName.HSA_AUTHENTICATION].sign(tbs, ec.ECDSA(hashes.SHA256()))
    return call(
        scene,
        "receipt",
        signed_by=scene.client.key,
        activationId=activation_id,
        certificate=b64(certificate_der),
        alg="ES256",
        signature=b64(signature),
        userChallenge=USER_CHALLENGE,
        spki=NO_TLS_SPKI,
    )


def _demand_chain(row: dict[str, object]) -> None:
    chain = [row["certificate"], *row["chain"]]
    parsed = [x509.load_der_x509_certificate(unb64(text)) for text in chain]
    for lower, upper in pairwise(parsed):
        lower.verify_directly_issued_by(upper)
