"""The command line sigill-eid: one thing a command, a plain sentence, an exit status."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from client import flows
from client.certificate import CardCertificate
from client.configuration import Configuration, ConfigurationInvalid, configuration_from_environment
from client.errors import ClientError, NoCard, PinNotAllowed, ServerUnreachable
from client.hardware import Hardware, InsertedCard
from client.service import Service
from client.texts import Language, failure_text, text
from client.virtual_readers import NoSuchCard, NoSuchReader, VirtualReaders

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_CARD = 3
EXIT_PIN = 4
EXIT_SERVICE = 5
_STATUSES = {
    "noCard": EXIT_NO_CARD,
    "noCertificate": EXIT_NO_CARD,
    "wrongCard": EXIT_NO_CARD,
    "cardRemoved": EXIT_NO_CARD,
    "wrongPin": EXIT_PIN,
    "pinBlocked": EXIT_PIN,
    "pinFailed": EXIT_PIN,
    "pinNotAllowed": EXIT_PIN,
    "cardNotActive": EXIT_PIN,
    "serverUnreachable": EXIT_SERVICE,
    "serverNotTrusted": EXIT_SERVICE,
    "serverRefused": EXIT_SERVICE,
    "clientTooOld": EXIT_SERVICE,
}


class Commands:
    """The commands, for one configuration and language."""

    def __init__(
        self, configuration: Configuration, arguments: argparse.Namespace, language: Language
    ) -> None:
        self._configuration = configuration
        self._arguments = arguments
        self._language = language

    def cards(self) -> None:
        """List the cards, those in readers first."""
        virtual = VirtualReaders(self._configuration)
        printed = {card.card_number: card for card in virtual.cards()}
        lines = []
        with flows.open_hardware(self._configuration) as hardware:
            for reader in hardware.readers():
                if reader.card:
                    place = self._text("cli.inserted", number=reader.slot + 1)
                    lines.append((reader.card.card_number, place, self._pin_state(reader.card)))
        inserted = {number for number, _, _ in lines}
        lines += [(number, self._text("cli.on_desk"), "") for number in printed if number not in inserted]
        for number, place, state in lines:
            name = printed[number].printed_name if number in printed else ""
            self._say("\t".join(part for part in (number, place, name, state) if part))
        if not lines:
            self._say(self._text("cli.no_cards"))

    def certificates(self) -> None:
        """List the certificates on the inserted cards."""
        with flows.open_hardware(self._configuration) as hardware:
            if not any(reader.card for reader in hardware.readers()):
                raise NoCard
            for certificate in hardware.certificates():
                self._say(
                    f"{certificate.card_number}\t{certificate.label}\t{certificate.holder}\t"
                    f"{certificate.holder_id}\t{certificate.issuer}\t"
                    f"{certificate.parsed.not_valid_after_utc:%Y-%m-%d}"
                )

    def login(self) -> None:
        """Answer a login; the address for the browser is the last line."""
        address = flows.log_in(
            self._arguments.url,
            pin=self._pin("cli.pin"),
            card_number=self._arguments.card or "",
            choose=self._choose if self._arguments.holder_id else None,
            configuration=self._configuration,
        )
        if address:
            self._say(self._text("cli.logged_in"))
            self._say(address)
        else:
            self._say(self._text("done.other_device"))

    def activate(self) -> None:
        """Activate the card of a link."""
        done = flows.activate(
            self._arguments.url,
            new_pin=self._new_pin(),
            insert=not self._arguments.no_insert,
            report=lambda step: self._say(self._text(f"step.{step.value}")),
            configuration=self._configuration,
        )
        self._say(self._text("cli.activated", number=done.card_number))

    def insert(self) -> None:
        """Put a virtual card into a reader."""
        reader = self._arguments.reader
        VirtualReaders(self._configuration).insert(self._arguments.card_number, reader=reader - 1)
        self._say(self._text("cli.put_in", number=self._arguments.card_number, reader=reader))

    def remove(self) -> None:
        """Take the virtual card out of a reader."""
        VirtualReaders(self._configuration).remove(reader=self._arguments.reader - 1)
        self._say(self._text("cli.taken_out", reader=self._arguments.reader))

    def change_pin(self) -> None:
        """Change the PIN of the card in the reader."""
        old, pin = self._pin("cli.pin"), self._new_pin(of="new_pin_file")
        with (
            flows.open_hardware(self._configuration) as hardware,
            hardware.card(self._card(hardware)) as card,
        ):
            card.change_pin(old=old, pin=pin)
        self._say(self._text("cli.pin_changed"))

    def unlock(self) -> None:
        """Unlock the card in the reader with its PUK and a new PIN."""
        puk, pin = self._pin("cli.puk"), self._new_pin(of="new_pin_file")
        with (
            flows.open_hardware(self._configuration) as hardware,
            hardware.card(self._card(hardware)) as card,
        ):
            card.set_pin(admin_key=puk, pin=pin)
        self._say(self._text("cli.unlocked"))

    def self_test(self) -> None:
        """Say whether module, readers, cards and service are there. Raises ServerUnreachable, ReaderError."""
        with flows.open_hardware(self._configuration) as hardware:
            self._say(f"+ {self._text('cli.test.module')}")
            readers = hardware.readers()
            self._say(f"+ {self._text('cli.test.readers', count=len(readers))}")
            for reader in readers:
                if reader.card:
                    state = self._pin_state(reader.card)
                    self._say(f"+ {self._text('cli.test.card', number=reader.card.card_number, state=state)}")
        address = self._configuration.server
        try:
            Service(self._configuration).greet()
        except ServerUnreachable:
            self._say(f"- {self._text('cli.test.service_down', address=address)}")
            raise
        self._say(f"+ {self._text('cli.test.service', address=address)}")

    def page(self) -> None:
        """Serve the page until SIGTERM or Ctrl-C."""
        from client.page.server import serve  # noqa: PLC0415 - the other commands need no server

        address = f"http://127.0.0.1:{self._configuration.page_port}"
        serve(self._configuration, ready=lambda: self._say(self._text("cli.page", address=address)))

    def _card(self, hardware: Hardware) -> str:
        numbers = [reader.card.card_number for reader in hardware.readers() if reader.card]
        if self._arguments.card:
            return str(self._arguments.card)
        if not numbers:
            raise NoCard
        if len(numbers) > 1:
            raise argparse.ArgumentTypeError(self._text("cli.choose_card"))
        return numbers[0]

    def _choose(self, choices: Sequence[CardCertificate]) -> CardCertificate:
        return next((one for one in choices if one.holder_id == self._arguments.holder_id), choices[0])

    def _pin(self, prompt: str, *, of: str = "pin_file") -> str:
        file: Path | None = getattr(self._arguments, of, None)
        return file.read_text(encoding="ascii").strip() if file else getpass.getpass(self._text(prompt))

    def _new_pin(self, *, of: str = "pin_file") -> str:
        pin = self._pin("cli.new_pin", of=of)
        if (
            getattr(self._arguments, of, None) is None
            and getpass.getpass(self._text("cli.new_pin_again")) != pin
        ):
            raise PinNotAllowed(rule="differs")
        return pin

    def _pin_state(self, card: InsertedCard) -> str:
        return self._text(f"pin.{card.pin_state.value}", tries_left=card.tries_left)

    def _text(self, key: str, **facts: object) -> str:
        return text(key, self._language, **facts)

    @staticmethod
    def _say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 failed, 2 wrong use, 3 card, 4 PIN, 5 service."""
    parsed = _parser().parse_args(arguments)
    language = Language(parsed.language or _language_of_environment())
    try:
        configuration = configuration_from_environment(module=parsed.module, server=parsed.server)
        commands = Commands(configuration, parsed, language)
        run: Callable[[], None] = getattr(commands, parsed.command.replace("-", "_"))
        run()
    except ClientError as error:
        _complain(failure_text(error, language), parsed, code=error.code, facts=error.facts)
        return _STATUSES.get(error.code, EXIT_FAILED)
    except NoSuchCard:
        _complain(text("cli.no_such_card", language), parsed, code="noSuchCard")
        return EXIT_NO_CARD
    except NoSuchReader:
        _complain(text("cli.no_such_reader", language), parsed, code="noSuchReader")
        return EXIT_USAGE
    except (ConfigurationInvalid, argparse.ArgumentTypeError, OSError) as error:
        _complain(str(error), parsed, code="usage")
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_FAILED
    return 0


