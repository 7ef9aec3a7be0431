"""The simulators' HTTP server: SOAP and REST for HSA and PU, the catalogue file, TLS, faults on request."""

import json
import ssl
import sys
import time
from collections.abc import Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from directory.simulators import forms, hsa, stored
from directory.simulators.faults import Fault, Faults
from directory.simulators.functions import functions
from directory.simulators.orders import OrderBook, OrderRefused
from directory.simulators.people import LiveFile
from directory.simulators.soap_face import SOAP, Rejected, SoapFace, in_envelope, soap_fault
from directory.simulators.spoiling import spoilt, spoilt_bytes, written
from directory.simulators.tls import ServerTls, accept, begins_tls

__all__ = ["SOAP", "SimulatorServer"]

_MAX_QUESTION = 40_000_000
_XML = 'text/xml; charset="utf-8"'
_JSON = "application/json"
_REGISTERS = ("hsa", "pu")


class SimulatorServer(ThreadingHTTPServer):
    """Both registers on one port. ``calls`` counts the SOAP calls that each has answered or refused.

    With ``tls`` the registers answer only callers who show a certificate; the same port goes on speaking
    plain HTTP to testers (``/faults``, ``/healthz``).
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], people: Path, *, tls: ServerTls | None = None) -> None:
        super().__init__(address, _Handler)
        self.people = stored.StoredFile(people) if stored.is_stored(people) else LiveFile(people)
        self.faults = Faults()
        self.calls = dict.fromkeys(_REGISTERS, 0)
        self.tls = tls
        self.book = OrderBook()
        self.soap = SoapFace(self.book)
        if tls is not None:
            tls.prepare()

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Answer one connection, under TLS when it begins so; a caller whom we do not know gets no answer."""
        if not begins_tls(request):
            request.settimeout(None)
            super().finish_request(request, client_address)
            return
        secured = accept(request, self.tls.context()) if self.tls else None
        if secured is not None:
            with secured:
                super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a caller has gone: that is what our faults provoke."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as given


