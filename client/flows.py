"""Whole flows without a screen, for the command line, the demo and tests: one call from link to result."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from client.activation import Activation, Step
from client.certificate import CardCertificate
from client.configuration import Configuration, configuration_from_environment
from client.errors import ClientError, LinkInvalid, NoCertificate
from client.hardware import Hardware
from client.links import Link, LinkKind, parse_link
from client.login import Login
from client.renewing import Renewal
from client.unlocking import Unlocking
from client.virtual_readers import VirtualReaders

Choose = Callable[[Sequence[CardCertificate]], CardCertificate]
AskPin = Callable[[Login], str]
_TOLD = {"wrongPin": "pinFailed", "unexpectedSignature": "userCancel", "unexpectedLogin": "userCancel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """A card that is in use now."""

    card_number: str
    holder_name: str


def log_in(
    url: str,
    *,
    pin: str,
    card_number: str = "",
    choose: Choose | None = None,
    configuration: Configuration | None = None,
) -> str:
    """Answer a login, or sign an act, with a card; return the address to open in the browser that started it.

    `card_number` inserts that card first (virtual readers); `choose` picks among the certificates that fit,
    the first otherwise. The service is told of every failure. Raises ClientError.
    """
    return answer(
        url, ask_pin=lambda _: pin, card_number=card_number, choose=choose, configuration=configuration
    )


def answer(
    url: str,
    *,
    ask_pin: AskPin,
    card_number: str = "",
    choose: Choose | None = None,
    configuration: Configuration | None = None,
    show_code: Callable[[str], None] | None = None,
) -> str:
    """Answer as log_in does, with a PIN that is asked for when it is known who asks and for what.

    What `ask_pin` raises ends the order as cancelled. `show_code` is given the return code of an answer on
    the same device, for a page that no browser here can be sent back to. Raises ClientError.
    """
    configuration = configuration or configuration_from_environment()
    if card_number:
        VirtualReaders(configuration).insert(card_number, reader=0)
    with open_hardware(configuration) as hardware:
        login = Login(parse_link(url), configuration=configuration, hardware=hardware)
        try:
            choices = login.choices(at=datetime.now(UTC))
            if card_number:
                choices = tuple(choice for choice in choices if choice.card_number == card_number)
            if not choices:
                raise NoCertificate
            chosen = choose(choices) if choose else choices[0]
            address = login.answer(chosen, pin=ask_pin(login))
        except ClientError as error:
            login.give_up(_TOLD.get(error.code, error.code))
            raise
        except (KeyboardInterrupt, EOFError):
            login.give_up("userCancel")
            raise
    if show_code and login.return_code:
        show_code(login.return_code)
    return address


def activate(
    url: str,
    *,
    new_pin: str,
    insert: bool = True,
    report: Callable[[Step], None] | None = None,
    configuration: Configuration | None = None,
) -> Activated:
    """Activate the card that the link is for; `insert` puts it into reader 0 first. Raises ClientError."""
    activation = _complete(
        Activation,
        url,
        LinkKind.ACTIVATION,
        new_pin,
        insert=insert,
        report=report,
        configuration=configuration,
    )
    return Activated(card_number=activation.card_number, holder_name=activation.holder_name)


def unlock(
    url: str,
    *,
    new_pin: str,
    insert: bool = True,
    report: Callable[[Step], None] | None = None,
    configuration: Configuration | None = None,
) -> str:
    """Unlock the card that the link is for with a new PIN; return its number. Raises ClientError."""
    return _complete(
        Unlocking, url, LinkKind.UNLOCK, new_pin, insert=insert, report=report, configuration=configuration
    ).card_number


def renew(
    url: str,
    *,
    pin: str,
    insert: bool = True,
    report: Callable[[Step], None] | None = None,
    configuration: Configuration | None = None,
) -> str:
    """Put new certificates on the card that the link is for; return its number. Raises ClientError."""
    return _complete(
        Renewal, url, LinkKind.RENEWAL, pin, insert=insert, report=report, configuration=configuration
    ).card_number


class _Conversation(Protocol):
    """What is done with one card behind a link, from its claim to its end."""

    def __init__(self, link: Link, *, configuration: Configuration, hardware: Hardware) -> None: ...

    @property
    def card_number(self) -> str: ...

    @property
    def holder_name(self) -> str: ...

    def complete(self, pin: str, *, report: Callable[[Step], None]) -> None: ...

    def give_up(self, reason: str) -> None: ...


_C = TypeVar("_C", bound=_Conversation)


def _complete(
    kind_of: type[_C],
    url: str,
    kind: LinkKind,
    pin: str,
    *,
    insert: bool,
    report: Callable[[Step], None] | None,
    configuration: Configuration | None,
) -> _C:
    """Walk through what a link is for with the card that it names; the service is told why it failed."""
    configuration = configuration or configuration_from_environment()
    link = parse_link(url)
    if link.kind is not kind:
        raise LinkInvalid(f"the link is not for this: {kind.value}")
    with open_hardware(configuration) as hardware:
        conversation = kind_of(link, configuration=configuration, hardware=hardware)
        if insert and configuration.has_virtual_readers:
            VirtualReaders(configuration).insert(conversation.card_number, reader=0)
        try:
            conversation.complete(pin, report=report or (lambda _: None))
        except ClientError as error:
            conversation.give_up(error.code)
            raise
    return conversation


@contextmanager
def open_hardware(configuration: Configuration) -> Iterator[Hardware]:
    """Hold the readers of this machine for the length of a block."""
    owner = Hardware(configuration)
    try:
        yield owner
    finally:
        owner.close()
