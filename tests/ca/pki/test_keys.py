"""Short names of keys, rules for which are accepted, and their identifiers."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ca.pki.errors import PolicyFileRefused
from ca.pki.keys import KeyRule, is_rsa, key_identifier, key_name
from tests.ca.pki.software_signer import stored_public_key

NAMES = {
    "p256-holder": "ec-p256",
    "p384-root": "ec-p384",
    "rsa2048-service": "rsa-2048",
    "rsa3072-holder": "rsa-3072",
    "rsa4096-root": "rsa-4096",
}


@pytest.mark.parametrize(("stored", "name"), NAMES.items())
def test_keys_have_short_names(stored: str, name: str) -> None:
    assert key_name(stored_public_key(stored)) == name
    assert is_rsa(stored_public_key(stored)) is name.startswith("rsa")


def test_a_curve_that_is_not_ours_is_named_as_it_is() -> None:
    key = ec.generate_private_key(ec.SECP256K1()).public_key()
    assert key_name(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)) == "ec-secp256k1"


@pytest.mark.parametrize("stored", NAMES)
def test_the_key_identifier_is_the_one_cryptography_computes(stored: str) -> None:
    """RFC 5280 §4.2.1.2 method 1."""
    public_key = stored_public_key(stored)
    expected = x509.SubjectKeyIdentifier.from_public_key(load_der_public_key(public_key)).digest  # type: ignore[arg-type]
    assert key_identifier(public_key) == expected


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("ec-p256", {"ec-p256"}),
        ("ec-p384", {"ec-p384"}),
        ("rsa-3072", {"rsa-3072"}),
        ("rsa-2048..3072", {"rsa-2048", "rsa-3072"}),
        ("rsa-2048..4096", {"rsa-2048", "rsa-3072", "rsa-4096"}),
    ],
)
def test_a_rule_accepts_what_it_says(text: str, accepted: set[str]) -> None:
    rule = KeyRule.parse(text)
    assert {name for stored, name in NAMES.items() if rule.accepts(stored_public_key(stored))} == accepted


@pytest.mark.parametrize(
    "text", ["", "ec-p521", "ec-p256 ", "rsa-", "rsa-20480", "rsa-2048..", "dsa-2048", "RSA-2048"]
)
def test_what_is_no_kind_of_key_is_refused(text: str) -> None:
    with pytest.raises(PolicyFileRefused):
        KeyRule.parse(text)
