"""What the journal keeps of the traffic with the card factory: numbers, counts and digests, nobody's name."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionBatchSent(Event):
    """The factory has a file of orders."""

    TYPE: ClassVar[str] = "production_batch.sent"
    batch_number: int
    rows: int
    content_sha256: str
    recipient_serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionBatchAcknowledged(Event):
    """The factory has answered every order of a file."""

    TYPE: ClassVar[str] = "production_batch.acknowledged"
    batch_number: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionBatchWithdrawn(Event):
    """A file of orders did not leave and never will; orders that still wait go in another."""

    TYPE: ClassVar[str] = "production_batch.withdrawn"
    batch_number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryFileSetAside(Event):
    """A file of the factory that could not be applied, or not in whole; a person should look at it."""

    TYPE: ClassVar[str] = "factory_file.set_aside"
    file_number: int
    problem: str
    content_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryFileSettled(Event):
    """A person has looked at a file that was set aside, and what it told is dealt with."""

    TYPE: ClassVar[str] = "factory_file.settled"
    file_number: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionThinnedOut(Event):
    """Old files were emptied, old rows lost card and parcel numbers; hashes and counts stay."""

    TYPE: ClassVar[str] = "production.thinned_out"
    files: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionBatchAskedAgain(Event):
    """A person had a file sent once more, to be told again what became of its orders."""

    TYPE: ClassVar[str] = "production_batch.asked_again"
    batch_number: int
