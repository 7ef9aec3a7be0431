"""The factory's HTTP interface: files of orders in, files about them out, switches for tests."""

import json
import re
import time
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from hsm_sim.factory.cms import FactoryKey, MessageRefused
from hsm_sim.factory.faults import Faults, FaultsNotUnderstood, parse_faults
from hsm_sim.factory.ledger import BatchDiffers, Job, Ledger, OutgoingFile
from hsm_sim.factory.order import OrderNotUnderstood, parse_batch, parse_letter

CMS = "application/pkcs7-mime"
FORMAT = "sigill.factory-file/1"
LETTER_RECEIPT = "sigill.letter-receipt/1"
MAX_BODY = 64 * 1024 * 1024
MAX_FILES = 1000
BATCH_PATH = re.compile(r"/batches/([1-9][0-9]{0,15})")
FILE_PATH = re.compile(r"/files/([1-9][0-9]{0,15})")
LETTER_PATH = re.compile(r"/letters/([A-Za-z0-9-]{1,64})")
ORDER_PATH = re.compile(r"/orders/([A-Za-z0-9-]{1,64})")


class FactoryServer(ThreadingHTTPServer):
    """Listens on loopback; answers in threads."""

    daemon_threads = True

    def __init__(self, port: int, ledger: Ledger, key: FactoryKey) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ledger = ledger
        self.key = key


