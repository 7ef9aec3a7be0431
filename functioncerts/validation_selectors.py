"""Reads of name validations, for validation specialists."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from functioncerts.errors import ValidationNotFound
from functioncerts.models import NameValidation
from functioncerts.states import NameValidationState

_SOON = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationPage:
    """Some validations by name; ``after`` fetches the next page, empty at the end."""

    validations: tuple[NameValidation, ...]
    after: str


def find_validations(*, show: str, after: str, at: datetime, limit: int) -> ValidationPage:
    """Return validations by name: ``waiting``, ``ending`` within 60 days, ``ended``, or all."""
    valid = Q(state=NameValidationState.VALID.value)
    wanted = {
        "waiting": Q(state=NameValidationState.PENDING.value),
        "ending": valid & Q(valid_to__gt=at, valid_to__lte=at + _SOON),
        "ended": valid & Q(valid_to__lte=at),
    }.get(show, Q())
    found = NameValidation.objects.select_related("organization", "function_object").filter(wanted)
    name, _, pk_text = after.partition("~")
    if pk := _uuid(pk_text):
        found = found.filter(Q(name__gt=name) | Q(name=name, pk__gt=pk))
    rows = list(found.order_by("name", "pk")[: limit + 1])
    shown = rows[:limit]
    more = f"{shown[-1].name}~{shown[-1].pk}" if len(rows) > limit else ""
    return ValidationPage(validations=tuple(shown), after=more)


def get_validation(validation_id: str) -> NameValidation:
    """Return the validation; raises ValidationNotFound."""
    found = (
        NameValidation.objects.select_related("organization", "function_object")
        .filter(pk=validation_id)
        .first()
    )
    if found is None:
        raise ValidationNotFound(validation_id)
    return found


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
