"""A corpus of bad keys, each refused for its own weakness."""

import secrets
from hashlib import sha256
from math import isqrt, prod
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from ca.pki import known_keys, weak_keys
from ca.pki.errors import WeakKey
from tests.ca.pki.software_signer import stored_public_key

KEYS = ["p256-holder", "p384-root", "rsa2048-service", "rsa3072-holder", "rsa4096-root"]


def spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def weakness_of(modulus: int, exponent: int = 65537) -> str:
    with pytest.raises(WeakKey) as refused:
        weak_keys.check_rsa(modulus=modulus, exponent=exponent)
    assert refused.value.facts == {"weakness": refused.value.weakness}
    return refused.value.weakness


def is_probable_prime(number: int) -> bool:
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7))


def prime_of(bits: int) -> int:
    """Return a prime with its two top bits set."""
    while True:
        candidate = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        if is_probable_prime(candidate):
            return candidate


@pytest.mark.parametrize("name", KEYS)
def test_good_keys_are_taken(name: str) -> None:
    weak_keys.check(stored_public_key(name))


def modulus_of(name: str) -> int:
    key = load_der_public_key(stored_public_key(name))
    assert isinstance(key, rsa.RSAPublicKey)
    return key.public_numbers().n


def test_sizes_outside_2048_to_4096_or_not_whole_octets_are_refused() -> None:
    """A19: RSA at least 2048 bits and divisible by 8."""
    good = modulus_of("rsa2048-service")
    assert weakness_of(good >> 1 | 1) == "size"
    assert weakness_of((1 << 1023) + 1) == "size"
    assert weakness_of((1 << 2048) + 1) == "size"  # 2049 bits
    assert weakness_of((1 << 4103) + 1) == "size"


@pytest.mark.parametrize("exponent", [1, 2, 3, 17, 65536, 65539, 2**64 + 1])
def test_other_exponents_are_refused(exponent: int) -> None:
    assert weakness_of(modulus_of("rsa2048-service"), exponent) == "exponent"


@pytest.mark.parametrize("factor", [2, 3, 751])
def test_a_factor_below_752_is_found(factor: int) -> None:
    """A19: no factor smaller than 752."""
    modulus = factor * ((1 << 2047) // factor + 1)
    assert modulus.bit_length() == 2048
    assert weakness_of(modulus) == "small_factor"


def test_keys_of_the_flawed_library_are_found() -> None:
    """F21: primes of the form k*M + (65537^a mod M), as in CVE-2017-15361."""
    primes = [n for n in range(2, 702) if all(n % d for d in range(2, n))]
    primorial = prod(primes)  # 126 primes, 971 bits, as for keys of 2048 bits
    factors: list[int] = []
    while len(factors) < 2:
        start = pow(65537, secrets.randbits(256), primorial)
        k = secrets.randbits(1024 - primorial.bit_length())
        candidate = (k | 1 << (1023 - primorial.bit_length())) * primorial + start
        if candidate.bit_length() == 1024 and is_probable_prime(candidate):
            factors.append(candidate)
    modulus = factors[0] * factors[1]
    if modulus.bit_length() == 2047:  # the fingerprint is what counts, the size would be found first
        assert weak_keys.has_roca_fingerprint(modulus)
    else:
        assert weakness_of(modulus) == "roca"


def test_random_moduli_do_not_have_that_fingerprint() -> None:
    numbers = (int.from_bytes(sha256(n.to_bytes(4)).digest() * 8) | 1 for n in range(2_000))
    assert not any(weak_keys.has_roca_fingerprint(number) for number in numbers)


def test_close_factors_are_found() -> None:
    """F21: Fermat's method within 100 rounds."""
    p = prime_of(1024)
    q = p + 2
    while not is_probable_prime(q):
        q += 2
    assert weakness_of(p * q) == "fermat"
    assert weak_keys.has_close_factors(p * p)


def test_distant_factors_are_not() -> None:
    assert not weak_keys.has_close_factors(modulus_of("rsa2048-service"))


def test_fermat_stops_at_its_bound() -> None:
    """The hundredth round finds, the hundred and first is not run."""
    a = 1 << 1100
    for rounds, found in ((1, True), (100, True), (101, False)):
        b = isqrt(2 * a * (rounds - 1) + a)
        modulus = a * a - b * b  # a is `rounds - 1` above the root, rounded up
        assert a - isqrt(modulus - 1) == rounds
        assert weak_keys.has_close_factors(modulus) is found


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.BrainpoolP256R1(), ec.SECP224R1()])
def test_other_curves_are_refused(curve: ec.EllipticCurve) -> None:
    with pytest.raises(WeakKey) as refused:
        weak_keys.check(spki(ec.generate_private_key(curve).public_key()))
    assert refused.value.weakness == "curve"


