"""How far a revocation has come on its way to those who ask: two small tables, no Django."""

from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """Where a relying service learns of a revocation."""

    OCSP = "ocsp"
    DELTA_CRL = "delta_crl"
    FULL_CRL = "full_crl"


class SightingState(StrEnum):
    """Whether ``revoked`` has been seen on one source of one node."""

    AWAITED = "awaited"
    SEEN = "seen"


class SightingAction(StrEnum):
    """What moves a sighting."""

    SEE = "see"


class LandingState(StrEnum):
    """Whether a revocation has reached everybody. CLOSED and LAPSED are ends."""

    OPEN = "open"
    LATE = "late"
    """The time that was promised has passed: somebody must look."""
    CLOSED = "closed"
    """Seen as revoked on every source of every node."""
    LAPSED = "lapsed"
    """The certificate ended first: nobody answers for it any more."""


class LandingAction(StrEnum):
    """What moves a landing."""

    PASS_LIMIT = "pass_limit"  # noqa: S105 - no password
    CLOSE = "close"
    LAPSE = "lapse"


SIGHTING_MOVES: Final[dict[tuple[SightingState, SightingAction], SightingState]] = {
    (SightingState.AWAITED, SightingAction.SEE): SightingState.SEEN,
}

LANDING_MOVES: Final[dict[tuple[LandingState, LandingAction], LandingState]] = {
    (LandingState.OPEN, LandingAction.PASS_LIMIT): LandingState.LATE,
    (LandingState.OPEN, LandingAction.CLOSE): LandingState.CLOSED,
    (LandingState.OPEN, LandingAction.LAPSE): LandingState.LAPSED,
    (LandingState.LATE, LandingAction.CLOSE): LandingState.CLOSED,
    (LandingState.LATE, LandingAction.LAPSE): LandingState.LAPSED,
}


def landing_states_before(action: LandingAction) -> list[str]:
    """Return the states from which an action leads on: what a compare-and-swap may find."""
    return [state.value for state, moved_by in LANDING_MOVES if moved_by is action]
