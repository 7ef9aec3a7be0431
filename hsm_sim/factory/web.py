"""The factory's HTTP interface: orders in, reports out, switches for tests."""

import json
import re
import time
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from hsm_sim.factory.faults import FaultsNotUnderstood, parse_faults
from hsm_sim.factory.ledger import Job, Ledger, OrderDiffers
from hsm_sim.factory.order import OrderNotUnderstood, parse_letter, parse_order

MAX_BODY = 1024 * 1024
MAX_REPORTS = 1000
LETTER_PATH = re.compile(r"/letters/([A-Za-z0-9-]{1,64})")
ORDER_PATH = re.compile(r"/orders/([A-Za-z0-9-]{1,64})")


class FactoryServer(ThreadingHTTPServer):
    """Listens on loopback; answers in threads."""

    daemon_threads = True

    def __init__(self, port: int, ledger: Ledger) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ledger = ledger


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
            elif method == "GET" and parts.path == "/reports":
                self._reports(parts.query)
            elif match := ORDER_PATH.fullmatch(parts.path):
                self._order(method, match[1], body)
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

    def _order(self, method: str, order_id: str, body: bytes) -> None:
        if method == "GET":
            found = self.server.ledger.job(order_id)
            if found is None:
                self._answer(HTTPStatus.NOT_FOUND, {"error": "no such order"})
            else:
                self._answer(HTTPStatus.OK, _view(found))
            return
        try:
            order = parse_order(order_id, body)
            job, is_new = self.server.ledger.take(order, at=datetime.now(UTC))
        except OrderNotUnderstood as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except OrderDiffers:
            self._answer(HTTPStatus.CONFLICT, {"error": "this order id was used for another order"})
        else:
            if self.server.ledger.faults().lose_answers:
                self.close_connection = True
                return
            self._answer(HTTPStatus.CREATED if is_new else HTTPStatus.OK, _view(job))

    def _letter(self, method: str, letter_id: str, body: bytes) -> None:
        """Take the order of a PUK letter, which is in the post at once; no answer ever holds the PUK."""
        ledger = self.server.ledger
        if method == "GET":
            is_there = ledger.has_letter(letter_id)
            view = {"letter_id": letter_id, "state": "posted"} if is_there else {"error": "no such letter"}
            self._answer(HTTPStatus.OK if is_there else HTTPStatus.NOT_FOUND, view)
            return
        try:
            letter = parse_letter(letter_id, body)
            if ledger.puk_of(letter.card_number) is None:
                self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "the factory has made no such card"})
                return
            is_new = ledger.post_letter(letter_id, letter.canonical, at=datetime.now(UTC))
        except OrderNotUnderstood as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except OrderDiffers:
            self._answer(HTTPStatus.CONFLICT, {"error": "this letter id was used for another letter"})
        else:
            if ledger.faults().lose_answers:
                self.close_connection = True
                return
            view = {"letter_id": letter_id, "state": "posted"}
            self._answer(HTTPStatus.CREATED if is_new else HTTPStatus.OK, view)

    def _reports(self, query: str) -> None:
        after = parse_qs(query).get("after", ["0"])[0]
        if not after.isdecimal():
            self._answer(HTTPStatus.BAD_REQUEST, {"error": "after must be a whole number"})
            return
        faults = self.server.ledger.faults()
        reports = self.server.ledger.reports(after=int(after), limit=MAX_REPORTS)
        if faults.duplicate_reports:
            reports = [report for report in reports for _ in range(2)]
        if faults.shuffled_reports:
            reports.reverse()
        self._answer(HTTPStatus.OK, reports)

    def _answer(self, status: HTTPStatus, content: object) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server names it
        """Silent: orders hold names and addresses."""


def _view(job: Job) -> dict[str, object]:
    view: dict[str, object] = {"order_id": job.order_id, "state": job.state.value}
    if job.state.value in {"produced", "shipped"}:
        view["card_number"] = job.card_number
    if job.reason:
        view["reason"] = job.reason
    return view
