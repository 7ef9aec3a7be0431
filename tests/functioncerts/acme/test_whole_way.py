"""An account orders, proves, gets, renews and revokes: the whole way of RFC 8555, by our own small client."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ca.models import Certificate
from functioncerts.acme.models import AcmeOrder
from functioncerts.acme.renewal_information import certificate_id
from functioncerts.models import FunctionOrder
from journal.models import Entry
from tests.functioncerts.acme.conftest import NAME, Acme, csr
from tests.functioncerts.acme.program import Program, b64, dns, jwk_of, problem
from tests.functioncerts.conftest import CLIENT

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("by", ["http-01", "dns-01"])
def test_an_account_gets_a_certificate_for_a_name_that_it_shows(acme: Acme, by: str) -> None:
    """FC-6."""
    order = acme.program.order(NAME.upper())
    assert order.status_code == 201
    told = order.json()
    assert (told["status"], told["identifiers"], told["profile"]) == ("pending", [dns(NAME)], "server")
    early = acme.program.post(told["finalize"], {"csr": csr(NAME)})
    assert (early.status_code, problem(early)) == (403, "orderNotReady")
    acme.prove(order, by=by)
    assert acme.program.post(order["Location"]).json()["status"] == "ready"
    key = ec.generate_private_key(ec.SECP256R1())
    request = csr(NAME, key=key, common_name=NAME)
    answer = acme.program.post(told["finalize"], {"csr": request})
    assert (answer.status_code, answer.json()["status"], answer["Retry-After"]) == (200, "processing", "2")
    again = acme.program.post(told["finalize"], {"csr": request})
    assert (again.status_code, FunctionOrder.objects.count()) == (200, 1)
    other = acme.program.post(told["finalize"], {"csr": csr(NAME)})
    assert (problem(other), FunctionOrder.objects.count()) == ("orderNotReady", 1)
    acme.issue()
    done = acme.program.post(order["Location"]).json()
    assert done["status"] == "valid"
    answer = acme.program.post(done["certificate"])
    assert answer["Content-Type"] == "application/pem-certificate-chain"
    leaf, issuer = x509.load_pem_x509_certificates(answer.content)
    assert leaf.public_key() == key.public_key()
    leaf.verify_directly_issued_by(issuer)
    alternate = next(part for part in answer["Link"].split(", ") if "alternate" in part)
    whole = acme.program.post(alternate[1 : alternate.index(">")])
    assert x509.load_pem_x509_certificates(whole.content)[:2] == [leaf, issuer]
    root = x509.load_pem_x509_certificates(whole.content)[2]
    assert root.subject == root.issuer
    types = [entry.type for entry in Entry.objects.filter(type__startswith="acme_").order_by("pk")]
    assert types == [
        "acme_key.created", "acme_account.created", "acme_order.placed", "acme_challenge.answered",
        "acme_challenge.passed", "acme_order.ready", "acme_order.finalized", "acme_order.issued",
    ]  # fmt: skip


def test_every_answer_has_a_fresh_nonce_and_leads_to_the_directory(acme: Acme) -> None:
    """RFC 8555 sections 6.5 and 7.1."""
    nonces = []
    order = acme.program.order(NAME)
    for place in ("new-nonce", "new-order", order["Location"], "renewal-info/a.b"):
        for answer in (acme.program.get(place), acme.program.post(place)):
            nonces.append(answer["Replay-Nonce"])
            assert answer["Cache-Control"] == "no-store"
            assert 'directory>;rel="index"' in answer["Link"]
    assert len(set(nonces)) == len(nonces)
    assert acme.program.client.head("/acme/new-nonce").status_code == 200
    assert acme.program.client.get("/acme/new-nonce").status_code == 204


def test_the_directory_names_every_resource_and_the_terms() -> None:
    told = Program().get("directory").json()
    assert set(told) == {
        "newNonce", "newAccount", "newOrder", "newAuthz", "revokeCert", "keyChange", "renewalInfo", "meta",
    }  # fmt: skip
    assert told["meta"]["externalAccountRequired"] is True
    assert set(told["meta"]["profiles"]) == {"server", "client"}


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA", "Ed25519"])
def test_an_account_signs_by_whichever_key_the_rfc_names(acme: Acme, kind: str) -> None:
    key = {
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    assert acme.another(key=key).order(NAME).status_code == 201


def test_the_same_order_again_is_the_same_order(acme: Acme) -> None:
    first, second = acme.program.order(NAME), acme.program.order(NAME)
    assert first["Location"] == second["Location"]
    assert acme.program.order(NAME, f"a.{NAME}")["Location"] != first["Location"]


def test_a_name_that_is_shown_is_not_asked_again_for_some_days(acme: Acme) -> None:
    acme.certificate()
    assert acme.program.order(NAME).json()["status"] == "ready"
    other = acme.another()
    assert other.order(NAME).json()["status"] == "pending"


def test_an_order_for_several_names_waits_for_the_last(acme: Acme) -> None:
    names = [f"{letter}.{NAME}" for letter in "abc"]
    chain = x509.load_pem_x509_certificates(acme.certificate(*names))
    extension = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert sorted(extension.value.get_values_for_type(x509.DNSName)) == names


def test_a_name_can_be_authorized_before_there_is_an_order(acme: Acme) -> None:
    """RFC 8555 section 7.4.1."""
    made = acme.program.post("new-authz", {"identifier": dns(NAME)})
    assert made.status_code == 201
    assert acme.program.order(NAME).json()["authorizations"] == [made["Location"]]
    outside = acme.program.post("new-authz", {"identifier": dns("regionsyd.test")})
    assert problem(outside) == "rejectedIdentifier"


def test_a_client_gets_its_own_profile_and_no_other(acme: Acme) -> None:
    program = acme.another(CLIENT)
    name = "remiss.regionnorr.test"
    assert program.order(name, profile="client").json()["profile"] == "client"
    refused = program.order(name, profile="server")
    assert (refused.status_code, problem(refused)) == (400, "invalidProfile")


def test_a_certificate_is_renewed_in_its_window_and_replaced_once(acme: Acme) -> None:
    """RFC 9773."""
    leaf = x509.load_pem_x509_certificates(acme.certificate())[0]
    named = certificate_id(leaf.public_bytes(Encoding.DER))
    told = acme.program.get(f"renewal-info/{named}")
    window = {name: datetime.fromisoformat(one) for name, one in told.json()["suggestedWindow"].items()}
    assert leaf.not_valid_after_utc - window["start"] == timedelta(days=60)
    assert window["start"] < window["end"] < leaf.not_valid_after_utc
    assert int(told["Retry-After"]) == 6 * 3600
    assert problem(acme.program.order(f"a.{NAME}", replaces=named)) == "malformed"
    renewal = acme.program.order(NAME, replaces=named)
    assert (renewal.status_code, renewal.json()["replaces"]) == (201, named)
    assert acme.program.order(NAME, replaces=named)["Location"] == renewal["Location"]
    taken = acme.another().order(NAME, replaces=named)
    assert (taken.status_code, problem(taken)) == (409, "alreadyReplaced")
    assert problem(acme.another(CLIENT).order("remiss.regionnorr.test", replaces=named)) == "malformed"
    for unknown in ("", "x", "a.b", f"{named}x", named.replace(".", ".AA")):
        assert acme.program.get(f"renewal-info/{unknown or '.'}").status_code == 404


def test_a_revoked_certificate_is_to_be_renewed_at_once(acme: Acme) -> None:
    leaf = x509.load_pem_x509_certificates(acme.certificate())[0].public_bytes(Encoding.DER)
    assert acme.program.post("revoke-cert", {"certificate": b64(leaf)}).status_code == 200
    told = acme.program.get(f"renewal-info/{certificate_id(leaf)}").json()["suggestedWindow"]
    assert datetime.fromisoformat(told["end"]) <= datetime.now(UTC)


def test_both_account_and_key_may_revoke_and_each_once(acme: Acme) -> None:
    """FC-8, RFC 8555 section 7.6."""
    key = ec.generate_private_key(ec.SECP256R1())
    by_account, by_key = (
        x509.load_pem_x509_certificates(acme.certificate(key=one))[0].public_bytes(Encoding.DER)
        for one in (None, key)
    )
    bad = acme.program.post("revoke-cert", {"certificate": b64(by_account), "reason": 6})
    assert (bad.status_code, problem(bad)) == (400, "badRevocationReason")
    wrong_key = Program().post("revoke-cert", {"certificate": b64(by_key)})
    assert (wrong_key.status_code, problem(wrong_key)) == (403, "unauthorized")
    assert problem(acme.another(CLIENT).post("revoke-cert", {"certificate": b64(by_key)})) == "unauthorized"
    for signer, certificate in ((acme.program, by_account), (Program(key=key), by_key)):
        asked = {"certificate": b64(certificate), "reason": 1}
        assert signer.post("revoke-cert", asked).status_code == 200
        again = signer.post("revoke-cert", asked)
        assert (again.status_code, problem(again)) == (400, "alreadyRevoked")
    assert Certificate.objects.filter(revoked_at__isnull=False, revocation_reason=1).count() == 2
    assert set(FunctionOrder.objects.values_list("state", flat=True)) == {"REVOKED"}
    assert jwk_of(key)["crv"] == "P-256"


def test_orders_are_listed_page_by_page(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8555 section 7.1.2.1."""
    monkeypatch.setattr("functioncerts.acme.views.PAGE", 2)
    placed = [acme.program.order(f"n{number}.{NAME}")["Location"] for number in range(5)]
    place, found = acme.program.post(acme.program.account).json()["orders"], []
    for _ in range(3):
        page = acme.program.post(place)
        found += page.json()["orders"]
        place = next((part[1:].partition(">")[0] for part in page["Link"].split(", ") if "next" in part), "")
    assert (place, found) == ("", placed[::-1])
    assert AcmeOrder.objects.count() == 5
    assert json.loads(acme.program.post(acme.program.account).content)["status"] == "valid"
