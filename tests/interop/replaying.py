"""A box between an ACME client and the service that gives out nonces which were used before."""

import http.client
import json
import ssl
import threading
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BAD_NONCE = "urn:ietf:params:acme:error:badNonce"


@dataclass
class Box:
    """What the box has seen, and how many more nonces it replaces by a spent one."""

    address: str = ""
    repeats: int = 0
    spent: list[str] = field(default_factory=list)
    refused: int = 0
    """How many answers said badNonce."""


class _Conversation(BaseHTTPRequestHandler):
    """One client's tunnel: the box is its other end."""

    protocol_version = "HTTP/1.1"
    box: Box
    inward: ssl.SSLContext
    outward: ssl.SSLContext
    there: tuple[str, int]

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.rfile.close()
        self.connection = self.inward.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        connection = http.client.HTTPSConnection(*self.there, timeout=60, context=self.outward)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content, headers = answer.read(), dict(answer.getheaders())
        finally:
            connection.close()
        self._spend(body, content, headers)
        self.send_response_only(answer.status)
        for name, value in headers.items():
            if name not in {"Transfer-Encoding", "Connection", "Content-Length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def _spend(self, body: bytes, content: bytes, headers: dict[str, str]) -> None:
        """Note the nonce that was used, and put a spent one in the place of the next."""
        box = self.box
        box.refused += BAD_NONCE.encode() in content
        if box.repeats and box.spent and self.command != "GET" and "Replay-Nonce" in headers:
            headers["Replay-Nonce"] = box.spent[0]
            box.repeats -= 1
        if body:
            box.spent.append(_nonce_of(body))

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def replaying(*, host: str, port: int, folder: Path) -> Iterator[Box]:
    """Serve as an HTTPS proxy for one service; ``folder`` holds its certificate and key."""
    inward = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inward.load_cert_chain(folder / "portal.pem", folder / "portal.key")
    outward = ssl.create_default_context(cafile=str(folder / "portal.pem"))
    box = Box()
    parts = {"box": box, "inward": inward, "outward": outward, "there": (host, port)}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (_Conversation,), parts)) as server:
        server.daemon_threads = True
        box.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


def _nonce_of(body: bytes) -> str:
    protected = json.loads(body)["protected"]
    return str(json.loads(urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))["nonce"])
