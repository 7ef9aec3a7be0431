"""PKCS#12 (RFC 7292) in two steps: the key is locked when made, the file completed without the password.

Between the two nobody can open the key: what is kept is encrypted by a password that is kept nowhere.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from asn1crypto import algos, cms, core, pkcs12, x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.hazmat.primitives.serialization import pkcs12 as written

ITERATIONS: Final = 600_000
"""domain.md 5: PBKDF2 with SHA-256, at least this often; the MAC's own derivation as often."""
_BLOCK: Final = 64
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""What nobody takes for something else on a small screen."""
_GROUPS, _LONG = 5, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedKey:
    """A private key under a password, and what completes its file: neither opens without the password."""

    shrouded_key: bytes = field(repr=False)
    """EncryptedPrivateKeyInfo: PBES2, PBKDF2-HMAC-SHA256, AES-256-CBC (RFC 8018)."""
    mac_key: bytes = field(repr=False)
    mac_salt: bytes
    mac_iterations: int


def new_password() -> str:
    """Return a password of 98 bits in groups that can be read from a mobile."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_LONG)) for _ in range(_GROUPS))


def lock(key: ec.EllipticCurvePrivateKey, password: str) -> LockedKey:
    """Lock a key with a password of ASCII."""
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ITERATIONS)
        .key_cert_algorithm(written.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(SHA256())
        .build(password.encode("ascii"))
    )
    alone = written.serialize_key_and_certificates(None, key, None, None, encryption)
    (content,) = pkcs12.Pfx.load(alone).authenticated_safe
    (bag,) = pkcs12.SafeContents.load(content["content"].native)
    salt = secrets.token_bytes(16)
    return LockedKey(
        shrouded_key=bag["bag_value"].untag().dump(),
        mac_key=_mac_key(password, salt, ITERATIONS),
        mac_salt=salt,
        mac_iterations=ITERATIONS,
    )


def complete(locked: LockedKey, *, certificate: bytes, chain: Sequence[bytes], name: str) -> bytes:
    """Return the file: the locked key, its certificate and the issuers, all in DER.

    Certificates are no secret and lie open in it; the MAC holds everything together.
    """
    local_id = hashlib.sha1(certificate, usedforsecurity=False).digest()
    marks: list[dict[str, object]] = [
        {"type": "local_key_id", "values": [local_id]},
        {"type": "friendly_name", "values": [core.BMPString(name[:64])]},
    ]
    certificates = pkcs12.SafeContents(
        [_certificate_bag(certificate, marks), *(_certificate_bag(one, []) for one in chain)]
    )
    keys = pkcs12.SafeContents(
        [
            pkcs12.SafeBag(
                {
                    "bag_id": "pkcs8_shrouded_key_bag",
                    "bag_value": pkcs12.EncryptedPrivateKeyInfo.load(locked.shrouded_key),
                    "bag_attributes": marks,
                }
            )
        ]
    )
    safe = pkcs12.AuthenticatedSafe([_data(certificates), _data(keys)]).dump()
    digest = hmac.digest(locked.mac_key, safe, "sha256")
    mac = pkcs12.MacData(
        {
            "mac": {"digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "digest": digest},
            "mac_salt": locked.mac_salt,
            "iterations": locked.mac_iterations,
        }
    )
    content = cms.ContentInfo({"content_type": "data", "content": core.OctetString(safe)})
    file: bytes = pkcs12.Pfx({"version": "v3", "auth_safe": content, "mac_data": mac}).dump()
    return file


def _certificate_bag(der: bytes, marks: list[dict[str, object]]) -> pkcs12.SafeBag:
    value = pkcs12.CertBag(
        {"cert_id": "x509", "cert_value": core.ParsableOctetString(x509.Certificate.load(der).dump())}
    )
    return pkcs12.SafeBag({"bag_id": "cert_bag", "bag_value": value, "bag_attributes": marks or None})


def _data(contents: pkcs12.SafeContents) -> cms.ContentInfo:
    return cms.ContentInfo({"content_type": "data", "content": core.OctetString(contents.dump())})


def _mac_key(password: str, salt: bytes, iterations: int) -> bytes:
    """Derive the MAC's key (RFC 7292 appendix B.2, purpose 3, SHA-256: one block is enough)."""
    text = password.encode("utf-16-be") + b"\0\0"
    digest = bytes([3]) * _BLOCK + _filled(salt) + _filled(text)
    for _ in range(iterations):
        digest = hashlib.sha256(digest).digest()
    return digest


def _filled(text: bytes) -> bytes:
    """Return the text again and again, to whole blocks."""
    length = -(-len(text) // _BLOCK) * _BLOCK
    return (text * (length // len(text) + 1))[:length]
