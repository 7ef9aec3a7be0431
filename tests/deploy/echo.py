"""A server on a Unix socket that says which headers came through; stands for the process behind nginx."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps([[name.lower(), value] for name, value in self.headers.items()]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the names are http.server's

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@contextmanager
def echo(path: Path) -> Iterator[None]:
    """Serve on the socket for the length of the block."""
    server = _Server(str(path), _Echo)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
