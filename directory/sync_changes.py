"""The differences of a reading as rows: made, applied, discarded and undone, each as a compare-and-swap."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Field, Model

from directory import names
from directory.events import (
    EmploymentChanged,
    PersonChanged,
    PersonMissing,
    RegisterChangeUndone,
)
from directory.former_work import keep_former_work
from directory.models import Employment, Person, RegistrationStatus
from directory.register_facts import EmploymentFacts, PersonFacts
from directory.sync_models import ChangeKind, ChangeState, SyncChange
from journal.actor import Actor
from journal.recording import record

_NEVER_KEPT = frozenset({"address_lines"})
"""Fields whose values stand in no difference: who becomes protected must have left no address behind."""
_NAMES = frozenset({"given_name", "calling_name", "middle_name", "surname"})
_LEAVES = {
    RegistrationStatus.DECEASED.value: ChangeKind.DECEASED,
    RegistrationStatus.EMIGRATED.value: ChangeKind.EMIGRATED,
    RegistrationStatus.DEREGISTERED.value: ChangeKind.DEREGISTERED,
}

Value = str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a reading found for one person or person object, not yet a row."""

    person_id: UUID
    employment_id: UUID | None
    kind: ChangeKind
    is_costly: bool
    fields: tuple[str, ...]
    before: dict[str, Value]
    after: dict[str, Value]

    @property
    def digest(self) -> str:
        """Return a digest that is the same whenever the same difference comes again."""
        told = [str(self.employment_id or self.person_id), self.kind.value, self.after]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def as_row(self, run_id: UUID, state: ChangeState, *, at: datetime) -> SyncChange:
        """Return the row of this difference in a run."""
        return SyncChange(
            run_id=run_id,
            person_id=self.person_id,
            employment_id=self.employment_id,
            kind=self.kind.value,
            is_costly=self.is_costly,
            fields=list(self.fields),
            before=self.before,
            after=self.after,
            digest=self.digest,
            state=state.value,
            settled_at=None if state is ChangeState.WAITING else at,
        )


def of_person(person: Person, facts: PersonFacts, *, is_costly: bool) -> Difference:
    """Return how what PU says differs from the row."""
    changed = facts.differences(person)
    kept = [name for name in changed if name not in _NEVER_KEPT]
    return Difference(
        person_id=person.pk,
        employment_id=None,
        kind=_kind_of_person(facts, person, changed, is_costly=is_costly),
        is_costly=is_costly,
        fields=changed,
        before={name: _text(getattr(person, name)) for name in kept},
        after={name: _text(getattr(facts, name)) for name in kept},
    )


def of_employment(employment: Employment, facts: EmploymentFacts, *, is_costly: bool) -> Difference:
    """Return how what HSA says differs from the row."""
    changed = facts.differences(employment)
    kind = ChangeKind.EMPLOYMENT_ENDED if is_costly else ChangeKind.PARTICULARS
    return Difference(
        person_id=employment.person_id,
        employment_id=employment.pk,
        kind=kind,
        is_costly=is_costly,
        fields=changed,
        before={name: _text(getattr(employment, name)) for name in changed},
        after={name: _text(getattr(facts, name)) for name in changed},
    )


def missing(person_id: UUID, employment_id: UUID | None) -> Difference:
    """Return the difference that somebody has been absent from enough complete readings."""
    return Difference(
        person_id=person_id,
        employment_id=employment_id,
        kind=ChangeKind.MISSING,
        is_costly=True,
        fields=("pu_missing_since",) if employment_id is None else ("missing_since",),
        before={},
        after={},
    )


def put_in_force(change: SyncChange, *, actor: Actor, at: datetime) -> bool:
    """Write a difference that waited; False when the row is not as it was when the difference was found.

    Call it in a transaction, which holds the events too.
    """
    if change.kind == ChangeKind.MISSING.value:
        return mark_missing(change.person_id, change.employment_id, actor=actor, at=at)
    row = _locked(change)
    if any(_text(getattr(row, name)) != told for name, told in change.before.items()):
        return False
    if _is_number_of_another(row, change.after):
        return False
    _write(row, change.after, at=at)
    event: PersonChanged | EmploymentChanged
    if isinstance(row, Employment):
        event = EmploymentChanged(
            person_id=str(row.person_id),
            organization_id=str(row.organization_id),
            employment_id=str(row.pk),
            fields=tuple(sorted(change.after)),
        )
    else:
        event = PersonChanged(person_id=str(row.pk), register="pu", fields=tuple(sorted(change.after)))
    record(event, actor=actor, at=at)
    return True


def mark_missing(person_id: UUID, employment_id: UUID | None, *, actor: Actor, at: datetime) -> bool:
    """Mark somebody as missing in a register: basis for a decision, no more. False when it was so before."""
    if employment_id is None:
        people = Person.objects.filter(pk=person_id, pu_missing_since__isnull=True, pu_missed_reads__gt=0)
        if people.update(pu_missing_since=at) != 1:
            return False
        event = PersonMissing(person_id=str(person_id), register="pu", organization_id="", employment_id="")
    else:
        found = Employment.objects.filter(pk=employment_id, missing_since__isnull=True, missed_reads__gt=0)
        if found.update(missing_since=at) != 1:
            return False
        organization_id = Employment.objects.values_list("organization_id", flat=True).get(pk=employment_id)
        event = PersonMissing(
            person_id=str(person_id),
            register="hsa",
            organization_id=str(organization_id),
            employment_id=str(employment_id),
        )
    record(event, actor=actor, at=at)
    return True


def let_count_anew(change: SyncChange) -> None:
    """After a discarded absence: only as many complete readings again make the same difference."""
    if change.kind != ChangeKind.MISSING.value:
        return
    if change.employment_id is None:
        Person.objects.filter(pk=change.person_id, pu_missing_since__isnull=True).update(pu_missed_reads=0)
    else:
        absent = Employment.objects.filter(pk=change.employment_id, missing_since__isnull=True)
        absent.update(missed_reads=0)


def take_back(change: SyncChange, *, actor: Actor, at: datetime) -> bool:
    """Give the row its former values; False when that may not or cannot be done. Call it in a transaction.

    Nothing is taken back that something irreversible rests on, that has changed since, whose values are
    forgotten, or that protects a person: an undo never makes anybody less protected.
    """
    if change.acted_on_at is not None or change.kind == ChangeKind.PROTECTED.value:
        return False
    row = _locked(change)
    if change.kind == ChangeKind.MISSING.value:
        taken = _no_longer_missing(row)
    else:
        as_written = all(_text(getattr(row, name)) == told for name, told in change.after.items())
        taken = bool(change.before) and not change.is_forgotten and as_written
        taken = taken and not _is_number_of_another(row, change.before)
        if taken:
            _write(row, change.before, at=at)
    if taken:
        event = RegisterChangeUndone(
            person_id=str(change.person_id),
            organization_id=str(row.organization_id) if isinstance(row, Employment) else "",
            employment_id=str(row.pk) if isinstance(row, Employment) else "",
            sync_run_id=str(change.run_id),
            fields=tuple(change.fields),
        )
        record(event, actor=actor, at=at)
    return taken


def _no_longer_missing(row: Person | Employment) -> bool:
    if isinstance(row, Person):
        people = Person.objects.filter(pk=row.pk, pu_missing_since__isnull=False)
        return people.update(pu_missing_since=None, pu_missed_reads=0) == 1
    found = Employment.objects.filter(pk=row.pk, missing_since__isnull=False)
    return found.update(missing_since=None, missed_reads=0) == 1


def _locked(change: SyncChange) -> Person | Employment:
    if change.employment_id is not None:
        return Employment.objects.select_for_update().get(pk=change.employment_id)
    return Person.objects.select_for_update().get(pk=change.person_id)


def _is_number_of_another(row: Person | Employment, values: dict[str, Value]) -> bool:
    """Tell whether somebody else got the number that is to be written: one row must not stop all others."""
    number = values.get("personal_identity_number")
    others = Person.objects.filter(personal_identity_number=number).exclude(pk=row.pk)
    return isinstance(row, Person) and number is not None and others.exists()


def _write(row: Person | Employment, values: dict[str, Value], *, at: datetime) -> None:
    if isinstance(row, Employment):
        keep_former_work(row, values, at=at)
    for name, told in values.items():
        setattr(row, name, _value(row, name, told))
    written = set(values)
    if isinstance(row, Person) and "personal_identity_number" in values:
        row.number_changed_at = at
        written.add("number_changed_at")
    if isinstance(row, Person):
        if row.protection:
            row.protected_identity = True
        elif "protection" in values:
            row.protected_identity = row.employments.filter(protected_in_hsa=True).exists()
        row.search_key = "" if row.protected_identity else _search_key(row)
        written |= {"protected_identity", "search_key"}
        if row.protected_identity:
            row.address_lines = []
            written.add("address_lines")
    type(row)._base_manager.filter(pk=row.pk).update(  # noqa: SLF001 - the model of whichever row it is
        **{name: getattr(row, name) for name in written}
    )


def _search_key(person: Person) -> str:
    return names.search_key(person.calling_name, person.given_name, person.middle_name, person.surname)


def _text(value: object) -> Value:
    """Return a value as JSON keeps it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _value(row: Model, name: str, told: Value) -> object:
    """Return a kept value as the column takes it."""
    if isinstance(getattr(row, name), bool):
        return bool(told)
    column = row._meta.get_field(name)  # noqa: SLF001 - Django's documented Model API
    return column.to_python(told) if isinstance(column, Field) else told


def _kind_of_person(
    facts: PersonFacts, person: Person, changed: tuple[str, ...], *, is_costly: bool
) -> ChangeKind:
    """Return the gravest thing that the difference means."""
    if is_costly and "registration_status" in changed and facts.registration_status in _LEAVES:
        return _LEAVES[facts.registration_status]
    if is_costly and person.protection and not facts.protection:
        return ChangeKind.PROTECTION_LIFTED
    if is_costly and set(changed) & _NAMES:
        return ChangeKind.NAME
    if facts.protection and person.protection != facts.protection:
        return ChangeKind.PROTECTED
    return ChangeKind.PARTICULARS
