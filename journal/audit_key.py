"""The public half of the audit key, as the ceremony wrote it down: what every head is checked with."""

from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from journal.verify import PublicKey

FILE: Final = Path("ceremony") / "audit.pem"
"""Below the installation's home."""


class NoAuditKey(Exception):
    """There is no certificate of the audit key, or it holds a key that no journal is signed with."""


def audit_certificate(home: Path) -> bytes:
    """Return the audit key's certificate in PEM. Raises ``NoAuditKey``."""
    try:
        return (home / FILE).read_bytes()
    except OSError as error:
        raise NoAuditKey(f"no audit certificate: {error.strerror}") from error


def audit_key(home: Path) -> PublicKey:
    """Return the audit key. Raises ``NoAuditKey``."""
    try:
        key = x509.load_pem_x509_certificate(audit_certificate(home)).public_key()
    except ValueError as error:
        raise NoAuditKey("the audit certificate cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise NoAuditKey("the audit certificate holds a key that no journal is signed with")
    return key
