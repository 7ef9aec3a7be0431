"""Every problem that ACME tells of: what is asked wrongly is refused by its own type, and nothing is done."""

import hashlib
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import OperationalError
from django.http import HttpResponse
from pytest_django import Settings

from functioncerts.acme import accounts, edge, nonces
from functioncerts.acme.external_keys import (
    create_external_key,
    fresh_id,
    hmac_key_text,
    revoke_external_key,
)
from functioncerts.acme.models import Account, AcmeOrder, Authorization, ExternalAccountKey, SpentNonce
from functioncerts.errors import FunctionObjectNotFound, Refused
from functioncerts.models import FunctionObject, FunctionOrder
from tests.functioncerts.acme.conftest import NAME, Acme, aged, csr, probes_of
from tests.functioncerts.acme.program import (
    BASE,
    Program,
    algorithm_of,
    b64,
    binding,
    dns,
    jwk_of,
    jws,
    problem,
)
from tests.functioncerts.conftest import CLIENT, MAILBOX, SERVER, SYSTEM

pytestmark = pytest.mark.django_db


def refused(answer: HttpResponse, kind: str, status: int) -> dict[str, Any]:
    assert (problem(answer), answer.status_code) == (kind, status), answer.content
    assert answer["Replay-Nonce"]
    told: dict[str, Any] = json.loads(answer.content)
    return told


# --- The envelope -------------------------------------------------------------------------------------


def test_an_envelope_that_is_no_flattened_jws_is_malformed(acme: Acme) -> None:
    program = acme.program
    good = jws(program.key, {"alg": "ES256"}, {})
    header = b64(json.dumps({"alg": "ES256"}).encode())
    for body in (
        b"[]", b"{", b"\xff", b"1", b"[" * 5000,
        {**good, "header": {}}, {"payload": "", "signature": ""}, {**good, "protected": "e30="},
        {**good, "protected": "!"}, {**good, "payload": 7}, {**good, "signature": "A"},
        {**good, "protected": b64(b"[]")}, {**good, "protected": b64(b'{"alg":"ES256","alg":"ES256"}')},
        {"payload": good["payload"], "signatures": [{"protected": header, "signature": ""}]},
        jws(program.key, {"alg": "ES256", "crit": ["exp"]}, {}),
        jws(program.key, {"alg": "ES256", "b64": False}, {}),
        {**good, "payload": "QQ", "signature": "QR"},
    ):  # fmt: skip
        refused(program.send("new-order", body), "malformed", 400)
    refused(program.send("new-order", good, "application/json"), "malformed", 415)
    refused(program.send("new-order", b"{" + b" " * 70_000), "malformed", 413)


def test_a_resource_that_is_asked_by_another_method_says_which(acme: Acme) -> None:
    for place, methods in (("new-order", "POST"), ("directory", "GET, HEAD")):
        ask = acme.program.client.get if methods == "POST" else acme.program.client.post
        answer = ask(f"/acme/{place}")
        refused(answer, "malformed", 405)
        assert answer["Allow"] == methods


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS1", "PS256", "", 7, None, ["ES256"]])
def test_only_signatures_of_the_named_algorithms_are_taken(acme: Acme, algorithm: object) -> None:
    told = refused(acme.program.post("new-order", {}, alg=algorithm), "badSignatureAlgorithm", 400)
    assert told["algorithms"] == ["ES256", "ES384", "ES512", "RS256", "EdDSA"]


def test_a_key_signs_by_its_own_algorithm_alone(acme: Acme) -> None:
    refused(acme.program.post("new-order", {}, alg="RS256"), "badSignatureAlgorithm", 400)


def test_a_request_is_for_its_url_alone(acme: Acme) -> None:
    for url in (f"{BASE}/new-account", "http://evil.test/acme/new-order", f"{BASE}/new-order/"):
        refused(acme.program.post("new-order", {}, url=url), "unauthorized", 403)
    refused(acme.program.post("new-order", {}, url=None), "malformed", 400)


def test_a_key_is_named_once_and_in_the_way_of_the_resource(acme: Acme) -> None:
    program, jwk = acme.program, jwk_of(acme.program.key)
    refused(program.post("new-order", {}, jwk=jwk), "malformed", 400)
    refused(program.post("new-order", {}, kid=None), "malformed", 400)
    refused(program.post("new-order", {}, kid=None, jwk=jwk), "malformed", 400)
    refused(program.post("new-account", {}), "malformed", 400)
    for kid in ("", 7):
        refused(program.post("new-order", {}, kid=kid), "malformed", 400)
    for kid in ("x", f"{BASE}/account/", program.account + "0", program.account.upper(), f"{BASE}/order/1"):
        refused(program.post("new-order", {}, kid=kid), "accountDoesNotExist", 400)


