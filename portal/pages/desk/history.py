"""What has happened to a thing, in words, from the journal."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import gettext as _

from directory.selectors import names_of
from journal.actor import OPERATOR, Actor, ActorKind
from journal.models import Entry
from journal.personal import whole_contents
from journal.selectors import entries_about
from portal import words
from portal.pages.own import is_of_own_organization
from portal.pages.parts import TimelineItem
from portal.words import Text

_OF_EVERYBODY: Final = frozenset(
    {"person.imported", "person.changed", "person.missing", "person.found_again"}
)
"""What the registers say of a person concerns every organization that employs them and names none."""


def timeline(
    kind: str, value: str, *, actor: Actor, limit: int = 12, is_short: bool = False
) -> tuple[TimelineItem, ...]:
    """Return the newest events about a thing that pages tell of, newest first; short: without inner steps.

    Somebody may work in several organizations: only what happened in the actor's own is told.
    """
    entries = entries_about(
        kind,
        value,
        limit=limit,
        types=told_types(is_short=is_short),
        organization_ids=None if actor.kind is ActorKind.SYSTEM else _organizations(actor),
        types_of_everybody=_OF_EVERYBODY,
    )
    return told(entries, actor=actor)


def _organizations(actor: Actor) -> tuple[str, ...]:
    """Return whose events are told of a thing in reach; for a part of an organization, all of its."""
    return (actor.organization_id,) if actor.unit_id else actor.organization_ids


def told(entries: Iterable[Entry], *, actor: Actor) -> tuple[TimelineItem, ...]:
    """Return journal entries in words: what, and who did it where that is somebody of the actor's own."""
    rows = list(entries)
    contents = whole_contents(rows)
    read = [(entry, contents[entry.pk]) for entry in rows]
    names = names_of({str(content["actor"].get("identifier", "")) for _, content in read})
    return tuple(
        TimelineItem(
            at=entry.at,
            title=event_name(entry.type),
            detail=_detail(entry.type, content, names=names, reader=actor),
        )
        for entry, content in read
    )


def told_types(*, is_short: bool) -> list[str]:
    """Return the event types that pages tell of."""
    return [name for name in words.EVENTS if not (is_short and name in words.EVENTS_INSIDE)]


def event_name(event_type: str) -> Text:
    """Return what an event type is called; an unknown one keeps its technical name."""
    return words.EVENTS.get(event_type, event_type)


def name_or_system(identifier: str) -> str:
    """Return the name behind an HSA-id, the HSA-id where that is not told, "the system" for a job."""
    if identifier.startswith(OPERATOR):
        return _("The operator")
    return names_of({identifier}).get(identifier) or (
        identifier if identifier[:2] == "SE" else _("The system")
    )


def _detail(
    event_type: str,
    content: Mapping[str, Mapping[str, object]],
    *,
    names: Mapping[str, str],
    reader: Actor,
) -> str:
    acted, event = content["actor"], content["event"]
    who = str(acted.get("identifier", ""))
    told_by = names.get(who, who) if acted.get("kind") == "person" and _is_own(acted, reader) else ""
    why = str(_REASONS.get(event_type, {}).get(str(event.get("reason", "")), ""))
    return " · ".join(part for part in (told_by, why) if part)


def _is_own(acted: Mapping[str, object], reader: Actor) -> bool:
    """Tell whether who acted did so for an organization that the reader's role reaches."""
    return reader.kind is ActorKind.SYSTEM or is_of_own_organization(acted, reader)


_REASONS: Final[Mapping[str, Mapping[str, Text]]] = {
    "card.blocked": {reason.value: text for reason, text in words.BLOCK_REASONS.items()},
    "activation.aborted": words.ABORT_REASONS,
}
