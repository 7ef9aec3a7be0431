"""The only writer of the journal: an event goes in with the change it tells of, or not at all."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import DatabaseError, transaction

from journal import correlation, personal, stops
from journal.actor import Actor, ActorKind
from journal.appending import NewEntry, append
from journal.errors import NotRecordable
from journal.events import Event
from journal.models import Entry

FORMAT = 2
"""Of a leaf's content. 1 named the actor in the leaf; 2 holds commitments to what is personal instead."""


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys, no spaces and no escapes beyond what JSON demands."""
    return _ENCODER.encode(value)


def rfc3339(moment: datetime) -> str:
    """Return an aware moment in UTC with microseconds, ending in Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record(event: Event, *, actor: Actor, at: datetime) -> Entry:
    """Append ``event`` in the caller's transaction and return its row; raises what ``record_all`` raises."""
    (entry,) = record_all([event], actor=actor, at=at)
    return entry


def record_all(events: Sequence[Event], *, actor: Actor, at: datetime) -> list[Entry]:
    """Append the events in their order, in the caller's transaction, and return their rows.

    Many at once cost the database little more than one. Raises ``NotRecordable`` outside
    ``transaction.atomic()``, for an event without a type, and for a naive ``at``: an entry that could be
    committed apart from its change would prove nothing. Raises ``JournalNotWritable`` when the database
    takes no row, and ``JournalStopped`` for a privileged event of a person or service while the journal
    proves nothing.
    """
    for event in events:
        _demand_recordable(event, at=at)
    if actor.kind is not ActorKind.SYSTEM and any(event.IS_PRIVILEGED for event in events):
        stops.require_working_journal()
    try:
        return _append(events, actor=actor, at=at)
    except DatabaseError as error:
        told = stops.refused(error)
        if told is error:
            raise
        raise told from error


def _demand_recordable(event: Event, *, at: datetime) -> None:
    if not transaction.get_connection().in_atomic_block:
        msg = f"{event.TYPE} must be recorded in the transaction of the change it tells of"
        raise NotRecordable(msg)
    if not event.TYPE:
        msg = f"{type(event).__qualname__} has no TYPE"
        raise NotRecordable(msg)
    if at.tzinfo is None:
        msg = f"{event.TYPE} was given a moment without time zone"
        raise NotRecordable(msg)


def _append(events: Sequence[Event], *, actor: Actor, at: datetime) -> list[Entry]:
    acting, moment = _acting(actor), rfc3339(at)
    openings = [personal.openings_for(event, actor=actor) for event in events]
    entries = append(
        [
            NewEntry(
                type=event.TYPE,
                version=event.VERSION,
                at=at,
                actor_identifier=actor.pseudonym,
                content=canonical_json(
                    {
                        "format": FORMAT,
                        "type": event.TYPE,
                        "version": event.VERSION,
                        "at": moment,
                        "actor": acting,
                        "event": event.payload(),
                        "personal": {part: opening.commitment().hex() for part, opening in parts.items()},
                    }
                ),
                references=_references(event, actor, correlation_id=str(acting["correlation"])),
            )
            for event, parts in zip(events, openings, strict=True)
        ]
    )
    personal.keep(
        [
            personal.NewPart(
                entry_id=entry.pk,
                part=part,
                subject=personal.subject_of(part, event, actor=actor, at=at),
                opening=opening,
            )
            for entry, event, parts in zip(entries, events, openings, strict=True)
            for part, opening in parts.items()
        ]
    )
    return entries


def _acting(actor: Actor) -> dict[str, str | int]:
    facts = actor.as_facts()
    facts["correlation"] = facts["correlation"] or correlation.current()
    return facts


def _references(event: Event, actor: Actor, *, correlation_id: str) -> list[tuple[str, str]]:
    """Return what an entry is found by: its objects, what caused it, and for whom somebody acted.

    The last only where the event itself names no organization: so an auditor of the organization finds the
    searches and readings of its administrators.
    """
    references = event.references()
    if correlation_id:
        references.append(("correlation", correlation_id))
    if actor.evidence_id and not any(kind == "evidence" for kind, _ in references):
        references.append(("evidence", actor.evidence_id))
    if actor.acting_for and not any(kind == "organization" for kind, _ in references):
        references.append(("acting_for", actor.acting_for))
    return references
