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
from ocsp.responder.ranges import RangeNotSatisfiable, wanted_range
from ocsp.responder.request import HttpRequest
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

    def respond(self, path: str, request: HttpRequest, around: Surroundings) -> bytes | Awaitable[bytes]:
        """Answer a request for a file; a big one that is not in memory is read off the loop."""
        if is_log_path(path):
            return self._serve_log(path, request.headers, around)
        located = self._files.locate(path)
        if located is None:
            return around.refuse(404, "There is nothing here.")
        try:
            file = self._files.kept(located)
            if file is None and located.stat().st_size > BIG:
                return self._read_apart(located, request, around)
            return self._serve(file or self._files.read(located), request, around)
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

    async def _read_apart(self, located: Path, request: HttpRequest, around: Surroundings) -> bytes:
        try:
            file = await asyncio.get_running_loop().run_in_executor(None, self._files.read, located)
        except (OSError, NotDer) as error:
            return self._unreadable(located, error, around)
        return self._serve(file, request, around)

    def _unreadable(self, located: Path, error: Exception, around: Surroundings) -> bytes:
        _log.error("%s cannot be served: %s", located.name, error)
        return around.refuse(503, "This file cannot be read just now.", b"Retry-After: 30\r\n")

    def _serve(self, file: PublishedFile, request: HttpRequest, around: Surroundings) -> bytes:
        age_limit = file.age_limit(around.now)
        if age_limit <= 0:
            return around.refuse(
                503, "The list is past its nextUpdate; a new one is due.", b"Retry-After: 30\r\n"
            )
        around.metrics.files[file.content_type.rsplit(b"/", 1)[-1].decode()] += 1
        expires = around.now + age_limit if file.next_update is None else file.next_update
        entity_tag, last_modified = b'"%b"' % file.entity_tag, messages.http_date(file.last_modified)
        lines = (
            b"Content-Type: %b\r\nETag: %b\r\nLast-Modified: %b\r\nExpires: %b\r\nAccept-Ranges: bytes\r\n"
            b"Cache-Control: max-age=%d,public,no-transform,must-revalidate\r\n"
        ) % (file.content_type, entity_tag, last_modified, messages.http_date(expires), age_limit)
        if is_not_modified(request.headers, entity_tag=file.entity_tag, last_modified=file.last_modified):
            return messages.whole(304, b"", around.now, lines)
        size = len(file.content)
        try:
            asked = wanted_range(request.headers, size=size, validators=(entity_tag, last_modified))
        except RangeNotSatisfiable:
            return around.refuse(416, "The file ends before that.", b"Content-Range: bytes */%d\r\n" % size)
        if asked is None or request.method != "GET":
            return messages.whole(200, file.content, around.now, lines)
        lines += b"Content-Range: bytes %d-%d/%d\r\n" % (asked.start, asked.stop - 1, size)
        return messages.whole(206, file.content[asked], around.now, lines)
