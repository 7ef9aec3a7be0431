"""The outside that validations look at, on loopback: DNS and web servers that say what a test says."""

import http.server
import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


@dataclass
class Outside:
    """Answers by name and type, and pages by path: (status, headers, content)."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """What the web server was asked: the Host header and the path."""
    hooks: Path | None = None
    """A folder where other programs put TXT records, each in a file with its name."""
    dns_port: int = 0
    web_port: int = 0

    @property
    def resolver(self) -> str:
        return f"127.0.0.1:{self.dns_port}"

    def answer(self, wire: bytes) -> bytes:
        question = dns.message.from_wire(wire)
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA | dns.flags.RA
        asked = question.question[0]
        name, kind = asked.name.to_text().rstrip(".").lower(), dns.rdatatype.to_text(asked.rdtype)
        found = self.records.get((name, kind)) or self.records.get(("*", kind))
        if (name, "FAIL") in self.records:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif kind == "TXT" and self.hooks is not None and (self.hooks / name).exists():
            text = (self.hooks / name).read_text().strip()
            response.answer.append(dns.rrset.from_text(asked.name, 1, dns.rdataclass.IN, kind, f'"{text}"'))
        elif found:
            response.answer.append(dns.rrset.from_text(asked.name, 1, dns.rdataclass.IN, kind, *found))
        return response.to_wire()


@contextmanager
def outside(*, dns_port: int = 0, hooks: Path | None = None) -> Iterator[Outside]:
    """Serve both until the block ends; every name is at 127.0.0.1 unless a test says otherwise."""
    told = Outside(records={("*", "A"): ["127.0.0.1"]}, hooks=hooks)

    class Names(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, there = self.request
            there.sendto(told.answer(wire), self.client_address)

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.headers.get("Host", ""), self.path))
            status, headers, content = told.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with ExitStack() as stack:
        names = stack.enter_context(socketserver.ThreadingUDPServer(("127.0.0.1", dns_port), Names))
        pages = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages))
        for server in (names, pages):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
        told.dns_port, told.web_port = names.server_address[1], pages.server_address[1]
        yield told
