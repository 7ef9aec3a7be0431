"""Looks at the signer as its callers do and tells the journal what changed: lost, found, faults, repairs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from django.db import transaction

from ca.errors import SigningRefused, SigningUnavailable
from journal.actor import Actor
from journal.recording import record
from worker.events import HsmFaulted, HsmRepaired, SignerFound, SignerLost
from worker.models import SignerWatch

_ACTOR = Actor.system("signer_watch")


class Signer(Protocol):
    """What the watch asks of a signer."""

    def health(self) -> Mapping[str, object]:
        """Return labels, faults by name, repairs and process. Raises ``SigningUnavailable``."""
        ...


def watch_signer(signer: Signer, *, at: datetime) -> str:
    """Compare the signer with what was seen last, record the difference, and say in words what it is."""
    watch, _ = SignerWatch.objects.get_or_create(id=1)
    try:
        told = signer.health()
    except (SigningUnavailable, SigningRefused):
        return _lost(watch, at=at)
    process, repairs = int(str(told["process"])), int(str(told["repairs"]))
    faults = {str(name): int(count) for name, count in _pairs(told["faults"])}
    is_new = process != watch.process or not watch.is_answering
    # A signer that was started anew counts from zero.
    before, repaired = ({}, 0) if process != watch.process else (watch.faults, watch.repairs)
    risen = {name: count - before.get(name, 0) for name, count in faults.items()}
    risen = {name: more for name, more in sorted(risen.items()) if more > 0}
    events: list[HsmFaulted | HsmRepaired | SignerFound] = []
    if is_new:
        events.append(SignerFound(process=process, keys=len(list(_names(told["labels"])))))
    if risen:
        events.append(HsmFaulted(process=process, faults=tuple(risen), counts=tuple(risen.values())))
    if repairs > repaired:
        events.append(HsmRepaired(process=process, repairs=repairs - repaired))
    with transaction.atomic():
        for event in events:
            record(event, actor=_ACTOR, at=at)
        SignerWatch.objects.filter(id=1).update(
            process=process, is_answering=True, faults=faults, repairs=repairs
        )
    return ", ".join(event.TYPE for event in events) or "the signer answers"


def _lost(watch: SignerWatch, *, at: datetime) -> str:
    if watch.is_answering:
        with transaction.atomic():
            if SignerWatch.objects.filter(id=1, is_answering=True).update(is_answering=False):
                record(SignerLost(process=watch.process), actor=_ACTOR, at=at)
    return "the signer does not answer"


def _pairs(value: object) -> list[tuple[object, int]]:
    return list(value.items()) if isinstance(value, dict) else []


def _names(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []
