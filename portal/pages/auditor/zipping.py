"""A ZIP that is written while it is read: no member is ever whole in memory or on disk."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A member of the archive and its octets in pieces."""

    name: str
    chunks: Iterator[bytes]


class _Sink(io.RawIOBase):
    """Keeps what was written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, octets: "ReadableBuffer") -> int:
        """Keep a copy."""
        kept = bytes(memoryview(octets))
        self._kept.append(kept)
        return len(kept)

    def take(self) -> bytes:
        """Return what has come since the last time."""
        taken, self._kept = b"".join(self._kept), []
        return taken


def packed(members: Sequence[Packed]) -> Iterator[bytes]:
    """Yield an archive of the members, in their order."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            with archive.open(member.name, "w", force_zip64=True) as target:
                for chunk in member.chunks:
                    target.write(chunk)
                    if octets := sink.take():
                        yield octets
    yield sink.take()
