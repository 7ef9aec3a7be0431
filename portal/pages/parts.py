"""The pieces that pages are made of: what the templates in templates/portal/parts show."""

from dataclasses import dataclass, field
from datetime import datetime

from cards import card_number
from portal.problems import Problem
from portal.words import Tag, Text


def grouped(number: str) -> str:
    """Return a card number in groups of four, as printed on the card; empty for none."""
    return card_number.grouped(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crumb:
    """One step of the way to this page; the last has no address."""

    label: Text
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A small label and its value; ``copy`` is what a click on it copies."""

    name: Text
    value: Text
    copy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something one can do with an object, or, with ``why``, cannot do now."""

    label: Text
    icon: str
    url: str
    style: str = "btn-primary"
    object: str = ""
    why: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a wizard or a production; ``progress`` is done, now, failed or later."""

    name: Text
    text: Text = ""
    progress: str = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One place that a block has to reach; ``progress`` is done, now or later."""

    name: Text
    text: Text
    progress: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLanding:
    """How far the revocation of one certificate has come."""

    name: Text
    serial: str
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingReceipt:
    """The sealed receipt of a block that everybody has seen: ``offered``, ``awaited`` or ``made``."""

    state: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """How far the block of a card has come."""

    card_id: str
    stops: tuple[Stop, ...]
    certificates: tuple[CertificateLanding, ...] = ()
    is_watched: bool = False
    """More will be seen: the page asks again."""
    is_late: bool = False
    receipt: LandingReceipt | None = None

    @property
    def asks_again(self) -> bool:
        """Tell whether there is something to wait for."""
        return self.is_watched or (self.receipt is not None and self.receipt.state == "awaited")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """Something that happened."""

    at: datetime
    title: Text
    detail: Text = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What a good colleague would point out."""

    tag: Tag
    text: Text
    url: str = ""
    link: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a queue: what waits, and where it is dealt with."""

    title: Text
    detail: Text
    act: Text
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Things of one kind that wait for somebody."""

    key: str
    title: Text
    nothing: Text
    lines: tuple[Line, ...] = ()
    more_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number worth a look, with the place it leads to."""

    label: Text
    value: int
    url: str
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several to choose from, or, with ``why`` or several ``whys``, one that cannot be chosen.

    ``met`` is what was looked at and holds, ``note`` what a good colleague would add.
    """

    value: str
    name: Text
    detail: Text = ""
    is_chosen: bool = False
    why: Problem | None = None
    whys: tuple[Problem, ...] = ()
    met: tuple[Text, ...] = ()
    note: Text = ""
    environment: Tag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter of a list."""

    label: Text
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRow:
    """A certificate in the person view."""

    purpose: Text
    carrier: Text
    issuer: str
    not_after: datetime
    tag: Tag
    block_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order in a list."""

    url: str
    person: str
    product: str
    at: datetime
    tag: Tag
    detail: Text = ""
    environment: Tag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignNote:
    """Certificates on a card that are not ours to revoke: whose, which, and where to turn (PKI-5)."""

    issuer: str
    phone: str
    certificates: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPanel:
    """A card in the person view."""

    id: str
    product: str
    number: str
    look: str
    tag: Tag
    facts: tuple[Text, ...] = ()
    acts: tuple[Act, ...] = field(default_factory=tuple)
    landing: Landing | None = None
    environment: Tag | None = None
    foreign: ForeignNote | None = None
    receipt_url: str = ""

    @property
    def number_grouped(self) -> str:
        """Return the card number in groups of four."""
        return grouped(self.number)
