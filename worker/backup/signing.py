"""Who vouches for a backup: the audit key signs its manifest, and a restore asks for that signature."""

from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from ca.errors import CaError
from ca.hsm.faults import TokenBusy
from ca.hsm.installation import token_configuration
from ca.hsm.keeper_signers import KeeperSigners
from ca.hsm.key_algorithms import key_algorithm_of
from ca.hsm.proxy import SocketSigners
from ca.hsm.token_keeper import keep_token
from ca.pki.errors import PkiError, SignatureInvalid
from worker.backup.archive import Extracted
from worker.backup.errors import BackupDamaged, BackupRefused

_WHAT: Final = b"sigill backup manifest\n"
"""Before the bytes that are signed, so that no head of the journal is ever taken for a manifest."""
_AUDIT: Final = "audit"


def sign_manifest(content: bytes) -> bytes:
    """Return the audit key's signature, by the signer process or the token itself; nothing without either."""
    try:
        with keep_token(token_configuration(), patience=0) as keeper:
            keeper.start()
            return KeeperSigners(keeper).signer_for(_AUDIT).sign(_WHAT + content)
    except TokenBusy:
        pass
    except (CaError, OSError):
        return b""
    try:
        return (
            SocketSigners(settings.SIGILL_SIGNER_SOCKET, patience=5).signer_for(_AUDIT).sign(_WHAT + content)
        )
    except CaError:
        return b""


def demand_signature(extracted: Extracted, *, known: Path) -> None:
    """Raise unless the audit key of the installation in the folder ``known`` signed the manifest.

    Where an installation of the same CA is there, it is asked; on an empty machine only the backup itself
    knows the key, which shows that it is whole but not where it is from: compare the root's fingerprint.
    Raises ``BackupRefused`` without a signature, ``BackupDamaged`` for a wrong one.
    """
    if not extracted.signature:
        raise BackupRefused(
            "the backup is neither encrypted nor signed, so nobody vouches for it; if you know where it is "
            "from, add --unsigned"
        )
    file = known / "ceremony" / f"{_AUDIT}.pem"
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        public_key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        key_algorithm_of(public_key).signature.verify(
            public_key=public_key, signature=extracted.signature, signed=_WHAT + extracted.content
        )
    except SignatureInvalid as error:
        raise BackupDamaged(
            "the manifest is not what the audit key signed: the backup was changed"
        ) from error
    except (OSError, ValueError, PkiError) as error:
        raise BackupRefused(f"the audit certificate that signs backups cannot be read: {error}") from error
