"""The only writer of the journal: an event goes in with the change it tells of, or not at all."""

import json
from datetime import UTC, datetime

from django.db import DatabaseError, transaction

from journal import correlation, personal, stops
from journal.actor import Actor, ActorKind
from journal.errors import NotRecordable
from journal.events import Event
from journal.models import Entry, EntryReference, Unsequenced

FORMAT = 2
"""Of a leaf's content. 1 named the actor in the leaf; 2 holds commitments to what is personal instead."""


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys, no spaces and no escapes beyond what JSON demands."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rfc3339(moment: datetime) -> str:
    """Return an aware moment in UTC with microseconds, ending in Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record(event: Event, *, actor: Actor, at: datetime) -> Entry:
    """Append ``event`` in the caller's transaction and return its row.

    Raises ``NotRecordable`` outside ``transaction.atomic()``, for an event without a type, and for a
    naive ``at``: an entry that could be committed apart from its change would prove nothing. Raises
    ``JournalNotWritable`` when the database takes no row, and ``JournalStopped`` for a privileged event of
    a person or service while the journal proves nothing.
    """
    if not transaction.get_connection().in_atomic_block:
        msg = f"{event.TYPE} must be recorded in the transaction of the change it tells of"
        raise NotRecordable(msg)
    if not event.TYPE:
        msg = f"{type(event).__qualname__} has no TYPE"
        raise NotRecordable(msg)
    if at.tzinfo is None:
        msg = f"{event.TYPE} was given a moment without time zone"
        raise NotRecordable(msg)
    if event.IS_PRIVILEGED and actor.kind is not ActorKind.SYSTEM:
        stops.require_working_journal()
    try:
        return _append(event, actor=actor, at=at)
    except DatabaseError as error:
        told = stops.refused(error)
        if told is error:
            raise
        raise told from error


def _append(event: Event, *, actor: Actor, at: datetime) -> Entry:
    openings, acting = personal.openings_for(event, actor=actor), _acting(actor)
    content = canonical_json(
        {
            "format": FORMAT,
            "type": event.TYPE,
            "version": event.VERSION,
            "at": rfc3339(at),
            "actor": acting,
            "event": event.payload(),
            "personal": {part: opening.commitment().hex() for part, opening in openings.items()},
        }
    )
    entry = Entry.objects.create(
        type=event.TYPE, version=event.VERSION, at=at, actor_identifier=actor.pseudonym, content=content
    )
    personal.keep(
        entry,
        openings,
        subjects={part: personal.subject_of(part, event, actor=actor, at=at) for part in openings},
    )
    EntryReference.objects.bulk_create(
        EntryReference(entry=entry, kind=kind, value=value, at=at)
        for kind, value in _references(event, actor, correlation_id=str(acting["correlation"]))
    )
    Unsequenced.objects.create(entry=entry)
    return entry


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
    if actor.acting_for and not any(kind == "organization" for kind, _ in references):
        references.append(("acting_for", actor.acting_for))
    return references
