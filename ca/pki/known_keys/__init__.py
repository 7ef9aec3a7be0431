"""Keys whose private halves the whole world can make: those of Debian's broken OpenSSL (CVE-2008-0166)."""

import mmap
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).resolve().parent
_MAGIC: Final = b"SIGILL-KNOWN-KEYS-1\n"
_BUCKETS: Final = 1 << 16
_TAIL: Final = 3


def is_known(public_key: bytes) -> bool:
    """Tell whether a SubjectPublicKeyInfo (DER) is one that Debian's OpenSSL of 2006 to 2008 made.

    The lists hold the first five octets of SHA-256; a key that is none of them is taken for one once in a
    million, and its owner makes another. What is in them, and how they were made: README.md beside them.
    """
    digest = sha256(public_key).digest()
    return any(_holds(starts, content, digest) for starts, content in _opened(_FOLDER))


def count() -> int:
    """Return how many keys the lists hold."""
    return sum(starts[-1] for starts, _ in _opened(_FOLDER))


def _holds(starts: tuple[int, ...], content: mmap.mmap, digest: bytes) -> bool:
    bucket, tail = int.from_bytes(digest[:2]), digest[2 : 2 + _TAIL]
    base = len(_MAGIC) + _BUCKETS
    found = content[base + starts[bucket] * _TAIL : base + starts[bucket + 1] * _TAIL]
    return any(found[at : at + _TAIL] == tail for at in range(0, len(found), _TAIL))


def encode(digests: set[bytes]) -> bytes:
    """Write a list: the magic, for each of 65 536 first pairs of octets how many follow, and the rest sorted.

    ``digests`` are SHA-256 of SubjectPublicKeyInfo, or at least their first five octets.
    """
    short = sorted({digest[: 2 + _TAIL] for digest in digests})
    counts = bytearray(_BUCKETS)
    for digest in short:
        counts[int.from_bytes(digest[:2])] += 1
    return _MAGIC + bytes(counts) + b"".join(digest[2:] for digest in short)


@lru_cache(maxsize=2)
def _opened(folder: Path) -> tuple[tuple[tuple[int, ...], mmap.mmap], ...]:
    """Map every list of the folder. Raises ``ValueError`` when there is none, or one is no list."""
    files = sorted(folder.glob("*.keys"))
    if not files:
        msg = "the lists of known keys are missing"
        raise ValueError(msg)
    return tuple(_open(file) for file in files)


def _open(file: Path) -> tuple[tuple[int, ...], mmap.mmap]:
    with file.open("rb") as handle:
        content = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    if content[: len(_MAGIC)] != _MAGIC:
        msg = f"{file.name} is not a list of known keys"
        raise ValueError(msg)
    return (0, *accumulate(content[len(_MAGIC) : len(_MAGIC) + _BUCKETS])), content
