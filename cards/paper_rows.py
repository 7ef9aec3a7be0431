"""What a line of the paper log means here, what is wrong with it, and the block that it asks for (POR-15)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ca.models import Certificate
from ca.pki.serial import possible_serials
from cards.block_request_selectors import held_certificate
from cards.errors import CardNotFound, CertificateNotFound
from cards.models import Card
from cards.paper_log import PaperRow
from cards.policies import may_block
from cards.reasons import DESK_REASONS, BlockReason
from cards.selectors import CARRIER_KIND, get_card_by_number
from directory import names
from directory.identifiers import possible_numbers
from directory.models import Employment, Person
from directory.swedish_time import SWEDEN
from journal.actor import Actor
from journal.errors import DomainError, Refusal

_BLOCKED_ALREADY: Final = frozenset({"card_blocked", "certificate_revoked"})


class RowProblem(StrEnum):
    """What is wrong with a row; the rest are refusals of the act itself."""

    NO_TIME = "no_time"
    IN_FUTURE = "in_future"
    NO_REASON = "no_reason"
    NO_RECEIVER = "no_receiver"
    NOTHING_TO_BLOCK = "nothing_to_block"
    UNKNOWN_CARD = "unknown_card"
    UNKNOWN_CERTIFICATE = "unknown_certificate"
    HOLDER_DIFFERS = "holder_differs"
    TOO_EARLY = "too_early"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """A line with what it means here, or what is wrong with it."""

    row: PaperRow
    problem: RowProblem | None = None
    refusal: Refusal | None = None
    received_at: datetime | None = None
    reason: BlockReason | None = None
    person: Person | None = None
    card: Card | None = None
    certificate: Certificate | None = None
    is_blocked_already: bool = False

    @property
    def is_good(self) -> bool:
        """Tell whether the line can be registered."""
        return self.problem is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    person: Person
    card: Card | None
    certificate: Certificate | None
    refusal: Refusal | None

    @property
    def begins_at(self) -> datetime | None:
        if self.certificate is not None:
            return self.certificate.not_before
        return None if self.card is None else self.card.ordered_at


def check_row(row: PaperRow, *, words: Mapping[str, BlockReason], actor: Actor, at: datetime) -> CheckedRow:
    """Return what the line means for this actor; ``words`` are the reasons as people write them."""
    received_at = _moment(row.cell("day"), row.cell("clock"))
    reason = words.get(row.cell("reason").casefold().rstrip("."))
    problem = _wrong(row, received_at, reason, at=at)
    if problem is not None or received_at is None:
        return CheckedRow(row=row, problem=problem)
    found = _find(row, actor=actor, at=at)
    if isinstance(found, RowProblem):
        return CheckedRow(row=row, problem=found)
    begins_at = found.begins_at or received_at
    is_blocked = found.refusal is not None and found.refusal.code in _BLOCKED_ALREADY
    if not _is_holder(row.cell("holder"), found.person, found.card):
        problem = RowProblem.HOLDER_DIFFERS
    elif received_at < begins_at.replace(second=0, microsecond=0):
        problem = RowProblem.TOO_EARLY
    elif found.refusal is not None and not is_blocked:
        problem = RowProblem.REFUSED
    if problem is not None:
        return CheckedRow(row=row, problem=problem, refusal=found.refusal)
    return CheckedRow(
        row=row,
        # Paper knows no seconds: the minute in which the card or certificate began counts as its beginning.
        received_at=max(received_at, begins_at),
        reason=reason,
        person=found.person,
        card=found.card,
        certificate=found.certificate,
        is_blocked_already=is_blocked,
    )


def _wrong(
    row: PaperRow, received_at: datetime | None, reason: BlockReason | None, *, at: datetime
) -> RowProblem | None:
    """Return what is wrong with the line before anything is looked up."""
    wrong = {
        RowProblem.NO_TIME: received_at is None,
        RowProblem.IN_FUTURE: received_at is not None and received_at > at,
        RowProblem.NO_REASON: reason not in DESK_REASONS,
        RowProblem.NO_RECEIVER: not (row.cell("received_by") and row.cell("received_by_id")),
        RowProblem.NOTHING_TO_BLOCK: not (row.cell("card") or row.cell("certificate")),
    }
    return next((problem for problem, is_so in wrong.items() if is_so), None)


def _find(row: PaperRow, *, actor: Actor, at: datetime) -> _Found | RowProblem:
    card = None
    if number := re.sub(r"\D", "", row.cell("card")):
        try:
            card = get_card_by_number(number, actor=actor)
        except CardNotFound:
            return RowProblem.UNKNOWN_CARD
    if row.cell("certificate"):
        for pk in _with_serial(row.cell("certificate"), card):
            try:
                held = held_certificate(pk, actor=actor, at=at)
            except CertificateNotFound:
                continue
            return _Found(
                person=held.person, card=held.card, certificate=held.certificate, refusal=held.refusal
            )
        return RowProblem.UNKNOWN_CERTIFICATE
    if card is None:
        return RowProblem.UNKNOWN_CARD
    return _Found(
        person=card.person, card=card, certificate=None, refusal=may_block(card, actor=actor, at=at)
    )


def _with_serial(written: str, card: Card | None) -> list[UUID]:
    found = Certificate.objects.filter(serial_hex__in=possible_serials(written))
    if card is not None:
        found = found.filter(carrier_kind=CARRIER_KIND, carrier_id=str(card.pk))
    return list(found.values_list("pk", flat=True)[:10])


def _is_holder(written: str, person: Person, card: Card | None) -> bool:
    """Tell whether the paper means this person: by number, by HSA-id, or by every word of a name."""
    if any(char.isdigit() for char in written):
        return _means_number(written, person) or (
            Employment.objects.filter(person=person, hsa_id__iexact=written).exists()
        )
    told = set(names.words(written))
    known = set(names.words(f"{person.given_name} {person.calling_name} {person.surname}"))
    if card is not None:
        known |= set(names.words(card.holder_name))
    return bool(told) and told <= known


def _means_number(written: str, person: Person) -> bool:
    try:
        return any(one.value == person.personal_identity_number for one in possible_numbers(written))
    except DomainError:
        return False


def _moment(day: str, clock: str) -> datetime | None:
    try:
        local = datetime.strptime(f"{day} {clock.replace('.', ':')}", "%Y-%m-%d %H:%M").replace(tzinfo=SWEDEN)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
