"""Keeps other sites' hands off the page: a loopback server is within reach of every site a browser visits."""

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field


class NotFromThisPage(Exception):
    """The request came from elsewhere, or under another name (DNS rebinding); the message is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Knows the page's own names; `csrf_token` is new in each process and readable by its pages only."""

    port: int
    owner: int = field(default_factory=os.getuid)
    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def hosts(self) -> frozenset[str]:
        """Return the values of Host that are ours."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def origins(self) -> frozenset[str]:
        """Return the values of Origin that are ours."""
        return frozenset(f"http://{host}" for host in self.hosts)

    def check_source(self, headers: Mapping[str, str]) -> None:
        """Refuse a name that is not ours (so looks a rebound site), and whatever another site asks for.

        Only a link may lead here from elsewhere: the page then stands before the person, and the site that
        linked cannot read it. Raises NotFromThisPage.
        """
        if headers.get("Host", "").lower() not in self.hosts:
            raise NotFromThisPage("another host name")
        if headers.get("Origin", min(self.origins)) not in self.origins:
            raise NotFromThisPage("another origin")
        referrer = headers.get("Referer", "")
        is_ours = not referrer or any(referrer.startswith(f"{origin}/") for origin in self.origins)
        is_ours = is_ours and headers.get("Sec-Fetch-Site", "none") in {"none", "same-origin"}
        is_link = (headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")) == ("navigate", "document")
        if not is_ours and not is_link:
            raise NotFromThisPage("another site, and not as a link")

    def check_peer(self, uid: int | None) -> None:
        """Refuse the other users of this machine; `uid` is None where the system does not say whose it is.

        Root is refused nothing (it reads our memory anyway), and a page of root's is nobody's desk: it serves
        whoever is on the machine. Raises NotFromThisPage.
        """
        if uid is not None and self.owner != 0 and uid not in {0, self.owner}:
            raise NotFromThisPage("another user of this machine")

    def check_opening(self, headers: Mapping[str, str]) -> None:
        """Let a link open a question only as a page before the person, not as a picture or a prefetch."""
        purpose = headers.get("Sec-Purpose", "") + headers.get("Purpose", "")
        mode, target = headers.get("Sec-Fetch-Mode", "navigate"), headers.get("Sec-Fetch-Dest", "document")
        if "prefetch" in purpose or mode != "navigate" or target != "document":
            raise NotFromThisPage("not opened as a page")

    def check_action(self, headers: Mapping[str, str], *, token: str) -> None:
        """Let only our own pages' forms act: Origin is ours, and the token stands in the form."""
        if headers.get("Origin", "") not in self.origins:
            raise NotFromThisPage("another origin, or none")
        if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise NotFromThisPage("another site")
        if not hmac.compare_digest(token.encode(), self.csrf_token.encode()):
            raise NotFromThisPage("no token, or an old one")

    def headers(self) -> dict[str, str]:
        """Return what every answer says: no foreign code, no frame around us, nothing kept."""
        return {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
                "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Referrer-Policy": "same-origin",  # no-referrer would also make Origin null on our own forms
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
