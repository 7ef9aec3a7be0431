"""The rest of RFC 6960, 5019 and 9654: extensions, signed questions, issuers of one name, mutations."""

import base64
import random
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp as oracle

from ocsp.responder.answering import Answered, Answering
from ocsp.store.lmdb_reader import LmdbReader
from ocsp.wire import der
from ocsp.wire.response import CertStatus, ResponseStatus
from tests.ocsp.authority import Authority, make_authority
from tests.ocsp.responder.conftest import GOOD, NEVER_ISSUED, REVOKED, Answer, Server, fill, question, start

SHA1 = hashes.SHA1()  # noqa: S303 - RFC 5019
DIGESTS = ("sha256", "sha384", "sha512")
ECDSA = {name: bytes.fromhex("06082a8648ce3d0403") + bytes((n,)) for n, name in enumerate(DIGESTS, 2)}
RSA = {name: bytes.fromhex("06092a864886f70d0101") + bytes((n,)) for n, name in enumerate(DIGESTS, 11)}
RSA_SHA1, ED25519 = bytes.fromhex("06092a864886f70d010105"), bytes.fromhex("06032b6570")
BASIC, OTHER_RESPONSE = bytes.fromhex("06092b0601050507300101"), bytes.fromhex("06092b0601050507300163")
P256 = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
P384 = bytes.fromhex("301006072a8648ce3d020106052b81040022")


def with_extensions(request_der: bytes, *extensions: tuple[str, bytes, bool]) -> bytes:
    """Return a plain question with request extensions: (last arc of id-pkix-ocsp, value, critical)."""
    encoded = []
    for arc, value, is_critical in extensions:
        name = bytes.fromhex("06092b06010505073001") + bytes((int(arc),))
        critical = b"\x01\x01\xff" if is_critical else b""
        encoded.append(der.encode(der.SEQUENCE, name, critical, der.encode(der.OCTET_STRING, value)))
    start_, end = der.expect(request_der, 0, len(request_der), der.SEQUENCE)
    start_, end = der.expect(request_der, start_, end, der.SEQUENCE)
    wrapped = der.encode(0xA2, der.encode(der.SEQUENCE, *encoded))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, request_der[start_:end], wrapped))


def preferences(*identifiers: bytes, key: bytes = b"") -> bytes:
    return der.encode(
        der.SEQUENCE,
        *[der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, one), key) for one in identifiers],
    )


def asked_for(server: Server, *identifiers: bytes, key: bytes = b"") -> Answer:
    plain = question(server.authority, GOOD)
    return server.post(with_extensions(plain, ("8", preferences(*identifiers, key=key), False)))


@pytest.fixture(scope="module")
def rsa_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server whose issuer's OCSP signer has an RSA key, as in the hierarchy ``rsa``."""
    home, authority = tmp_path_factory.mktemp("rsa"), make_authority("TEST RSA", rsa_signer=True)
    fill(home, authority).close()
    running = start(home, authority)
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("digest", ECDSA)
def test_the_asker_gets_the_digest_that_it_prefers(server: Server, rsa_server: Server, digest: str) -> None:
    """RFC 6277, RFC 6960 4.4.7: of what the asker prefers, the first that the signer's key can do."""
    for running, mine, others in ((server, ECDSA, RSA), (rsa_server, RSA, ECDSA)):
        answer = asked_for(running, ED25519, RSA_SHA1, others["sha384"], mine[digest], mine["sha256"])
        read = answer.ocsp
        assert answer.says == "GOOD"
        assert read.signature_hash_algorithm is not None
        assert read.signature_hash_algorithm.name == digest
        key = running.authority.signer_certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(
                read.signature, read.tbs_response_bytes, padding.PKCS1v15(), read.signature_hash_algorithm
            )
        else:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(read.signature, read.tbs_response_bytes, ec.ECDSA(read.signature_hash_algorithm))
        # Signed ahead where that is what the asker wants anyway, and then caches may keep it.
        assert ("etag" in answer.headers) is (digest == "sha256")


def test_who_prefers_what_we_cannot_do_gets_our_own_choice(server: Server, rsa_server: Server) -> None:
    for running in (server, rsa_server):
        for wanted in ((), (RSA_SHA1, ED25519), ((RSA if running is server else ECDSA)["sha512"],)):
            answer = asked_for(running, *wanted)
            assert (answer.says, "etag" in answer.headers) == ("GOOD", True)
            assert answer.ocsp.signature_hash_algorithm is not None
            assert answer.ocsp.signature_hash_algorithm.name == "sha256"


def test_a_preference_for_another_curve_is_none_for_ours(server: Server) -> None:
    for key, digest in ((P256, "sha512"), (P384, "sha256")):
        read = asked_for(server, ECDSA["sha512"], key=key).ocsp
        assert read.signature_hash_algorithm is not None
        assert read.signature_hash_algorithm.name == digest


