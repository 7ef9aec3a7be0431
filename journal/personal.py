"""Personal data of the journal: kept outside the leaf under its person's key, and read back from there.

A leaf of format 2 holds ``"personal": {part: commitment}``, where a part is ``actor`` (who acted and from
where) or ``event`` (fields of the event that are marked ``Personal``). Each part is one row, encrypted
under the key of the person whom it is about. Without that key the leaf, its proofs and the pseudonymous
ids stay, and the part is unreadable.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from cryptography.exceptions import InvalidTag

from journal.actor import Actor
from journal.commitments import Opening, canonical, opening_of
from journal.events import Event
from journal.models import Entry, PersonalPart
from journal.person_keys import keys_by_id, keys_for

ACTOR_PART = "actor"
EVENT_PART = "event"

Openings = Mapping[str, Opening]


def openings_for(event: Event, *, actor: Actor) -> dict[str, Opening]:
    """Return the parts of an entry that stand outside its leaf; none for a job of our own."""
    parts = {ACTOR_PART: actor.personal_facts(), EVENT_PART: event.personal_payload()}
    return {part: opening_of(fields) for part, fields in parts.items() if fields}


def subject_of(part: str, event: Event, *, actor: Actor, at: datetime) -> str:
    """Return whose key a part is encrypted under: a person's id, or a month when nobody is known."""
    about = event.data_subject() if part == EVENT_PART or not actor.person_id else ""
    return about or actor.person_id or f"unattributed-{at:%Y-%m}"


def keep(entry: Entry, openings: Openings, *, subjects: Mapping[str, str]) -> None:
    """Write the parts of an entry, encrypted, in the caller's transaction."""
    if not openings:
        return
    keys = keys_for(subjects.values())
    PersonalPart.objects.bulk_create(
        PersonalPart(
            entry=entry,
            part=part,
            key_id=keys[subjects[part]].id,
            sealed=keys[subjects[part]].seal(
                opening.salt + canonical(opening.fields).encode(), bound_to=opening.commitment()
            ),
        )
        for part, opening in openings.items()
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
