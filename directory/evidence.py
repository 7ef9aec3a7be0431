"""On what a basis list rests: which readings of a register say so, and since when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from directory import configuration
from directory.models import Employment, Person, SyncRun, SyncState
from directory.sync_models import ChangeKind, ChangeState, SyncChange

_WHOLE = (SyncState.COMPLETE.value, SyncState.QUARANTINED.value)
_GONE = (ChangeKind.DECEASED.value, ChangeKind.EMIGRATED.value, ChangeKind.DEREGISTERED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a register says, in how many readings and when; ``latest_at`` is the last that agrees."""

    register: str
    since: datetime | None
    readings: tuple[datetime, ...]
    latest_at: datetime | None

    def as_facts(self) -> dict[str, object]:
        """Return it as JSON keeps it."""
        return {
            "register": self.register,
            "since": self.since.isoformat() if self.since else "",
            "readings": [one.isoformat() for one in self.readings],
            "latest_at": self.latest_at.isoformat() if self.latest_at else "",
        }


class EvidenceOf:
    """The evidence about some people, looked up with few questions for a whole page."""

    def __init__(self, person_ids: Iterable[UUID]) -> None:
        self._limit = configuration.sync_rules().complete_reads
        self._readings: dict[tuple[str, datetime], tuple[datetime, ...]] = {}
        self._told: dict[UUID, datetime] = {}
        rows = SyncChange.objects.filter(
            person_id__in=list(person_ids), kind__in=_GONE, state=ChangeState.APPLIED.value
        )
        for person_id, ended_at in rows.order_by("pk").values_list("person_id", "run__ended_at"):
            if ended_at is not None:
                self._told[person_id] = ended_at
        newest = SyncRun.objects.filter(state__in=_WHOLE)
        self._newest = {
            register: newest.filter(register=register).order_by("-started_at").first()
            for register in ("pu", "hsa")
        }

    def of_register_status(self, person: Person) -> Evidence:
        """Return since when, and when last, PU said that somebody is dead, emigrated or deregistered."""
        told = self._told.get(person.pk)
        return Evidence(
            register="pu",
            since=told,
            readings=tuple(one for one in (told,) if one is not None),
            latest_at=person.pu_read_at,
        )

    def of_absence_in_pu(self, person: Person) -> Evidence:
        """Return which complete readings of PU went by without the person."""
        return self._absence("pu", person.pu_missing_since)

    def of_absence_in_hsa(self, employment: Employment) -> Evidence:
        """Return which complete readings of HSA went by without the person object."""
        return self._absence("hsa", employment.missing_since)

    def of_ended_employment(self, employment: Employment) -> Evidence:
        """Return when HSA was last read with the day on which the employment ended."""
        return Evidence(register="hsa", since=None, readings=(), latest_at=employment.person.hsa_read_at)

    def _absence(self, register: str, since: datetime | None) -> Evidence:
        newest = self._newest[register]
        return Evidence(
            register=register,
            since=since,
            readings=self._before(register, since) if since is not None else (),
            latest_at=newest.ended_at if newest is not None else None,
        )

    def _before(self, register: str, since: datetime) -> tuple[datetime, ...]:
        """Return the complete readings in a row that made somebody missing, oldest first."""
        if (register, since) not in self._readings:
            whole = SyncRun.objects.filter(register=register, state__in=_WHOLE, ended_at__lte=since)
            ended = whole.order_by("-ended_at").values_list("ended_at", flat=True)[: self._limit]
            self._readings[register, since] = tuple(sorted(one for one in ended if one is not None))
        return self._readings[register, since]
