"""Simulated phones: each a token of its own, whose key never leaves it and whose code is counted (APP-7)."""

import re
import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from client.configuration import Configuration
from client.flows import open_hardware
from client.hardware import PinState
from client.pins import PinRules

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_NUMBER_DIGITS: Final = 19
_ADMIN_KEY_OCTETS: Final = 8
_PARTS: Final = ("tokens", "copies", "counters", "locks", "damaged")


class NoSuchPhone(Exception):
    """There is no phone of this name, or there is one already that should be new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One phone; ``number`` names its token."""

    name: str
    number: str
    configuration: Configuration

    @property
    def has_code(self) -> bool:
        """Tell whether a code was chosen in it."""
        with open_hardware(self.configuration) as hardware:
            states = [reader.card.pin_state for reader in hardware.readers() if reader.card]
        return bool(states) and states[0] is not PinState.UNSET

    def choose_code(self, pin: str, *, rules: PinRules) -> None:
        """Make the phone's token with this code; one without a code is made anew. Raises PinNotAllowed.

        What could set another code is drawn here and forgotten: a phone whose code is locked is of no more
        use, and its mobile eIDs are blocked and made again.
        """
        rules.check(pin)
        for part in _PARTS:
            place = self.configuration.cards / part / self.number
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        (self.configuration.cards / "tokens" / self.number).mkdir(mode=0o700, parents=True)
        self._put_in()
        with open_hardware(self.configuration) as hardware:
            hardware.make_token(self.number, admin_key=secrets.token_hex(_ADMIN_KEY_OCTETS), pin=pin)

    def _put_in(self) -> None:
        self.configuration.readers.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.configuration.readers / ".0"
        fresh.write_text(self.number, encoding="ascii")
        fresh.replace(self.configuration.readers / "0")


class Phones:
    """The phones of this user, each a folder."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def all(self) -> tuple[Phone, ...]:
        """Return them by name."""
        return tuple(
            self.find(path.parent.name) for path in sorted(self._configuration.phones.glob("*/number"))
        )

    def find(self, name: str) -> Phone:
        """Return a phone. Raises NoSuchPhone."""
        folder = self._folder(name)
        try:
            number = (folder / "number").read_text(encoding="ascii").strip()
        except OSError as error:
            raise NoSuchPhone(name) from error
        inside = replace(self._configuration, cards=folder / "keys", readers=folder / "readers")
        return Phone(name=name, number=number, configuration=inside)

    def get_new(self, name: str) -> Phone:
        """Return a new phone, empty. Raises NoSuchPhone when there is one of this name."""
        folder = self._folder(name)
        if (folder / "number").exists():
            raise NoSuchPhone(name)
        for inner in (folder, folder / "keys", folder / "readers"):
            inner.mkdir(mode=0o700, parents=True, exist_ok=True)
        digits = "".join(secrets.choice("0123456789") for _ in range(_NUMBER_DIGITS))
        (folder / "number").write_text(digits, encoding="ascii")
        return self.find(name)

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise NoSuchPhone(name)
        return self._configuration.phones / name
