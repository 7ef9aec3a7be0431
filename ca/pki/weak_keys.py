"""Keys that must not be certified: too small, predictable or known (BR 6.1.1.3, 6.1.5, 6.1.6)."""

from __future__ import annotations

from math import gcd, isqrt, prod
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ca.pki import known_keys
from ca.pki.errors import WeakKey
from ca.pki.keys import key_name, load_public_key

CURVES = frozenset({"ec-p256", "ec-p384", "ec-p521"})
SMALLEST_MODULUS = 2048
LARGEST_MODULUS = 4096
PUBLIC_EXPONENT = 65537
FERMAT_ROUNDS = 100

_SMALL_PRIMES = tuple(n for n in range(2, 752) if all(n % divisor for divisor in range(2, isqrt(n) + 1)))
_SMALL_PRODUCT = prod(_SMALL_PRIMES)


class Blocklist(Protocol):
    """Keys that this CA knows of: reported, of a revoked certificate, or certified for somebody else."""

    def weakness(self, public_key: bytes) -> str:
        """Return why the SubjectPublicKeyInfo (DER) is not certified (again), or nothing."""


class _NothingBlocked:
    def weakness(self, public_key: bytes) -> str:  # noqa: ARG002 - it knows no key
        return ""


NOTHING_BLOCKED: Blocklist = _NothingBlocked()

BLOCKED = {
    "compromised": "the key is reported as compromised",
    "revoked_certificate": "the key belongs to a revoked certificate, and such keys are not certified again",
    "another_subject": "the key is certified for somebody or something else already",
}
"""What a blocklist may answer, in words."""


def check(public_key: bytes, *, blocklist: Blocklist = NOTHING_BLOCKED) -> None:
    """Raise WeakKey when the SubjectPublicKeyInfo (DER) must not be certified; `weakness` names the rule.

    Weaknesses: malformed (also: not on the curve), kind, not_canonical, curve, size, exponent, small_factor,
    roca, fermat, debian, and those of the blocklist: compromised, revoked_certificate, another_subject.
    """
    key = load_public_key(public_key)
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        check_rsa(modulus=numbers.n, exponent=numbers.e)
    elif key_name(public_key) not in CURVES:
        raise WeakKey("curve", f"{key.curve.name} is not certified")
    if known_keys.is_known(public_key):
        raise WeakKey("debian", "Debian's broken OpenSSL made this key, so anybody can (CVE-2008-0166)")
    weakness = blocklist.weakness(public_key)
    if weakness:
        raise WeakKey(weakness, BLOCKED[weakness])


def check_rsa(*, modulus: int, exponent: int) -> None:
    """Raise WeakKey for an RSA key that BR 6.1.1.3, 6.1.5 or 6.1.6 refuses."""
    bits = modulus.bit_length()
    if not SMALLEST_MODULUS <= bits <= LARGEST_MODULUS or bits % 8:
        raise WeakKey("size", f"an RSA key of {bits} bits")
    if exponent != PUBLIC_EXPONENT:
        raise WeakKey("exponent", f"the public exponent must be {PUBLIC_EXPONENT}")
    if gcd(modulus, _SMALL_PRODUCT) != 1:
        raise WeakKey("small_factor", "the modulus has a factor below 752")
    if has_roca_fingerprint(modulus):
        raise WeakKey("roca", "the key was made by the library of CVE-2017-15361")
    if has_close_factors(modulus):
        raise WeakKey("fermat", f"the factors are found by Fermat's method within {FERMAT_ROUNDS} rounds")


_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_ROCA_REMAINDERS = {
    prime: frozenset(pow(PUBLIC_EXPONENT, power, prime) for power in range(prime)) for prime in _ROCA_PRIMES
}


def has_roca_fingerprint(modulus: int) -> bool:
    """Tell whether the modulus is a power of 65537 modulo each of 17 small primes.

    The factors made by the flawed library are k*M + (65537^a mod M), so their product is such a power too; a
    random modulus is one by chance once in some hundred million (Nemec et al., CCS 2017, section 3).
    """
    return all(modulus % prime in remainders for prime, remainders in _ROCA_REMAINDERS.items())


def has_close_factors(modulus: int) -> bool:
    """Tell whether Fermat's method splits the modulus within 100 rounds (BR 6.1.1.3)."""
    middle = isqrt(modulus - 1) + 1
    for a in range(middle, middle + FERMAT_ROUNDS):
        b_squared = a * a - modulus
        if isqrt(b_squared) ** 2 == b_squared:
            return True
    return False