def test_a_signature_by_another_key_is_refused(acme: Acme) -> None:
    """The wrong account key."""
    other = ec.generate_private_key(ec.SECP256R1())
    refused(acme.program.post("new-order", {"identifiers": [dns(NAME)]}, key=other), "malformed", 400)
    body = jws(
        acme.program.key,
        {
            "alg": "ES256",
            "nonce": acme.program.fresh(),
            "url": f"{BASE}/new-order",
            "kid": acme.program.account,
        },
        {"identifiers": [dns(NAME)]},
    )
    for signature in ("", b64(b"\0" * 64), b64(b"\0" * 63), body["signature"][:-4]):
        refused(acme.program.send("new-order", {**body, "signature": signature}), "malformed", 400)
    assert not AcmeOrder.objects.exists()
    assert acme.program.send("new-order", body).status_code == 201


# --- Nonces -------------------------------------------------------------------------------------------


def test_a_nonce_is_good_once(acme: Acme) -> None:
    program = acme.program
    used = program.fresh()
    assert program.post("new-order", {"identifiers": [dns(NAME)]}, nonce=used).status_code == 201
    for nonce in (used, "", "A", "!", "A" * 51, used[:-1] + ("A" if used[-1] != "A" else "B")):
        answer = program.post("new-order", {"identifiers": [dns(f"a.{NAME}")]}, nonce=nonce)
        refused(answer, "badNonce", 400)
        # The answer holds a fresh one, with which the same request goes through.
        assert program.post(program.account, nonce=answer["Replay-Nonce"]).status_code == 200
    refused(program.post("new-order", {}, nonce=None), "badNonce", 400)
    assert AcmeOrder.objects.count() == 1


def test_a_nonce_is_too_old_after_an_hour_and_forgotten_only_then() -> None:
    at = datetime.now(UTC)
    nonce = nonces.fresh_nonce(at=at)
    with pytest.raises(Exception, match="too old"):
        nonces.spend(nonce, at=at + nonces.LIFETIME)
    nonces.spend(nonce, at=at)
    assert nonces.forget_spent(at=at + nonces.LIFETIME) == 0
    with pytest.raises(Exception, match="used before"):
        nonces.spend(nonce, at=at + timedelta(minutes=59))
    assert nonces.forget_spent(at=at + timedelta(hours=2)) == 1


def test_what_is_not_signed_rightly_costs_no_row(acme: Acme) -> None:
    before = SpentNonce.objects.count()
    other = ec.generate_private_key(ec.SECP256R1())
    for _ in range(3):
        refused(acme.program.post("new-order", {}, key=other), "malformed", 400)
    assert SpentNonce.objects.count() == before


# --- Accounts -----------------------------------------------------------------------------------------


def test_an_account_takes_a_binding_to_a_function_object(acme: Acme) -> None:
    made, program = acme.key_for(), Program()
    told = {"termsOfServiceAgreed": True}
    refused(program.post("new-account", told), "externalAccountRequired", 403)
    wrong: list[tuple[object, str, int]] = [
        ("x", "malformed", 400),
        (binding(made.key_id, made.hmac_key, program.key, alg="ES256"), "badSignatureAlgorithm", 400),
        (binding(made.key_id, made.hmac_key, program.key, nonce="x"), "malformed", 400),
        (binding(made.key_id, made.hmac_key, program.key, url=f"{BASE}/new-order"), "malformed", 400),
        (binding(made.key_id, made.hmac_key, Program().key), "malformed", 400),
        (binding(made.key_id, "A" * 43, program.key), "unauthorized", 403),
        (binding("x", made.hmac_key, program.key), "unauthorized", 403),
        (binding(acme.key_for().key_id, made.hmac_key, program.key), "unauthorized", 403),
    ]
    for bound, kind, status in wrong:
        answer = program.post("new-account", {**told, "externalAccountBinding": bound})
        refused(answer, kind, status)
    assert Account.objects.count() == 1
    assert program.open(made.key_id, made.hmac_key, termsOfServiceAgreed=False).status_code == 400
    assert program.open(made.key_id, made.hmac_key).status_code == 201


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_a_binding_may_have_a_longer_mac(acme: Acme, algorithm: str) -> None:
    made, program = acme.key_for(), Program()
    told = binding(made.key_id, made.hmac_key, program.key, algorithm=algorithm, alg=f"HS{algorithm[3:]}")
    asked = {"termsOfServiceAgreed": True, "externalAccountBinding": told}
    assert program.post("new-account", asked).status_code == 201


