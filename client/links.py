"""The addresses that start this client."""

import re
from dataclasses import dataclass
from enum import Enum

from client.errors import LinkInvalid

_FORMS = {
    "auth": re.compile(r"siths://auth/1/(?P<token>[A-Za-z0-9_-]{16,128})"),
    "qr": re.compile(r"siths://q/1/(?P<token>[A-Za-z0-9_-]{16,128})/\d{1,6}/[A-Za-z0-9_-]{22}"),
    "unlock": re.compile(r"siths://unlock/1/(?P<token>[A-Za-z0-9_-]{16,128})"),
    "renewal": re.compile(r"siths://renew/1/(?P<token>[A-Za-z0-9_-]{16,128})"),
    "mobile": re.compile(r"siths://mobile/1/(?P<token>[A-Za-z0-9_-]{16,128})/(?P<mark>[A-Za-z0-9_-]{22})"),
    "activation": re.compile(r"siths://activate/1/(?P<token>[A-Za-z0-9_-]{16,128})"),
}


class LinkKind(Enum):
    """What a link asks for."""

    LOGIN = "auth"
    OTHER_DEVICE_LOGIN = "qr"
    ACTIVATION = "activation"
    UNLOCK = "unlock"
    RENEWAL = "renewal"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A well-formed link; `token` is spent by the first claim, so it does not show in a repr."""

    kind: LinkKind
    token: str
    text: str
    mark: str = ""
    """What binds a code for a phone to a personal identity number."""

    def __repr__(self) -> str:
        """Return the kind only."""
        return f"Link({self.kind.value})"


def parse_link(text: str) -> Link:
    """Read a link of one of the forms above; raises LinkInvalid."""
    for name, form in _FORMS.items():
        if match := form.fullmatch(text.strip()):
            return Link(
                kind=LinkKind(name),
                token=match["token"],
                text=match[0],
                mark=match.groupdict().get("mark", ""),
            )
    raise LinkInvalid
