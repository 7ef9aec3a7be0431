"""The four signature algorithms a card may answer with, and the one place that verifies them."""

from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192  # a larger modulus only serves to make the server work


class SignatureAlgorithm(StrEnum):
    """Names as in RFC 7518 section 3.1; ECDSA signatures are DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3)."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    ES384 = "ES384"


class AlgorithmRefused(ValueError):
    """The algorithm is unknown, or does not fit the certificate's key in kind, size or curve."""


class SignatureInvalid(ValueError):
    """The signature does not verify under the certificate's key."""


_CURVES: dict[SignatureAlgorithm, tuple[type[ec.EllipticCurve], type[hashes.HashAlgorithm]]] = {
    SignatureAlgorithm.ES256: (ec.SECP256R1, hashes.SHA256),
    SignatureAlgorithm.ES384: (ec.SECP384R1, hashes.SHA384),
}


def check_algorithm(alg: str, certificate_der: bytes) -> SignatureAlgorithm:
    """Return the algorithm if it is one of the four and fits the key; raises AlgorithmRefused."""
    algorithm, _ = _fitting_key(alg, certificate_der)
    return algorithm


def check_key(certificate_der: bytes) -> None:
    """Refuse a certificate whose key fits none of the four algorithms; raises AlgorithmRefused."""
    for algorithm in SignatureAlgorithm:
        try:
            _fitting_key(algorithm.value, certificate_der)
        except AlgorithmRefused:
            continue
        return
    raise AlgorithmRefused("the key fits none of RS256, PS256, ES256 and ES384")


def verify_signature(alg: str, certificate_der: bytes, tbs: bytes, signature: bytes) -> None:
    """Verify `signature` over `tbs` by the key in the certificate.

    Raises AlgorithmRefused or SignatureInvalid. PS256 demands MGF1-SHA-256 and a 32-octet salt (RFC 7518
    section 3.5).
    """
    algorithm, key = _fitting_key(alg, certificate_der)
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(signature, tbs, _rsa_padding(algorithm), hashes.SHA256())
            case ec.EllipticCurvePublicKey():
                key.verify(signature, tbs, ec.ECDSA(_CURVES[algorithm][1]()))
            case _:
                raise AlgorithmRefused("the key is neither RSA nor EC")
    except InvalidSignature as error:
        raise SignatureInvalid("the signature does not verify") from error


def ecdsa_der(raw: bytes) -> bytes:
    """Return the DER form of a raw r||s signature as PKCS#11 gives it (PKCS#11 v3.0 section 2.3.1)."""
    half = len(raw) // 2
    if len(raw) not in {64, 96}:
        raise SignatureInvalid("a raw ECDSA signature has 64 or 96 octets")
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))


def _fitting_key(alg: str, certificate_der: bytes) -> tuple[SignatureAlgorithm, CertificatePublicKeyTypes]:
    try:
        algorithm = SignatureAlgorithm(alg)
    except ValueError as error:
        raise AlgorithmRefused("the algorithm is not RS256, PS256, ES256 or ES384") from error
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AlgorithmRefused("the certificate carries no key that can be read") from error
    match key:
        case rsa.RSAPublicKey() if algorithm in {SignatureAlgorithm.RS256, SignatureAlgorithm.PS256}:
            fits = MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS
        case ec.EllipticCurvePublicKey() if algorithm in _CURVES:
            fits = isinstance(key.curve, _CURVES[algorithm][0])
        case _:
            fits = False
    if not fits:
        raise AlgorithmRefused(f"{algorithm} does not fit the certificate's key")
    return algorithm, key


def _rsa_padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if algorithm is SignatureAlgorithm.PS256:
        return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
    return padding.PKCS1v15()