def test_p521_is_no_weak_key() -> None:
    """A19 allows it; that no hierarchy takes it is another question."""
    weak_keys.check(spki(ec.generate_private_key(ec.SECP521R1()).public_key()))


@pytest.mark.parametrize("name", ["p256-holder", "p384-root"])
def test_a_point_off_its_curve_is_refused(name: str) -> None:
    """A19."""
    public_key = stored_public_key(name)
    with pytest.raises(WeakKey) as refused:
        weak_keys.check(public_key[:-1] + bytes((public_key[-1] ^ 1,)))
    assert refused.value.weakness == "malformed"


def test_the_point_at_infinity_is_refused() -> None:
    head = stored_public_key("p256-holder")[2:23]
    with pytest.raises(WeakKey) as refused:
        weak_keys.check(b"\x30\x19" + head + b"\x03\x02\x00\x00")
    assert refused.value.weakness == "malformed"


def test_a_compressed_point_is_not_canonical() -> None:
    key = load_der_public_key(stored_public_key("p256-holder"))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    head = stored_public_key("p256-holder")[2:23]
    with pytest.raises(WeakKey) as refused:
        weak_keys.check(b"\x30\x39" + head + b"\x03\x22\x00" + point)
    assert refused.value.weakness == "not_canonical"


@pytest.mark.parametrize("rubbish", [b"", b"\x30\x00", b"-----BEGIN PUBLIC KEY-----", b"\xff" * 100])
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(WeakKey) as refused:
        weak_keys.check(rubbish)
    assert refused.value.weakness == "malformed"


def test_a_key_with_something_behind_it_is_refused() -> None:
    with pytest.raises(WeakKey):
        weak_keys.check(stored_public_key("p256-holder") + b"\x00")


def test_other_kinds_of_keys_are_refused() -> None:
    with pytest.raises(WeakKey) as refused:
        weak_keys.check(spki(ed25519.Ed25519PrivateKey.generate().public_key()))
    assert refused.value.weakness == "kind"


BAD_KEYS = sorted((Path(__file__).resolve().parents[2] / "vectors" / "bad_keys").glob("*.pem"))


@pytest.mark.parametrize("file", BAD_KEYS, ids=lambda file: file.stem)
def test_each_real_bad_key_is_refused_for_what_its_file_is_named_after(file: Path) -> None:
    """A19, F21, F22: keys that were found in the wild or published; where from: tests/vectors/bad_keys."""
    key = load_pem_public_key(file.read_bytes())
    with pytest.raises(WeakKey) as refused:
        weak_keys.check(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert refused.value.weakness == file.stem.partition("-")[0]


def test_the_corpus_holds_each_kind() -> None:
    assert {file.stem.partition("-")[0] for file in BAD_KEYS} >= {
        "curve",
        "debian",
        "exponent",
        "fermat",
        "kind",
        "roca",
        "size",
        "small_factor",
    }


def test_debians_list_is_whole_and_takes_no_key_for_another() -> None:
    """F22: CVE-2008-0166 still turns up. 9 variants of P-256, P-384, RSA 2048, 3072 and 4096."""
    assert known_keys.count() == 32_768 * (9 * 5)
    fresh = (spki(ec.derive_private_key(number, ec.SECP256R1()).public_key()) for number in range(1, 300))
    assert not any(known_keys.is_known(key) for key in fresh)


def test_a_list_finds_what_was_written_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [spki(ec.generate_private_key(ec.SECP256R1()).public_key()) for _ in range(5)]
    for name, some in (("first.keys", keys[:2]), ("second.keys", keys[2:4])):
        digests = {sha256(key).digest() for key in some}
        (tmp_path / name).write_bytes(known_keys.encode(digests, about=len(keys[0])))
    monkeypatch.setattr(known_keys, "_FOLDER", tmp_path)
    assert [known_keys.is_known(key) for key in keys] == [True] * 4 + [False]
    assert known_keys.count() == 4


def test_a_list_is_about_keys_of_one_length_and_tells_them_by_eight_octets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that only begins like a listed one is certified; so is one of another kind."""
    key = spki(ec.derive_private_key(5, ec.SECP256R1()).public_key())
    digest = sha256(key).digest()
    for place, (listed, about, found) in enumerate(
        [
            (digest, len(key), True),
            (digest, len(key) + 29, False),
            (digest[:7] + bytes((digest[7] ^ 1,)), len(key), False),
        ]
    ):
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / "some.keys").write_bytes(known_keys.encode({listed}, about=about))
        monkeypatch.setattr(known_keys, "_FOLDER", folder)
        assert known_keys.is_known(key) is found


@pytest.mark.parametrize("content", [None, b"rubbish"])
def test_without_its_lists_nothing_is_certified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "some.keys").write_bytes(content)
    monkeypatch.setattr(known_keys, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match="known keys"):
        known_keys.is_known(b"key")
