"""Files that relying parties fetch: replaced whole, on disk before they are seen, never by older ones."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from ca.errors import CrlRefused


def write_whole(file: Path, content: bytes) -> None:
    """Put ``content`` in the place of ``file``: readers see the old bytes or the new, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    with draft.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def published_crl_number(file: Path) -> int:
    """Return the number of the CRL that is published, or 0 when there is none that can be read."""
    try:
        crl = x509.load_der_x509_crl(file.read_bytes())
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (OSError, ValueError, x509.ExtensionNotFound):
        return 0


def publish_crl_file(file: Path, crl_der: bytes, *, crl_number: int) -> bool:
    """Publish a CRL unless it is there already; return whether the file changed.

    Raises ``CrlRefused`` when a newer one is published: the number never goes back.
    """
    with _only_one(file.parent):
        if file.exists() and file.read_bytes() == crl_der:
            return False
        there = published_crl_number(file)
        if there >= crl_number:
            raise CrlRefused(
                f"CRL {crl_number} would replace CRL {there}",
                facts={"published": str(there), "number": str(crl_number)},
            )
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
