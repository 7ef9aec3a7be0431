"""Serves the journal's signed head and hash tiles as C2SP tlog-tiles asks: tiles for ever, the head anew."""

import hashlib
import re
from pathlib import Path
from typing import Final

from ocsp.responder import messages
from ocsp.responder.conditional import is_not_modified

_NUMBER: Final = r"(?:x\d{3}/){0,6}\d{3}"
_TILE: Final = re.compile(rf"/log/tile/(?:[0-9]|[1-5][0-9]|6[0-3])/{_NUMBER}(?:\.p/[1-9]\d{{0,2}})?")
_TEXTS: Final = ("/log/checkpoint", "/log/verifier-key")

_FOR_EVER: Final = (
    b"Content-Type: application/octet-stream\r\nCache-Control: public,max-age=31536000,immutable\r\n"
)
_ANEW: Final = (
    b"Content-Type: text/plain; charset=utf-8\r\nCache-Control: public,max-age=2,must-revalidate\r\n"
)
_ANYBODY: Final = b"Access-Control-Allow-Origin: *\r\n"


def is_log_path(path: str) -> bool:
    """Tell whether a path asks for the journal's head, key or tiles."""
    return path.startswith("/log/")


def log_answer(public: Path, path: str, headers: dict[bytes, bytes], *, now: int) -> bytes | None:
    """Answer with a file of the log, None when there is none; raises ``OSError`` when it cannot be read.

    A tile is 8 KiB at most, and read from the disk each time: the pages are in memory anyway.
    """
    if path not in _TEXTS and _TILE.fullmatch(path) is None:
        return None
    try:
        content = (public / path[1:]).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    tag = hashlib.sha256(content).hexdigest()[:32].encode()
    lines = (_ANEW if path in _TEXTS else _FOR_EVER) + _ANYBODY + b'ETag: "%b"\r\n' % tag
    if is_not_modified(headers, entity_tag=tag, last_modified=now + 1):
        return messages.whole(304, b"", now, lines)
    return messages.whole(200, content, now, lines)
