"""A process that ends between any two writes of it, and what a walk of such steps is held against."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from django.db import connection, transaction

_WRITES = ("INSERT", "UPDATE", "DELETE")
"""To end before a commit is to end before any write of the transaction: all of it is taken back."""


class Stopped(BaseException):
    """The process is no more; nothing catches this."""


class StopBefore:
    """Lets so many writes through and ends the process at the next one."""

    def __init__(self, writes: int) -> None:
        self._left = writes

    def __call__(
        self,
        execute: Callable[..., object],
        sql: str,
        params: object,
        many: bool,  # noqa: FBT001 - the signature is Django's
        context: Any,
    ) -> object:
        if sql.lstrip().upper().startswith(_WRITES):
            if self._left == 0:
                raise Stopped
            self._left -= 1
        return execute(sql, params, many, context)


@contextmanager
def undone() -> Iterator[None]:
    """Take everything back at the end of the block, whatever happened in it."""
    around = transaction.atomic()
    # As Django's own test cases mark theirs: what demands to be outermost may be within it.
    around._from_testcase = True  # type: ignore[attr-defined]
    with around:
        yield
        transaction.set_rollback(True)


def stops_of(step: Callable[[], object], told: Callable[[], Hashable]) -> Iterator[str]:
    """Yield once in each state in which a process that ends during a step can leave the database.

    The step is run again and again, each time to the next write; states that ``told`` finds the same as one
    before are left out. The last is that after the whole step, whose answer was lost. Whatever is done with
    the state is taken back.
    """
    seen: set[Hashable] = set()
    for writes in count():
        with undone():
            try:
                with connection.execute_wrapper(StopBefore(writes)):
                    step()
                is_whole = True
            except Stopped:
                is_whole = False
            state = told()
            if state not in seen:
                seen.add(state)
                yield f"after {writes} writes"
        if is_whole:
            return


def counted(things: Iterator[Hashable]) -> Hashable:
    """Return things regardless of their order, each as often as it is there."""
    return frozenset(Counter(things).items())
