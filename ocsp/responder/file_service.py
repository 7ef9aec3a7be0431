"""Answers requests for CRLs, issuer certificates and the chain."""

import asyncio
import logging
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol

from ocsp.responder import messages
from ocsp.responder.conditional import is_not_modified
from ocsp.responder.files import BIG, PublishedFile, PublishedFiles
from ocsp.responder.log_files import is_log_path, log_answer
from ocsp.responder.metrics import Metrics
from ocsp.wire.der import NotDer

_log = logging.getLogger(__name__)


class Surroundings(Protocol):
    """What the file service needs of the service around it."""

    now: int
    metrics: Metrics

    def refuse(self, code: int, text: str, headers: bytes = b"") -> bytes:
        """Answer with an HTTP error."""


class FileService:
    """The routes ``/crl/``, ``/aia/``, ``/chain.pem`` and ``/log/``."""

    def __init__(self, public: Path) -> None:
        self._public = public
        self._files = PublishedFiles(public)

    def respond(
        self, path: str, headers: dict[bytes, bytes], around: Surroundings
    ) -> bytes | Awaitable[bytes]:
        """Answer a request for a file; a big one that is not in memory is read off the loop."""
        if is_log_path(path):
            return self._serve_log(path, headers, around)
        located = self._files.locate(path)
        if located is None:
            return around.refuse(404, "There is nothing here.")
        try:
            file = self._files.kept(located)
            if file is None and located.stat().st_size > BIG:
                return self._read_apart(located, headers, around)
            return self._serve(file or self._files.read(located), headers, around)
        except (OSError, NotDer) as error:
            return self._unreadable(located, error, around)

    def _serve_log(self, path: str, headers: dict[bytes, bytes], around: Surroundings) -> bytes:
        try:
            answer = log_answer(self._public, path, headers, now=around.now)
        except OSError as error:
            return self._unreadable(Path(path), error, around)
        if answer is None:
            return around.refuse(404, "There is nothing here.")
        around.metrics.files["log"] += 1
        return answer

    async def _read_apart(self, located: Path, headers: dict[bytes, bytes], around: Surroundings) -> bytes:
        try:
            file = await asyncio.get_running_loop().run_in_executor(None, self._files.read, located)
        except (OSError, NotDer) as error:
            return self._unreadable(located, error, around)
        return self._serve(file, headers, around)

    def _unreadable(self, located: Path, error: Exception, around: Surroundings) -> bytes:
        _log.error("%s cannot be served: %s", located.name, error)
        return around.refuse(503, "This file cannot be read just now.", b"Retry-After: 30\r\n")

    def _serve(self, file: PublishedFile, headers: dict[bytes, bytes], around: Surroundings) -> bytes:
        age_limit = file.age_limit(around.now)
        if age_limit <= 0:
            return around.refuse(
                503, "The list is past its nextUpdate; a new one is due.", b"Retry-After: 30\r\n"
            )
        around.metrics.files[file.content_type.rsplit(b"/", 1)[-1].decode()] += 1
        expires = around.now + age_limit if file.next_update is None else file.next_update
        validators = b'Content-Type: %b\r\nETag: "%b"\r\nLast-Modified: %b\r\nExpires: %b\r\n' % (
            file.content_type,
            file.entity_tag,
            messages.http_date(file.last_modified),
            messages.http_date(expires),
        )
        validators += b"Cache-Control: max-age=%d,public,no-transform,must-revalidate\r\n" % age_limit
        if is_not_modified(headers, entity_tag=file.entity_tag, last_modified=file.last_modified):
            return messages.whole(304, b"", around.now, validators)
        return messages.whole(200, file.content, around.now, validators)
