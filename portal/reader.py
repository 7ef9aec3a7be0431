"""In which role somebody reads what is written for them now: no explanation sends people to themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_ROLE: Final = ContextVar("role", default="")


@contextmanager
def reading_as(role: str) -> Iterator[None]:
    """Let whatever is explained within the block be explained to this role; empty for nobody known."""
    token = _ROLE.set(role)
    try:
        yield
    finally:
        _ROLE.reset(token)


def role() -> str:
    """Return the role of whoever reads; empty where that is not known."""
    return _ROLE.get()
