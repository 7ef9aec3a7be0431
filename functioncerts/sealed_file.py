"""A file as CMS enveloped data (RFC 5652): to RSA keys of its receivers, or under a password (RFC 3211)."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

from asn1crypto import algos, cms, core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

ITERATIONS: Final = 600_000
_KEY, _BLOCK = 32, 16
_PWRI_KEK: Final = "1.2.840.113549.1.9.16.3.9"


def may_be_sealed_to(certificate: x509.Certificate) -> bool:
    """Tell whether the key of a certificate takes keys: RSA, and its usage says so (RFC 5280 4.2.1.3)."""
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment
    except x509.ExtensionNotFound:
        return False


def sealed_to(content: bytes, certificates: Sequence[x509.Certificate]) -> bytes:
    """Return the content encrypted (AES-256-CBC) to each of the certificates, in DER."""
    builder = PKCS7EnvelopeBuilder().set_data(content).set_content_encryption_algorithm(algorithms.AES256)
    for certificate in certificates:
        builder = builder.add_recipient(certificate)
    return builder.encrypt(Encoding.DER, [PKCS7Options.Binary])


def sealed_by_password(content: bytes, password: str) -> bytes:
    """Return the content encrypted under a password (RFC 3211; PBKDF2-HMAC-SHA256, AES-256-CBC), in DER."""
    content_key, salt = secrets.token_bytes(_KEY), secrets.token_bytes(_BLOCK)
    content_iv, wrap_iv = secrets.token_bytes(_BLOCK), secrets.token_bytes(_BLOCK)
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS, _KEY)
    derivation = algos.KdfAlgorithm(
        {
            "algorithm": "pbkdf2",
            "parameters": {
                "salt": core.OctetString(salt),
                "iteration_count": ITERATIONS,
                "key_length": _KEY,
                "prf": {"algorithm": "sha256", "parameters": core.Null()},
            },
        }
    )
    inner = algos.EncryptionAlgorithm({"algorithm": "aes256_cbc", "parameters": core.OctetString(wrap_iv)})
    recipient = cms.PasswordRecipientInfo(
        {
            "version": "v0",
            "key_derivation_algorithm": derivation,
            "key_encryption_algorithm": cms.KeyEncryptionAlgorithm(
                {"algorithm": _PWRI_KEK, "parameters": inner}
            ),
            "encrypted_key": _wrapped(content_key, key, wrap_iv),
        }
    )
    padder = PKCS7(_BLOCK * 8).padder()
    padded = padder.update(content) + padder.finalize()
    enveloped = cms.EnvelopedData(
        {
            "version": "v3",
            "recipient_infos": [cms.RecipientInfo(name="pwri", value=recipient)],
            "encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": algos.EncryptionAlgorithm(
                    {"algorithm": "aes256_cbc", "parameters": core.OctetString(content_iv)}
                ),
                "encrypted_content": _encrypted(padded, content_key, content_iv),
            },
        }
    )
    sealed: bytes = cms.ContentInfo({"content_type": "enveloped_data", "content": enveloped}).dump()
    return sealed


def _wrapped(content_key: bytes, key: bytes, iv: bytes) -> bytes:
    """Wrap a key (RFC 3211 section 2.3.1): length, check octets, key, random padding; encrypted twice."""
    check = bytes(octet ^ 0xFF for octet in content_key[:3])
    block = bytes([len(content_key)]) + check + content_key
    block += secrets.token_bytes(-len(block) % _BLOCK)
    once = _encrypted(block, key, iv)
    return _encrypted(once, key, once[-_BLOCK:])


def _encrypted(content: bytes, key: bytes, iv: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    return encryptor.update(content) + encryptor.finalize()
