"""Tells the journal under which settings a process works: once, and again whenever they differ."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db import transaction

from journal.actor import Actor
from journal.events import Event
from journal.models import Entry
from journal.recording import canonical_json, record


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationChanged(Event):
    """A kind of process was started under other settings than the last one of its kind.

    ``settings`` are ``NAME=value``, never a secret, an address with a password, or a path. ``changed`` names
    those that are new or different. ``previous_sha256`` is empty the first time.
    """

    TYPE: ClassVar[str] = "configuration.changed"
    process: str
    sha256: str
    previous_sha256: str
    changed: tuple[str, ...]
    settings: tuple[str, ...]


def record_configuration(
    process: str, values: Mapping[str, str], *, actor: Actor, at: datetime
) -> Entry | None:
    """Record the settings of a kind of process if they are not those last recorded; None when they are."""
    told = {name: str(value) for name, value in sorted(values.items())}
    digest = hashlib.sha256(canonical_json(told).encode()).hexdigest()
    with transaction.atomic():
        last = _last(process)
        if last.get("sha256") == digest:
            return None
        before = dict(str(pair).split("=", 1) for pair in _list(last.get("settings")))
        changed = {name for name in before.keys() | told.keys() if before.get(name) != told.get(name)}
        event = ConfigurationChanged(
            process=process,
            sha256=digest,
            previous_sha256=str(last.get("sha256", "")),
            changed=tuple(sorted(changed)),
            settings=tuple(f"{name}={value}" for name, value in told.items()),
        )
        return record(event, actor=actor, at=at)


def _last(process: str) -> dict[str, object]:
    entries = Entry.objects.filter(
        type=ConfigurationChanged.TYPE, actor_identifier=process, version=ConfigurationChanged.VERSION
    )
    newest = entries.order_by("-id").first()
    event: dict[str, object] = json.loads(newest.content)["event"] if newest else {}
    return event


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []
