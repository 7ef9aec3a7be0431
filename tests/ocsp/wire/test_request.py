"""Questions: the fast slices read what other parsers read; what is no question is refused."""

import contextlib
import secrets

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp as oracle
from hypothesis import given
from hypothesis import strategies as st

from ocsp.wire import der
from ocsp.wire.cert_id import HashAlgorithm
from ocsp.wire.request import (
    MalformedRequest,
    UnknownHash,
    parse_request,
    slice_request,
    slice_request_with_nonce,
)
from tests.ocsp.authority import DER

HASHES = {hashes.SHA1: HashAlgorithm.SHA1, hashes.SHA256: HashAlgorithm.SHA256,
          hashes.SHA384: HashAlgorithm.SHA384, hashes.SHA512: HashAlgorithm.SHA512}  # fmt: skip
SHA1 = hashes.SHA1()  # noqa: S303 - RFC 5019 2.1.1 asks for it
SERIALS = (0, 1, 127, 128, 255, 256, 2**63, 2**64 - 1, 2**159 - 1, 2**158)


def question(serial_number: int, algorithm: hashes.HashAlgorithm, nonce: bytes | None = None) -> bytes:
    digest = secrets.token_bytes(algorithm.digest_size)
    builder = oracle.OCSPRequestBuilder().add_certificate_by_hash(
        digest, digest[::-1], serial_number or 1, algorithm
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(DER)


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("serial_number", SERIALS[1:])
def test_every_plain_question_is_read_as_cryptography_reads_it(algorithm: type, serial_number: int) -> None:
    request_der = question(serial_number, algorithm())
    expected = oracle.load_der_ocsp_request(request_der)
    (cert_id,) = parse_request(request_der).cert_ids
    assert cert_id.serial_number == expected.serial_number == serial_number
    assert cert_id.issuer_name_hash == expected.issuer_name_hash
    assert cert_id.issuer_key_hash == expected.issuer_key_hash
    assert cert_id.algorithm is HASHES[algorithm]
    assert cert_id.der in request_der


@pytest.mark.parametrize("algorithm", [hashes.SHA1, hashes.SHA256])
@pytest.mark.parametrize("serial_number", SERIALS[1:])
def test_the_slices_read_the_usual_shapes(algorithm: type, serial_number: int) -> None:
    request_der = question(serial_number, algorithm())
    sliced = slice_request(request_der)
    assert sliced is not None
    assert int.from_bytes(sliced[1], "big") == serial_number
    nonce = secrets.token_bytes(32)
    with_nonce = slice_request_with_nonce(question(serial_number, algorithm(), nonce))
    assert with_nonce is not None
    assert (int.from_bytes(with_nonce[1], "big"), with_nonce[2]) == (serial_number, nonce)
    assert slice_request(question(serial_number, algorithm(), nonce)) is None
    assert slice_request_with_nonce(request_der) is None


@pytest.mark.parametrize("size", [1, 2, 16, 32, 64, 127, 128])
def test_a_nonce_of_1_to_128_octets_is_read(size: int) -> None:
    """RFC 9654, A25."""
    nonce = secrets.token_bytes(size)
    request_der = question(77, SHA1, nonce)
    assert parse_request(request_der).nonce == nonce
    sliced = slice_request_with_nonce(request_der)
    assert sliced is not None
    assert sliced[2] == nonce


@pytest.mark.parametrize("size", [0, 129, 1000])
def test_a_nonce_of_another_size_is_malformed(size: int) -> None:
    """RFC 9654, A25."""
    request_der = question(77, SHA1, secrets.token_bytes(size))
    for read in (parse_request, slice_request_with_nonce):
        with pytest.raises(MalformedRequest):
            read(request_der)


def asn1_question(
    *, count: int = 1, extensions: list[dict[str, object]] | None = None, **more: object
) -> bytes:
    requests = []
    for number in range(count):
        cert_id = {
            "hash_algorithm": {"algorithm": "sha1", "parameters": core.Null()},
            "issuer_name_hash": b"n" * 20,
            "issuer_key_hash": b"k" * 20,
            "serial_number": 1000 + number,
        }
        requests.append({"req_cert": cert_id})
    return asn1_ocsp.OCSPRequest({"tbs_request": {"request_list": requests}}).dump()


def extended(*extensions: tuple[str, bytes, bool], on_single: bool = False) -> bytes:
    """Put extensions (OID, value, critical) on a question, or on its only certificate."""
    encoded = [
        core.ObjectIdentifier(oid).dump()
        + (core.Boolean(value=True).dump() if critical else b"")
        + core.OctetString(value).dump()
        for oid, value, critical in extensions
    ]
    listed = der.encode(0x30, *[der.encode(0x30, extension) for extension in encoded])
    cert_id = asn1_ocsp.OCSPRequest.load(asn1_question())["tbs_request"]["request_list"][0]["req_cert"].dump()
    request = der.encode(0x30, cert_id, der.encode(0xA0, listed) if on_single else b"")
    tbs = der.encode(0x30, der.encode(0x30, request), b"" if on_single else der.encode(0xA2, listed))
    return der.encode(0x30, tbs)


def test_several_certificates_in_one_question_are_read() -> None:
    request = parse_request(asn1_question(count=5))
    assert [cert_id.serial_number for cert_id in request.cert_ids] == [1000, 1001, 1002, 1003, 1004]


def test_a_hash_without_null_parameters_is_read() -> None:
    request_der = asn1_question()
    assert b"\x05\x00" in request_der
    without = asn1_ocsp.OCSPRequest.load(request_der)
    del without["tbs_request"]["request_list"][0]["req_cert"]["hash_algorithm"]["parameters"]
    bare = without.dump(force=True)
    sliced = slice_request(bare)
    assert sliced is not None
    assert sliced[1] == (1000).to_bytes(2, "big")
    assert parse_request(bare).cert_ids == parse_request(request_der).cert_ids


LOCATOR, NONCE, STRANGE = "1.3.6.1.5.5.7.48.1.7", "1.3.6.1.5.5.7.48.1.2", "1.2.3.4"


@pytest.mark.parametrize("on_single", [True, False])
def test_a_service_locator_and_unknown_extensions_are_passed_over_unless_critical(*, on_single: bool) -> None:
    for critical in (True, False):
        assert parse_request(extended((LOCATOR, b"\x30\x00", critical), on_single=on_single)).cert_ids
    assert parse_request(extended((STRANGE, b"\x05\x00", False), on_single=on_single)).nonce is None
    with pytest.raises(MalformedRequest):
        parse_request(extended((STRANGE, b"\x05\x00", True), on_single=on_single))


def test_a_nonce_twice_or_one_that_is_no_octet_string_is_malformed() -> None:
    good = (NONCE, b"\x04\x02ab", False)
    assert parse_request(extended(good)).nonce == b"ab"
    assert parse_request(extended(good, (STRANGE, b"", False))).nonce == b"ab"
    for wrong in (
        extended(good, good),
        extended((NONCE, b"ab", False)),
        extended((NONCE, b"\x04\x02abc", False)),
    ):
        with pytest.raises(MalformedRequest):
            parse_request(wrong)


def test_a_signature_on_the_question_is_not_needed_and_not_in_the_way() -> None:
    request = asn1_ocsp.OCSPRequest.load(asn1_question())
    request["optional_signature"] = {
        "signature_algorithm": {"algorithm": "sha256_rsa"},
        "signature": b"\x01\x02",
    }
    assert len(parse_request(request.dump(force=True)).cert_ids) == 1


@pytest.mark.parametrize("count", [0, 101])
def test_no_certificate_or_too_many_is_malformed(count: int) -> None:
    with pytest.raises(MalformedRequest):
        parse_request(asn1_question(count=count))


@pytest.mark.parametrize(
    "request_der", [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"\xff" * 80, b"GET / HTTP/1.1"]
)
def test_what_is_no_question_is_malformed(request_der: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_request(request_der)


def test_a_question_with_something_after_it_is_malformed() -> None:
    request_der = question(5, SHA1)
    assert slice_request(request_der + b"\x00") is None
    with pytest.raises(MalformedRequest):
        parse_request(request_der + b"\x00")


def test_a_serial_in_more_octets_than_it_takes_is_malformed() -> None:
    """X.690 8.3.2."""
    request_der = asn1_question()
    padded = request_der.replace(b"\x02\x02\x03\xe8", b"\x02\x03\x00\x03\xe8")
    assert len(padded) == len(request_der) + 1
    padded = bytes(octet + 1 if at % 2 and at < 10 else octet for at, octet in enumerate(padded))
    assert slice_request(padded) is None
    with pytest.raises(MalformedRequest):
        parse_request(padded)


@pytest.mark.parametrize(("oid", "size"), [("2.16.840.1.101.3.4.2.4", 28), ("1.2.840.113549.2.5", 16)])
def test_a_sound_question_with_an_unknown_hash_is_told_from_a_malformed_one(oid: str, size: int) -> None:
    algorithm = der.encode(0x30, core.ObjectIdentifier(oid).dump(), b"\x05\x00")
    hashed = core.OctetString(b"h" * size).dump() * 2

    def asking(*serials: bytes) -> bytes:
        cert_ids = [der.encode(0x30, algorithm, hashed, der.encode(2, serial)) for serial in serials]
        requests = [der.encode(0x30, cert_id) for cert_id in cert_ids]
        return der.encode(0x30, der.encode(0x30, der.encode(0x30, *requests)))

    with pytest.raises(UnknownHash):
        parse_request(asking(b"\x05"))
    for wrong in (asking(b"\x00\x05"), asking(b"\x05", b"\x00\x05"), asking(b"\x05") + b"\x00"):
        with pytest.raises(MalformedRequest):
            parse_request(wrong)


@given(st.binary(max_size=300))
def test_any_octets_are_a_question_or_malformed(octets: bytes) -> None:
    with contextlib.suppress(MalformedRequest, UnknownHash):
        parse_request(octets)
    slice_request(octets)


@given(
    seed=st.sampled_from([None, b"n" * 16]),
    at=st.integers(0, 200),
    octet=st.integers(0, 255),
    cut=st.integers(0, 3),
)
def test_a_damaged_question_is_never_read_differently_by_the_slices(
    seed: bytes | None, at: int, octet: int, cut: int
) -> None:
    request_der = bytearray(question(2**100 + 12345, SHA1, seed))
    original = slice_request(bytes(request_der)) or slice_request_with_nonce(bytes(request_der))
    assert original is not None
    request_der[at % len(request_der)] = octet
    damaged = bytes(request_der[: len(request_der) - cut])
    try:
        sliced = slice_request(damaged)
        with_nonce = slice_request_with_nonce(damaged)
    except MalformedRequest:
        return
    read = sliced or (with_nonce and with_nonce[:2])
    if not read:
        return
    # The slices leave it to the caller to compare the hashes' part as a whole.
    try:
        request = parse_request(damaged)
    except (MalformedRequest, UnknownHash):
        assert read[0] != original[0]
        return
    assert request.cert_ids[0].serial == read[1]
    assert request.nonce == (with_nonce[2] if with_nonce else None)
