"""What the journal learns at the portal's edge: refusals, limits reached, tokens used, exports taken away."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtTheEdge(Event):
    """``route`` is the name of an address, never the address; ``object_id`` the id of ours in it."""

    route: str
    method: str
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRefused(_AtTheEdge):
    """Somebody asked for what their role does not reach, or what does not exist for them."""

    TYPE: ClassVar[str] = "authorization.refused"
    status: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRefused(_AtTheEdge):
    """Somebody tried an act, and a rule stopped it; ``code`` names the rule."""

    TYPE: ClassVar[str] = "act.refused"
    status: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitReached(_AtTheEdge):
    """Somebody asked more often than allowed."""

    TYPE: ClassVar[str] = "rate_limit.reached"
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenRefused(_AtTheEdge):
    """A program came with a token that is unknown, expired, revoked or without its role."""

    TYPE: ClassVar[str] = "api_token.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenUsed(Event):
    """A token was used: told once a day for each; what was done with it names it as its credential."""

    TYPE: ClassVar[str] = "api_token.used"
    api_token_id: str
    person_id: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsSuppressed(Event):
    """Refusals of one source came faster than they are told one by one; the rest follows as sums."""

    TYPE: ClassVar[str] = "refusals.suppressed"
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsSummed(Event):
    """How many refusals at one place were not told by themselves, of one person or of all strangers."""

    TYPE: ClassVar[str] = "refusals.summed"
    route: str
    refused: int
    first_at: str
    last_at: str