def test_a_key_that_is_old_or_revoked_opens_nothing(acme: Acme) -> None:
    old, revoked = acme.key_for(), acme.key_for()
    ExternalAccountKey.objects.filter(pk=old.key_id).update(
        created_at=acme.stage.at - timedelta(days=40), expires_at=acme.stage.at - timedelta(days=10)
    )
    revoke_external_key(external_key_id=revoked.key_id, actor=acme.stage.cast.bo, at=acme.stage.at)
    for made in (old, revoked):
        refused(Program().open(made.key_id, made.hmac_key), "unauthorized", 403)
    assert Program().open(acme.external.key_id, acme.external.hmac_key).status_code == 201


def test_a_revoked_key_ends_its_accounts_and_what_they_wait_for(acme: Acme) -> None:
    order = acme.program.order(NAME)
    revoke_external_key(external_key_id=acme.external.key_id, actor=acme.stage.cast.bo, at=acme.stage.at)
    revoke_external_key(external_key_id=acme.external.key_id, actor=acme.stage.cast.bo, at=acme.stage.at)
    refused(acme.program.post(order["Location"]), "unauthorized", 403)
    assert AcmeOrder.objects.get().state == "invalid"
    assert Authorization.objects.get().state == "revoked"
    assert Account.objects.get().contact == []


def test_an_account_is_found_by_its_key_and_nobody_elses(acme: Acme) -> None:
    again = acme.program.post(
        "new-account", {"onlyReturnExisting": True}, kid=None, jwk=jwk_of(acme.program.key)
    )
    assert (again.status_code, again["Location"]) == (200, acme.program.account)
    refused(Program().post("new-account", {"onlyReturnExisting": True}), "accountDoesNotExist", 400)


@pytest.mark.parametrize(
    ("contact", "kind"),
    [
        (["tel:+46701740605"], "unsupportedContact"),
        (["mailto:a@b.test,c@d.test"], "invalidContact"),
        (["mailto:a@b.test?subject=x"], "invalidContact"),
        (["mailto:"], "invalidContact"),
        (["mailto:a@regionnorr.test"] * 6, "invalidContact"),
        ("mailto:a@b.test", "malformed"),
        ([7], "malformed"),
    ],
)
def test_a_contact_is_one_mail_address(acme: Acme, contact: object, kind: str) -> None:
    refused(acme.program.post(acme.program.account, {"contact": contact}), kind, 400)
    made, program = acme.key_for(), Program()
    refused(program.open(made.key_id, made.hmac_key, contact=contact), kind, 400)


def test_an_account_changes_its_contacts_and_ends_itself_for_ever(acme: Acme) -> None:
    program = acme.program
    changed = program.post(program.account, {"contact": ["mailto:nytt@regionnorr.test"]}).json()
    assert changed["contact"] == ["mailto:nytt@regionnorr.test"]
    refused(program.post(program.account, {"status": "revoked"}), "malformed", 400)
    order = program.order(NAME)
    ended = program.post(program.account, {"status": "deactivated"}).json()
    assert (ended["status"], "contact" in ended) == ("deactivated", False)
    refused(program.post(order["Location"]), "unauthorized", 403)
    refused(program.order(NAME), "unauthorized", 403)
    refused(program.open(acme.external.key_id, acme.external.hmac_key), "unauthorized", 403)


def test_an_account_gets_another_key_and_the_old_one_is_nobodys(acme: Acme) -> None:
    """RFC 8555 section 7.3.5."""
    program, new = acme.program, ec.generate_private_key(ec.SECP384R1())
    url, old_jwk = f"{BASE}/key-change", jwk_of(acme.program.key)

    def asked(**changed: Any) -> HttpResponse:
        header = {"alg": algorithm_of(new), "jwk": jwk_of(new), "url": url, **changed.pop("header", {})}
        header = {name: value for name, value in header.items() if value is not None}
        inner = {"account": program.account, "oldKey": old_jwk, **changed.pop("inner", {})}
        return program.post("key-change", jws(changed.pop("by", new), header, inner))

    for wrong in (
        {"header": {"url": f"{BASE}/new-order"}}, {"header": {"nonce": "x"}},
        {"header": {"kid": program.account}}, {"inner": {"account": f"{program.account}0"}},
        {"inner": {"oldKey": jwk_of(new)}}, {"by": ec.generate_private_key(ec.SECP384R1())},
    ):  # fmt: skip
        refused(asked(**wrong), "malformed", 400)
    refused(asked(header={"alg": "none"}), "badSignatureAlgorithm", 400)
    refused(asked(header={"jwk": None}), "badPublicKey", 400)
    other = acme.another()
    taken = asked(header={"jwk": jwk_of(other.key), "alg": "ES256"}, by=other.key)
    refused(taken, "malformed", 409)
    assert taken["Location"] == other.account
    assert asked().status_code == 200
    refused(program.post(program.account), "badSignatureAlgorithm", 400)
    program.key = new
    assert program.post(program.account).json()["status"] == "valid"


