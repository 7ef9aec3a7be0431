"""The signer process: one thread, one token, one Unix socket; answers whoever runs as the same user."""

import json
import logging
import os
import selectors
import signal
import socket
import struct
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ca.errors import CaError
from ca.hsm import wire
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.faults import PinRefused, Remedy, TokenFault
from ca.hsm.key_algorithms import KeyAlgorithm
from ca.hsm.token_keeper import TokenKeeper, keep_token

_log: Final = logging.getLogger(__name__)
_MOST_CONNECTIONS: Final = 128
_SIGNATURES_PER_TURN: Final = 16
_READ: Final = 256 * 1024
_PEER: Final = struct.Struct("3i")


@dataclass(slots=True)
class _Batch:
    """A request under way: its signatures so far."""

    request: wire.SignRequest
    signatures: list[bytes] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Connection:
    channel: socket.socket
    received: bytearray = field(default_factory=bytearray)
    outgoing: bytearray = field(default_factory=bytearray)
    batch: _Batch | None = None


def run(*, configuration: TokenConfiguration, socket_path: Path, patience: float = 5.0) -> int:
    """Own the token, serve until SIGTERM or SIGINT, and return the exit status.

    Says on standard error, in plain sentences, what it does and why it stops.
    """
    try:
        with keep_token(configuration, patience=patience) as keeper, _stop_signals() as stop:
            keeper.start()
            _log.info("the signer owns token %s: %s", configuration.label, ", ".join(keeper.labels()))
            Server(keeper, socket_path).serve(stop)
    except PinRefused:
        _log.error("the token refuses the PIN in secrets/%s; the signer stops", configuration.pin_file.name)
        return 3
    except CaError as error:
        _log.error("the signer cannot start: %s", error)
        return 2
    _log.info("the signer has stopped")
    return 0


