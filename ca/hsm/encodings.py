"""How keys and signatures look on a token, and how X.509 wants them; no PKCS#11 library."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.hsm.key_algorithms import KeyAlgorithm

CURVE_OIDS: Final[dict[KeyAlgorithm, bytes]] = {
    KeyAlgorithm.EC_P256: bytes.fromhex("06082a8648ce3d030107"),
    KeyAlgorithm.EC_P384: bytes.fromhex("06052b81040022"),
}
"""CKA_EC_PARAMS: the curve's object identifier in DER."""
_CURVES: Final[dict[bytes, ec.EllipticCurve]] = {
    CURVE_OIDS[KeyAlgorithm.EC_P256]: ec.SECP256R1(),
    CURVE_OIDS[KeyAlgorithm.EC_P384]: ec.SECP384R1(),
}


def rsa_public_key(*, modulus: bytes, exponent: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of CKA_MODULUS and CKA_PUBLIC_EXPONENT."""
    return _spki(rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key())


def ec_public_key(*, params: bytes, point: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of CKA_EC_PARAMS and CKA_EC_POINT, a DER OCTET STRING.

    Some modules leave the wrapping out.
    """
    curve = _CURVES[params]
    length = 1 + 2 * ((curve.key_size + 7) // 8)
    return _spki(ec.EllipticCurvePublicKey.from_encoded_point(curve, point[-length:]))


def ecdsa_signature(raw: bytes) -> bytes:
    """Turn r||s (PKCS#11 v3.0 section 2.3.1) into the SEQUENCE of RFC 3279 section 2.2.3."""
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))


def text(value: object) -> str:
    """Return a fixed-length text of the token without what it is padded with."""
    return str(value).strip("\0 ")


def _spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