def test_a_preference_and_a_nonce_go_together(server: Server) -> None:
    nonce = der.encode(der.OCTET_STRING, b"n" * 32)
    asked = with_extensions(
        question(server.authority, REVOKED), ("2", nonce, False), ("8", preferences(ECDSA["sha384"]), True)
    )
    read = server.post(asked).ocsp
    assert read.certificate_status is oracle.OCSPCertStatus.REVOKED
    assert read.signature_hash_algorithm is not None
    assert read.signature_hash_algorithm.name == "sha384"
    assert [extension.value.nonce for extension in read.extensions] == [b"n" * 32]


def test_a_token_that_cannot_do_what_is_preferred_costs_the_others_nothing(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    """Our own choice is served instead, and nonces go on being answered."""
    fill(tmp_path, authority).close()
    (tmp_path / "only-sha256").touch()
    server = starting()
    for _ in range(3):
        assert asked_for(server, ECDSA["sha512"]).says == "GOOD"
        with_nonce = server.post(question(authority, GOOD, nonce=b"n" * 16))
        assert [extension.value.nonce for extension in with_nonce.ocsp.extensions] == [b"n" * 16]
    assert server.figures["sigill_ocsp_signing_failures_total"] == 1


@pytest.mark.parametrize(
    "value", [b"", b"\x05\x00", b"\x30\x02\x30\x00", b"\x30\x04\x30\x02\x30\x00", b"0\x05"]
)
def test_preferences_that_are_none_are_malformed(server: Server, value: bytes) -> None:
    asked = with_extensions(question(server.authority, GOOD), ("8", value, False))
    assert server.post(asked).says == "MALFORMED_REQUEST"


def test_an_asker_must_accept_the_basic_response(server: Server) -> None:
    """RFC 6960 4.4.3; there is no other."""
    plain = question(server.authority, GOOD)
    for responses, says in (
        ((BASIC,), "GOOD"), ((OTHER_RESPONSE, BASIC), "GOOD"),
        ((OTHER_RESPONSE,), "MALFORMED_REQUEST"), ((), "MALFORMED_REQUEST"),
    ):  # fmt: skip
        for is_critical in (False, True):
            value = der.encode(der.SEQUENCE, *responses)
            assert server.post(with_extensions(plain, ("4", value, is_critical))).says == says
    assert server.post(with_extensions(plain, ("4", b"\x04\x00", False))).says == "MALFORMED_REQUEST"


def test_an_unknown_extension_is_passed_over_unless_it_is_critical(server: Server) -> None:
    plain = question(server.authority, GOOD)
    assert server.post(with_extensions(plain, ("99", b"\x05\x00", False))).says == "GOOD"
    assert server.post(with_extensions(plain, ("99", b"\x05\x00", True))).says == "MALFORMED_REQUEST"
    locator = with_extensions(plain, ("7", b"\x30\x00", True))
    assert server.post(locator).says == "GOOD"
    twice = with_extensions(plain, ("2", b"\x04\x01n", False), ("2", b"\x04\x01n", False))
    assert server.post(twice).says == "MALFORMED_REQUEST"


def test_a_signature_on_the_question_changes_nothing(server: Server) -> None:
    """We answer everyone (RFC 6960 4.1.2: a responder may ignore it)."""
    for number, says in ((GOOD, "GOOD"), (REVOKED, "REVOKED"), (NEVER_ISSUED, "UNKNOWN")):
        request = asn1_ocsp.OCSPRequest.load(question(server.authority, number))
        request["optional_signature"] = {
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": core.OctetBitString(b"no signature at all"),
        }
        assert server.post(request.dump(force=True)).says == says


def test_no_answer_claims_the_extended_meaning_of_revoked(server: Server) -> None:
    """RFC 6960 4.4.8 is for responders that call what was never issued revoked; ours says unknown."""
    for number in (GOOD, REVOKED, NEVER_ISSUED):
        body = server.post(question(server.authority, number)).body
        assert bytes.fromhex("06092b0601050507300109") not in body
        assert (
            asn1_ocsp.OCSPResponse.load(body).basic_ocsp_response["tbs_response_data"]["responder_id"].name
            == "by_key"
        )


def test_issuers_of_one_name_and_different_keys_are_told_apart(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    """QA beside PROD, and an issuer that was rekeyed: the same name, another key, other certificates."""
    twin = make_authority()
    assert twin.name_der == authority.name_der
    store = fill(tmp_path, authority)
    now = int(time.time())
    twin.publish(store, [GOOD], at=now, status=CertStatus.REVOKED, reason=4)
    twin.publish(store, [NEVER_ISSUED], at=now)
    store.mark_reconciled(now)
    store.close()
    server = starting()
    for algorithm in (SHA1, hashes.SHA256(), hashes.SHA512()):
        for issuer, number, says in (
            (authority, GOOD, "GOOD"), (twin, GOOD, "REVOKED"),
            (authority, REVOKED, "REVOKED"), (twin, NEVER_ISSUED, "GOOD"),
        ):  # fmt: skip
            if algorithm.name == "sha512" and issuer is twin:
                continue  # the test's signing lane has the other issuer's key only
            answer = server.post(question(issuer, number, algorithm=algorithm))
            assert answer.says == says
            (signer,) = answer.ocsp.certificates
            assert signer == issuer.signer_certificate


def test_a_get_is_read_in_every_spelling_and_refused_when_it_is_too_long(server: Server) -> None:
    """RFC 6960 A.1; 414 from 4096 octets on, as RFC 9110 4.1 lets a server choose."""
    request_der = question(server.authority, GOOD)
    raw, for_urls = base64.b64encode(request_der).decode(), base64.urlsafe_b64encode(request_der).decode()
    for path in (
        raw, raw.rstrip("="), urllib.parse.quote(raw, safe=""), urllib.parse.quote(raw, safe="/+"),
        for_urls, for_urls.rstrip("="),
        "/" + raw, "".join(f"%{ord(letter):02X}" for letter in raw),
    ):  # fmt: skip
        for _ in range(2):
            assert server.ask("GET", f"/ocsp/{path}").says == "GOOD", path
        assert server.ask("HEAD", f"/ocsp/{path}").code == 200
    assert server.ask("GET", f"/ocsp/{'A' * 4000}").says == "MALFORMED_REQUEST"
    assert server.ask("GET", f"/ocsp/{'A' * 4096}").code == 414
    assert server.ask("GET", f"/ocsp/{raw}?x=1").says in {"MALFORMED_REQUEST", "GOOD"}


def _mutations(count: int, authority: Authority) -> Iterator[bytes]:
    draw = random.Random(960)  # noqa: S311 - the same ones each time
    seeds = [
        question(authority, number, algorithm=algorithm)
        for number in (GOOD, REVOKED, NEVER_ISSUED)
        for algorithm in (SHA1, hashes.SHA256(), hashes.SHA384())
    ]
    seeds += [question(authority, GOOD, nonce=b"n" * size) for size in (1, 32, 128)]
    acceptable = der.encode(der.SEQUENCE, BASIC)
    wanted = preferences(ECDSA["sha384"])
    seeds.append(with_extensions(seeds[0], ("8", wanted, False), ("4", acceptable, True)))
    for _ in range(count):
        octets = bytearray(draw.choice(seeds))
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(octets) + 1)
            match draw.randrange(5):
                case 0:
                    octets[at : at + 1] = draw.randbytes(1)
                case 1:
                    octets[at:at] = draw.randbytes(draw.randint(1, 3))
                case 2:
                    del octets[at : at + draw.randint(1, 9)]
                case 3:
                    octets[at : at + 1] = bytes((draw.choice((0, 1, 0x30, 0x7F, 0x80, 0x81, 0xFF)),))
                case _:
                    other = draw.choice(seeds)
                    begin = draw.randrange(len(other))
                    octets[at : at + draw.randint(0, 20)] = other[begin : begin + draw.randint(1, 40)]
            octets = octets or bytearray(b"\x30")
        yield bytes(octets)


def test_of_twenty_thousand_mutations_none_is_good_but_about_the_good_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    """R2, A2: nothing raises, and good is said of one certificate only."""
    fill(tmp_path, authority).close()
    reader = LmdbReader(tmp_path / "ocsp" / "lmdb")
    answering, now = Answering(reader, may_sign=True), int(time.time())
    answering.follow()
    outcomes: dict[str, int] = {}
    for octets in _mutations(20_000, authority):
        outcome = answering.answer(octets, now)
        if isinstance(outcome, ResponseStatus):
            outcomes[outcome.name] = outcomes.get(outcome.name, 0) + 1
            continue
        singles = [outcome.body] if isinstance(outcome, Answered) else outcome.single_responses
        for single in singles:
            serial = der.encode(der.INTEGER, GOOD.to_bytes(12, "big"))
            assert (b"\x80\x00\x18\x0f" in single) is (serial in single), octets.hex()
        outcomes[type(outcome).__name__] = outcomes.get(type(outcome).__name__, 0) + 1
    reader.close()
    assert sum(outcomes.values()) == 20_000
    assert outcomes["MALFORMED_REQUEST"] > 5000
    assert min(outcomes.get(name, 0) for name in ("UNAUTHORIZED", "Answered", "SigningPlan")) > 50


def test_mutations_over_http_get_an_ocsp_answer_each(server: Server, authority: Authority) -> None:
    """The same through the whole server, on one connection: never 500, never a connection lost."""
    for octets in _mutations(300, authority):
        answer = server.post(octets)
        assert answer.code == 200
        assert answer.ocsp.response_status is not oracle.OCSPResponseStatus.INTERNAL_ERROR
    assert server.figures["sigill_status_failures_total"] == 0
