"""Serves CRLs and issuer certificates from the published folder, never a CRL past its nextUpdate."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocsp.wire import der

_NAME: Final = re.compile(
    r"/(?:crl/[a-z0-9_]{1,80}(?:-[a-z0-9]{1,16})?\.crl|aia/[a-z0-9_]{1,80}\.cer|chain\.pem)"
)
_CONTENT_TYPES: Final = {
    ".crl": b"application/pkix-crl",
    ".cer": b"application/pkix-cert",
    ".pem": b"application/pem-certificate-chain",
}
_MAX_AGE: Final = {".crl": 60, ".cer": 3600, ".pem": 3600}
BIG: Final = 1 << 20
"""Octets above which a file is read off the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A file as it is served; ``next_update`` is None for what does not age."""

    content: bytes
    content_type: bytes
    entity_tag: bytes
    last_modified: int
    next_update: int | None
    max_age: int

    def age_limit(self, now: int) -> int:
        """Return for how many seconds a cache may keep it; 0 or less when it may not be served."""
        return self.max_age if self.next_update is None else min(self.max_age, self.next_update - now)


class PublishedFiles:
    """The folder ``public``; a file is read again when it is replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, tuple[tuple[int, int, int], PublishedFile]] = {}

    def locate(self, target: str) -> Path | None:
        """Return where a path of ours lies, None when it is none of ours or is not there."""
        if _NAME.fullmatch(target) is None:
            return None
        path = self._folder / target[1:]
        return path if path.is_file() else None

    def kept(self, path: Path) -> PublishedFile | None:
        """Return a file from memory if it is still the one on disk. Raises ``OSError``."""
        kept = self._kept.get(path.name)
        return kept[1] if kept is not None and kept[0] == _identity(path) else None

    def read(self, path: Path) -> PublishedFile:
        """Read a file and keep it. Raises ``OSError``, and ``NotDer`` for a CRL that is none."""
        identity = _identity(path)
        content = path.read_bytes()
        last_modified, next_update = identity[2] // 1_000_000_000, None
        if path.suffix == ".crl":
            last_modified, next_update = crl_times(content)
        file = PublishedFile(
            content=content,
            content_type=_CONTENT_TYPES[path.suffix],
            entity_tag=hashlib.sha256(content).hexdigest()[:32].encode(),
            last_modified=last_modified,
            next_update=next_update,
            max_age=_MAX_AGE[path.suffix],
        )
        self._kept[path.name] = (identity, file)
        return file


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def crl_times(crl_der: bytes) -> tuple[int, int]:
    """Return thisUpdate and nextUpdate of a CRL (RFC 5280 5.1.2) in seconds since 1970.

    Raises ``NotDer``; a CRL without nextUpdate is one we do not publish.
    """
    start, end = der.expect(crl_der, 0, len(crl_der), der.SEQUENCE)
    if end != len(crl_der):
        raise der.NotDer("a CRL that is cut off or has something after it")
    at, end = der.expect(crl_der, start, end, der.SEQUENCE)
    tag, _, stop = der.read(crl_der, at, end)
    if tag == der.INTEGER:
        at = stop
    for _ in ("signature", "issuer"):
        _, at = der.expect(crl_der, at, end, der.SEQUENCE)
    times = []
    for _ in ("thisUpdate", "nextUpdate"):
        tag, start, at = der.read(crl_der, at, end)
        times.append(der.decode_time(tag, crl_der[start:at]))
    return times[0], times[1]
