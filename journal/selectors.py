"""Reads of the journal; nothing here changes anything."""

import json

from django.db.models import QuerySet

from journal.models import Entry


def entries_about(kind: str, value: str, *, limit: int = 50) -> QuerySet[Entry]:
    """Return the newest entries that name the object, newest first."""
    return Entry.objects.filter(references__kind=kind, references__value=value).order_by("-id")[:limit]


def content_of(entry: Entry) -> dict[str, dict[str, object]]:
    """Return the recorded content: ``actor`` and ``event`` with their facts."""
    content: dict[str, dict[str, object]] = json.loads(entry.content)
    return content
