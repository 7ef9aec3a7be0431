"""Everybody's answers from PU, piece by piece: by calls of 500, or by file orders when there are many.

What PU answers is handed on in pieces of 500 either way; a piece that failed says why, and the reader decides
whether to go on. File orders are kept until they have been fetched (``PuFileOrder``), so that a reading that
was broken off takes up what PU has made ready meanwhile.
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from directory import registers
from directory.configuration import FileOrderRules
from directory.errors import RegisterUnavailable
from directory.file_order_models import FileOrderState, PuFileOrder
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person
from directory.pu_client import MAX_NUMBERS
from directory.pu_records import PuPerson

_DIGITS = 12
_GONE = frozenset({"soap_fault", "http_status"})
"""How PU says that it does not know an order, or a file, any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A piece: what PU says of ``found``, or why it said nothing. Empty while we wait for PU."""

    found: Mapping[str, PuPerson | None] = field(default_factory=dict, repr=False)
    failure: RegisterUnavailable | None = None


def answers(
    numbers: Sequence[str], *, rules: FileOrderRules, at: datetime, chunk: int = MAX_NUMBERS
) -> Generator[Answers, None, None]:
    """Yield what PU says of every number, or why it does not; ``chunk`` of them in a call."""
    if rules.at_least and len(numbers) >= rules.at_least:
        yield from _by_orders(numbers, rules=rules, at=at)
    else:
        yield from _by_calls(numbers, chunk)


def _by_calls(numbers: Sequence[str], chunk: int) -> Iterator[Answers]:
    for piece in _pieces(numbers, chunk):
        try:
            yield Answers(found=registers.pu().read([PersonalIdentityNumber(digits) for digits in piece]))
        except RegisterUnavailable as error:
            yield Answers(failure=error)


def _by_orders(numbers: Sequence[str], *, rules: FileOrderRules, at: datetime) -> Iterator[Answers]:
    wanted = frozenset(numbers)
    waiting = _open_orders(rules, at=at)
    covered: frozenset[str] = frozenset().union(*(_numbers_of(one) for one in waiting))
    for piece in _pieces([one for one in numbers if one not in covered], rules.size):
        try:
            waiting.append(_place(piece, at=at))
        except RegisterUnavailable as error:
            yield Answers(failure=error)
    again: list[list[str]] = []
    for order in waiting:
        yield from _taken(order, wanted, again, rules=rules, at=at)
    for piece in again:
        try:
            order = _place(piece, at=at)
        except RegisterUnavailable as error:
            yield Answers(failure=error)
            continue
        yield from _taken(order, wanted, None, rules=rules, at=at)


def _taken(
    order: PuFileOrder,
    wanted: frozenset[str],
    again: list[list[str]] | None,
    *,
    rules: FileOrderRules,
    at: datetime,
) -> Iterator[Answers]:
    """Yield what an order gives. One that is gone goes into ``again``, where there is one."""
    asked = _numbers_of(order)
    found: dict[str, PuPerson | None] | None = None
    ends = time.monotonic() + rules.patience.total_seconds()
    while found is None:
        try:
            found = _fetched(order, asked)
        except RegisterUnavailable as error:
            if error.reason in _GONE and again is not None:
                _end(order, FileOrderState.LOST, at=at)
                again.append(sorted(asked & wanted))
                return
            yield Answers(failure=error)
            return
        if found is None:
            if time.monotonic() > ends:
                yield Answers(failure=RegisterUnavailable(register="pu", reason="timeout", detail="order"))
                return
            yield Answers()
            time.sleep(rules.pause.total_seconds())
    for piece in _pieces(sorted(asked & wanted), MAX_NUMBERS):
        told = {digits: found[digits] for digits in piece}
        try:
            yield Answers(found=told | _newer(piece, order))
        except RegisterUnavailable as error:
            yield Answers(failure=error)
    _end(order, FileOrderState.TAKEN, at=at)


def _newer(piece: list[str], order: PuFileOrder) -> dict[str, PuPerson | None]:
    """Ask anew about those whom somebody has had read since the order was placed: the file is older."""
    read_since = Person.objects.filter(personal_identity_number__in=piece, pu_read_at__gt=order.placed_at)
    numbers = read_since.values_list("personal_identity_number", flat=True)
    return registers.pu().read([PersonalIdentityNumber(digits) for digits in numbers])


def _fetched(order: PuFileOrder, asked: frozenset[str]) -> dict[str, PuPerson | None] | None:
    """Return what the order's files say, or None while PU works on them. Raises ``RegisterUnavailable``."""
    client = registers.pu_files()
    addresses = client.addresses(order.order_id)
    if not addresses:
        return None
    found: dict[str, PuPerson | None] = {}
    for address in addresses:
        told = client.fetch(address)
        if told.keys() & found.keys():
            raise RegisterUnavailable(register="pu", reason="mismatched")
        found |= told
    if found.keys() != asked:
        reason = "incomplete" if found.keys() < asked else "mismatched"
        raise RegisterUnavailable(register="pu", reason=reason)
    return found


def _open_orders(rules: FileOrderRules, *, at: datetime) -> list[PuFileOrder]:
    """Return the orders that nobody has fetched yet; those placed too long ago are given up."""
    found = PuFileOrder.objects.filter(state=FileOrderState.PLACED.value).order_by("placed_at", "pk")
    fresh = []
    for order in found:
        if at - order.placed_at > rules.freshness:
            _end(order, FileOrderState.LOST, at=at)
        else:
            fresh.append(order)
    return fresh


def _place(numbers: Sequence[str], *, at: datetime) -> PuFileOrder:
    order_id = registers.pu_files().order([PersonalIdentityNumber(digits) for digits in numbers])
    with transaction.atomic():
        return PuFileOrder.objects.create(order_id=order_id, numbers="".join(numbers), placed_at=at)


def _end(order: PuFileOrder, state: FileOrderState, *, at: datetime) -> None:
    with transaction.atomic():
        placed = PuFileOrder.objects.filter(pk=order.pk, state=FileOrderState.PLACED.value)
        placed.update(state=state.value, numbers="", ended_at=at)


def _numbers_of(order: PuFileOrder) -> frozenset[str]:
    text = order.numbers
    return frozenset(text[first : first + _DIGITS] for first in range(0, len(text), _DIGITS))


def _pieces(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for first in range(0, len(items), size):
        yield list(items[first : first + size])
