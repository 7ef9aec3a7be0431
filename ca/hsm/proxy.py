"""What workers hold instead of keys: signers that ask the signer process over its socket, and wait."""

import json
import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from ca.errors import SigningRefused, SigningUnavailable
from ca.hsm import wire
from ca.pki.signer import SignatureAlgorithm, Signer

_PATIENCE: Final = 10.0
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5
_ANSWER_SECONDS: Final = 120.0
_SECONDS_A_SIGNATURE: Final = 0.05


class SignerSource(Protocol):
    """Gives the signer of a key by its label."""

    def signer_for(self, key_label: str) -> Signer:
        """Return the signer. Raises ``SigningRefused`` when there is no such key."""
        ...


class KeyMaker(Protocol):
    """Makes keys on the token."""

    def generate_key(self, label: str, algorithm: str) -> bytes:
        """Make the key of that label, or find it, and return its SubjectPublicKeyInfo."""
        ...


class _Connection:
    """An open socket of one thread in one process; closes when its thread is gone."""

    def __init__(self, path: Path, *, seconds: float) -> None:
        self.process = os.getpid()
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.channel.settimeout(seconds)
        try:
            self.channel.connect(str(path))
        except OSError:
            self.channel.close()
            raise

    def __del__(self) -> None:
        self.channel.close()


class SocketSigners:
    """Signers behind a Unix socket; one connection per thread, opened again after a fork or a loss.

    Every call tries for ``patience`` seconds, waiting longer each time, then raises
    ``SigningUnavailable``; also when the signer takes the question and says nothing. Many signatures and the
    making of a key get the time that they need on top. What the signer refuses for good is
    ``SigningRefused`` at once.
    """

    def __init__(self, socket_path: Path, *, patience: float = _PATIENCE) -> None:
        """Remember where the signer listens; nothing is opened before the first call."""
        self._path = socket_path
        self._patience = patience
        self._local = threading.local()

    def signer_for(self, key_label: str) -> "SocketSigner":
        """Return the signer of a key. Raises ``SigningRefused`` when there is no such key."""
        facts = self._facts(wire.Operation.PUBLIC_KEY, label=key_label)
        return SocketSigner(
            _signers=self,
            label=key_label,
            public_key=bytes.fromhex(str(facts["public_key"])),
            algorithm=SignatureAlgorithm[str(facts["algorithm"])],
        )

    def generate_key(self, label: str, algorithm: str) -> bytes:
        """Make the key of that label (``P-256``, ``RSA-2048`` …), or find it; return its public half."""
        facts = self._facts(wire.Operation.GENERATE_KEY, label=label, algorithm=algorithm)
        return bytes.fromhex(str(facts["public_key"]))

    def counts(self) -> dict[str, int]:
        """Return how many signatures each key has made."""
        counts = self._facts(wire.Operation.COUNTS)["counts"]
        return {str(k): int(v) for k, v in counts.items()} if isinstance(counts, dict) else {}

    def attributes(self, label: str) -> dict[str, bool]:
        """Return what the token says of a private key, e.g. that it can never be taken out."""
        found = self._facts(wire.Operation.ATTRIBUTES, label=label)["attributes"]
        return {str(k): bool(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def prove(self) -> dict[str, str]:
        """Let the signer sign once with each key and verify it; return the algorithm of each by its label."""
        found = self._facts(wire.Operation.PROVE)["proved"]
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def health(self) -> dict[str, object]:
        """Return what the signer says of itself: labels, faults by name, repairs, process."""
        return self._facts(wire.Operation.HEALTH)

    def sign_batch(self, request: wire.SignRequest) -> tuple[bytes, ...]:
        """Sign every message of a request; all or ``SigningUnavailable``."""
        answer = self._ask(request)
        if len(answer.signatures) != len(request.messages):
            msg = f"the signer gave {len(answer.signatures)} signatures for {len(request.messages)} messages"
            raise SigningRefused(msg)
        return answer.signatures

    def close(self) -> None:
        """Close this thread's connection."""
        self._local.connection = None

    def _facts(self, operation: wire.Operation, **arguments: str) -> dict[str, object]:
        facts = json.loads(self._ask(wire.FactsRequest(operation=operation, facts=arguments)).facts)
        return dict(facts)

    def _ask(self, request: wire.SignRequest | wire.FactsRequest) -> wire.Answer:
        body = wire.frame(*wire.encode_request(request))
        deadline = time.monotonic() + self._patience
        pause, work = _FIRST_PAUSE, _seconds_of_work(request)
        while True:
            try:
                left = max(deadline - time.monotonic(), _FIRST_PAUSE)
                answer = wire.decode_answer(self._exchange(body, seconds=min(_ANSWER_SECONDS, left + work)))
            except (OSError, wire.BadFrame) as error:
                self.close()
                why = f"the signer does not answer ({error})"
            else:
                if answer.outcome in {wire.Outcome.SIGNATURES, wire.Outcome.FACTS}:
                    return answer
                facts = json.loads(answer.facts)
                why = str(facts["message"])
                if answer.outcome is wire.Outcome.REFUSED:
                    raise SigningRefused(why, facts={"reason": str(facts["code"])})
            if time.monotonic() + pause > deadline:
                raise SigningUnavailable(why)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _exchange(self, body: bytes, *, seconds: float) -> bytes:
        channel = self._channel(seconds)
        channel.settimeout(seconds)
        channel.sendall(body)
        return _receive(channel, wire.frame_length(_receive(channel, 4)))

    def _channel(self, seconds: float) -> socket.socket:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.process != os.getpid():
            connection = self._local.connection = _Connection(self._path, seconds=seconds)
        return connection.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketSigner:
    """One key behind the socket; has the ``Signer`` interface."""

    _signers: SocketSigners = field(repr=False)
    label: str
    public_key: bytes
    algorithm: SignatureAlgorithm

    def sign(self, tbs: bytes) -> bytes:
        """Sign bytes. Raises ``SigningUnavailable`` after ten seconds without an answer."""
        return self.sign_batch([tbs])[0]

    def sign_batch(self, messages: Sequence[bytes]) -> tuple[bytes, ...]:
        """Sign many messages in one exchange."""
        request = wire.SignRequest(label=self.label, algorithm=self.algorithm, messages=tuple(messages))
        return self._signers.sign_batch(request)


def _seconds_of_work(request: wire.SignRequest | wire.FactsRequest) -> float:
    """Return how long a signer that is there may work before it counts as hanging."""
    if isinstance(request, wire.SignRequest):
        return len(request.messages) * _SECONDS_A_SIGNATURE
    return _ANSWER_SECONDS if request.operation is wire.Operation.GENERATE_KEY else 0.0


def _receive(channel: socket.socket, length: int) -> bytes:
    received = bytearray(length)
    view = memoryview(received)
    position = 0
    while position < length:
        count = channel.recv_into(view[position:])
        if count == 0:
            msg = "the signer closed the connection"
            raise ConnectionResetError(msg)
        position += count
    return bytes(received)
