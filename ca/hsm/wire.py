"""The signer's wire format: length-prefixed frames over a Unix socket, signatures in batches.

Frame: u32 length, then the body. Request body: u8 operation, then for SIGN u8 length + label, u8
length + algorithm name, u32 count, and count times u32 length + message; for all others JSON.
Answer body: u8 outcome, then for a signed batch u32 count and the signatures, for all others JSON.
All numbers are big-endian. A connection carries one request at a time, in order.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ca.errors import CaError
from ca.pki.signer import SignatureAlgorithm

MAX_FRAME: Final = 64 * 1024 * 1024
"""Octets in a body: room for a certificate list of a million entries."""

_U32: Final = struct.Struct(">I")


class Operation(IntEnum):
    """What can be asked."""

    SIGN = 1
    PUBLIC_KEY = 2
    GENERATE_KEY = 3
    COUNTS = 4
    HEALTH = 5
    ATTRIBUTES = 6
    PROVE = 7
    """Sign once with each key and verify; no signature leaves the signer."""


class Outcome(IntEnum):
    """What the answer holds."""

    SIGNATURES = 0
    FACTS = 1
    UNAVAILABLE = 2
    """The token is not usable now; ask again."""
    REFUSED = 3
    """The request is wrong and will stay wrong."""


class BadFrame(CaError):
    """The bytes are no frame of this format."""

    code = "bad_signer_frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """Sign every message with one key."""

    label: str
    algorithm: SignatureAlgorithm
    messages: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRequest:
    """Any other question; ``facts`` holds its arguments."""

    operation: Operation
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the signer said: signatures, or facts (an error has ``code`` and ``message``)."""

    outcome: Outcome
    signatures: tuple[bytes, ...] = ()
    facts: str = "{}"


def frame(*parts: bytes) -> bytes:
    """Put the length before a body, whose parts are copied once. Raises ``BadFrame`` when it is too long."""
    length = sum(map(len, parts))
    if length > MAX_FRAME:
        msg = f"a frame of {length} octets is longer than {MAX_FRAME}"
        raise BadFrame(msg)
    return b"".join((_U32.pack(length), *parts))


def frame_length(prefix: bytes) -> int:
    """Read the length of a body from its four-octet prefix. Raises ``BadFrame`` when it is too long."""
    (length,) = _U32.unpack(prefix)
    if length > MAX_FRAME:
        msg = f"a frame of {length} octets is longer than {MAX_FRAME}"
        raise BadFrame(msg)
    return int(length)


def encode_request(request: SignRequest | FactsRequest) -> tuple[bytes, ...]:
    """Return a request's body, in parts: a message may be a certificate list of tens of megabytes."""
    match request:
        case SignRequest():
            head = bytes([Operation.SIGN]) + _short(request.label) + _short(request.algorithm.name)
            return (head, *_list(request.messages))
        case FactsRequest():
            return bytes([request.operation]), json.dumps(dict(request.facts)).encode()


def decode_request(body: bytes) -> SignRequest | FactsRequest:
    """Read a request's body. Raises ``BadFrame`` for anything that is not exactly one request."""
    try:
        operation = Operation(body[0])
        if operation is not Operation.SIGN:
            facts = json.loads(body[1:] or b"{}")
            if not isinstance(facts, dict):
                _bad("the arguments are not an object")
            return FactsRequest(operation=operation, facts={str(k): str(v) for k, v in facts.items()})
        label, position = _read_short(body, 1)
        name, position = _read_short(body, position)
        messages = _read_list(body, position)
        return SignRequest(label=label, algorithm=SignatureAlgorithm[name], messages=messages)
    except (IndexError, KeyError, ValueError, struct.error) as error:
        msg = f"not a request: {error}"
        raise BadFrame(msg) from error


def encode_answer(answer: Answer) -> bytes:
    """Return an answer's body."""
    if answer.outcome is Outcome.SIGNATURES:
        return b"".join((bytes([answer.outcome]), *_list(answer.signatures)))
    return bytes([answer.outcome]) + answer.facts.encode()


def decode_answer(body: bytes) -> Answer:
    """Read an answer's body. Raises ``BadFrame``."""
    try:
        outcome = Outcome(body[0])
        if outcome is Outcome.SIGNATURES:
            return Answer(outcome=outcome, signatures=_read_list(body, 1))
        return Answer(outcome=outcome, facts=body[1:].decode())
    except (IndexError, ValueError, struct.error) as error:
        msg = f"not an answer: {error}"
        raise BadFrame(msg) from error


def _short(text: str) -> bytes:
    value = text.encode()
    return bytes([len(value)]) + value


def _read_short(body: bytes, position: int) -> tuple[str, int]:
    end = position + 1 + body[position]
    value = body[position + 1 : end]
    if len(value) != body[position]:
        _bad("a text is cut short")
    return value.decode(), end


def _list(values: Sequence[bytes]) -> list[bytes]:
    parts = [_U32.pack(len(values))]
    for value in values:
        parts += [_U32.pack(len(value)), value]
    return parts


def _read_list(body: bytes, position: int) -> tuple[bytes, ...]:
    (count,) = _U32.unpack_from(body, position)
    position += 4
    values: list[bytes] = []
    for _ in range(count):
        (length,) = _U32.unpack_from(body, position)
        position += 4
        value = body[position : position + length]
        if len(value) != length:
            _bad("a value is cut short")
        values.append(value)
        position += length
    if position != len(body):
        _bad("something follows the last value")
    return tuple(values)


def _bad(why: str) -> None:
    raise BadFrame(why)
