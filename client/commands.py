"""The command line sigill-eid: one thing a command, a plain sentence, an exit status."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence

from client import card_commands, machine_commands, phone_commands, question_commands
from client.asking import Run
from client.command_parser import parser
from client.configuration import ConfigurationInvalid, configuration_from_environment
from client.errors import ClientError
from client.phones import NoSuchPhone
from client.teller import Teller
from client.texts import Language
from client.virtual_readers import NoSuchCard, NoSuchReader

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_CARD = 3
EXIT_PIN = 4
EXIT_SERVICE = 5
_STATUSES: Mapping[str, int] = {
    "noCard": EXIT_NO_CARD,
    "noCertificate": EXIT_NO_CARD,
    "wrongCard": EXIT_NO_CARD,
    "cardRemoved": EXIT_NO_CARD,
    "noReader": EXIT_NO_CARD,
    "cardKeyMismatch": EXIT_NO_CARD,
    "wrongPin": EXIT_PIN,
    "wrongPuk": EXIT_PIN,
    "pukBlocked": EXIT_PIN,
    "pinBlocked": EXIT_PIN,
    "pinFailed": EXIT_PIN,
    "unlockRefused": EXIT_SERVICE,
    "challengeUnsupported": EXIT_NO_CARD,
    "pinNotAllowed": EXIT_PIN,
    "cardNotActive": EXIT_PIN,
    "serverUnreachable": EXIT_SERVICE,
    "serverNotTrusted": EXIT_SERVICE,
    "serverRefused": EXIT_SERVICE,
    "clientTooOld": EXIT_SERVICE,
}
_COMMANDS: Mapping[str, Callable[[Run], None]] = {
    "readers": card_commands.readers,
    "cards": card_commands.cards,
    "certificates": card_commands.certificates,
    "insert": card_commands.insert,
    "remove": card_commands.remove,
    "change-pin": card_commands.change_pin,
    "unlock": card_commands.unlock,
    "login": question_commands.login,
    "sign": question_commands.sign,
    "activate": question_commands.activate,
    "renew": question_commands.renew,
    "phone": phone_commands.phone,
    "self-test": machine_commands.self_test,
    "page": machine_commands.page,
    "open": machine_commands.open_link,
    "install-handler": machine_commands.install_handler,
    "uninstall-handler": machine_commands.uninstall_handler,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 failed, 2 wrong use, 3 card or reader, 4 PIN, 5 service."""
    parsed = parser().parse_args(arguments)
    teller = Teller(
        language=Language(parsed.language or _language_of_environment()),
        is_json=parsed.json,
        has_json_errors=parsed.json or parsed.json_errors,
    )
    try:
        configuration = configuration_from_environment(module=parsed.module, server=parsed.server)
        _COMMANDS[parsed.command](Run(configuration=configuration, arguments=parsed, teller=teller))
    except ClientError as error:
        teller.failure(error)
        return _STATUSES.get(error.code, EXIT_FAILED)
    except NoSuchCard:
        teller.complaint(teller.words("cli.no_such_card"), code="noSuchCard")
        return EXIT_NO_CARD
    except (NoSuchReader, NoSuchPhone) as error:
        thing = "phone" if isinstance(error, NoSuchPhone) else "reader"
        teller.complaint(teller.words(f"cli.no_such_{thing}"), code=f"noSuch{thing.title()}")
        return EXIT_USAGE
    except (ConfigurationInvalid, argparse.ArgumentTypeError, OSError) as error:
        teller.complaint(str(error), code="usage")
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_FAILED
    return 0


def _language_of_environment() -> str:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "sv"
    return Language.ENGLISH.value if spoken.startswith("en") else Language.SWEDISH.value
