"""What may stand on the command line of sigill-eid."""

import argparse
from pathlib import Path

from client.texts import Language

_EPILOG = "Exit status: 0 done, 1 failed, 2 wrong use, 3 card or reader, 4 PIN, 5 service."


def parser() -> argparse.ArgumentParser:
    """Return the parser: common options first, then one command with its own."""
    made = argparse.ArgumentParser(
        prog="sigill-eid", description="The card client of Sigill.", epilog=_EPILOG
    )
    made.add_argument(
        "--module", type=Path, help="PKCS#11 module (default: SIGILL_CARD_MODULE, or the built one)"
    )
    made.add_argument("--server", help="base address of the client API (default: SIGILL_CLIENT_API)")
    made.add_argument("--language", choices=[language.value for language in Language])
    made.add_argument("--json", action="store_true", help="say results, and failures, as JSON")
    made.add_argument("--json-errors", action="store_true", help="say failures as JSON on standard error")
    commands = made.add_subparsers(dest="command", required=True)
    commands.add_parser("readers", help="list the readers")
    commands.add_parser("cards", help="list the cards")
    commands.add_parser("certificates", help="show the certificates on inserted cards in words")
    for name, sentence in (
        ("login", "answer siths://auth/1/… or siths://q/1/…"),
        ("sign", "sign an act that a service asks for: the text first, then the PIN"),
    ):
        asked = commands.add_parser(name, help=sentence)
        _add_link(asked)
        asked.add_argument("--card", help="put in and use this card")
        asked.add_argument("--holder-id", help="use the certificate with this HSA-id or personal number")
        asked.add_argument("--pin-file", type=Path, help="read the PIN from a file (tests)")
        asked.add_argument(
            "--return-code",
            action="store_true",
            help="show the digits to type into the page that waits, when no browser here can be opened",
        )
    activate = commands.add_parser("activate", help="answer siths://activate/1/…")
    _add_link(activate)
    activate.add_argument("--no-insert", action="store_true", help="the card is in a reader already")
    activate.add_argument("--pin-file", type=Path, help="read the new PIN from a file (tests)")
    renew = commands.add_parser("renew", help="answer siths://renew/1/…: new certificates on a card in use")
    _add_link(renew)
    renew.add_argument("--no-insert", action="store_true", help="the card is in a reader already")
    renew.add_argument("--pin-file", type=Path, help="read the PIN from a file (tests)")
    insert = commands.add_parser("insert", help="put a virtual card into a reader")
    insert.add_argument("card_number")
    insert.add_argument("--reader", type=int, default=1)
    remove = commands.add_parser("remove", help="take the virtual card out of a reader")
    remove.add_argument("--reader", type=int, default=1)
    _add_changes_of_codes(commands)
    _add_phone(commands)
    commands.add_parser("self-test", help="say whether everything that is needed is there, and what to do")
    commands.add_parser("page", help="serve the client's page on this machine")
    opened = commands.add_parser("open", help="open a siths:// link in the client's page")
    opened.add_argument("url")
    commands.add_parser("install-handler", help="let siths:// links of this user open this client")
    commands.add_parser("uninstall-handler", help="take that back")
    return made


def _add_link(command: argparse.ArgumentParser) -> None:
    command.add_argument("url", nargs="?", help="the link, typed or pasted; asked for when left out")
    command.add_argument("--picture", type=Path, help="a picture file of the QR code instead of the link")


def _add_phone(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    phone = commands.add_parser("phone", help="a simulated phone with mobile eIDs")
    doing = phone.add_subparsers(dest="doing", required=True)
    doing.add_parser("list", help="list the phones and what is in them")
    fresh = doing.add_parser("new", help="get a phone")
    fresh.add_argument("name", help="what its owner calls it: letters, digits and hyphens")
    for name, sentence in (
        ("enrol", "scan siths://mobile/1/… and fetch a mobile eID"),
        ("login", "scan siths://q/1/… and log in"),
    ):
        asked = doing.add_parser(name, help=sentence)
        asked.add_argument("name", help="the phone")
        _add_link(asked)
        asked.add_argument("--pin-file", type=Path, help="read the code from a file (tests)")


def _add_changes_of_codes(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, sentence in (
        ("change-pin", "change the PIN"),
        ("unlock", "unlock with the PUK of the letter, or at the desk with a link"),
    ):
        changed = commands.add_parser(name, help=sentence)
        if name == "unlock":
            changed.add_argument(
                "url", nargs="?", help="siths://unlock/1/… of a visit at the desk: no PUK then"
            )
            changed.add_argument("--no-insert", action="store_true", help="the card is in a reader already")
        changed.add_argument("--card", help="the card, when several are in")
        changed.add_argument("--pin-file", type=Path, help="read the present PIN or PUK from a file (tests)")
        changed.add_argument("--new-pin-file", type=Path, help="read the new PIN from a file (tests)")
