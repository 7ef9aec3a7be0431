"""What a command is run with, and how it asks the person at the keyboard."""

import argparse
import getpass
import sys
from dataclasses import dataclass
from pathlib import Path

from client.configuration import Configuration
from client.errors import LinkInvalid, NoCard, PinNotAllowed
from client.hardware import Hardware
from client.links import Link, parse_link
from client.picture import link_in_picture
from client.teller import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command: the installation, what stood on the command line, and a voice."""

    configuration: Configuration
    arguments: argparse.Namespace
    teller: Teller


def link_of(run: Run) -> Link:
    """Return the link: typed, pasted when asked, or from a picture of a QR code. Raises LinkInvalid."""
    picture: Path | None = run.arguments.picture
    url: str | None = run.arguments.url
    if picture is not None and url is not None:
        raise argparse.ArgumentTypeError(run.teller.words("cli.link_or_picture"))
    if picture is not None:
        return link_in_picture(picture)
    if url is None:
        sys.stderr.write(run.teller.words("cli.link"))
        sys.stderr.flush()
        url = sys.stdin.readline()
    if not url.strip():
        raise LinkInvalid
    return parse_link(url)


def pin_of(run: Run, prompt: str, *, file: str = "pin_file") -> str:
    """Return a code from its file or the keyboard; it is never an argument, which other users could read."""
    path = getattr(run.arguments, file, None)
    return (
        Path(path).read_text(encoding="ascii").strip() if path else getpass.getpass(run.teller.words(prompt))
    )


def new_pin_of(run: Run, *, file: str = "pin_file") -> str:
    """Return a new PIN, typed twice. Raises PinNotAllowed when the two differ."""
    pin = pin_of(run, "cli.new_pin", file=file)
    is_typed = getattr(run.arguments, file, None) is None
    if is_typed and getpass.getpass(run.teller.words("cli.new_pin_again")) != pin:
        raise PinNotAllowed(rule="differs")
    return pin


def card_number_of(run: Run, hardware: Hardware) -> str:
    """Return the card that is meant: the one named, or the only one. Raises NoCard, ArgumentTypeError."""
    if run.arguments.card:
        return str(run.arguments.card)
    numbers = [reader.card.card_number for reader in hardware.readers() if reader.card]
    if not numbers:
        raise NoCard
    if len(numbers) > 1:
        raise argparse.ArgumentTypeError(run.teller.words("cli.choose_card"))
    return numbers[0]
