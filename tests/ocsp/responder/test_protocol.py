"""OCSP over HTTP as relying services speak it: every form of question, every state, the right answer."""

import base64
import secrets
import urllib.parse
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as oracle

from tests.ocsp.authority import DER, make_authority
from tests.ocsp.responder.conftest import GOOD, NEVER_ISSUED, REVOKED, Answer, Server, question

SHA1, SHA256, SHA384, SHA512 = hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()  # noqa: S303 - RFC 5019
STATES = {GOOD: "GOOD", REVOKED: "REVOKED", NEVER_ISSUED: "UNKNOWN"}


def verify(server: Server, answer: Answer) -> oracle.OCSPResponse:
    """Check what a relying service checks of a signed answer."""
    read = answer.ocsp
    assert answer.code == 200
    assert answer.headers["content-type"] == "application/ocsp-response"
    (signer,) = read.certificates
    signer.verify_directly_issued_by(server.authority.certificate)
    signer.public_key().verify(read.signature, read.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    now = datetime.now(UTC)
    assert read.this_update_utc <= now + timedelta(seconds=2)
    assert read.next_update_utc is not None
    assert read.next_update_utc > now
    return read


def get_path(request_der: bytes) -> str:
    return "/ocsp/" + urllib.parse.quote(base64.b64encode(request_der), safe="")


@pytest.mark.parametrize("serial_number", STATES)
@pytest.mark.parametrize("algorithm", [SHA1, SHA256, SHA384, SHA512], ids=lambda one: one.name)
@pytest.mark.parametrize("has_nonce", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_form_of_question_gets_the_certificates_status(
    server: Server, method: str, serial_number: int, algorithm: hashes.HashAlgorithm, *, has_nonce: bool
) -> None:
    """PKI-3, A2, A5, A25."""
    nonce = secrets.token_bytes(32) if has_nonce else None
    request_der = question(server.authority, serial_number, algorithm=algorithm, nonce=nonce)
    for _ in range(2):  # the second time a head is known and nothing is parsed
        answer = server.post(request_der) if method == "POST" else server.ask("GET", get_path(request_der))
        read = verify(server, answer)
        assert answer.says == STATES[serial_number]
        assert read.serial_number == serial_number
        assert read.hash_algorithm.name == algorithm.name
        assert read.issuer_key_hash == oracle.load_der_ocsp_request(request_der).issuer_key_hash
        nonces = [extension.value.nonce for extension in read.extensions]
        assert nonces == ([nonce] if nonce else [])
        if serial_number == REVOKED:
            assert read.revocation_reason is not None
            assert read.revocation_reason.name == "key_compromise"


def test_get_takes_base64_however_it_was_written(server: Server) -> None:
    """F6: ``+``, ``//``, padding or none, percent-encoded or raw."""
    seen = set()
    for _ in range(400):
        request_der = question(server.authority, GOOD, nonce=_slashes_and_pluses())
        raw = base64.b64encode(request_der).decode()
        kind = ("//" in raw, "+" in raw, "/" in raw.replace("//", ""), raw.count("="))
        if kind in seen:
            continue
        seen.add(kind)
        quoted = urllib.parse.quote(raw, safe="")
        lower = raw.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d")
        for form in (raw, raw.rstrip("="), quoted, lower, raw.replace("=", "%3D"), "/" + raw):
            assert server.ask("GET", f"/ocsp/{form}").says == "GOOD", form
    assert any(kind[0] for kind in seen)
    assert any(kind[1] for kind in seen)
    assert {kind[3] for kind in seen} == {0, 1, 2}


def _slashes_and_pluses() -> bytes:
    return bytes(secrets.choice(b"\xff\xff\xfb\xef\xbe\x00") for _ in range(secrets.randbelow(30) + 1))


def test_several_certificates_in_one_question_are_all_answered(server: Server) -> None:
    parts = [
        asn1_ocsp.OCSPRequest.load(question(server.authority, number))["tbs_request"]["request_list"][0]
        for number in STATES
    ]
    request = asn1_ocsp.OCSPRequest({"tbs_request": {"request_list": parts}})
    read = server.post(request.dump()).ocsp
    assert {one.serial_number: one.certificate_status.name for one in read.responses} == STATES
    signer_key = server.authority.signer_certificate.public_key()
    assert isinstance(signer_key, ec.EllipticCurvePublicKey)
    signer_key.verify(read.signature, read.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))


def test_a_foreign_issuer_is_not_ours_to_answer_for(server: Server) -> None:
    stranger = make_authority("TEST Stranger")
    for algorithm in (SHA1, SHA256, SHA384):
        assert server.post(question(stranger, GOOD, algorithm=algorithm)).says == "UNAUTHORIZED"
    by_sha224 = question(server.authority, GOOD, algorithm=hashes.SHA224())
    assert server.post(by_sha224).says == "UNAUTHORIZED"
    assert server.ask("GET", get_path(by_sha224)).says == "UNAUTHORIZED"
    ours, theirs = (
        asn1_ocsp.OCSPRequest.load(question(one, GOOD))["tbs_request"]["request_list"][0]
        for one in (server.authority, stranger)
    )
    mixed = asn1_ocsp.OCSPRequest({"tbs_request": {"request_list": [ours, theirs]}})
    assert server.post(mixed.dump()).says == "UNAUTHORIZED"


def test_no_serial_that_was_never_issued_is_good(server: Server) -> None:
    """A2, F3."""
    numbers = [
        GOOD - 1,
        GOOD + 1000,
        REVOKED * 2,
        1,
        127,
        128,
        2**159 - 1,
        *(secrets.randbits(120) + 4 for _ in range(60)),
    ]
    for number in numbers:
        for algorithm in (SHA1, SHA256):
            assert server.post(question(server.authority, number, algorithm=algorithm)).says == "UNKNOWN"


def test_the_headers_are_those_of_rfc_5019(server: Server) -> None:
    answer = server.ask("GET", get_path(question(server.authority, GOOD)))
    read = answer.ocsp
    headers = answer.headers
    assert headers["cache-control"] == "max-age=60,public,no-transform,must-revalidate"
    assert parsedate_to_datetime(headers["last-modified"]) == read.this_update_utc
    assert parsedate_to_datetime(headers["expires"]) == read.next_update_utc
    assert abs(parsedate_to_datetime(headers["date"]) - datetime.now(UTC)) < timedelta(seconds=5)
    assert headers["etag"].startswith('"')
    assert int(headers["content-length"]) == len(answer.body)
    assert "server" not in headers
    other = server.ask("GET", get_path(question(server.authority, REVOKED)))
    assert other.headers["etag"] != headers["etag"]


def test_who_has_the_answer_already_is_told_so(server: Server) -> None:
    path = get_path(question(server.authority, GOOD))
    headers = server.ask("GET", path).headers
    conditions = [
        {"If_None_Match": headers["etag"]},
        {"If_None_Match": f'"another", W/{headers["etag"]}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": headers["last-modified"]},
    ]
    for condition in conditions * 2:  # a head that was seen before is still read
        answer = server.ask("GET", path, **condition)
        assert (answer.code, answer.body) == (304, b"")
        assert answer.headers["etag"] == headers["etag"]
        assert answer.headers["cache-control"] == headers["cache-control"]
    for condition in (
        {"If_None_Match": '"another"', "If_Modified_Since": headers["last-modified"]},
        {"If_Modified_Since": "Sat, 21 Nov 2020 12:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
    ):
        assert server.ask("GET", path, **condition).says == "GOOD"


def test_head_gets_the_headers_of_get_and_options_the_methods(server: Server) -> None:
    path = get_path(question(server.authority, GOOD))
    get, head = server.ask("GET", path), server.ask("HEAD", path)
    assert head.code == 200
    assert head.body == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
    options = server.ask("OPTIONS", "/ocsp")
    assert (options.code, options.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")


def test_an_answer_made_for_one_asker_is_kept_by_no_cache(server: Server) -> None:
    for request_der in (
        question(server.authority, GOOD, nonce=b"n" * 16),
        question(server.authority, NEVER_ISSUED),
        b"",
    ):
        assert (
            server.ask("GET", get_path(request_der) if request_der else "/ocsp").headers["cache-control"]
            == "no-store"
        )


@pytest.mark.parametrize("size", [0, 129])
def test_a_nonce_that_rfc_9654_forbids_is_malformed(server: Server, size: int) -> None:
    """A25."""
    assert server.post(question(server.authority, GOOD, nonce=b"n" * size)).says == "MALFORMED_REQUEST"


def test_a_fresh_signature_is_no_fresh_knowledge(server: Server) -> None:
    """F10: a responder that is cut off must not look up to date because it can still sign."""
    ahead = server.post(question(server.authority, GOOD)).ocsp
    fresh = server.post(question(server.authority, GOOD, nonce=b"n" * 16)).ocsp
    assert (fresh.this_update_utc, fresh.next_update_utc) == (ahead.this_update_utc, ahead.next_update_utc)
    assert fresh.produced_at_utc >= ahead.produced_at_utc


def test_malformed_questions_are_never_good_and_never_500(server: Server) -> None:
    """R2: every kind of damage to a good question."""
    sound = question(server.authority, GOOD)
    with_nonce = question(server.authority, GOOD, nonce=b"n" * 32)
    damaged = [sound[:size] for size in range(len(sound))]
    damaged += [
        sound[:at] + bytes((sound[at] ^ bit,)) + sound[at + 1 :] for at in range(10) for bit in (1, 64, 128)
    ]
    damaged += [with_nonce[:size] for size in range(0, len(with_nonce), 3)]
    damaged += [sound + b"\x00", b"\x00" + sound, sound * 2, b"\x30\x80" + sound[2:] + b"\x00\x00"]
    damaged += [b"\xff" * 100, b"\x00" * 100, secrets.token_bytes(1500), b"{}", b"<xml/>"]
    for octets in damaged:
        for answer in (server.post(octets), server.ask("GET", get_path(octets))):
            assert answer.code == 200
            assert answer.says == "MALFORMED_REQUEST", octets.hex()
    for at in range(
        len(sound)
    ):  # whatever one octet becomes, only the very certificate that was asked about is good
        changed = sound[:at] + bytes((sound[at] ^ 0x55,)) + sound[at + 1 :]
        answer = server.post(changed)
        assert answer.code == 200
        assert answer.says in {"MALFORMED_REQUEST", "UNAUTHORIZED", "UNKNOWN"}, changed.hex(" ")


def test_der_of_the_answer_is_der(server: Server) -> None:
    for number in STATES:
        body = server.post(question(server.authority, number)).body
        assert asn1_ocsp.OCSPResponse.load(body, strict=True).dump(force=True) == body
        assert oracle.load_der_ocsp_response(body).public_bytes(DER) == body
