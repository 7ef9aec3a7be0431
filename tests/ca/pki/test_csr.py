"""PKCS#10 requests: possession proved, everything but the key ignored."""

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.pki.csr import LONGEST_CSR, parse_csr
from ca.pki.errors import CsrRefused
from tests.ca.pki.mutations import children
from tests.ca.pki.software_signer import KEYS, stored_key, stored_public_key


def request(
    name: str = "p256-holder",
    algorithm: hashes.HashAlgorithm | None = None,
    *names: str,
) -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "evil.example")])
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(stored_key(name), algorithm or hashes.SHA256())


def reason_of(csr: bytes | str) -> str:
    with pytest.raises(CsrRefused) as refused:
        parse_csr(csr)
    return refused.value.facts["reason"]


@pytest.mark.parametrize(
    ("name", "key"),
    [("p256-holder", "ec-p256"), ("p384-root", "ec-p384"), ("rsa2048-service", "rsa-2048")],
)
@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_the_key_is_taken_and_the_rest_is_for_people(
    name: str, key: str, algorithm: hashes.HashAlgorithm
) -> None:
    """F18: the certificate is built from the order, never from the request but for its key."""
    csr = request(name, algorithm, "a.example", "b.example")
    for form in (csr.public_bytes(Encoding.DER), csr.public_bytes(Encoding.PEM)):
        facts = parse_csr(form)
        assert facts.public_key == stored_public_key(name)
        assert facts.key == key
        assert facts.subject_text == "CN=evil.example"
        assert facts.dns_names == ("a.example", "b.example")


def test_pem_may_come_as_text_with_blanks_around_and_by_its_old_name() -> None:
    text = request().public_bytes(Encoding.PEM).decode()
    for form in (text, f"\n  {text}\n\n", text.replace("CERTIFICATE REQ", "NEW CERTIFICATE REQ")):
        assert parse_csr(form).public_key == stored_public_key("p256-holder")
    assert parse_csr(text.replace("\n", "\r\n")).dns_names == ()


def test_a_request_of_openssl_is_read(tmp_path: Path) -> None:
    command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    command += ["-keyout", str(tmp_path / "k"), "-subj", "/CN=x", "-addext", "subjectAltName=DNS:x.example"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert parse_csr(done.stdout).dns_names == ("x.example",)


@pytest.mark.parametrize("name", ["p256-holder", "rsa2048-service"])
def test_a_signature_by_another_key_proves_nothing(name: str) -> None:
    csr_der = request(name).public_bytes(Encoding.DER)
    other = request(name, None, "a.example").public_bytes(Encoding.DER)
    mixed = children(csr_der)[:2] + children(other)[2:]
    body = b"".join(mixed)
    assert (
        reason_of(
            b"\x30\x82" + len(body).to_bytes(2) + body
            if len(body) > 255
            else b"\x30\x81" + bytes((len(body),)) + body
        )
        == "proof"
    )


def test_an_algorithm_of_another_kind_than_the_key_proves_nothing() -> None:
    curve, modulus = (request(name).public_bytes(Encoding.DER) for name in ("p256-holder", "rsa2048-service"))
    body = children(curve)[0] + children(modulus)[1] + children(modulus)[2]
    assert reason_of(b"\x30\x82" + len(body).to_bytes(2) + body) == "proof"


@pytest.mark.parametrize("algorithm", [hashes.SHA224(), hashes.SHA3_256()])
def test_other_hashes_are_refused(algorithm: hashes.HashAlgorithm) -> None:
    assert reason_of(request("p256-holder", algorithm).public_bytes(Encoding.DER)) == "algorithm"


@pytest.mark.parametrize("digest", ["-sha1", "-md5"])
def test_sha1_and_md5_are_refused(digest: str) -> None:
    """domain.md 5."""
    command = ["openssl", "req", "-new", "-key", str(KEYS / "rsa2048-service.pem"), "-subj", "/CN=x", digest]
    done = subprocess.run(command, capture_output=True, check=True)
    assert reason_of(done.stdout) == "algorithm"


def test_pss_is_refused() -> None:
    key = stored_key("rsa2048-service")
    assert isinstance(key, rsa.RSAPrivateKey)
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(
            key,
            hashes.SHA256(),
            rsa_padding=padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH),
        )
    )
    assert reason_of(csr.public_bytes(Encoding.DER)) == "algorithm"


def test_another_kind_of_key_is_refused() -> None:
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(ed25519.Ed25519PrivateKey.generate(), None)
    )
    assert reason_of(csr.public_bytes(Encoding.DER)) == "algorithm"


def test_a_point_off_its_curve_is_refused() -> None:
    """A19."""
    csr_der = request().public_bytes(Encoding.DER)
    public_key = stored_public_key("p256-holder")
    assert reason_of(csr_der.replace(public_key, public_key[:-1] + bytes((public_key[-1] ^ 1,)))) == "key"


PEM = request().public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "x",
        b"\x30\x00",
        b"\xff" * 100,
        PEM + PEM,
        PEM.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        PEM.replace("-----END CERTIFICATE REQUEST-----", ""),
        PEM.replace("-----END CERTIFICATE", "-----END NEW CERTIFICATE"),
        "-----BEGIN CERTIFICATE REQUEST-----\nA\n-----END CERTIFICATE REQUEST-----",
        "-----BEGIN CERTIFICATE REQUEST-----\nåäö\n-----END CERTIFICATE REQUEST-----",
        "\ud800",
        base64.b64encode(request().public_bytes(Encoding.DER)),
        request().public_bytes(Encoding.DER) + b"\x00",
    ],
)
def test_what_is_no_request_is_refused(rubbish: bytes | str) -> None:
    assert reason_of(rubbish) == "malformed"


def test_what_is_too_long_is_not_even_read() -> None:
    assert reason_of(b"x" * (LONGEST_CSR + 1)) == "size"
    assert reason_of("å" * LONGEST_CSR) == "size"


def test_a_signature_of_broken_octets_proves_nothing() -> None:
    """X.690 §11.2.1: bits at the end that do not count; parsers pass over them where they are zero."""
    drawn = (request().public_bytes(Encoding.DER) for _ in range(64))
    good = next(csr_der for csr_der in drawn if csr_der[-1] % 2 == 0)
    *_, signature = children(good)
    at = len(good) - len(signature) + 2
    assert (good[at - 2], good[at]) == (0x03, 0)
    assert parse_csr(good)
    assert reason_of(good[:at] + b"\x01" + good[at + 1 :]) == "proof"


@settings(max_examples=300, deadline=None)
@given(place=st.integers(min_value=0, max_value=400), octet=st.integers(min_value=0, max_value=255))
def test_a_changed_octet_is_refused_and_never_a_crash(place: int, octet: int) -> None:
    """F20."""
    good = request().public_bytes(Encoding.DER)
    place %= len(good)
    if good[place] != octet:
        assert reason_of(good[:place] + bytes((octet,)) + good[place + 1 :])
