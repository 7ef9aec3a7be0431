"""Keys whose private halves the whole world can make: those of Debian's broken OpenSSL (CVE-2008-0166)."""

import mmap
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).resolve().parent
_MAGIC: Final = b"SIGILL-KNOWN-KEYS-2\n"
_ABOUT: Final = 2
_BUCKETS: Final = 1 << 16
_CONTENT: Final = len(_MAGIC) + _ABOUT + 1 + _BUCKETS
KEPT: Final = 8
"""Octets of a digest that tell a key from all others: one in 60 million million is taken for a listed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    about: int
    """Octets of the SubjectPublicKeyInfos it is about: that tells curve and size."""
    tail: int
    """Octets of an entry, behind the two that tell its bucket."""
    starts: tuple[int, ...]
    content: mmap.mmap

    def holds(self, digest: bytes) -> bool:
        bucket, tail = int.from_bytes(digest[:2]), digest[2 : 2 + self.tail]
        first, end = (_CONTENT + self.starts[at] * self.tail for at in (bucket, bucket + 1))
        found = self.content[first:end]
        return any(found[at : at + self.tail] == tail for at in range(0, len(found), self.tail))


def is_known(public_key: bytes) -> bool:
    """Tell whether a SubjectPublicKeyInfo (DER) is one that Debian's OpenSSL of 2006 to 2008 made.

    The lists hold the first octets of SHA-256. What is in them, how they were made, and how seldom another
    key is taken for one of them: README.md beside them. Raises ``ValueError`` when there is no list.
    """
    digest = sha256(public_key).digest()
    return any(one.holds(digest) for one in _opened(_FOLDER) if one.about == len(public_key))


def count() -> int:
    """Return how many keys the lists hold."""
    return sum(one.starts[-1] for one in _opened(_FOLDER))


def encode(digests: set[bytes], *, about: int, kept: int = KEPT) -> bytes:
    """Write a list: the magic, what it is about, and for each key the first octets of its digest.

    ``digests`` are SHA-256 of SubjectPublicKeyInfos of ``about`` octets, or at least their first ``kept``
    octets. Format: README.md.
    """
    short = sorted({digest[:kept] for digest in digests})
    counts = bytearray(_BUCKETS)
    for digest in short:
        counts[int.from_bytes(digest[:2])] += 1
    head = _MAGIC + about.to_bytes(_ABOUT) + bytes((kept,))
    return head + bytes(counts) + b"".join(digest[2:] for digest in short)


@lru_cache(maxsize=2)
def _opened(folder: Path) -> tuple[_List, ...]:
    """Map every list of the folder. Raises ``ValueError`` when there is none, or one is no list."""
    files = sorted(folder.glob("*.keys"))
    if not files:
        msg = "the lists of known keys are missing"
        raise ValueError(msg)
    return tuple(_open(file) for file in files)


def _open(file: Path) -> _List:
    with file.open("rb") as handle:
        content = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    if content[: len(_MAGIC)] != _MAGIC:
        msg = f"{file.name} is not a list of known keys"
        raise ValueError(msg)
    counts = content[_CONTENT - _BUCKETS : _CONTENT]
    return _List(
        about=int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + _ABOUT]),
        tail=content[len(_MAGIC) + _ABOUT] - 2,
        starts=(0, *accumulate(counts)),
        content=content,
    )
