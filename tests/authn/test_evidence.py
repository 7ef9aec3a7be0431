"""The sixteen lines, the browser binding, the four algorithms, against the vectors of authn.md section 11."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from authn import evidence
from authn.evidence import Answer, Question

VERIFIER = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"
QUESTION = Question(
    purpose="auth",
    order_ref="6f1d3c0e-5a5f-4c1b-9c55-0d7a3c5b9e11",
    server_random=bytes(range(32)),
    rp_challenge=bytes(range(64)),
    rp_id="SE2321000016-PORTAL",
    rp_name="SITHS eID Portal",
    rp_origin="https://portal.siths.test",
    visible_text="Logga in i SITHS eID Portal",
    non_visible_hash=evidence.hashed(b""),
    flow="same-device",
    expires_at=1_800_000_000,
)
SPKI = evidence.hashed(b"SPKI-DER-EXAMPLE")
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate_for(key: Key) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vector")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(start + timedelta(days=9))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_the_signed_lines_equal_the_golden_vector() -> None:
    tbs = evidence.to_be_signed(
        QUESTION,
        user_challenge=evidence.user_challenge_of(VERIFIER),
        server_spki=SPKI,
        certificate_der=b"CERT-DER-EXAMPLE",
    )
    assert len(tbs) == 569
    assert tbs.count(b"\n") == 15
    assert hashlib.sha256(tbs).hexdigest() == (
        "fea13a222a727859ebb11bedc0ab29e391c1ece25d4bb500dac473bc55b655a4"
    )


def test_the_user_challenge_the_return_proof_and_the_code_equal_the_golden_vector() -> None:
    assert evidence.b64url(bytes(range(64, 96))) == VERIFIER
    assert evidence.user_challenge_of(VERIFIER) == "9F3IKnUj0Ul0zqBQ4wKOi_BqjuhVqdYwNOu0-57MIwU"
    assert evidence.return_proof(bytes(range(128, 160))) == "gthkCFMLdl5G6_R4BwlQJ-gHvAhnSw3nfuXvL659BJI"
    assert evidence.verification_code(bytes(range(64))) == "4659"


def test_a_question_survives_json() -> None:
    assert Question.from_json(QUESTION.as_json()) == QUESTION


@pytest.mark.parametrize("name", list(QUESTION.as_json()))
def test_a_question_with_a_missing_or_mistyped_member_is_refused(name: str) -> None:
    without: dict[str, object] = {k: v for k, v in QUESTION.as_json().items() if k != name}
    with pytest.raises(evidence.EvidenceInvalid):
        Question.from_json(without)
    with pytest.raises(evidence.EvidenceInvalid):
        Question.from_json({**without, name: ["x"]})


@pytest.mark.parametrize(
    "changed",
    [
        replace(QUESTION, purpose="sign"),
        replace(QUESTION, order_ref="6f1d3c0e-5a5f-4c1b-9c55-0d7a3c5b9e12"),
        replace(QUESTION, server_random=bytes(32)),
        replace(QUESTION, rp_challenge=bytes(64)),
        replace(QUESTION, rp_id="SE2321000016-PORTAM"),
        replace(QUESTION, rp_name="SITHS eID Porta1"),
        replace(QUESTION, rp_origin="https://portal.siths.test.evil.test"),
        replace(QUESTION, visible_text="Signera"),
        replace(QUESTION, non_visible_hash=evidence.hashed(b"x")),
        replace(QUESTION, flow="other-device"),
        replace(QUESTION, expires_at=1_800_000_001),
    ],
)
def test_every_part_of_the_question_is_under_the_signature(changed: Question) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    answer = signed(QUESTION, key, "ES256")
    evidence.verify(QUESTION, answer, server_spki_pins=[SPKI])
    with pytest.raises(evidence.SignatureInvalid):
        evidence.verify(changed, answer, server_spki_pins=[SPKI])


def signed(question: Question, key: Key, algorithm: str, *, server_spki: str = SPKI) -> Answer:
    certificate_der = certificate_for(key)
    user_challenge = evidence.user_challenge_of(VERIFIER)
    tbs = evidence.to_be_signed(
        question, user_challenge=user_challenge, server_spki=server_spki, certificate_der=certificate_der
    )
    match key:
        case rsa.RSAPrivateKey():
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            signature = key.sign(tbs, padding.PKCS1v15() if algorithm == "RS256" else pss, hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            digest = hashes.SHA384() if algorithm == "ES384" else hashes.SHA256()
            signature = key.sign(tbs, ec.ECDSA(digest))
    return Answer(
        certificate_der=certificate_der,
        algorithm=algorithm,
        signature=signature,
        user_challenge=user_challenge,
        server_spki=server_spki,
    )


def test_the_four_algorithms_verify_and_no_other_fits_their_keys() -> None:
    keys: dict[str, Key] = {
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
    }
    keys["PS256"] = keys["RS256"]
    for algorithm, key in keys.items():
        answer = signed(QUESTION, key, algorithm)
        evidence.verify(QUESTION, answer, server_spki_pins=[SPKI])
        for other in {*keys, "none", "HS256", "ES512"} - {algorithm}:
            with pytest.raises((evidence.AlgorithmRefused, evidence.SignatureInvalid)):
                evidence.verify(QUESTION, replace(answer, algorithm=other), server_spki_pins=[SPKI])


def test_a_short_rsa_key_is_refused() -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the point of the test
    with pytest.raises(evidence.AlgorithmRefused):
        evidence.verify(QUESTION, signed(QUESTION, key, "RS256"), server_spki_pins=[SPKI])


def test_a_client_that_saw_another_server_key_is_refused() -> None:
    """T7: TLS interception gives another SPKI, though the signature itself is right."""
    key = ec.generate_private_key(ec.SECP256R1())
    answer = signed(QUESTION, key, "ES256", server_spki=evidence.hashed(b"proxy"))
    with pytest.raises(evidence.BindingMismatch):
        evidence.verify(QUESTION, answer, server_spki_pins=[SPKI])


def test_a_raw_signature_becomes_der() -> None:
    raw = bytes(31) + b"\x05" + bytes(31) + b"\x80"
    assert decode_dss_signature(evidence.ecdsa_der(raw)) == (5, 128)
    with pytest.raises(evidence.SignatureInvalid):
        evidence.ecdsa_der(raw[:-1])


def test_only_the_right_pair_of_proofs_lets_the_browser_return() -> None:
    """T4 and T5: a foreign session's secret, or a u that the client never made, logs nobody in."""
    secret = bytes(range(128, 160))
    challenge = evidence.user_challenge_of(VERIFIER)
    right = evidence.return_proof(secret)
    evidence.verify_return(session_secret=secret, user_challenge=challenge, d=right, u=VERIFIER)
    for other_secret, d, u in [
        (bytes(32), right, VERIFIER),
        (secret, evidence.return_proof(bytes(32)), VERIFIER),
        (secret, right, VERIFIER + "x"),
        (secret, "å", "å"),
    ]:
        with pytest.raises(evidence.BindingMismatch):
            evidence.verify_return(session_secret=other_secret, user_challenge=challenge, d=d, u=u)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "Logga in\u202e lla",
        "Logga\u200bin",
        "A\u030aland",
        "x" * 1501,
        "rad\r\nrad",
        "\x1b[1m",
        "\ue000",
        "a\u2028b",
    ],
)
def test_text_that_a_person_cannot_see_as_it_is_is_refused(text: str) -> None:
    """T14."""
    with pytest.raises(evidence.EvidenceInvalid):
        evidence.check_visible_text(text)


