"""Reads of the journal; nothing here changes anything."""

import json
from collections.abc import Collection
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from journal.models import Entry, EntryReference

_MOST_OF_ONE: Final = 10
_MOST_OF_A_CARD: Final = 200


def entries_about(
    kind: str,
    value: str,
    *,
    limit: int = 50,
    types: Collection[str] | None = None,
    organization_ids: Collection[str] | None = None,
    types_of_everybody: Collection[str] = (),
) -> QuerySet[Entry]:
    """Return the newest entries that name the object, newest first; with ``types`` only those of these types.

    With ``organization_ids`` only those that name one of these organizations; of entries that name none,
    only those of ``types_of_everybody``. An object that several organizations share tells each its own part.
    """
    entries = Entry.objects.filter(references__kind=kind, references__value=value)
    if types is not None:
        entries = entries.filter(type__in=list(types))
    if organization_ids is not None:
        named = EntryReference.objects.filter(entry=OuterRef("pk"), kind="organization")
        entries = entries.filter(
            Exists(named.filter(value__in=list(organization_ids)))
            | (Q(type__in=list(types_of_everybody)) & ~Exists(named))
        )
    return entries.order_by("-id")[:limit]


def entries_of(kind: str, value: str, *, types: Collection[str], card_id: str = "") -> list[Entry]:
    """Return the newest entries of some types that name the object, newest first.

    What was told before entries named objects of this kind is found by its card, and by what it says.
    """
    found = list(entries_about(kind, value, types=types, limit=_MOST_OF_ONE))
    if found or not card_id:
        return found
    of_card = entries_about("card", card_id, types=types, limit=_MOST_OF_A_CARD)
    return [entry for entry in of_card if content_of(entry)["event"].get(f"{kind}_id") == value]


def content_of(entry: Entry) -> dict[str, dict[str, object]]:
    """Return the recorded content: ``actor`` and ``event`` with their facts."""
    content: dict[str, dict[str, object]] = json.loads(entry.content)
    return content
