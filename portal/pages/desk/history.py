"""What has happened to a thing, in words, from the journal."""

from collections.abc import Iterable, Mapping
from typing import Final

from directory.models import Employment
from journal.models import Entry
from journal.selectors import content_of
from portal import words
from portal.pages.parts import TimelineItem
from portal.words import Text


def timeline(kind: str, value: str, *, limit: int = 12, is_short: bool = False) -> tuple[TimelineItem, ...]:
    """Return the newest events about a thing that pages tell of, newest first; short: without inner steps."""
    entries = Entry.objects.filter(
        references__kind=kind, references__value=value, type__in=told_types(is_short=is_short)
    )
    return told(entries.order_by("-id")[:limit])


def told(entries: Iterable[Entry]) -> tuple[TimelineItem, ...]:
    """Return journal entries in words: what, and who did it."""
    read = [(entry, content_of(entry)) for entry in entries]
    names = names_of({str(content["actor"].get("identifier", "")) for _, content in read})
    return tuple(
        TimelineItem(
            at=entry.at,
            title=event_name(entry.type),
            detail=_detail(entry.type, content, names=names),
        )
        for entry, content in read
    )


def told_types(*, is_short: bool) -> list[str]:
    """Return the event types that pages tell of."""
    return [name for name in words.EVENTS if not (is_short and name in words.EVENTS_INSIDE)]


def event_name(event_type: str) -> Text:
    """Return what an event type is called; an unknown one keeps its technical name."""
    return words.EVENTS.get(event_type, event_type)


def names_of(identifiers: Iterable[str]) -> Mapping[str, str]:
    """Return the names behind HSA-ids; people with protected data keep their HSA-id."""
    employments = Employment.objects.filter(hsa_id__in=list(identifiers)).select_related("person")
    return {
        employment.hsa_id: employment.person.full_name
        for employment in employments
        if not employment.person.protected_identity
    }


def _detail(event_type: str, content: Mapping[str, Mapping[str, object]], *, names: Mapping[str, str]) -> str:
    actor, event = content["actor"], content["event"]
    who = str(actor.get("identifier", ""))
    told_by = names.get(who, who) if actor.get("kind") == "person" else ""
    why = str(_REASONS.get(event_type, {}).get(str(event.get("reason", "")), ""))
    return " · ".join(part for part in (told_by, why) if part)


_REASONS: Final[Mapping[str, Mapping[str, Text]]] = {
    "card.blocked": {reason.value: text for reason, text in words.BLOCK_REASONS.items()},
    "activation.aborted": words.ABORT_REASONS,
}
