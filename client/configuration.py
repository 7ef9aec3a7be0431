"""Where this client finds its module, its cards and its service; read from the environment once."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

APP = "sigill-eid"
VERSION = "1.0"
REPOSITORY = Path(__file__).resolve().parents[1]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ConfigurationInvalid(Exception):
    """The environment asks for something that cannot be; the message is for the one who set it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that differs between installations.

    `server` is the client API's base with a final slash. `spki_pins` are base64 SHA-256 of the TLS keys that
    the service may use: needed for https, meaningless for plain http, which is for loopback only.
    """

    module: Path
    cards: Path
    readers: Path
    server: str
    spki_pins: frozenset[str]
    certificate_authorities: Path | None
    phones: Path
    page_port: int
    is_test: bool

    @property
    def has_virtual_readers(self) -> bool:
        """Return whether the cards are files here, to be inserted and removed by hand."""
        return self.cards.is_dir()


def configuration_from_environment(*, module: Path | None = None, server: str | None = None) -> Configuration:
    """Read SIGILL_CARD_MODULE, SIGILL_CARDS, SIGILL_READERS, SIGILL_CLIENT_API and their like.

    Arguments go before the environment. Raises ConfigurationInvalid.
    """
    home = Path(os.environ.get("SIGILL_HOME") or REPOSITORY / "var").absolute()
    cards = Path(os.environ.get("SIGILL_CARDS") or home / "cards")
    built = REPOSITORY / "hsm_sim" / "build" / "sigill_card.so"
    port = os.environ.get("SIGILL_PORTAL_PORT") or "8000"
    portal = os.environ.get("SIGILL_PORTAL_URL") or f"http://127.0.0.1:{port}"
    authorities = os.environ.get("SIGILL_CLIENT_CA_FILE")
    pins = os.environ.get("SIGILL_CLIENT_SPKI_PINS", "")
    return Configuration(
        module=module or Path(os.environ.get("SIGILL_CARD_MODULE") or built),
        cards=cards,
        readers=Path(os.environ.get("SIGILL_READERS") or cards / "readers"),
        server=_checked_server(server or os.environ.get("SIGILL_CLIENT_API") or f"{portal}/c/v1/"),
        spki_pins=frozenset(pin.strip() for pin in pins.split(",") if pin.strip()),
        certificate_authorities=Path(authorities) if authorities else None,
        phones=Path(os.environ.get("SIGILL_PHONES") or home / "phones"),
        page_port=int(os.environ.get("SIGILL_CLIENT_PORT") or 8100),
        is_test=os.environ.get("SIGILL_ENVIRONMENT", "TEST") != "PROD",
    )


def _checked_server(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationInvalid(f"not an address of a client API: {address}")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationInvalid(f"plain http is for this machine only: {address}")
    return address if address.endswith("/") else f"{address}/"
