"""Archives the journal's closed segments where this installation keeps them."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from journal import verify
from journal.actor import Actor
from journal.archiving import Segments, archive_closed


def segments() -> Segments:
    """Return where segments go and which are due, by the settings."""
    return Segments(
        folder=archive_folder(),
        rows=settings.SIGILL_ARCHIVE_ROWS,
        age=timedelta(days=settings.SIGILL_ARCHIVE_AFTER_DAYS),
    )


def archive_folder() -> Path:
    """Return the folder of archived segments; an operator copies it to where nobody can write."""
    folder: Path = settings.SIGILL_HOME / "journal" / "segments"
    return folder


def archive_segments(*, actor: Actor, at: datetime) -> int:
    """Archive what is closed and return how many segments that were; none before the ceremony."""
    audit = settings.SIGILL_HOME / "ceremony" / "audit.pem"
    if not audit.exists():
        return 0
    certificate = x509.load_pem_x509_certificate(audit.read_bytes())
    key = verify.load_key(certificate.public_bytes(Encoding.PEM))
    return archive_closed(segments(), key=key, actor=actor, at=at)
