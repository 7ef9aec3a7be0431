"""Files that relying parties fetch: replaced whole, on disk before they are seen, never by older ones."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ca.errors import CrlRefused
from ca.pki.crl_reading import entries_of

_log: Final = logging.getLogger(__name__)


def write_whole(file: Path, content: bytes) -> None:
    """Put ``content`` in the place of ``file``: readers see the old bytes or the new, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    try:
        with draft.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)  # on a full disk, half a file would stand in the way of the next
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def published_crl(file: Path, *, issuer_der: bytes) -> x509.CertificateRevocationList | None:
    """Return the CRL that is published, or None when there is none that this issuer's own key signed.

    ``issuer_der`` is the issuer's certificate. A stranger's CRL counts as absent (RFC 5280 section
    6.3.3 f, g): otherwise whoever can write one file decides what this CA believes that it has revoked.
    """
    try:
        crl = x509.load_der_x509_crl(file.read_bytes())
        issuer = x509.load_der_x509_certificate(issuer_der)
        is_own = crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return crl if is_own else None


def published_entries(file: Path, *, issuer_der: bytes) -> Iterator[bytes]:
    """Yield the encoded entries of the CRL that is published, none where none is of the issuer's own."""
    if published_crl(file, issuer_der=issuer_der) is not None:
        yield from entries_of(file.read_bytes())


def published_crl_number(file: Path, *, issuer_der: bytes) -> int:
    """Return the number of the issuer's CRL that is published, or 0 when there is none of its own."""
    try:
        status = file.stat()
    except OSError:
        return 0
    return _number_of(file, (status.st_ino, status.st_size, status.st_mtime_ns), issuer_der)


@lru_cache(maxsize=256)
def _number_of(file: Path, _identity: tuple[int, int, int], issuer_der: bytes) -> int:
    """Return the number, from memory while the file is the same: it is asked for every two seconds."""
    crl = published_crl(file, issuer_der=issuer_der)
    if crl is None:
        return 0
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, x509.ExtensionNotFound):
        return 0


def publish_crl_file(file: Path, crl_der: bytes, *, crl_number: int, issuer_der: bytes, at: datetime) -> bool:
    """Publish a CRL unless it is there already; return whether the file changed.

    What lies there and is not the issuer's is moved aside, for whoever asks how it came there.
    Raises ``CrlRefused`` when a newer one is published: the number never goes back.
    """
    with _only_one(file.parent):
        if file.exists() and file.read_bytes() == crl_der:
            return False
        there = published_crl_number(file, issuer_der=issuer_der)
        if there >= crl_number:
            raise CrlRefused(
                f"CRL {crl_number} would replace CRL {there}",
                facts={"published": str(there), "number": str(crl_number)},
            )
        if there == 0 and file.exists():
            aside = file.with_name(f"{file.name}.foreign-{at:%Y%m%dT%H%M%SZ}")
            file.replace(aside)
            _log.error("%s was not signed by its issuer; it is moved to %s", file.name, aside.name)
        write_whole(file, crl_der)
        return True


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
