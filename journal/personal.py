"""Personal data of the journal: kept outside the leaf under its person's key, and read back from there.

A leaf of format 2 holds ``"personal": {part: commitment}``, where a part is ``actor`` (who acted and from
where) or ``event`` (fields of the event that are marked ``Personal``). Each part is one row, encrypted
under the key of the person whom it is about. Without that key the leaf, its proofs and the pseudonymous
ids stay, and the part is unreadable.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import connection

from journal.actor import Actor
from journal.commitments import Opening, canonical, opening_of
from journal.events import Event
from journal.models import Entry, PersonalPart
from journal.person_keys import keys_by_id, keys_for

ACTOR_PART = "actor"
EVENT_PART = "event"

Openings = Mapping[str, Opening]
_Value = int | str | bytes | UUID


def openings_for(event: Event, *, actor: Actor) -> dict[str, Opening]:
    """Return the parts of an entry that stand outside its leaf; none for a job of our own."""
    parts = {ACTOR_PART: actor.personal_facts(), EVENT_PART: event.personal_payload()}
    return {part: opening_of(fields) for part, fields in parts.items() if fields}


def subject_of(part: str, event: Event, *, actor: Actor, at: datetime) -> str:
    """Return whose key a part is encrypted under: a person's id, or a month when nobody is known."""
    about = event.data_subject() if part == EVENT_PART or not actor.person_id else ""
    return about or actor.person_id or f"unattributed-{at:%Y-%m}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPart:
    """A part of an entry that is to be kept under its subject's key."""

    entry_id: int
    part: str
    subject: str
    opening: Opening


def keep(parts: Sequence[NewPart]) -> None:
    """Write parts of any number of entries, encrypted, in the caller's transaction and in one statement."""
    if not parts:
        return
    keys = keys_for({part.subject for part in parts})
    has_uuids = connection.features.has_native_uuid_field
    values: list[_Value] = []
    for part in parts:
        key, opening = keys[part.subject], part.opening
        plain = opening.salt + canonical(opening.fields).encode()
        sealed = key.seal(plain, bound_to=opening.commitment())
        values += [part.entry_id, part.part, key.id if has_uuids else key.id.hex, sealed]
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(parts))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO journal_personalpart (entry_id, part, key_id, sealed) VALUES {rows}",  # noqa: S608 - places
            values,
        )


def openings_of(entries: Iterable[Entry]) -> dict[int, dict[str, Opening]]:
    """Return what can still be read of each entry's parts, by entry id; two queries for any number.

    Whoever calls this decides first that the reader may see these entries. A part whose key was
    destroyed, or whose octets are not those that the leaf committed to, is absent.
    """
    committed = {entry.pk: commitments_in(entry.content) for entry in entries}
    rows = PersonalPart.objects.filter(entry_id__in=[pk for pk, parts in committed.items() if parts])
    parts = list(rows.values_list("entry_id", "part", "key_id", "sealed"))
    keys = keys_by_id({key_id for _, _, key_id, _ in parts})
    found: dict[int, dict[str, Opening]] = {}
    for entry_id, part, key_id, sealed in parts:
        commitment = committed[entry_id].get(part)
        key = keys.get(key_id)
        if key is None or commitment is None:
            continue
        try:
            plain = key.open(bytes(sealed), bound_to=commitment)
        except InvalidTag:
            continue
        found.setdefault(entry_id, {})[part] = Opening(salt=plain[:16], fields=json.loads(plain[16:]))
    return found


def commitments_in(content: str) -> dict[str, bytes]:
    """Return the commitments that a leaf holds, by part; none for rows of format 1."""
    told = json.loads(content).get("personal", {})
    return {part: bytes.fromhex(commitment) for part, commitment in told.items()}


def whole_contents(entries: Collection[Entry]) -> dict[int, dict[str, dict[str, object]]]:
    """Return each entry's recorded content with its readable personal parts put back, by entry id.

    ``actor`` and ``event`` then hold all fields, as in format 1; what was erased is simply not there.
    """
    openings = openings_of(entries)
    return {entry.pk: _whole(entry, openings.get(entry.pk, {})) for entry in entries}


def _whole(entry: Entry, openings: Openings) -> dict[str, dict[str, object]]:
    content: dict[str, dict[str, object]] = json.loads(entry.content)
    for part, opening in openings.items():
        content[part] |= opening.fields
    return content
