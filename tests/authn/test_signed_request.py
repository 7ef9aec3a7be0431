"""The detached JWS: right over its own request, wrong over every other."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from authn import evidence
from authn.encoding import b64url, unb64url
from authn.signed_request import (
    ClientKeyInvalid,
    RequestSignatureInvalid,
    client_key_of,
    parse_client_key,
    sign_request,
    verify_request,
)

KEY = ec.generate_private_key(ec.SECP256R1())
BODY = b'{"orderId":"x"}'
SIGNED = sign_request(KEY, method="POST", path="/c/v1/respond", body=BODY)


def test_the_signature_of_a_request_verifies_under_its_own_key_only() -> None:
    verify_request(client_key_of(KEY), SIGNED, method="post", path="/c/v1/respond", body=BODY)
    other = client_key_of(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(RequestSignatureInvalid):
        verify_request(other, SIGNED, method="POST", path="/c/v1/respond", body=BODY)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/c/v1/respond", BODY),
        ("POST", "/c/v1/abort", BODY),
        ("POST", "/c/v1/respond", BODY + b" "),
    ],
)
def test_a_signature_is_worth_nothing_on_another_request(method: str, path: str, body: bytes) -> None:
    with pytest.raises(RequestSignatureInvalid):
        verify_request(client_key_of(KEY), SIGNED, method=method, path=path, body=body)


@given(st.text())
def test_garbage_is_refused_and_nothing_else(text: str) -> None:
    for signature in (text, f"{SIGNED.split('.')[0]}..{text}"):
        with pytest.raises(RequestSignatureInvalid):
            verify_request(
                client_key_of(KEY), signature, method="POST", path="/c/v1/respond", body=b"never signed"
            )


def test_another_algorithm_in_the_header_is_refused() -> None:
    header = b64url(json.dumps({"alg": "none", "kid": client_key_of(KEY).thumbprint}).encode())
    with pytest.raises(RequestSignatureInvalid):
        verify_request(
            client_key_of(KEY), f"{header}..{SIGNED.split('.')[2]}", method="POST", path="/", body=b""
        )


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    key = client_key_of(KEY)
    members = json.dumps({"crv": "P-256", "kty": "EC", "x": key.x, "y": key.y}, separators=(",", ":"))
    assert key.thumbprint == b64url(evidence.sha256(members.encode()))
    assert parse_client_key(key.as_jwk()) == key


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        {},
        {**client_key_of(KEY).as_jwk(), "kty": "RSA"},
        {**client_key_of(KEY).as_jwk(), "crv": "P-384"},
        {**client_key_of(KEY).as_jwk(), "d": "x"},
        {**client_key_of(KEY).as_jwk(), "x": 1},
        {**client_key_of(KEY).as_jwk(), "x": "!"},
        {**client_key_of(KEY).as_jwk(), "x": b64url(b"short")},
        {**client_key_of(KEY).as_jwk(), "y": b64url(bytes(32))},
    ],
)
def test_a_jwk_that_is_not_a_public_point_on_p256_is_refused(jwk: object) -> None:
    with pytest.raises(ClientKeyInvalid):
        parse_client_key(jwk)


def test_a_key_coordinate_keeps_its_leading_zeros() -> None:
    assert len(unb64url(client_key_of(KEY).x)) == 32
