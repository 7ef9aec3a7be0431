"""That a search of the journal was taken out as a file: who, what of, and how much."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db import transaction

from journal.actor import Actor
from journal.events import Event
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalExported(Event):
    """A search was exported. ``criteria`` is its address: ids, types and days, no names or numbers.

    ``rows`` is how many rows the file holds, ``hidden`` how many of them without their content, ``size`` of
    which head they are proven to be rows.
    """

    TYPE: ClassVar[str] = "journal.exported"
    format: str
    criteria: str
    rows: int
    hidden: int
    size: int
    person_id: str
    card_id: str
    certificate_id: str
    organization_id: str


def record_export(
    *,
    format: str,  # noqa: A002 - the event's own word
    criteria: str,
    rows: int,
    hidden: int,
    size: int,
    person_id: str,
    card_id: str,
    certificate_id: str,
    actor: Actor,
    at: datetime,
) -> None:
    """Record an export before the first octet of it leaves."""
    event = JournalExported(
        format=format,
        criteria=criteria,
        rows=rows,
        hidden=hidden,
        size=size,
        person_id=person_id,
        card_id=card_id,
        certificate_id=certificate_id,
        organization_id=actor.acting_for,
    )
    with transaction.atomic():
        record(event, actor=actor, at=at)
