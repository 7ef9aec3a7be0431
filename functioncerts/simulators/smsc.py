"""An SMS centre that speaks SMPP 3.4 over TCP, keeps what it takes, and has faults to switch on.

``python -m functioncerts.simulators.smsc --port 2775`` prints each message; faults come by their names on its
standard input, one a line, and an empty line ends them.
"""

import argparse
import socketserver
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

FAULTS: Final = frozenset(
    {"refuse_bind", "throttle", "bad_number", "system_error", "drop", "silent", "garbage", "another_answer"}
)
_HEADER: Final = struct.Struct(">IIII")
_BIND, _SUBMIT, _UNBIND, _ENQUIRE = 0x02, 0x04, 0x06, 0x15
_ANSWER = 0x80000000
_STATUSES: Final = {"throttle": 0x58, "bad_number": 0x0B, "system_error": 0x08}
_LONGEST: Final = 1 << 16


@dataclass
class Centre:
    """What the centre took and how it misbehaves; the password it wants and its port."""

    system_id: str = "sigill"
    password: str = "hemligt"  # noqa: S105 - a simulator's
    port: int = 0
    fault: str = ""
    taken: list[tuple[str, str, str]] = field(default_factory=list)
    """Sender, number and text of each message."""
    stopped: threading.Event = field(default_factory=threading.Event)


class _Conversation(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self) -> None:
        centre: Centre = self.server.centre  # type: ignore[attr-defined]
        is_bound = False
        while len(header := self.rfile.read(_HEADER.size)) == _HEADER.size:
            length, command, _, sequence = _HEADER.unpack(header)
            if not _HEADER.size <= length <= _LONGEST:
                return
            body = self.rfile.read(length - _HEADER.size)
            if command == _BIND:
                is_bound = centre.fault != "refuse_bind" and _bound(body) == (
                    centre.system_id,
                    centre.password,
                )
                self._answer(command, sequence, b"centre\0", status=0 if is_bound else 0x0D)
            elif command == _SUBMIT and is_bound:
                if not self._submitted(centre, body, sequence):
                    return
            elif command in {_UNBIND, _ENQUIRE}:
                self._answer(command, sequence)
                if command == _UNBIND:
                    return
            else:
                self._answer(command, sequence, status=0x04)

    def _submitted(self, centre: Centre, body: bytes, sequence: int) -> bool:
        """Take a message or fail it as the fault says; return whether the conversation goes on."""
        match centre.fault:
            case "drop":
                return False
            case "silent":
                centre.stopped.wait(self.timeout)
                return False
            case "garbage":
                self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return False
            case "another_answer":
                self._answer(_SUBMIT, sequence + 1, b"0\0")
                return True
        if status := _STATUSES.get(centre.fault, 0):
            self._answer(_SUBMIT, sequence, status=status)
            return True
        centre.taken.append(_message(body))
        self._answer(_SUBMIT, sequence, f"{len(centre.taken)}".encode() + b"\0")
        return True

    def _answer(self, command: int, sequence: int, body: bytes = b"", *, status: int = 0) -> None:
        body = b"" if status else body
        self.wfile.write(_HEADER.pack(_HEADER.size + len(body), command | _ANSWER, status, sequence) + body)
        self.wfile.flush()


@contextmanager
def serving(port: int = 0) -> Iterator[Centre]:
    """Serve on the loopback until the block is done; the system chooses the port unless one is named."""
    centre = Centre()
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), _Conversation) as server:
        server.daemon_threads = True
        server.centre = centre  # type: ignore[attr-defined]
        centre.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield centre
        finally:
            centre.stopped.set()
            server.shutdown()
            thread.join()


def _text(body: bytes, start: int) -> tuple[str, int]:
    """Return a C string and where the next field begins."""
    end = body.index(b"\0", start)
    return body[start:end].decode("latin-1"), end + 1


def _bound(body: bytes) -> tuple[str, str]:
    system_id, place = _text(body, 0)
    password, _ = _text(body, place)
    return system_id, password


def _message(body: bytes) -> tuple[str, str, str]:
    _, place = _text(body, 0)
    sender, place = _text(body, place + 2)
    number, place = _text(body, place + 2)
    _, place = _text(body, place + 3)
    _, place = _text(body, place)
    coding, length = body[place + 2], body[place + 4]
    content = body[place + 5 : place + 5 + length]
    return sender, f"+{number}", content.decode("utf-16-be" if coding == 8 else "ascii")  # noqa: PLR2004 - UCS-2


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=2775)
    with serving(parser.parse_args().port) as centre:
        shown = 0
        for line in sys.stdin:
            name = line.strip()
            centre.fault = name if name in FAULTS else ""
            for sender, number, text in centre.taken[shown:]:
                sys.stdout.write(f"{sender} -> {number}: {text}\n")
            shown = len(centre.taken)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