class _Handler(BaseHTTPRequestHandler):
    server: SimulatorServer
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: apart, Nagle and delayed ACK cost 40 ms a call.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Serve the catalogue, function objects, files of orders, the faults in force, a sign of life."""
        address = urlsplit(self.path)
        match address.path.strip("/").split("/"):
            case ["healthz"]:
                self._send(200, b"ok\n", "text/plain")
            case ["faults"]:
                self._send(200, json.dumps(self.server.faults.shown()).encode(), _JSON)
            case [("hsa" | "pu") as register, *rest]:
                fault = self._admitted(register)
                if fault is not None:
                    self._get(register, rest, dict(parse_qsl(address.query)), fault)
            case _:
                self._send(404, b"no such thing here\n", "text/plain")

    def do_PUT(self) -> None:
        """Set faults: ``{"hsa": {"kind": "down"}}``; see ``faults.KINDS``."""
        body = self._body()
        if self.path != "/faults":
            self._send(404, b"no such thing here\n", "text/plain")
            return
        try:
            for register, content in json.loads(body).items():
                self.server.faults.put(register, Fault.of(content))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            self._send(400, f"{error}\n".encode(), "text/plain")
            return
        self._send(200, json.dumps(self.server.faults.shown()).encode(), _JSON)

    def do_POST(self) -> None:
        """Answer a SOAP question, or take a file order."""
        body = self._body()
        address = urlsplit(self.path)
        register, _, rest = address.path.strip("/").partition("/")
        if register not in _REGISTERS:
            self._send(404, b"no such register\n", "text/plain")
            return
        self.server.calls[register] += 1
        fault = self._admitted(register)
        if fault is None:
            return
        if (register, rest) == ("pu", "getPersonsByFile"):
            self._take_order(body, dict(parse_qsl(address.query)), fault)
        else:
            self._answer_soap(register, body, fault)

    # --- the registers --------------------------------------------------------------------------------

    def _get(self, register: str, rest: list[str], query: Mapping[str, str], fault: Fault) -> None:
        registers = self.server.people.registers()
        match register, rest:
            case "hsa", ["catalogue"]:
                file = hsa.catalogue(registers)
                content = written(spoilt(file, fault) if fault.kind == "partial" else file)
                self._send_faulty(200, spoilt_bytes(content, fault), _XML, fault)
            case "hsa", ["functions"]:
                content = json.dumps(functions(query, registers, fault)).encode()
                self._send_faulty(200, _spoilt_json(content, fault), _JSON, fault)
            case "pu", ["order", "get", name]:
                records = self.server.book.file(name, registers, fault)
                if records is None:
                    self._send(404, b"no such file\n", "text/plain")
                else:
                    self._send_faulty(200, records, "application/zip", fault)
            case _:
                self._send(404, b"no such thing here\n", "text/plain")

    def _answer_soap(self, register: str, body: bytes, fault: Fault) -> None:
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        base = f"{scheme}://{self.headers.get('Host', '')}"
        try:
            answer = self.server.soap.answer(register, body, self.server.people.registers(), base=base)
        except Rejected as rejected:
            self._send(500, soap_fault("Client", str(rejected)), _XML)
            return
        content = spoilt_bytes(written(in_envelope(spoilt(answer, fault))), fault)
        self._send_faulty(200, content, _XML, fault)

    def _take_order(self, body: bytes, query: Mapping[str, str], fault: Fault) -> None:
        try:
            parameters, file = forms.read(_headers(self.headers), body)
            order_id = self.server.book.place(file, {**query, **parameters})
        except (OrderRefused, forms.NotAForm) as error:
            self._send(400, json.dumps({"error": str(error)}).encode(), _JSON)
            return
        content = json.dumps({"orderId": order_id}).encode()
        self._send_faulty(201, _spoilt_json(content, fault), _JSON, fault)

    def _admitted(self, register: str) -> Fault | None:
        """Return the fault that this call shows, or None when the answer has been given already."""
        if self.server.tls is not None and not isinstance(self.connection, ssl.SSLSocket):
            self._send(403, b"the registers are asked over TLS, with a certificate\n", "text/plain")
            return None
        fault = self.server.faults.next_call(register)
        return None if self._fail(fault) else fault

    def _fail(self, fault: Fault) -> bool:
        """Show a fault that replaces the answer; return whether there was one."""
        match fault.kind:
            case "down":
                self.close_connection = True
            case "503":
                self._send(503, b"Service Temporarily Unavailable\n", "text/html")
            case "403":
                self._send(403, b"Access is denied\n", "text/html")
            case "redirect":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "soap_fault":
                self._send(500, soap_fault("Server", "internal error"), _XML)
            case "slow":
                time.sleep(fault.seconds)
                return False
            case _:
                return False
        return True

    # --- HTTP -----------------------------------------------------------------------------------------

    def _send_faulty(self, status: int, content: bytes, content_type: str, fault: Fault) -> None:
        """Send an answer, or the beginning of it, as slowly as the fault says."""
        if fault.kind not in {"trickle", "truncated"}:
            self._send(status, content, content_type)
            return
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.close_connection = True
        if fault.kind == "truncated":
            self.wfile.write(content[: len(content) // 2])
            return
        ends = time.monotonic() + fault.seconds
        for position in range(len(content)):
            if time.monotonic() > ends:
                return
            self.wfile.write(content[position : position + 1])
            self.wfile.flush()
            time.sleep(0.05)

    def _body(self) -> bytes:
        length = min(int(self.headers.get("Content-Length") or 0), _MAX_QUESTION)
        return self.rfile.read(length)

    def _send(self, status: int, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Keep quiet: paths are all the same and questions hold numbers."""


def _headers(headers: Message) -> str:
    return str(headers.get("Content-Type") or "")


def _spoilt_json(content: bytes, fault: Fault) -> bytes:
    match fault.kind:
        case "malformed":
            return content[: len(content) // 2]
        case "garbage":
            return b"<html><body>Server Error in '/' Application.</body></html>"
        case "huge":
            return content + b" " * 30_000_000
    return content
