"""The self-test: module, readers, cards, keys, service, version, clock, TLS key, links; and what to do."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from client.certificate import CardCertificate
from client.configuration import VERSION, Configuration
from client.errors import CardKeyMismatch, ClientError, ClockWrong, ModuleUnusable, NoReader
from client.handler import handler_of_user
from client.hardware import Hardware, PinState, Reader
from client.service import Greeting, Service

MOST_CLOCK_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `key` is its text; what is bad has a failure with a code of its own."""

    key: str
    facts: dict[str, object]
    failure: ClientError | None = None
    is_warning: bool = False

    @property
    def is_good(self) -> bool:
        """Return whether nothing has to be done."""
        return self.failure is None and not self.is_warning


def examine(configuration: Configuration) -> Iterator[Finding]:
    """Yield what is found, in the order in which one thing needs the other. Needs no PIN, changes nothing."""
    yield from _hardware(configuration)
    yield from _service(configuration)
    is_installed = handler_of_user().is_installed
    yield Finding("test.handler" if is_installed else "test.no_handler", {}, is_warning=not is_installed)


def _hardware(configuration: Configuration) -> Iterator[Finding]:
    try:
        hardware = Hardware(configuration)
    except ModuleUnusable as error:
        yield Finding("test.module_bad", {"module": configuration.module}, error)
        return
    try:
        yield Finding("test.module", {"module": configuration.module.name})
        readers = hardware.readers()
        if not readers:
            yield Finding("test.no_reader", {}, NoReader())
            return
        yield Finding("test.readers", {"count": len(readers)})
        if not any(reader.card for reader in readers):
            yield Finding("test.no_card", {}, is_warning=True)
        for reader in readers:
            yield from _card(hardware, reader)
    except ClientError as error:
        yield Finding("test.reader_bad", {}, error)
    finally:
        hardware.close()


def _card(hardware: Hardware, reader: Reader) -> Iterator[Finding]:
    card = reader.card
    if card is None:
        return
    facts: dict[str, object] = {"number": card.card_number, "tries_left": card.tries_left}
    is_fit = card.pin_state not in {PinState.FINAL, PinState.BLOCKED}
    yield Finding(f"test.card.{card.pin_state.value}", facts, is_warning=not is_fit)
    with hardware.card(card.card_number) as held:
        certificates = held.certificates()
        keys = {certificate.label: held.public_key(certificate.key_id) for certificate in certificates}
    for certificate in certificates:
        yield _certificate(certificate, keys[certificate.label])


def _certificate(certificate: CardCertificate, spki: bytes) -> Finding:
    facts: dict[str, object] = {
        "label": certificate.label,
        "until": f"{certificate.parsed.not_valid_after_utc:%Y-%m-%d}",
    }
    if _spki(certificate.parsed) != spki:
        return Finding("test.key_bad", facts, CardKeyMismatch(label=certificate.label))
    is_over = datetime.now(UTC) > certificate.parsed.not_valid_after_utc
    return Finding("test.expired" if is_over else "test.key", facts, is_warning=is_over)


def _service(configuration: Configuration) -> Iterator[Finding]:
    address = configuration.server
    try:
        greeting = Service(configuration).greet()
    except ClientError as error:
        yield Finding("test.service_bad", {"address": address}, error)
        return
    yield Finding("test.service", {"address": address})
    yield Finding("test.pinned" if greeting.is_pinned else "test.plain", {})
    yield _version(greeting)
    if greeting.server_time is not None:
        yield _clock(greeting.server_time)


def _version(greeting: Greeting) -> Finding:
    is_latest = not greeting.is_newer_there
    facts: dict[str, object] = {"version": VERSION, "latest": greeting.latest}
    return Finding("test.version" if is_latest else "test.newer", facts, is_warning=not is_latest)


def _clock(server_time: int) -> Finding:
    seconds = round(time.time()) - server_time
    if abs(seconds) > MOST_CLOCK_SECONDS:
        facts: dict[str, object] = {"seconds": abs(seconds)}
        return Finding("test.clock_bad", facts, ClockWrong(seconds=str(abs(seconds))))
    return Finding("test.clock", {})


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
