"""Signature algorithms against openssl's and cryptography's idea of them."""

from dataclasses import replace

import pytest
from asn1crypto.algos import SignedDigestAlgorithm

from ca.pki.errors import SignatureInvalid, SignerMismatch
from ca.pki.signer import SignatureAlgorithm, Signer, sign_and_verify
from tests.ca.pki.software_signer import SoftwareSigner, stored_signer

PAIRS = [
    ("p256-holder", SignatureAlgorithm.ECDSA_SHA256, "sha256_ecdsa"),
    ("p384-root", SignatureAlgorithm.ECDSA_SHA384, "sha384_ecdsa"),
    ("rsa2048-service", SignatureAlgorithm.RSA_SHA256, "sha256_rsa"),
    ("rsa4096-root", SignatureAlgorithm.RSA_SHA512, "sha512_rsa"),
]


def sign(signer: Signer, tbs: bytes = b"tbs") -> bytes:
    return sign_and_verify(tbs, signer=signer, public_key=signer.public_key, algorithm=signer.algorithm)


@pytest.mark.parametrize(("key", "algorithm", "name"), PAIRS)
def test_each_algorithm_signs_and_verifies(key: str, algorithm: SignatureAlgorithm, name: str) -> None:
    signer = stored_signer(key, algorithm)
    algorithm.verify(public_key=signer.public_key, signature=sign(signer), signed=b"tbs")
    assert SignedDigestAlgorithm.load(algorithm.identifier_der)["algorithm"].native == name


@pytest.mark.parametrize(("key", "algorithm", "name"), PAIRS)
def test_rsa_carries_null_and_ecdsa_nothing(key: str, algorithm: SignatureAlgorithm, name: str) -> None:
    """RFC 4055 §5, RFC 5758 §3.2."""
    assert algorithm.identifier_der.endswith(b"\x05\x00") is name.endswith("rsa")


@pytest.mark.parametrize(("key", "algorithm", "name"), PAIRS)
def test_a_signature_over_other_bytes_is_invalid(key: str, algorithm: SignatureAlgorithm, name: str) -> None:
    signer = stored_signer(key, algorithm)
    with pytest.raises(SignatureInvalid):
        algorithm.verify(public_key=signer.public_key, signature=sign(signer), signed=b"tbs!")


@pytest.mark.parametrize("signature", [b"", b"\x30\x00", b"rubbish", b"\x00" * 512])
@pytest.mark.parametrize(("key", "algorithm", "name"), PAIRS)
def test_rubbish_is_invalid(key: str, algorithm: SignatureAlgorithm, name: str, signature: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        algorithm.verify(
            public_key=stored_signer(key, algorithm).public_key, signature=signature, signed=b"tbs"
        )


def test_an_algorithm_of_another_kind_than_the_key_is_invalid() -> None:
    for key, algorithm in (
        ("p256-holder", SignatureAlgorithm.RSA_SHA256),
        ("rsa2048-service", SignatureAlgorithm.ECDSA_SHA256),
    ):
        with pytest.raises(SignatureInvalid):
            algorithm.verify(
                public_key=stored_signer(key, algorithm).public_key, signature=b"x", signed=b"tbs"
            )


def test_a_raw_signature_is_not_taken_for_a_der_one() -> None:
    """Decision 2: r||s is converted in one place, behind the signer."""

    class Raw(SoftwareSigner):
        def sign(self, tbs: bytes) -> bytes:
            return b"\x01" * 64 if super().sign(tbs) else b""

    with pytest.raises(SignatureInvalid):
        sign(Raw(key=stored_signer(*PAIRS[0][:2]).key, algorithm=SignatureAlgorithm.ECDSA_SHA256))


def test_a_mismatch_is_found_before_signing() -> None:
    signer = stored_signer(*PAIRS[0][:2])
    with pytest.raises(SignerMismatch, match="another key"):
        sign_and_verify(b"x", signer=signer, public_key=b"other", algorithm=signer.algorithm)
    with pytest.raises(SignerMismatch, match="ECDSA_SHA384"):
        sign_and_verify(
            b"x",
            signer=replace(signer, asked=0),
            public_key=signer.public_key,
            algorithm=SignatureAlgorithm.ECDSA_SHA384,
        )
    assert signer.asked == 0
