"""One id for everything that a request, a job or a command causes, in this process and in the next.

It is the one thing that travels beside the arguments: who forgets to pass it on still leaves a trail.
``record`` takes it where the actor brings none, and a consumer carries on that of the entry it works on.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CURRENT: ContextVar[str] = ContextVar("correlation", default="")


def fresh() -> str:
    """Return an id that nobody has used."""
    return uuid.uuid4().hex


def current() -> str:
    """Return the id of what this thread is doing, or nothing."""
    return _CURRENT.get()


@contextmanager
def caused_by(correlation_id: str) -> Iterator[None]:
    """Everything recorded inside carries this id, where its actor brings no other."""
    token = _CURRENT.set(correlation_id)
    try:
        yield
    finally:
        _CURRENT.reset(token)