def test_plain_text_in_swedish_is_accepted_and_markup_is_only_text() -> None:
    """T14: HTML is not refused, it is shown escaped."""
    for text in ["Logga in i Sigill", "Åsa Öberg\nkort 9752 …", "<b>ok</b>"]:
        assert evidence.check_visible_text(text) == text


@pytest.mark.parametrize(
    "url",
    [
        "//portal.test/x",
        "https://user@portal.test/",
        "https://portal.test@evil.test/",
        "https://PORTAL.test/",
        "https://portal.test:443/",
        "http://portal.test:80/",
        "https:///x",
        "https://portal.test\\@evil.test/",
        "javascript:alert(1)",
        "https://portal.test/#x",
        "https://portal.test /",
        "https://pörtal.test/",
        "https://portal.test:x/",
        "https://[::1/",
        "ftp://portal.test/",
        "",
    ],
)
def test_an_address_spelled_otherwise_than_canonically_has_no_origin(url: str) -> None:
    """T6."""
    with pytest.raises(evidence.EvidenceInvalid):
        evidence.origin_of(url)


def test_the_origin_is_scheme_host_and_port() -> None:
    assert evidence.origin_of("https://portal.siths.test/login/oob/return?x=1") == "https://portal.siths.test"
    assert evidence.origin_of("http://127.0.0.1:8000/login/oob/return") == "http://127.0.0.1:8000"


@given(st.text())
def test_an_origin_is_found_or_refused_and_never_anything_else(text: str) -> None:
    try:
        origin = evidence.origin_of(text)
    except evidence.EvidenceInvalid:
        return
    assert text.startswith(origin)


@given(st.text())
def test_base64_has_one_spelling(text: str) -> None:
    for decode, encode in ((evidence.unb64, evidence.b64), (evidence.unb64url, evidence.b64url)):
        try:
            octets = decode(text)
        except evidence.MalformedText:
            continue
        assert encode(octets) == text


@pytest.mark.parametrize(
    "broken",
    [
        replace(QUESTION, order_ref="a\nb"),
        replace(QUESTION, order_ref=""),
        replace(QUESTION, order_ref="å"),
        replace(QUESTION, purpose="login"),
        replace(QUESTION, flow="push"),
        replace(QUESTION, server_random=b""),
        replace(QUESTION, rp_challenge=bytes(63)),
        replace(QUESTION, non_visible_hash="AA=="),
    ],
)
def test_a_value_that_could_break_the_lines_is_refused(broken: Question) -> None:
    with pytest.raises(evidence.EvidenceInvalid):
        evidence.to_be_signed(
            broken,
            user_challenge=evidence.user_challenge_of("u"),
            server_spki=SPKI,
            certificate_der=b"",
        )


@pytest.mark.parametrize("user_challenge", ["", "x" * 43, "a\nb", "A" * 42 + "\n", evidence.hashed(b"")])
def test_a_user_challenge_of_another_form_is_refused(user_challenge: str) -> None:
    with pytest.raises(evidence.EvidenceInvalid):
        evidence.to_be_signed(QUESTION, user_challenge=user_challenge, server_spki=SPKI, certificate_der=b"")