@pytest.mark.parametrize(
    "jwk",
    [
        None, "x", {}, {"kty": "oct", "k": "AA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-192", "x": "AA", "y": "AA"}, {"kty": "OKP", "crv": "Ed448", "x": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"}, {"kty": "RSA", "n": "AA", "e": "AQAB"},
        {"kty": "RSA", "n": "A" * 5000, "e": "AQAB"}, {"kty": ["EC"]},
        {"kty": "EC", "crv": "P-256", "x": b64(b"\1" * 32), "y": b64(b"\1" * 32)},
    ],
)  # fmt: skip
def test_a_key_that_is_none_or_weak_is_not_taken(acme: Acme, jwk: object) -> None:
    refused(Program().post("new-account", {}, jwk=jwk, alg="ES256", kid=None), _expected(jwk), 400)


def _expected(jwk: object) -> str:
    return "malformed" if jwk is None else "badPublicKey"  # None: left out of the header


def test_an_rsa_key_of_1024_bits_is_not_taken(acme: Acme) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the point of the test
    refused(Program(key=weak).post("new-account", {}), "badPublicKey", 400)


# --- Orders -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifiers", "kind"),
    [
        ([dns("www.regionsyd.test")], "rejectedIdentifier"),
        ([dns(f"*.{NAME}")], "rejectedIdentifier"),
        ([dns("127.0.0.1")], "rejectedIdentifier"),
        ([dns("localhost")], "rejectedIdentifier"),
        ([dns("")], "rejectedIdentifier"),
        ([{"type": "ip", "value": "192.0.2.1"}], "unsupportedIdentifier"),
        ([{"type": "ip", "value": "192.0.2.1"}, dns("evil.test")], "compound"),
        ([], "malformed"),
        ("x", "malformed"),
        ([NAME], "malformed"),
        ([{"type": "dns"}], "malformed"),
        ([dns(f"n{number}.{NAME}") for number in range(21)], "malformed"),
        (None, "malformed"),
    ],
)
def test_a_name_that_is_not_the_objects_is_told_apart(acme: Acme, identifiers: Any, kind: str) -> None:
    """The wrong domain; each refused name is a subproblem."""
    told = refused(acme.program.post("new-order", {"identifiers": identifiers}), kind, 400)
    if kind != "malformed":
        assert [one["identifier"]["value"] for one in told["subproblems"]] == [
            one["value"] for one in identifiers
        ]
    assert not AcmeOrder.objects.exists()


@pytest.mark.parametrize(
    "more", [{"notBefore": "2026-01-01T00:00:00Z"}, {"notAfter": "2030-01-01T00:00:00Z"}, {"replaces": 7}]
)
def test_an_order_takes_no_validity_of_its_own(acme: Acme, more: dict[str, Any]) -> None:
    refused(acme.program.order(NAME, **more), "malformed", 400)


def test_nothing_is_ordered_for_an_object_that_is_out_of_use(acme: Acme) -> None:
    FunctionObject.objects.filter(hsa_id=SERVER).update(state="INACTIVE")
    refused(acme.program.order(NAME), "unauthorized", 403)


def test_one_account_reaches_nothing_of_another(acme: Acme) -> None:
    order = acme.program.order(NAME)
    told, other = order.json(), acme.another(CLIENT)
    (challenge, *_) = acme.program.post(told["authorizations"][0]).json()["challenges"]
    for place in (
        acme.program.account, f"{acme.program.account}/orders", order["Location"], told["finalize"],
        told["authorizations"][0], challenge["url"], f"cert/{order['Location'].rpartition('/')[2]}",
        f"order/{'0' * 8}-0000-0000-0000-{'0' * 12}",
    ):  # fmt: skip
        refused(other.post(place, {"csr": csr(NAME), "status": "deactivated"}), "unauthorized", 403)
        refused(other.post(place, {"csr": csr(NAME)} if "finalize" in place else b""), "unauthorized", 403)


