"""How files are protected on their way, as production sees it; ``worker.order_files`` has the keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A signed and encrypted file, and the serial number of the certificate that it is encrypted to."""

    message: bytes
    recipient_serial_hex: str


class Sealing(Protocol):
    """Protects files to the factory and opens those from it."""

    def seal(self, content: bytes, *, at: datetime) -> SealedFile:
        """Sign and encrypt; raises ``FactoryUnavailable`` while a key or a valid certificate is lacking."""

    def open(self, message: bytes, *, at: datetime) -> bytes:
        """Return what the factory signed; raises ``FileInvalid``."""
