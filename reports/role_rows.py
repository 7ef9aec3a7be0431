"""The rows of the reports on roles: who held which at a moment and why it was outdated, and what changed."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from directory.former_models import FormerWork
from directory.models import RegistrationStatus, RoleAssignment
from directory.role_basis_selectors import RoleGround, unused_after
from directory.swedish_time import swedish_day
from journal.models import Entry, EntryReference
from reports.conditions import CHUNK, Raw, Streamed, code, happened, in_organizations, masked, operator
from reports.question import Question
from reports.replays import last_logins, missing_then

_GONE: Final = frozenset(
    one.value
    for one in (RegistrationStatus.DECEASED, RegistrationStatus.EMIGRATED, RegistrationStatus.DEREGISTERED)
)
_PERSON: Final = "employment__person"


def _given(question: Question) -> Q:
    """Return the condition that a role is for what the reader reaches, and for the units asked about."""
    condition = in_organizations(question)
    for units in (question.unit_ids, question.units_asked()):
        if units is not None:
            condition &= Q(unit_id__in=units)
    return condition


def _holder(question: Question) -> list[Any]:
    cells = [masked("employment__hsa_id", question, _PERSON)]
    if question.with_numbers:
        cells.append(masked(f"{_PERSON}__personal_identity_number", question, _PERSON))
    return cells


def s6(question: Question) -> Streamed:
    """Return the roles in force."""
    at = question.as_of
    held = RoleAssignment.objects.filter(
        _given(question), operator("granted_by", question), granted_at__lte=at, valid_from__lte=at
    ).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at))
    listed = held.order_by("granted_at", "id").values_list(
        *_holder(question), "role", "unit__name", "source", "granted_by", "granted_at", "valid_from",
        "employment__person_id", "employment_id", f"{_PERSON}__registration_status", _ends_on(at),
        "organization_id",
    )  # fmt: skip
    outdated, logins = _Outdated(at), last_logins(at)

    def tell(rows: tuple[tuple[Any, ...], ...]) -> Iterable[Raw]:
        for *shown, valid_from, person_id, employment_id, status, ends_on, organization_id in rows:
            role, granted_at = shown[-5], shown[-1]
            ground = outdated.ground(
                person_id=str(person_id), employment_id=str(employment_id), status=status, ends_on=ends_on,
                use=(str(person_id), str(organization_id), role), since=max(valid_from, granted_at),
            )  # fmt: skip
            yield (
                *shown, logins.get(str(person_id)), ground, str(organization_id), settings.SIGILL_ENVIRONMENT,
            )  # fmt: skip

    return Streamed(queries=(listed,), tell=tell)


def _ends_on(at: datetime) -> Case:
    """Return the last day of the holder's employment as it was known at the moment."""
    changed = FormerWork.objects.filter(employment_id=OuterRef("employment_id"), until_at__gt=at)
    then = Subquery(changed.order_by("until_at", "id").values("ends_on")[:1])
    return Case(When(Exists(changed), then=then), default=F("employment__ends_on"))


class _Outdated:
    """Why a role was outdated at a moment (POR-13), told from what the journal knows of then."""

    def __init__(self, at: datetime) -> None:
        self._at, self._long_ago = at, at - unused_after()
        self._in_pu: set[str] = set()
        self._in_hsa: set[str] = set()
        for register, person_id, employment_id in missing_then(at):
            (self._in_hsa if register == "hsa" else self._in_pu).add(employment_id or person_id)
        chosen = Entry.objects.filter(type="session.role_chosen", at__lte=at, at__gt=self._long_ago)
        self._used = {_use(content) for content in chosen.values_list("content", flat=True).iterator(CHUNK)}

    def ground(
        self, *, person_id: str, employment_id: str, status: str, ends_on: date | None,
        use: tuple[str, str, str], since: datetime,
    ) -> str | None:  # fmt: skip
        """Return the gravest reason, or None for a role that is as it should be."""
        if person_id in self._in_pu or (status in _GONE and self._was_gone(person_id)):
            return RoleGround.HOLDER_GONE.value
        if employment_id in self._in_hsa or (ends_on is not None and ends_on < swedish_day(self._at)):
            return RoleGround.HOLDER_LEFT.value
        return RoleGround.UNUSED.value if since < self._long_ago and use not in self._used else None

    def _was_gone(self, person_id: str) -> bool:
        """Tell whether somebody who is gone now was so at the moment: by when PU's word changed last."""
        told = EntryReference.objects.filter(kind="person", value=person_id, entry__type="person.changed")
        for content, at in told.order_by("-at").values_list("entry__content", "at"):
            if "registration_status" in json.loads(content)["event"]["fields"]:
                return at <= self._at
        return True


def _use(content: str) -> tuple[str, str, str]:
    event = json.loads(content)["event"]
    return event["person_id"], event["organization_id"], event["role"]


def h6(question: Question) -> Streamed:
    """Return roles that were given or taken back."""
    return Streamed(
        queries=(
            _changed(question, "granted_at", "TILLDELAD", "granted_by"),
            _changed(question, "revoked_at", "ÅTERKALLAD", "revoked_by"),
        ),
        tell=lambda rows: ((*row, settings.SIGILL_ENVIRONMENT) for row in rows),
        key=lambda row: (row[0], row[1]),
    )


def _changed(question: Question, moment: str, event: str, by: str) -> QuerySet[Any, Any]:
    found = RoleAssignment.objects.filter(_given(question), operator(by, question))
    return found.filter(happened(moment, question)).order_by(moment, "id").values_list(
        moment, code(event), *_holder(question), "role", "unit__name", "source", by, "organization_id"
    )  # fmt: skip