class Server:
    """Answers requests in turn: sixteen signatures for one connection, then the next."""

    def __init__(self, keeper: TokenKeeper, socket_path: Path) -> None:
        """Remember the keeper; the socket is opened by ``serve``."""
        self._keeper = keeper
        self._path = socket_path
        self._selector = selectors.DefaultSelector()
        self._waiting: deque[_Connection] = deque()
        self._connections: set[_Connection] = set()

    def serve(self, stop: socket.socket) -> None:
        """Serve until ``stop`` becomes readable; batches under way are finished first."""
        with _listening(self._path) as listener:
            self._selector.register(listener, selectors.EVENT_READ)
            self._selector.register(stop, selectors.EVENT_READ)
            _log.info("the signer listens on %s", self._path.name)
            is_stopping = False
            while not is_stopping or self._waiting:
                for key, mask in self._selector.select(0 if self._waiting else None):
                    if key.fileobj is stop:
                        is_stopping = True
                        self._selector.unregister(stop)
                    elif key.fileobj is listener:
                        self._accept(listener)
                    else:
                        self._exchange(key.data, mask)
                if self._waiting:
                    self._work(self._waiting.popleft())
        for connection in list(self._connections):
            self._flush_blocking(connection)
            self._drop(connection)

    def _accept(self, listener: socket.socket) -> None:
        channel, _ = listener.accept()
        _, user, _ = _PEER.unpack(channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if user != os.geteuid():
            _log.warning("a process of user %d was turned away", user)
            channel.close()
            return
        if len(self._connections) >= _MOST_CONNECTIONS:
            _log.warning("more than %d connections; the newest was turned away", _MOST_CONNECTIONS)
            channel.close()
            return
        channel.settimeout(0)
        connection = _Connection(channel)
        self._connections.add(connection)
        self._selector.register(channel, selectors.EVENT_READ, connection)

    def _exchange(self, connection: _Connection, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                self._send(connection)
            if mask & selectors.EVENT_READ:
                received = connection.channel.recv(_READ)
                if not received:
                    self._drop(connection)
                    return
                connection.received += received
                self._next_request(connection)
        except BlockingIOError:
            return
        except (OSError, wire.BadFrame) as error:
            _log.warning("a connection is closed: %s", error)
            self._drop(connection)

    def _next_request(self, connection: _Connection) -> None:
        """Take the next whole frame, if there is one and nothing is under way."""
        if connection.batch is not None or len(connection.received) < 4:  # noqa: PLR2004 - the length prefix
            return
        length = wire.frame_length(bytes(connection.received[:4]))
        if len(connection.received) < 4 + length:
            return
        body = bytes(connection.received[4 : 4 + length])
        del connection.received[: 4 + length]
        request = wire.decode_request(body)
        if isinstance(request, wire.SignRequest):
            connection.batch = _Batch(request)
            self._waiting.append(connection)
        else:
            self._reply(connection, self._answer(request))

    def _work(self, connection: _Connection) -> None:
        batch = connection.batch
        if batch is None:
            return
        request, done = batch.request, len(batch.signatures)
        turn = request.messages[done : done + _SIGNATURES_PER_TURN]
        try:
            batch.signatures += self._keeper.sign(request.label, request.algorithm, turn)
        except TokenFault as fault:
            connection.batch = None
            self._reply(connection, _failure(fault))
            return
        if len(batch.signatures) < len(request.messages):
            self._waiting.append(connection)
            return
        connection.batch = None
        signatures = tuple(batch.signatures)
        self._reply(connection, wire.Answer(outcome=wire.Outcome.SIGNATURES, signatures=signatures))

    def _answer(self, request: wire.FactsRequest) -> wire.Answer:
        try:
            facts = self._facts(request)
        except TokenFault as fault:
            return _failure(fault)
        except (CaError, KeyError, ValueError) as error:
            return _error(wire.Outcome.REFUSED, "refused", str(error))
        return wire.Answer(outcome=wire.Outcome.FACTS, facts=json.dumps(facts))

    def _facts(self, request: wire.FactsRequest) -> dict[str, object]:
        keeper = self._keeper
        match request.operation:
            case wire.Operation.PUBLIC_KEY:
                public_key, algorithm = keeper.public_key(request.facts["label"])
                return {"public_key": public_key.hex(), "algorithm": algorithm.name}
            case wire.Operation.GENERATE_KEY:
                public_key = keeper.generate_key(
                    request.facts["label"], KeyAlgorithm(request.facts["algorithm"])
                )
                return {"public_key": public_key.hex()}
            case wire.Operation.ATTRIBUTES:
                return {"attributes": keeper.session().attributes(request.facts["label"])}
            case wire.Operation.PROVE:
                return {"proved": keeper.prove()}
            case wire.Operation.COUNTS:
                return {"counts": keeper.counts.all()}
            case wire.Operation.HEALTH:
                return {
                    "labels": keeper.labels(),
                    "repairs": keeper.repairs,
                    "faults": dict(keeper.faults),
                    "last_fault": keeper.last_fault,
                    "process": os.getpid(),
                }
            case wire.Operation.SIGN:
                msg = "signing is asked for in its own way"
                raise wire.BadFrame(msg)

    def _reply(self, connection: _Connection, answer: wire.Answer) -> None:
        if connection not in self._connections:
            return
        connection.outgoing += wire.frame(wire.encode_answer(answer))
        try:
            self._send(connection)
            self._next_request(connection)
        except BlockingIOError:
            return
        except (OSError, wire.BadFrame) as error:
            _log.warning("a connection is closed: %s", error)
            self._drop(connection)

    def _send(self, connection: _Connection) -> None:
        try:
            while connection.outgoing:
                sent = connection.channel.send(connection.outgoing[:_READ])
                del connection.outgoing[:sent]
        finally:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.outgoing else 0)
            self._selector.modify(connection.channel, events, connection)

    def _flush_blocking(self, connection: _Connection) -> None:
        try:
            connection.channel.settimeout(1.0)
            connection.channel.sendall(connection.outgoing)
        except OSError:
            return

    def _drop(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.discard(connection)
            connection.batch = None
            self._selector.unregister(connection.channel)
            connection.channel.close()


def _failure(fault: TokenFault) -> wire.Answer:
    may_pass = fault.remedy in {Remedy.NEW_SESSION, Remedy.NEW_START}
    return _error(wire.Outcome.UNAVAILABLE if may_pass else wire.Outcome.REFUSED, fault.code, str(fault))


def _error(outcome: wire.Outcome, code: str, message: str) -> wire.Answer:
    return wire.Answer(outcome=outcome, facts=json.dumps({"code": code, "message": message}))


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    """Listen on a socket that only this user may open; the token lock makes the old file ours to remove."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(_MOST_CONNECTIONS)
    try:
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


@contextmanager
def _stop_signals() -> Iterator[socket.socket]:
    """Turn SIGTERM and SIGINT into a readable socket, so that no signature is cut in two."""
    readable, writable = socket.socketpair()
    writable.settimeout(0)
    previous = signal.set_wakeup_fd(writable.fileno())
    handlers = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield readable
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(previous)
        readable.close()
        writable.close()


def log_to_stderr() -> None:
    """Say everything on standard error, one plain line each."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="signer: %(message)s")
