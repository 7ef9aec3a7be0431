"""Sends texts by SMPP 3.4, which SMS centres speak: bind, submit, unbind on a connection of its own."""

import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from functioncerts.sms import SmsGateway, SmsNotSent

_HEADER: Final = struct.Struct(">IIII")
_BIND, _SUBMIT, _UNBIND = 0x02, 0x04, 0x06
_ANSWER: Final = 0x80000000
_LARGEST: Final = 4096
_MOST_OCTETS: Final = 254
_STATUSES: Final = {
    0x08: "system error", 0x0B: "the number is not good", 0x0D: "the login was refused",
    0x0E: "the password is wrong", 0x0F: "the login name is wrong", 0x14: "the queue is full",
    0x45: "submission failed", 0x58: "too many messages",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppGateway:
    """An SMS centre: where, as whom, and as which sender. ``patience`` is seconds for each answer."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    sender: str
    tls: bool = True
    patience: float = 10.0

    def send(self, *, number: str, text: str) -> str:
        """Hand a text over; raises SmsNotSent."""
        try:
            with self._connected() as connection:
                link = _Link(connection)
                link.ask(_BIND, _texts(self.system_id, self.password, "") + b"\x34\0\0\0")
                answer = link.ask(_SUBMIT, self._message(number, text))
                message_id = answer.partition(b"\0")[0][:65].decode("ascii", "replace")
                with suppress(OSError):  # the text is taken, whatever becomes of the farewell
                    link.tell(_UNBIND)
                return message_id
        except OSError as error:
            raise SmsNotSent(type(error).__name__) from error

    def _connected(self) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), timeout=self.patience)
        if not self.tls:
            return connection
        return ssl.create_default_context().wrap_socket(connection, server_hostname=self.host)

    def _message(self, number: str, text: str) -> bytes:
        coding, content = (0, text.encode()) if text.isascii() else (8, text.encode("utf-16-be"))
        if len(content) > _MOST_OCTETS:
            raise SmsNotSent("the text is too long")
        return b"".join(
            (
                _texts(""),
                b"\x05\0" + _texts(self.sender),  # alphanumeric
                b"\x01\x01" + _texts(number.removeprefix("+")),  # international, E.164
                b"\0\0\0" + _texts("", ""),
                bytes((0, 0, coding, 0, len(content))),
                content,
            )
        )


class _Link:
    """One connection; each request has its own number, and its answer must name it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._sequence = connection, 0

    def tell(self, command: int, body: bytes = b"") -> None:
        self._sequence += 1
        self._connection.sendall(_HEADER.pack(_HEADER.size + len(body), command, 0, self._sequence) + body)

    def ask(self, command: int, body: bytes) -> bytes:
        self.tell(command, body)
        length, answer, status, sequence = _HEADER.unpack(self._read(_HEADER.size))
        if not _HEADER.size <= length <= _LARGEST or (answer, sequence) != (
            command | _ANSWER,
            self._sequence,
        ):
            raise SmsNotSent("an answer that is none")
        content = self._read(length - _HEADER.size)
        if status:
            raise SmsNotSent(_STATUSES.get(status, f"status {status:#x}"))
        return content

    def _read(self, length: int) -> bytes:
        content = b""
        while len(content) < length:
            piece = self._connection.recv(length - len(content))
            if not piece:
                raise SmsNotSent("the connection was closed")
            content += piece
        return content


def gateway() -> SmsGateway | None:
    """Return the installation's SMS centre, or None where there is none."""
    if not settings.SIGILL_SMS_HOST:
        return None
    return SmppGateway(
        host=settings.SIGILL_SMS_HOST,
        port=settings.SIGILL_SMS_PORT,
        system_id=settings.SIGILL_SMS_SYSTEM_ID,
        password=settings.SIGILL_SMS_PASSWORD,
        sender=settings.SIGILL_SMS_SENDER,
        tls=settings.SIGILL_SMS_TLS,
    )


def _texts(*texts: str) -> bytes:
    return b"".join(text.encode("ascii", "replace").replace(b"\0", b"") + b"\0" for text in texts)
