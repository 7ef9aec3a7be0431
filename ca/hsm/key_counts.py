"""How many signatures each key has made: counted before the signature leaves, and kept over a kill.

Auditors compare these figures with the rows in the database: a key that has signed more than anybody
recorded is an alarm (reliability.md F36). A signature whose answer was lost in a crash counts too, so
the figure may exceed the rows by the number of such crashes, and is never below them.
"""

import mmap
import os
import struct
from pathlib import Path
from typing import Final

_FORMAT: Final = struct.Struct(">Q")


class KeyCounts:
    """One eight-byte file per key, mapped into memory: the kernel keeps it when the process is killed."""

    def __init__(self, folder: Path) -> None:
        """Open or make the folder of counters."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._maps: dict[str, mmap.mmap] = {
            file.name: self._map(file) for file in folder.iterdir() if file.stat().st_size == _FORMAT.size
        }

    def add(self, label: str, signatures: int) -> None:
        """Count signatures of a key."""
        if label not in self._maps:
            file = self._folder / label
            file.write_bytes(_FORMAT.pack(0))
            self._maps[label] = self._map(file)
        counter = self._maps[label]
        (before,) = _FORMAT.unpack(counter[:])
        counter[:] = _FORMAT.pack(before + signatures)

    def all(self) -> dict[str, int]:
        """Return every key's figure."""
        return {label: _FORMAT.unpack(counter[:])[0] for label, counter in sorted(self._maps.items())}

    def close(self) -> None:
        """Write the figures to disk."""
        for counter in self._maps.values():
            counter.flush()
            counter.close()
        self._maps.clear()

    @staticmethod
    def _map(file: Path) -> mmap.mmap:
        handle = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            return mmap.mmap(handle, _FORMAT.size)
        finally:
            os.close(handle)
