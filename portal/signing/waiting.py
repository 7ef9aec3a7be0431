"""What the browser's session keeps of an act that waits for its signature; secrets stay on the server."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.contrib.sessions.backends.base import SessionBase

_KEY: Final = "acts"
_MOST: Final = 5
"""Acts that wait at the same time, in as many tabs; the oldest gives way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A form that was sent, the act that it means, and the order by which the card is asked for it."""

    id: str
    path: str
    query: str
    form: list[list[str]]
    kind: str
    content: str
    text: str
    order_ref: str
    rp_challenge: str
    session_secret: str = field(repr=False)
    autostart_url: str = field(repr=False)
    verification_code: str
    started_at: str
    is_cancelled: bool = False


def keep(session: SessionBase, waiting: Waiting) -> None:
    """Keep it, in place of an earlier one of the same id."""
    kept: dict[str, Any] = dict(session.get(_KEY, {}))
    kept.pop(waiting.id, None)
    kept[waiting.id] = asdict(waiting)
    session[_KEY] = dict(list(kept.items())[-_MOST:])


def find(session: SessionBase, act_id: str) -> Waiting | None:
    """Return the act that waits in this session under an id, or None."""
    kept = session.get(_KEY, {}).get(act_id)
    return Waiting(**kept) if kept is not None else None


def drop(session: SessionBase, act_id: str) -> None:
    """Forget it; harmless when it is gone."""
    kept: dict[str, Any] = dict(session.get(_KEY, {}))
    if kept.pop(act_id, None) is not None:
        session[_KEY] = kept