class _Handler(BaseHTTPRequestHandler):
    server: FactoryServer
    server_version = "SigillFactory/1"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_PUT(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "no length, or too long"})
            return
        self._serve("PUT", self.rfile.read(int(length)))

    def _serve(self, method: str, body: bytes) -> None:
        parts = urlsplit(self.path)
        ledger = self.server.ledger
        try:
            faults = ledger.faults()
            if parts.path == "/healthz":
                self._answer(HTTPStatus.OK, {"status": "ok"})
                return
            if parts.path == "/faults":
                self._switch(method, body)
                return
            time.sleep(faults.slow_seconds)
            if faults.down:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the factory is down"})
            elif method == "GET" and parts.path == "/files":
                self._files(parts.query)
            elif method == "GET" and (match := FILE_PATH.fullmatch(parts.path)):
                self._file(int(match[1]))
            elif method == "PUT" and (match := BATCH_PATH.fullmatch(parts.path)):
                self._batch(int(match[1]), body)
            elif method == "GET" and (match := ORDER_PATH.fullmatch(parts.path)):
                self._order(match[1])
            elif match := LETTER_PATH.fullmatch(parts.path):
                self._letter(method, match[1], body)
            else:
                self._answer(HTTPStatus.NOT_FOUND, {"error": "no such thing here"})
        finally:
            ledger.close()

    def _switch(self, method: str, body: bytes) -> None:
        if method == "PUT":
            try:
                self.server.ledger.switch(parse_faults(json.loads(body)))
            except (ValueError, FaultsNotUnderstood) as error:
                self._answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})
                return
        self._answer(HTTPStatus.OK, self.server.ledger.faults().as_members())

    def _order(self, order_id: str) -> None:
        found = self.server.ledger.job(order_id)
        if found is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "no such order"})
        else:
            self._answer(HTTPStatus.OK, _view(found))

    def _batch(self, number: int, message: bytes) -> None:
        """Take a file of orders: signed by our customer, encrypted to us."""
        ledger = self.server.ledger
        try:
            batch = parse_batch(number, self.server.key.opened(message))
            is_new = ledger.take_batch(batch, at=datetime.now(UTC))
        except MessageRefused as error:
            is_ours = error.problem == "no_certificate"
            status = HTTPStatus.SERVICE_UNAVAILABLE if is_ours else HTTPStatus.BAD_REQUEST
            self._answer(status, {"error": error.problem})
        except OrderNotUnderstood as error:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "not_understood", "where": str(error)})
        except BatchDiffers as error:
            answer = {"error": "number_taken", "content_sha256": error.content_sha256}
            self._answer(HTTPStatus.CONFLICT, answer)
        else:
            if ledger.faults().lose_answers:
                self.close_connection = True
                return
            told = {"batch": number, "content_sha256": batch.content_sha256, "count": len(batch.orders)}
            self._answer(HTTPStatus.CREATED if is_new else HTTPStatus.OK, told)

    def _letter(self, method: str, letter_id: str, message: bytes) -> None:
        """Take the order of a PUK letter, which is in the post at once; no answer ever holds the PUK."""
        ledger = self.server.ledger
        if method == "GET":
            sha256 = ledger.letter(letter_id)
            if sha256 is None:
                self._answer(HTTPStatus.NOT_FOUND, {"error": "no such letter"})
            else:
                self._receipt(letter_id, sha256, state="posted")
            return
        try:
            letter = parse_letter(letter_id, self.server.key.opened(message))
        except MessageRefused as error:
            is_ours = error.problem == "no_certificate"
            status = HTTPStatus.SERVICE_UNAVAILABLE if is_ours else HTTPStatus.BAD_REQUEST
            self._answer(status, {"error": error.problem})
            return
        except OrderNotUnderstood:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "not_understood"})
            return
        if ledger.puk_of(letter.card_number) is None:  # no card that was made here
            self._receipt(letter_id, letter.content_sha256, state="refused")
            return
        held = ledger.post_letter(letter_id, letter.content_sha256, at=datetime.now(UTC))
        if ledger.faults().lose_answers:
            self.close_connection = True
            return
        self._receipt(letter_id, held, state="taken")

    def _receipt(self, letter_id: str, sha256: str, *, state: str) -> None:
        """Answer, signed, which order there is under a letter's id and how far it has come."""
        faults = self.server.ledger.faults()
        if faults.garbage:
            self._send(HTTPStatus.OK, b"\x30\x82 this is no CMS", kind=CMS)
            return
        members = {
            "format": LETTER_RECEIPT, "letter_id": letter_id, "content_sha256": sha256, "state": state,
        }  # fmt: skip
        try:
            receipt = self.server.key.signed(json.dumps(members).encode(), wrongly=faults.wrong_signature)
            self._send(HTTPStatus.OK, receipt, kind=CMS)
        except MessageRefused as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": error.problem})

    def _files(self, query: str) -> None:
        after = parse_qs(query).get("after", ["0"])[0]
        if not after.isdecimal():
            self._answer(HTTPStatus.BAD_REQUEST, {"error": "after must be a whole number"})
            return
        faults = self.server.ledger.faults()
        numbers = self.server.ledger.files(after=int(after), limit=MAX_FILES)
        if faults.duplicate_reports:
            numbers = [number for number in numbers for _ in range(2)]
        if faults.shuffled_reports:
            numbers.reverse()
        self._answer(HTTPStatus.OK, {"files": numbers})

    def _file(self, number: int) -> None:
        faults = self.server.ledger.faults()
        found = self.server.ledger.file(number)
        if found is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "no such file"})
            return
        if faults.garbage:
            self._send(HTTPStatus.OK, b"\x30\x82 this is no CMS", kind=CMS)
            return
        try:
            content = json.dumps(_content(found, faults), ensure_ascii=False).encode()
            self._send(
                HTTPStatus.OK, self.server.key.signed(content, wrongly=faults.wrong_signature), kind=CMS
            )
        except MessageRefused as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": error.problem})

    def _answer(self, status: HTTPStatus, content: object) -> None:
        self._send(status, json.dumps(content, ensure_ascii=False).encode(), kind="application/json")

    def _send(self, status: HTTPStatus, body: bytes, *, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server names it
        """Silent: orders hold names and addresses."""


def _content(file: OutgoingFile, faults: Faults) -> dict[str, object]:
    """Return what is signed, spoiled as the switches say."""
    rows = list(file.rows[:-1] if faults.lose_row else file.rows)
    if faults.duplicate_reports:
        rows = [row for row in rows for _ in range(2)]
    if faults.shuffled_reports:
        rows.reverse()
    answer = {"batch": file.batch, "content_sha256": file.content_sha256} if file.batch else {}
    return {
        "format": FORMAT,
        "file": file.number,
        "kind": file.kind,
        "count": len(rows) + faults.wrong_count,
        "rows": rows,
        **answer,
    }


def _view(job: Job) -> dict[str, object]:
    view: dict[str, object] = {"order_id": job.order_id, "state": job.state.value}
    if job.state.value in {"produced", "shipped"}:
        view["card_number"] = job.card_number
    if job.reason:
        view["reason"] = job.reason
    return view
