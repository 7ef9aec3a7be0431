"""The simulators' HTTP server: SOAP for HSA and PU, the catalogue file, faults on request."""

import json
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lxml import etree

from directory.simulators import hsa, pu
from directory.simulators.faults import Fault, Faults
from directory.simulators.people import LiveFile, Registers

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_CONTRACTS = Path(__file__).parent.parent / "contracts"
_MAX_QUESTION = 1_000_000
_XML = 'text/xml; charset="utf-8"'

Answerer = Callable[[etree._Element, Registers], etree._Element]  # noqa: SLF001 - lxml's only name for it
_OPERATIONS: dict[str, dict[str, tuple[str, Answerer]]] = {
    "hsa": {
        f"{{{hsa.EMPLOYEE_RESPONDER}}}GetEmployeeIncludingProtectedPerson": (
            "hsa/get_employee_4.xsd",
            hsa.get_employee,
        ),
        f"{{{hsa.AUTHORIZATION_RESPONDER}}}GetAdminCredentialsForPersonIncludingProtectedPerson": (
            "hsa/get_admin_credentials_2.xsd",
            hsa.get_admin_credentials,
        ),
    },
    "pu": {
        f"{{{pu.RESPONDER}}}GetPersonsForProfile": (
            "pu/get_persons_for_profile_5.xsd",
            pu.get_persons_for_profile,
        ),
        f"{{{pu.UNRESTRICTED_RESPONDER}}}GetPersonsForProfileUnrestricted": (
            "pu/get_persons_for_profile_unrestricted_5.xsd",
            pu.get_persons_for_profile_unrestricted,
        ),
    },
}


class SimulatorServer(ThreadingHTTPServer):
    """Both registers on one port. ``calls`` counts the SOAP calls that each has answered or refused."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], people: Path) -> None:
        super().__init__(address, _Handler)
        self.people = LiveFile(people)
        self.faults = Faults()
        self.calls = {"hsa": 0, "pu": 0}
        self.schemas = {
            name: etree.XMLSchema(etree.parse(_CONTRACTS / name))
            for operations in _OPERATIONS.values()
            for name, _ in operations.values()
        }

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a caller has gone: that is what our faults provoke."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as given


class _Rejected(Exception):
    """The question is not one that the register answers: a SOAP fault."""


class _Handler(BaseHTTPRequestHandler):
    server: SimulatorServer
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: apart, Nagle and delayed ACK cost 40 ms a call.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Serve the catalogue, the faults in force, and a sign of life."""
        match self.path:
            case "/healthz":
                self._send(200, b"ok\n", "text/plain")
            case "/faults":
                self._send(200, json.dumps(self.server.faults.shown()).encode(), "application/json")
            case "/hsa/catalogue":
                fault = self.server.faults.next_call("hsa")
                if not self._fail(fault):
                    registers = self.server.people.registers()
                    self._send(200, _spoil(hsa.catalogue(registers), fault), _XML)
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
        self._send(200, json.dumps(self.server.faults.shown()).encode(), "application/json")

    def do_POST(self) -> None:
        """Answer a SOAP question."""
        body = self._body()
        register = self.path.split("/")[1]
        if register not in _OPERATIONS:
            self._send(404, b"no such register\n", "text/plain")
            return
        self.server.calls[register] += 1
        fault = self.server.faults.next_call(register)
        if self._fail(fault):
            return
        try:
            answer = self._answer(register, body)
        except _Rejected as rejected:
            self._send(500, _soap_fault("Client", str(rejected)), _XML)
            return
        if fault.kind == "empty":
            answer = _knows_nobody(answer)
        elif fault.kind == "partial" and len(answer):
            answer.remove(answer[-1])
        elif fault.kind == "swapped":
            _swap(answer)
        content = _spoil(_envelope(answer), fault)
        if fault.kind == "trickle":
            self._trickle(content, fault.seconds)
            return
        self._send(200, content, _XML)

    def _answer(self, register: str, body: bytes) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            envelope = etree.fromstring(body, parser)
        except etree.XMLSyntaxError as error:
            raise _Rejected("not XML") from error
        content = envelope.find(f"{{{SOAP}}}Body")
        question = content[0] if content is not None and len(content) else None
        if question is None or question.tag not in _OPERATIONS[register]:
            raise _Rejected("no such operation")
        schema, answerer = _OPERATIONS[register][question.tag]
        if not self.server.schemas[schema].validate(question):
            raise _Rejected("the question does not follow the contract")
        if not envelope.findtext(f"{{{SOAP}}}Header/{{urn:riv:itintegration:registry:1}}LogicalAddress"):
            raise _Rejected("no logical address")
        try:
            return answerer(question, self.server.people.registers())
        except pu.TooMany as error:
            raise _Rejected("more than 500 numbers") from error

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
                self._send(500, _soap_fault("Server", "internal error"), _XML)
            case "slow":
                time.sleep(fault.seconds)
                return False
            case _:
                return False
        return True

    def _trickle(self, content: bytes, seconds: float) -> None:
        """Send a byte now and then: no single wait is long, the whole is."""
        self.send_response(200)
        self.send_header("Content-Type", _XML)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        ends = time.monotonic() + seconds
        self.close_connection = True
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


def _envelope(content: etree._Element) -> etree._Element:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return envelope


def _soap_fault(code: str, text: str) -> bytes:
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soap": SOAP})
    etree.SubElement(fault, "faultcode").text = f"soap:{code}"
    etree.SubElement(fault, "faultstring").text = text
    return bytes(etree.tostring(_envelope(fault)))


def _knows_nobody(answer: etree._Element) -> etree._Element:
    """Return the answer of a register that has lost its people and does not know it."""
    for record in list(answer):
        if "GetPersonsForProfile" in answer.tag:
            for person in record.findall(f"{{{pu.PERSON}}}personRecord"):
                record.remove(person)
        else:
            answer.remove(record)
    return answer


def _swap(answer: etree._Element) -> None:
    """Put somebody else's identity into each record."""
    for tag in ("personHsaId", "personalIdentity"):
        for element in answer.iter(f"{{*}}{tag}"):
            target = element[-1] if len(element) else element
            target.text = (target.text or "")[:-1] + "X"


def _spoil(content: etree._Element, fault: Fault) -> bytes:
    """Return the bytes of the answer, spoilt as the fault says."""
    written = bytes(etree.tostring(content, xml_declaration=True, encoding="utf-8"))
    match fault.kind:
        case "malformed":
            return written[: len(written) // 2]
        case "huge":
            return written.replace(b"<soap:Body>", b"<soap:Body>" + b" " * 30_000_000)
        case "entities":
            declaration, _, rest = written.partition(b"?>")
            return declaration + b'?>\n<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' + rest
        case "invalid":
            return written.replace(b"middleAndSurName", b"surName").replace(b"testIndicator", b"isTest")
    return written
