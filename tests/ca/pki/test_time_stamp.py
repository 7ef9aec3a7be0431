"""Time-stamps as RFC 3161 asks, judged by openssl and asn1crypto: what is stamped, what is refused (REP)."""

import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ca.pki.issuance import issue
from ca.pki.policies import DEFAULT_POLICY_ARC, TIME_STAMP_SUFFIX
from ca.pki.signer import SignatureAlgorithm
from ca.pki.time_stamp import TimeStampAuthority, TimeStampRefused, plan_time_stamp, refusal
from tests.ca.pki.software_signer import SoftwareSigner, stored_signer
from tests.ca.pki.world import AT, HIERARCHIES, world_of

POLICY = f"{DEFAULT_POLICY_ARC}.{TIME_STAMP_SUFFIX}"
IMPRINT = sha256(b"a report").digest()
STAMPED_AT = AT + timedelta(days=1, microseconds=987_654)


@cache
def signer_of(hierarchy: str) -> SoftwareSigner:
    if hierarchy == "rsa":
        return stored_signer("rsa2048-service", SignatureAlgorithm.RSA_SHA256)
    return stored_signer("p256-service", SignatureAlgorithm.ECDSA_SHA256)


@cache
def authority_of(hierarchy: str) -> TimeStampAuthority:
    world, signer = world_of(hierarchy), signer_of(hierarchy)
    prepared = world.prepare("time_stamp_signer", public_key=signer.public_key)
    above = world.issuer("function").certificate_der
    assert above is not None
    return TimeStampAuthority(
        chain_der=(issue(prepared, world.signer("function")), above),
        algorithm=signer.algorithm,
        policy=POLICY,
        accuracy=timedelta(seconds=1, milliseconds=500),
    )