def test_a_csr_is_for_the_orders_names_and_a_key_of_its_own(acme: Acme) -> None:
    order = acme.program.order(NAME)
    acme.prove(order)
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the point of the test
    address = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.RFC822Name("a@regionnorr.test")])
    tampered = csr(NAME)
    for wrong in (
        csr(f"a.{NAME}"), csr(NAME, f"a.{NAME}"), csr(), csr(NAME, common_name="evil.test"),
        csr(NAME, key=acme.program.key), csr(NAME, key=weak), csr(f"*.{NAME}"), b64(b"x"),
        tampered[:-8] + "AAAAAAAA", csr(change=lambda one: one.add_extension(address, critical=False)),
    ):  # fmt: skip
        refused(acme.program.post(order.json()["finalize"], {"csr": wrong}), "badCSR", 400)
    for wrong in ({}, {"csr": 7}, {"csr": "!"}):
        refused(acme.program.post(order.json()["finalize"], wrong), "malformed", 400)
    assert acme.program.post(order["Location"]).json()["status"] == "ready"
    assert not FunctionOrder.objects.exists()
    taken = acme.program.post(order.json()["finalize"], {"csr": csr(common_name=NAME)})
    assert taken.json()["status"] == "processing"


def test_a_key_that_is_compromised_is_not_certified_again(acme: Acme) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = x509.load_pem_x509_certificates(acme.certificate(key=key))[0].public_bytes(Encoding.DER)
    acme.program.post("revoke-cert", {"certificate": b64(leaf), "reason": 1})
    order = acme.program.order(NAME).json()
    refused(acme.program.post(order["finalize"], {"csr": csr(NAME, key=key)}), "badCSR", 400)


def test_a_validation_that_ran_out_between_order_and_finalize_stops_it(acme: Acme) -> None:
    order = acme.program.order(NAME)
    acme.prove(order)
    acme.stage.server.name_validations.update(
        valid_from=acme.stage.at - timedelta(days=2), valid_to=acme.stage.at - timedelta(days=1)
    )
    refused(acme.program.post(order.json()["finalize"], {"csr": csr(NAME)}), "unauthorized", 403)


def test_an_order_and_its_authorizations_run_out(acme: Acme) -> None:
    order = acme.program.order(NAME)
    aged(order["Location"], timedelta(days=8))
    told = acme.program.post(order["Location"]).json()
    assert (told["status"], "expired" in told["error"]["detail"]) == ("invalid", True)
    refused(acme.program.post(order.json()["finalize"], {"csr": csr(NAME)}), "orderNotReady", 403)
    Authorization.objects.update(expires_at=acme.stage.at - timedelta(days=1))
    told = acme.program.post(order.json()["authorizations"][0]).json()
    assert told["status"] == "invalid"
    refused(acme.program.post(told["challenges"][0]["url"], {}), "malformed", 400)


def test_an_authorization_that_is_given_up_fails_the_order(acme: Acme) -> None:
    order = acme.program.order(NAME)
    acme.prove(order)
    (place,) = order.json()["authorizations"]
    refused(acme.program.post(place, {"status": "valid"}), "malformed", 400)
    assert acme.program.post(place, {"status": "deactivated"}).json()["status"] == "deactivated"
    assert acme.program.post(order["Location"]).json()["status"] == "invalid"


def test_a_payload_where_one_reads_is_malformed(acme: Acme) -> None:
    order = acme.program.order(NAME)
    refused(acme.program.post(order["Location"], {}), "malformed", 400)
    refused(acme.program.post(f"{acme.program.account}/orders", {}), "malformed", 400)
    for place in ("new-order", "new-authz", "key-change", "revoke-cert"):
        refused(acme.program.post(place), "malformed", 400)
    refused(acme.program.post("revoke-cert", {"certificate": "AA"}), "unauthorized", 403)
    refused(acme.program.post("revoke-cert", {"certificate": "AA", "reason": "x"}), "malformed", 400)


# --- Limits and faults --------------------------------------------------------------------------------


