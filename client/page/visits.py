"""The questions that are open on the page: each a login or an activation with what is known of it so far."""

import hashlib
import secrets
from dataclasses import dataclass, field
from enum import Enum

from client.activation import Activation, Step
from client.certificate import CardCertificate
from client.errors import ClientError
from client.links import Link, LinkKind
from client.login import Login
from client.renewing import Renewal
from client.unlocking import Unlocking

LEAVING_SECONDS = 15
Work = Activation | Unlocking | Renewal


class Phase(Enum):
    """Where a question stands."""

    OPENING = "opening"
    ASKING = "asking"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Visit:
    """One question. Written by one thread at a time, under the desk's lock."""

    link: Link
    visit_id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    phase: Phase = Phase.OPENING
    login: Login | None = None
    activation: Work | None = None
    choices: tuple[CardCertificate, ...] = ()
    chosen: CardCertificate | None = None  # a wrong PIN must not lead the next try to another card
    hindrance: ClientError | None = None  # why nothing can be asked at the moment: no card, no certificate
    seen: object = None  # what was in the readers when that was found out
    notice: ClientError | None = None  # what went wrong with the last try
    failure: ClientError | None = None
    step: Step | None = None
    return_url: str = field(default="", repr=False)
    done_since: float | None = None  # when the page first showed that it is done, by a clock that only counts
    has_left: bool = False  # the browser was sent back: who comes here again sees the digits instead

    @property
    def fingerprint(self) -> str:
        """Return what tells whether a link was opened before, without keeping its token as a key."""
        return hashlib.sha256(self.link.text.encode()).hexdigest()

    def look(self, *, now: float) -> None:
        """Note that the page is shown, `now` in seconds: a browser that left long ago has come back."""
        if self.phase is Phase.DONE:
            self.done_since = now if self.done_since is None else self.done_since
            self.has_left = now - self.done_since > LEAVING_SECONDS

    @property
    def is_activation(self) -> bool:
        """Return whether work on a card is asked for: its activation, unlocking or renewal."""
        return self.link.kind in {LinkKind.ACTIVATION, LinkKind.UNLOCK, LinkKind.RENEWAL}

    @property
    def kind(self) -> str:
        """Return which words the page uses for it."""
        return self.link.kind.value if self.is_activation else "login"