def asked(**changed: object) -> bytes:
    """Return a request; what is not said is right."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": IMPRINT}
    request = {"version": 1, "message_imprint": imprint, "cert_req": True, "nonce": 1 << 63, **changed}
    return bytes(tsp.TimeStampReq(request).dump())


def stamped(request: bytes, hierarchy: str = "p384") -> bytes:
    plan = plan_time_stamp(request, authority=authority_of(hierarchy), at=STAMPED_AT)
    return plan.response(signer_of(hierarchy).sign(plan.to_be_signed))


def content_of(response: bytes) -> tsp.TSTInfo:
    token = tsp.TimeStampResp.load(response, strict=True)["time_stamp_token"]
    return token["content"]["encap_content_info"]["content"].parsed


def why(request: bytes) -> str:
    """Return the PKIFailureInfo with which a request is refused."""
    with pytest.raises(TimeStampRefused) as refused:
        plan_time_stamp(request, authority=authority_of("p384"), at=STAMPED_AT)
    info = core.load(refused.value.response_der, strict=True).contents
    status = tsp.PKIStatusInfo.load(info, strict=True)
    assert status["status"].native == "rejection"
    assert refused.value.response_der == refusal(refused.value.failure)
    (failure,) = status["fail_info"].native
    return str(failure)


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@pytest.mark.parametrize("cert_req", [True, False])
def test_openssl_verifies_a_time_stamp(tmp_path: Path, hierarchy: str, cert_req: bool) -> None:  # noqa: FBT001 - a parameter
    """RFC 3161 2.4.2; with and without the signer's certificate inside."""
    data = tmp_path / "report"
    data.write_bytes(b"a report")
    query = tmp_path / "query.tsq"
    making = [
        "openssl",
        "ts",
        "-query",
        "-data",
        str(data),
        "-sha256",
        "-tspolicy",
        POLICY,
        "-out",
        str(query),
    ]
    subprocess.run([*making, *(["-cert"] if cert_req else [])], check=True, capture_output=True)
    (tmp_path / "answer.tsr").write_bytes(stamped(query.read_bytes(), hierarchy))
    world, authority = world_of(hierarchy), authority_of(hierarchy)
    root = world.issuer("root").certificate_der
    assert root is not None
    for name, ders in (("root", [root]), ("chain", authority.chain_der)):
        pems = [x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in ders]
        (tmp_path / f"{name}.pem").write_bytes(b"".join(pems))
    command = ["openssl", "ts", "-verify", "-in", str(tmp_path / "answer.tsr"), "-queryfile", str(query)]
    trust = ["-CAfile", str(tmp_path / "root.pem"), "-untrusted", str(tmp_path / "chain.pem")]
    moment = ["-attime", str(int((STAMPED_AT + timedelta(days=400)).timestamp()))]
    done = subprocess.run([*command, *trust, *moment], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Verification: OK" in done.stdout
    data.write_bytes(b"another report")
    other = ["openssl", "ts", "-verify", "-in", str(tmp_path / "answer.tsr"), "-data", str(data)]
    assert subprocess.run([*other, *trust, *moment], check=False, capture_output=True).returncode != 0


def test_it_says_when_with_which_accuracy_and_under_which_policy() -> None:
    """RFC 3161 2.4.2: genTime in whole seconds, the accuracy, the policy, the nonce as it was asked."""
    content = content_of(stamped(asked()))
    assert content["gen_time"].native == STAMPED_AT.replace(microsecond=0)
    assert content["gen_time"].contents == b"20261122190500Z"
    assert content["accuracy"].native == {"seconds": 1, "millis": 500, "micros": None}
    assert content["policy"].dotted == POLICY
    assert content["nonce"].native == 1 << 63
    assert content["message_imprint"]["hashed_message"].native == IMPRINT
    assert content_of(stamped(asked(nonce=None)))["nonce"].native is None


@pytest.mark.parametrize("parameters", [None, core.Null()])
@pytest.mark.parametrize(("digest", "octets"), [("sha256", 32), ("sha384", 48), ("sha512", 64)])
def test_the_imprint_is_told_as_it_was_asked(digest: str, octets: int, parameters: core.Null | None) -> None:
    algorithm = {"algorithm": digest, **({} if parameters is None else {"parameters": parameters})}
    imprint = tsp.MessageImprint({"hash_algorithm": algorithm, "hashed_message": b"x" * octets})
    assert content_of(stamped(asked(message_imprint=imprint)))["message_imprint"].dump() == imprint.dump()


def test_no_serial_number_comes_twice_even_in_the_same_instant() -> None:
    """RFC 3161 2.4.2: unique for each token of the authority, also after a crash: nothing is remembered."""
    serials = {content_of(stamped(asked()))["serial_number"].native for _ in range(50)}
    assert len(serials) == 50
    later = plan_time_stamp(
        asked(), authority=authority_of("p384"), at=STAMPED_AT + timedelta(microseconds=1), random_bits=0
    )
    assert max(serials) < later._content["serial_number"].native
    assert max(serials).bit_length() < 159


def test_certificates_are_inside_only_when_they_are_asked_for() -> None:
    """RFC 3161 2.4.1, certReq."""
    for wanted, count in ((True, 2), (False, 0)):
        token = tsp.TimeStampResp.load(stamped(asked(cert_req=wanted)))["time_stamp_token"]
        assert len(token["content"]["certificates"]) == count


@pytest.mark.parametrize(
    ("failure", "request_der"),
    [
        ("bad_data_format", b""),
        ("bad_data_format", b"\x30\x03\x02\x01"),
        ("bad_data_format", b"\x30\x03\x02\x01\x01"),
        ("bad_data_format", asked() + b"\x00"),
        ("bad_request", asked(version=2)),
        (
            "bad_alg",
            asked(message_imprint={"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": b"x" * 20}),
        ),
        (
            "bad_alg",
            asked(message_imprint={"hash_algorithm": {"algorithm": "1.2.3.4"}, "hashed_message": IMPRINT}),
        ),
        (
            "bad_data_format",
            asked(message_imprint={"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"short"}),
        ),
        ("bad_data_format", asked(nonce=1 << 600)),
        ("unaccepted_policy", asked(req_policy="1.2.3.4")),
        ("unaccepted_extensions", asked(extensions=[{"extn_id": "1.2.3.4", "extn_value": b"x"}])),
    ],
)
def test_what_cannot_be_stamped_is_refused_with_its_reason(failure: str, request_der: bytes) -> None:
    """RFC 3161 2.4.2, PKIFailureInfo."""
    assert why(request_der) == failure


@given(st.binary(max_size=120))
def test_whatever_comes_is_stamped_or_refused(octets: bytes) -> None:
    with suppress(TimeStampRefused):
        plan_time_stamp(octets, authority=authority_of("p384"), at=STAMPED_AT)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_a_request_with_one_octet_changed_is_stamped_or_refused(place: int, octet: int) -> None:
    octets = bytearray(asked())
    octets[place % len(octets)] = octet
    try:
        plan = plan_time_stamp(bytes(octets), authority=authority_of("p384"), at=STAMPED_AT)
    except TimeStampRefused:
        return
    assert plan.response(b"x")


def test_the_moment_is_told_in_utc() -> None:
    plan = plan_time_stamp(asked(), authority=authority_of("p384"), at=datetime(2027, 1, 1, tzinfo=UTC))
    assert content_of(plan.response(b"x"))["gen_time"].contents == b"20270101000000Z"