def test_who_orders_too_much_is_told_when_to_come_back(acme: Acme, settings: Settings) -> None:
    settings.SIGILL_ACME_ORDERS_PER_HOUR = 2
    placed = [acme.program.order(f"{letter}.{NAME}") for letter in "ab"]
    for _ in range(2):
        answer = acme.program.order(NAME)
        refused(answer, "rateLimited", 429)
        assert 3500 < int(answer["Retry-After"]) <= 3602
    assert acme.program.order(f"a.{NAME}").status_code == 201  # an open order is no new one
    assert acme.another().order(NAME).status_code == 201
    aged(placed[0]["Location"], timedelta(hours=1))
    assert acme.program.order(NAME).status_code == 201


def test_a_name_that_fails_again_and_again_rests(acme: Acme, settings: Settings) -> None:
    settings.SIGILL_ACME_FAILURES_PER_HOUR = 2
    for _ in range(2):
        order = acme.program.order(NAME)
        told = acme.program.post(order.json()["authorizations"][0]).json()
        acme.program.post(told["challenges"][0]["url"], {})
        assert acme.look(told["challenges"][0]["url"])
    answer = acme.program.order(NAME)
    told = refused(answer, "rateLimited", 429)
    assert told["subproblems"][0]["identifier"]["value"] == NAME
    assert acme.program.order(f"a.{NAME}").status_code == 201


def test_one_external_key_opens_only_so_many_accounts(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functioncerts.acme.limits.ACCOUNTS_PER_HOUR", 1)
    answer = Program().open(acme.external.key_id, acme.external.hmac_key)
    refused(answer, "rateLimited", 429)
    assert int(answer["Retry-After"]) > 0


def test_a_database_that_is_away_is_told_as_such(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object, **_more: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(edge, "spend", away)
    answer = acme.program.post("new-order", {"identifiers": [dns(NAME)]})
    refused(answer, "serverInternal", 503)
    assert answer["Retry-After"] == "10"


# --- Who may let programs in --------------------------------------------------------------------------


def test_only_an_orderer_of_the_organization_makes_and_revokes_keys(acme: Acme) -> None:
    """Doris administers another organization; Cia audits."""
    stage = acme.stage
    for actor, error in ((stage.cast.doris, FunctionObjectNotFound), (stage.cast.cia, Refused)):
        with pytest.raises(error):
            create_external_key(hsa_id=SERVER, actor=actor, at=stage.at)
    for actor in (stage.cast.doris, stage.cast.cia):
        with pytest.raises(Exception, match=r"role_missing|[0-9a-f-]{36}"):
            revoke_external_key(external_key_id=acme.external.key_id, actor=actor, at=stage.at)
        with pytest.raises(Exception, match=r"role_missing|[0-9a-f-]{36}"):
            accounts.revoke_account(account_id=str(Account.objects.get().pk), actor=actor, at=stage.at)
    assert Account.objects.get().state == "valid"
    ended = accounts.revoke_account(
        account_id=str(Account.objects.get().pk), actor=stage.cast.bo, at=stage.at
    )
    assert ended.state == "revoked"
    with pytest.raises(Refused):
        create_external_key(hsa_id=MAILBOX, actor=SYSTEM, at=stage.at)


def test_no_hmac_key_begins_as_an_option_does(acme: Acme) -> None:
    """One in 64 would: ``certbot --eab-hmac-key -x...`` says that the key is missing."""
    ids = [UUID(int=number) for number in range(1000)]
    as_option = next(one for one in ids if hmac_key_text(one).startswith("-"))
    usable = next(one for one in ids if not hmac_key_text(one).startswith("-"))
    offered = itertools.chain([as_option, as_option, usable], ids)
    assert fresh_id(lambda: next(offered)) == usable
    assert acme.external.hmac_key == hmac_key_text(UUID(acme.external.key_id))


def test_an_hmac_key_is_shown_once_and_stored_nowhere(acme: Acme) -> None:
    row = ExternalAccountKey.objects.filter(pk=acme.external.key_id).values().get()
    held = json.dumps({name: str(value) for name, value in row.items()})
    secret = acme.external.hmac_key
    assert secret not in held
    assert hashlib.sha256(secret.encode()).hexdigest() not in held
    assert secret not in repr(acme.external)
    assert acme.key_for().hmac_key != secret


def test_a_dead_challenge_stays_as_it_is(acme: Acme) -> None:
    order = acme.program.order(NAME)
    told = acme.program.post(order.json()["authorizations"][0]).json()
    url = told["challenges"][0]["url"]
    assert not acme.look(url)  # nobody answered it
    acme.program.post(url, {})
    assert acme.look(url)
    failed = acme.program.post(url, {}).json()
    assert failed["status"] == "invalid"
    assert not acme.look(url, probes=probes_of(acme.world, later=timedelta(hours=1)))
