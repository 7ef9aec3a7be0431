"""The keeper against real SoftHSM tokens: signing, making keys, healing, repairing."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import PyKCS11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca.hsm import token_copy
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.faults import KeyAbsent, PinMissing, PinRefused, TokenBusy, TokenDamaged, TokenFault
from ca.hsm.key_algorithms import KeyAlgorithm
from ca.hsm.token_keeper import TokenKeeper, keep_token
from ca.pki.signer import SignatureAlgorithm
from tests.ca.hsm.conftest import KEYS


def signs(keeper: TokenKeeper, label: str) -> bool:
    """Sign a message with a key, verify it apart from the token."""
    public_key, algorithm = keeper.public_key(label)
    (signature,) = keeper.sign(label, algorithm, [b"to be signed"])
    algorithm.verify(public_key=public_key, signature=signature, signed=b"to be signed")
    return True


@pytest.mark.parametrize("label", KEYS)
def test_every_kind_of_key_gives_signatures_that_openssl_accepts(
    token: TokenConfiguration, label: str
) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        assert signs(keeper, label)


def test_a_key_refuses_an_algorithm_that_is_not_its_own(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        with pytest.raises(TokenFault, match="not ECDSA_SHA256"):
            keeper.sign("issuer", SignatureAlgorithm.ECDSA_SHA256, [b"x"])


@pytest.mark.parametrize("kind", [KeyAlgorithm.EC_P256, KeyAlgorithm.RSA_2048])
def test_an_ocsp_signers_key_signs_with_the_digest_that_is_asked_for(
    token: TokenConfiguration, kind: KeyAlgorithm
) -> None:
    """RFC 6960 4.4.7: RSA or ECDSA is the key's, the digest the asker's."""
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        keeper.generate_key("issuer.ocsp.1", kind)
        public_key, own = keeper.public_key("issuer.ocsp.1")
        for algorithm in SignatureAlgorithm:
            if algorithm.is_rsa is own.is_rsa:
                (signature,) = keeper.sign("issuer.ocsp.1", algorithm, [b"x"])
                algorithm.verify(public_key=public_key, signature=signature, signed=b"x")
            else:
                with pytest.raises(TokenFault, match=f"not {algorithm.name}"):
                    keeper.sign("issuer.ocsp.1", algorithm, [b"x"])


def test_an_unknown_label_is_said_to_be_absent(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        with pytest.raises(KeyAbsent):
            keeper.sign("nobody", SignatureAlgorithm.ECDSA_SHA256, [b"x"])


def test_a_private_key_can_only_sign_and_never_leaves(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        said = keeper.session().attributes("issuer")
    assert {name for name, value in said.items() if value} == {
        "CKA_TOKEN", "CKA_PRIVATE", "CKA_SENSITIVE", "CKA_ALWAYS_SENSITIVE", "CKA_NEVER_EXTRACTABLE",
        "CKA_LOCAL", "CKA_SIGN",
    }  # fmt: skip


def test_a_label_names_one_key_for_ever(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        assert keeper.generate_key("issuer", KeyAlgorithm.EC_P384) == keeper.public_key("issuer")[0]


def test_a_new_key_is_handed_out_only_after_its_copy_is_proved(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        public_key = keeper.generate_key("new", KeyAlgorithm.EC_P256)
        copy = token_copy.newest_copy(token)
        assert copy is not None
        assert token_copy.copied_keys(copy)["new"] == public_key


def test_half_a_key_pair_left_by_a_crash_is_made_anew(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        session = keeper.session()._session
        session.createObject(
            [
                (PyKCS11.CKA_CLASS, PyKCS11.CKO_PUBLIC_KEY),
                (PyKCS11.CKA_KEY_TYPE, PyKCS11.CKK_EC),
                (PyKCS11.CKA_TOKEN, True),
                (PyKCS11.CKA_LABEL, "half"),
                (PyKCS11.CKA_EC_PARAMS, bytes.fromhex("06082a8648ce3d030107")),
                (PyKCS11.CKA_EC_POINT, b"\x04\x41\x04" + bytes(64)),
            ]
        )
        keeper.generate_key("half", KeyAlgorithm.EC_P256)
        assert signs(keeper, "half")


def test_only_one_process_may_own_the_token(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0), pytest.raises(TokenBusy), keep_token(token, patience=0.1):
        pass


def test_a_lost_session_is_opened_again_in_the_middle_of_a_batch(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        public_key, algorithm = keeper.public_key("ocsp")
        session = keeper.session()
        session._library.closeAllSessions(session._slot)
        signatures = keeper.sign("ocsp", algorithm, [b"a", b"b"])
        for signed, signature in zip([b"a", b"b"], signatures, strict=True):
            algorithm.verify(public_key=public_key, signature=signature, signed=signed)
        assert keeper.faults["CKR_SESSION_HANDLE_INVALID"] == 1


def test_a_batch_counts_every_signature_and_the_count_outlives_the_keeper(token: TokenConfiguration) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        keeper.sign("ocsp", SignatureAlgorithm.ECDSA_SHA256, [b"a", b"b", b"c"])
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        keeper.sign("ocsp", SignatureAlgorithm.ECDSA_SHA256, [b"d"])
        assert keeper.counts.all()["ocsp"] == 4


def empty_token_file(token: TokenConfiguration) -> None:
    for file in token.tokens.glob("*/token.object"):
        file.write_bytes(b"")


def cut_token_file(token: TokenConfiguration) -> None:
    for file in token.tokens.glob("*/token.object"):
        file.write_bytes(file.read_bytes()[:100])


def remove_token_folder(token: TokenConfiguration) -> None:
    shutil.rmtree(token.tokens)


def lose_a_key(token: TokenConfiguration) -> None:
    max(token.tokens.glob("*/*-*.object"), key=lambda file: file.stat().st_size).unlink()


def empty_a_key(token: TokenConfiguration) -> None:
    max(token.tokens.glob("*/*-*.object"), key=lambda file: file.stat().st_size).write_bytes(b"")


DAMAGES = [empty_token_file, cut_token_file, remove_token_folder, lose_a_key, empty_a_key]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_token_is_repaired_at_start_and_every_key_signs(
    token: TokenConfiguration, damage: Callable[[TokenConfiguration], None]
) -> None:
    damage(token)
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        assert keeper.repairs == 1
        assert all(signs(keeper, label) for label in KEYS)


@pytest.mark.parametrize("damage", [empty_token_file, remove_token_folder])
def test_a_token_damaged_while_in_use_is_repaired_while_callers_retry(
    token: TokenConfiguration, damage: Callable[[TokenConfiguration], None]
) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        damage(token)
        keeper._close()
        attempts = 0
        while True:
            try:
                assert signs(keeper, "issuer")
                break
            except TokenFault:
                attempts += 1
                keeper._closed_until = 0.0
                assert attempts < 10
        assert keeper.repairs == 1


def test_without_a_copy_a_damaged_token_is_an_error_and_is_left_as_it_is(token: TokenConfiguration) -> None:
    shutil.rmtree(token.copies)
    empty_token_file(token)
    with keep_token(token, patience=0) as keeper, pytest.raises(TokenDamaged):
        keeper.start()
    assert not (token.home / "damaged").exists()


def test_a_rotten_copy_is_passed_over(token: TokenConfiguration) -> None:
    newest = token_copy.newest_copy(token)
    assert newest is not None
    next(newest.glob("tokens/*/*-*.object")).write_bytes(b"rotten")
    older = token_copy.newest_copy(token)
    assert older is not None
    assert int(older.name) < int(newest.name)


def test_a_copy_that_does_not_sign_is_no_copy(token: TokenConfiguration) -> None:
    before = sorted(path.name for path in token.copies.iterdir())
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        issuer_key, ocsp_key = (keeper.public_key(label)[0] for label in ("issuer", "ocsp"))
        with pytest.raises(token_copy.CopyUnusable):
            token_copy.make_copy(
                token, {"issuer": issuer_key, "ocsp": ocsp_key[:-1] + bytes([ocsp_key[-1] ^ 1])}
            )
        with pytest.raises(token_copy.CopyUnusable):
            token_copy.make_copy(token, {"issuer": issuer_key, "gone": ocsp_key})
    assert sorted(path.name for path in token.copies.iterdir() if path.name.isdigit()) == before


def test_a_wrong_pin_is_tried_once_and_nothing_is_touched(token: TokenConfiguration) -> None:
    token.pin_file.write_text("000000")
    with keep_token(token, patience=0) as keeper:
        with pytest.raises(PinRefused):
            keeper.start()
        with pytest.raises(PinRefused, match="not tried again"):
            keeper._open()
    assert not (token.home / "damaged").exists()


def test_each_key_is_proved_without_a_signature_that_counts_or_leaves(token: TokenConfiguration) -> None:
    """Design decision 2: what the doctor asks of a signer that runs; a lost session heals on the way."""
    with keep_token(token, patience=0) as keeper:
        keeper.start()
        session = keeper.session()
        session._library.closeAllSessions(session._slot)
        assert keeper.prove() == {"issuer": "ECDSA_SHA384", "ocsp": "ECDSA_SHA256", "old": "RSA_SHA256"}
        assert keeper.faults["CKR_SESSION_HANDLE_INVALID"] == 1
        assert sum(keeper.counts.all().values()) == 0


def test_a_pin_that_is_away_is_no_refusal_and_no_damage(token: TokenConfiguration) -> None:
    away = token.pin_file.with_name("away")
    token.pin_file.rename(away)
    with keep_token(token, patience=0) as keeper:
        with pytest.raises(PinMissing, match="hsm-pin cannot be read"):
            keeper.start()
        away.rename(token.pin_file)
        keeper.start()
        assert (signs(keeper, "issuer"), keeper.repairs) == (True, 0)


def test_a_new_pin_in_the_file_is_tried_after_a_refused_one(token: TokenConfiguration) -> None:
    right = token.pin_file.read_text()
    token.pin_file.write_text("000000")
    with keep_token(token, patience=0) as keeper:
        with pytest.raises(PinRefused):
            keeper.start()
        token.pin_file.write_text(right)
        keeper.start()
        assert signs(keeper, "issuer")


def test_a_key_that_is_not_the_one_in_its_certificate_stops_the_start(token: TokenConfiguration) -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(other.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(other, hashes.SHA384())
    )
    token.certificates.mkdir()
    (token.certificates / "issuer.cer").write_bytes(certificate.public_bytes(Encoding.DER))
    with keep_token(token, patience=0) as keeper:
        with pytest.raises(TokenFault, match="not the key in its certificate"):
            keeper.start()
        assert keeper.repairs == 0


def test_nothing_in_the_folder_of_the_token_holds_an_absolute_path(
    token: TokenConfiguration, tmp_path: Path
) -> None:
    with keep_token(token, patience=0) as keeper:
        keeper.start()
    inside = [file for file in token.home.rglob("*") if file.is_file()]
    assert inside
    assert not [file for file in inside if str(tmp_path).encode() in file.read_bytes()]
