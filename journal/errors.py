"""The two shapes in which the domain says no: an exception with a code, and a refusal as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


class DomainError(Exception):
    """A fact that stops an act; ``portal/problems.py`` turns ``code`` and ``facts`` into words.

    ``facts`` holds only what a person who may see the object may read: no keys, PINs or internals.
    """

    code: ClassVar[str] = "domain_error"

    def __init__(self, message: str, *, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.facts: dict[str, str] = dict(facts or {})


class NotRecordable(DomainError):
    """The journal was asked to record outside a transaction, or something that is no event."""

    code = "not_recordable"


class HeadSignedWrongly(Exception):
    """The audit key gave a signature that does not verify; nothing was kept, and the head is signed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an act is refused: the rule's code, the data it rests on, and who can change it.

    ``fixer`` is a code as well: a role value, or ``you``, ``holder``, ``register``, ``time``, ``nobody``.
    """

    code: str
    facts: tuple[tuple[str, str], ...] = ()
    fixer: str = "nobody"
