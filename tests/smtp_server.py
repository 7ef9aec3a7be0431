"""A small mail server that speaks SMTP (RFC 5321) on a port of its own and keeps what it is given."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Post:
    """What the server took, and which recipients it answers otherwise than with 250."""

    port: int = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)


class _Conversation(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self) -> None:
        post: Post = self.server.post  # type: ignore[attr-defined]
        recipients: list[str] = []
        self._say(b"220 test")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb in {b"EHLO", b"HELO", b"MAIL", b"RSET", b"NOOP"}:
                self._say(b"250 ok")
            elif verb == b"RCPT":
                address = line.split(b"<", 1)[1].split(b">", 1)[0].decode()
                answer = post.answers.get(address, b"250 ok")
                recipients += [address] if answer.startswith(b"2") else []
                self._say(answer)
            elif verb == b"DATA":
                self._say(b"354 go on")
                content = b""
                while (part := self.rfile.readline()) not in {b".\r\n", b""}:
                    content += part[1:] if part.startswith(b"..") else part
                message = message_from_bytes(content, policy=policy.default)
                post.taken += [(address, message) for address in recipients]
                recipients = []
                self._say(b"250 taken")
            elif verb == b"QUIT":
                self._say(b"221 bye")
                return
            else:
                self._say(b"502 no")

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def smtp_server() -> Iterator[Post]:
    """Serve until the test is done; the port is chosen by the system."""
    post = Post()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation) as server:
        server.daemon_threads = True
        server.post = post  # type: ignore[attr-defined]
        post.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield post
        finally:
            server.shutdown()
            thread.join()