def _complain(
    sentence: str, parsed: argparse.Namespace, *, code: str, facts: dict[str, str] | None = None
) -> None:
    if parsed.json_errors:
        sentence = json.dumps({"code": code, "text": sentence, **(facts or {})}, ensure_ascii=False)
    sys.stderr.write(f"{sentence}\n")


def _language_of_environment() -> str:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "sv"
    return Language.ENGLISH.value if spoken.startswith("en") else Language.SWEDISH.value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sigill-eid", description="The card client of Sigill.")
    parser.add_argument(
        "--module", type=Path, help="PKCS#11 module (default: SIGILL_CARD_MODULE, or the built one)"
    )
    parser.add_argument("--server", help="base address of the client API (default: SIGILL_CLIENT_API)")
    parser.add_argument("--language", choices=[language.value for language in Language])
    parser.add_argument("--json-errors", action="store_true", help="say failures as JSON on standard error")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("cards", help="list the cards")
    commands.add_parser("certificates", help="list the certificates on inserted cards")
    login = commands.add_parser("login", help="answer siths://auth/1/… or siths://q/1/…")
    login.add_argument("url")
    login.add_argument("--card", help="put in and use this card")
    login.add_argument("--holder-id", help="use the certificate with this HSA-id or personal number")
    login.add_argument("--pin-file", type=Path, help="read the PIN from a file (tests)")
    activate = commands.add_parser("activate", help="answer siths://activate/1/…")
    activate.add_argument("url")
    activate.add_argument("--no-insert", action="store_true", help="the card is in a reader already")
    activate.add_argument("--pin-file", type=Path, help="read the new PIN from a file (tests)")
    insert = commands.add_parser("insert", help="put a virtual card into a reader")
    insert.add_argument("card_number")
    insert.add_argument("--reader", type=int, default=1)
    remove = commands.add_parser("remove", help="take the virtual card out of a reader")
    remove.add_argument("--reader", type=int, default=1)
    for name, sentence in (("change-pin", "change the PIN"), ("unlock", "unlock with the PUK of the letter")):
        changed = commands.add_parser(name, help=sentence)
        changed.add_argument("--card", help="the card, when several are in")
        changed.add_argument("--pin-file", type=Path, help="read the present PIN or PUK from a file (tests)")
        changed.add_argument("--new-pin-file", type=Path, help="read the new PIN from a file (tests)")
    commands.add_parser("self-test", help="say whether module, readers and service are there")
    commands.add_parser("page", help="serve the client's page on this machine")
    return parser
