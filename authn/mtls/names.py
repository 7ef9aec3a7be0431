"""The names of the servers that ask for a certificate: a new one for each try (AUT-6).

A browser keeps to the certificate it once chose for a name, or to none, until it is closed.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from authn import configuration
from authn.errors import MtlsNotOffered

START_PATH: Final = "/mtls/start"
REFUSED_PATH: Final = "/mtls/refused"
OVER_PATH: Final = "/mtls/over"
SHOW_PATH: Final = "/mtls/auth"
_SLOT_NAME: Final = re.compile(r"secure(0|[1-9][0-9]?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The login host, which asks for no certificate, and those below it that do: `secure0` to the highest."""

    url: str
    highest_slot: int

    @property
    def login_name(self) -> str:
        """Return the host name of the login host."""
        return urlsplit(self.url).hostname or ""

    def slot_name(self, slot: int) -> str:
        """Return the host name that asks at one try; raises ValueError beyond the highest."""
        if not 0 <= slot <= self.highest_slot:
            raise ValueError(f"there is no slot {slot}")
        return f"secure{slot}.{self.login_name}"

    def slot_of(self, host: str) -> int | None:
        """Return which slot a host name is, None for every other name."""
        first, _, rest = host.lower().partition(".")
        found = _SLOT_NAME.fullmatch(first)
        if found is None or rest != self.login_name or int(found[1]) > self.highest_slot:
            return None
        return int(found[1])

    def start_address(self, tx: str) -> str:
        """Return where a browser begins, and goes on to the next name."""
        return f"{self.url}{START_PATH}?{urlencode({'tx': tx})}"

    def refused_address(self, tx: str) -> str:
        """Return the page that says why nobody is logged in yet."""
        return f"{self.url}{REFUSED_PATH}?{urlencode({'tx': tx})}"

    def over_address(self) -> str:
        """Return the page for an attempt that is unknown, answered or too late."""
        return f"{self.url}{OVER_PATH}"

    def show_address(self, tx: str, *, slot: int) -> str:
        """Return where the browser is asked for its certificate at this try."""
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{self.slot_name(slot)}{port}{SHOW_PATH}?{urlencode({'tx': tx})}"


def names() -> Names:
    """Return the names of this installation; raises MtlsNotOffered where two-way TLS is off (POR-3)."""
    url = configuration.mtls_url()
    if not url:
        raise MtlsNotOffered("this service logs in out of band only")
    return Names(url=url, highest_slot=configuration.mtls_highest_slot())


def with_query(return_url: str, **query: str) -> str:
    """Return a return address with what comes back; a registered one has no query of its own."""
    return f"{return_url}?{urlencode(query)}"
