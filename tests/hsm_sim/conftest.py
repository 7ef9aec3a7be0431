"""One card in a home of its own, and PyKCS11 on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PyKCS11
import pytest

from hsm_sim.build import build
from tests.hsm_sim.cards import make_card

READ_WRITE = PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION
PIN = "749201"
PUK = "12345678"


@pytest.fixture(scope="session")
def module() -> Path:
    return build()


@pytest.fixture
def home(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cards" / "readers").mkdir(parents=True)
    monkeypatch.setenv("SIGILL_CARDS", str(tmp_path / "cards"))
    monkeypatch.setenv("SIGILL_READERS", str(tmp_path / "cards" / "readers"))
    monkeypatch.setenv("SIGILL_SHIM_FAULTS", str(tmp_path / "faults"))
    return tmp_path


class Card:
    """A card and its codes; insert and remove by hand."""

    def __init__(self, home: Path, number: str, admin_key: str) -> None:
        self.home = home
        self.number = number
        self.admin_key = admin_key

    def insert(self, reader: int = 0) -> None:
        self._write(reader, self.number)

    def remove(self, reader: int = 0) -> None:
        self._write(reader, "")

    def _write(self, reader: int, text: str) -> None:
        fresh = self.home / "cards" / "readers" / f".{reader}"
        fresh.write_text(text)
        fresh.replace(self.home / "cards" / "readers" / str(reader))

    @property
    def token(self) -> Path:
        return next((self.home / "cards" / "tokens" / self.number).iterdir())

    @property
    def counters(self) -> Path:
        return self.home / "cards" / "counters" / self.number


@pytest.fixture
def card(home: Path, module: Path) -> Card:
    number, admin_key = make_card(home, module, name="Åsa Lindqvist")
    return Card(home, number, admin_key)


@pytest.fixture
def library(home: Path, module: Path) -> Iterator[Any]:
    loaded = PyKCS11.PyKCS11Lib()
    loaded.load(str(module))
    yield loaded
    loaded.unload()


@pytest.fixture
def session(card: Card, library: Any) -> Any:
    """A session with a card that has a PIN and nobody logged in."""
    card.insert()
    opened = library.openSession(0, READ_WRITE)
    opened.login(card.admin_key, PyKCS11.CKU_SO)
    opened.initPin(PIN)
    opened.logout()
    return opened


def flags(library: Any, slot: int = 0) -> set[str]:
    """The PIN flags of the card, by name."""
    names = ("USER_PIN_INITIALIZED", "USER_PIN_COUNT_LOW", "USER_PIN_FINAL_TRY", "USER_PIN_LOCKED")
    value = library.getTokenInfo(slot).flags
    return {name for name in names if value & getattr(PyKCS11, f"CKF_{name}")}


def make_key(session: Any, label: str = "key", **changes: Any) -> Any:
    """A P-256 private key on the card; `changes` add attributes by their CKA name."""
    extra = [(getattr(PyKCS11, f"CKA_{name}"), value) for name, value in changes.items()]
    _, private = session.generateKeyPair(
        [
            (PyKCS11.CKA_CLASS, PyKCS11.CKO_PUBLIC_KEY),
            (PyKCS11.CKA_TOKEN, True),
            (PyKCS11.CKA_EC_PARAMS, bytes.fromhex("06082a8648ce3d030107")),
            (PyKCS11.CKA_LABEL, label),
        ],
        [
            (PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY),
            (PyKCS11.CKA_LABEL, label),
            (PyKCS11.CKA_SIGN, True),
            *extra,
        ],
        PyKCS11.Mechanism(PyKCS11.CKM_EC_KEY_PAIR_GEN, None),
    )
    return private


def sign(session: Any, key: Any) -> bytes:
    """A raw ECDSA signature over 32 octets."""
    return bytes(session.sign(key, b"d" * 32, PyKCS11.Mechanism(PyKCS11.CKM_ECDSA, None)))


def private_keys(session: Any) -> list[Any]:
    """The private keys that this session sees."""
    return list(session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)]))


def code_of(call: Any, *arguments: Any) -> str:
    """The name of the error that the call gives, or CKR_OK."""
    try:
        call(*arguments)
    except PyKCS11.PyKCS11Error as error:
        return str(error).split(" ", maxsplit=1)[0]
    return "CKR_OK"
