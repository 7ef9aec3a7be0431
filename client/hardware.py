"""Cards over PKCS#11: the owner of the module, which one thread uses at a time."""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import PyKCS11
from PyKCS11 import PyKCS11Error

from client.card_session import CardSession
from client.certificate import CardCertificate
from client.configuration import Configuration
from client.errors import CardRemoved, ClientError, ModuleUnusable, NoCard, ReaderError, WrongCard
from client.translation import translated

# Login belongs to the process and the slot (PKCS#11 2.40 6.7.4), not to an object: one lock for all of them.
_LOCK = threading.RLock()
_CHALLENGE_OCTETS = 16
_LABEL_OCTETS = 32


class PinState(Enum):
    """What the card's flags say of the PIN."""

    UNSET = "unset"
    GOOD = "good"
    LOW = "low"
    FINAL = "final"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertedCard:
    """A card in a reader; `tries_left` is None where the module has only the standard's flags."""

    card_number: str
    pin_state: PinState
    tries_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader and what is in it."""

    slot: int
    name: str
    card: InsertedCard | None


class Hardware:
    """All readers of this machine. Raises ModuleUnusable."""

    def __init__(self, configuration: Configuration) -> None:
        self._lock = _LOCK
        # The simulated readers' module takes its places from the environment; a real one does not look there.
        os.environ["SIGILL_CARDS"] = str(configuration.cards)
        os.environ["SIGILL_READERS"] = str(configuration.readers)
        self._library: Any = PyKCS11.PyKCS11Lib()
        try:
            self._library.load(str(configuration.module))
        except PyKCS11Error as error:
            raise ModuleUnusable(module=str(configuration.module)) from error
        self._tries_left = _own_function(configuration, "SIGILL_TriesLeft")
        self._get_challenge = _own_function(configuration, "SIGILL_GetChallenge")

    def close(self) -> None:
        """Let the module go."""
        with self._lock:
            self._library.unload()

    def readers(self) -> tuple[Reader, ...]:
        """Return every reader with its card. Raises ReaderError."""
        with self._lock:
            try:
                return tuple(self._reader(slot) for slot in self._library.getSlotList(tokenPresent=False))
            except PyKCS11Error as error:
                raise translated(error) from error

    def certificates(self) -> tuple[CardCertificate, ...]:
        """Return the certificates on all inserted cards; a card that cannot be read has none."""
        found: list[CardCertificate] = []
        for reader in self.readers():
            if reader.card is None:
                continue
            try:
                with self.card(reader.card.card_number) as card:
                    found.extend(card.certificates())
            except ClientError:
                continue
        return tuple(found)

    @contextmanager
    def card(self, card_number: str) -> Iterator[CardSession]:
        """Hold the card exclusively within the block, with a session that is closed at its end.

        Raises NoCard when no reader has a card, WrongCard when others are in, and in the block CardRemoved
        or ReaderError for what the module says.
        """
        with self._lock:
            slot = self._slot_of(card_number)
            try:
                session = self._library.openSession(slot, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
            except PyKCS11Error as error:
                raise translated(error) from error
            held = CardSession(
                session,
                slot=slot,
                card_number=card_number,
                tries_left=lambda: self._count_tries(slot)[0],
                puk_tries_left=lambda: self._count_tries(slot)[1],
                is_last_admin_try=lambda: self._is_last_admin_try(slot),
                challenge=lambda: self._make_challenge(slot),
            )
            try:
                yield held
            except PyKCS11Error as error:
                # No name holds the failure: its traceback would hold this frame, and with it the module,
                # until the collector comes by, maybe under the lock of PyKCS11 that unloading a module takes.
                if isinstance(translated(error), ReaderError) and not self._is_inserted(card_number):
                    raise CardRemoved from error
                raise translated(error) from error
            finally:
                held.close()

    def make_token(self, number: str, *, admin_key: str, pin: str) -> None:
        """Make the blank token in the first reader one of this number, with a PIN. Raises ReaderError."""
        with self._lock:
            try:
                slot = self._library.getSlotList(tokenPresent=True)[0]
                self._library.initToken(slot, admin_key, number.ljust(_LABEL_OCTETS))
            except (PyKCS11Error, IndexError) as error:
                raise ReaderError("the token could not be made") from error
        with self.card(number) as card:
            card.set_pin(admin_key=admin_key, pin=pin)

    def _slot_of(self, card_number: str) -> int:
        cards = {reader.card.card_number: reader.slot for reader in self.readers() if reader.card}
        if not cards:
            raise NoCard
        if card_number not in cards:
            raise WrongCard(wanted=card_number, found=min(cards))
        return cards[card_number]

    def _is_inserted(self, card_number: str) -> bool:
        try:
            return any(reader.card and reader.card.card_number == card_number for reader in self.readers())
        except ReaderError:
            return False

    def _reader(self, slot: int) -> Reader:
        name = str(self._library.getSlotInfo(slot).slotDescription).strip("\0 ")
        return Reader(slot=slot, name=name, card=self._inserted(slot))

    def _inserted(self, slot: int) -> InsertedCard | None:
        try:
            facts = self._library.getTokenInfo(slot)
        except PyKCS11Error as error:
            if isinstance(translated(error), CardRemoved):
                return None
            raise
        label = str(facts.label).strip("\0 ")
        if not facts.flags & PyKCS11.CKF_TOKEN_INITIALIZED or not label:
            return None
        return InsertedCard(
            card_number=label, pin_state=_pin_state(facts.flags), tries_left=self._count_tries(slot)[0]
        )

    def _is_last_admin_try(self, slot: int) -> bool:
        return bool(self._library.getTokenInfo(slot).flags & PyKCS11.CKF_SO_PIN_FINAL_TRY)

    def _make_challenge(self, slot: int) -> bytes | None:
        """Return a challenge of the card in this slot, None where module or card knows of none."""
        octets = (ctypes.c_ubyte * _CHALLENGE_OCTETS)()
        if self._get_challenge is None:
            return None
        result = self._get_challenge(ctypes.c_ulong(slot), octets)
        if result in {PyKCS11.CKR_DEVICE_REMOVED, PyKCS11.CKR_TOKEN_NOT_PRESENT}:
            raise CardRemoved
        return bytes(octets) if result == PyKCS11.CKR_OK else None

    def _count_tries(self, slot: int) -> tuple[int | None, int | None]:
        """Return the tries left of PIN and PUK."""
        if self._tries_left is None:
            return None, None
        pin, puk = ctypes.c_ulong(), ctypes.c_ulong()
        result = self._tries_left(ctypes.c_ulong(slot), ctypes.byref(pin), ctypes.byref(puk))
        return (int(pin.value), int(puk.value)) if result == PyKCS11.CKR_OK else (None, None)


def _pin_state(flags: int) -> PinState:
    if not flags & PyKCS11.CKF_USER_PIN_INITIALIZED:
        return PinState.UNSET
    for flag, state in (
        (PyKCS11.CKF_USER_PIN_LOCKED, PinState.BLOCKED),
        (PyKCS11.CKF_USER_PIN_FINAL_TRY, PinState.FINAL),
        (PyKCS11.CKF_USER_PIN_COUNT_LOW, PinState.LOW),
    ):
        if flags & flag:
            return state
    return PinState.GOOD


def _own_function(configuration: Configuration, name: str) -> Any:  # noqa: ANN401 - ctypes has no better type
    """Return a function beyond PKCS#11, None where the module does not have it."""
    return getattr(ctypes.CDLL(str(configuration.module)), name, None)
